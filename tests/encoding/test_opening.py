"""From a name to an encoder, or one line that says why not."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from encoding.hand_made import change_json

from crossfade.errors import EncoderError
from crossfade_indexing.encoders import default_model, open_item_encoder

Change = Callable[[Path], object]


def paths() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.parametrize("name", ["./no/such", "/no/such", "~/no/such", "no/such/folder"])
def test_a_folder_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(EncoderError, match=rf"{name}: there is no such folder.*--encoder tfidf"):
        open_item_encoder(name)


def test_a_hub_that_never_answers_is_given_up_in_seconds(tmp_path: Path) -> None:
    script = "from crossfade_indexing.encoders import open_item_encoder\nopen_item_encoder('some/model')"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            **paths(),
            "HF_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "HF_HOME": str(tmp_path),
            "no_proxy": "127.0.0.1",
        }
        environment.pop("HF_HUB_OFFLINE", None)
        started = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=90
        )

    assert time.monotonic() - started < 40  # 7 s on an idle machine
    last = ended.stderr.strip().splitlines()[-1]
    assert "EncoderError: the model hub does not give 'some/model'" in last
    assert "--encoder tfidf" in last


def without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({}))


def with_pooling(mode: str) -> Change:
    keys = {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": False, mode: True}
    return lambda folder: change_json(folder / "1_Pooling" / "config.json", lambda config: config.update(keys))


def with_module(kind: str) -> Change:
    module = {"idx": 2, "name": "2", "path": "2_Dense", "type": kind}
    return lambda folder: change_json(folder / "modules.json", lambda modules: modules.append(module))


def with_prompt(folder: Path) -> None:
    (folder / "config_sentence_transformers.json").write_text('{"default_prompt_name": "query"}')


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (without_weights, "no weights in safetensors"),
        (with_pooling("pooling_mode_max_tokens"), "pools by pooling_mode_max_tokens; supported are mean and cls"),
        (with_pooling("pooling_mode_lasttoken"), "pools by pooling_mode_lasttoken"),
        (with_module("sentence_transformers.models.Dense"), "without Dense layers"),
        (with_module("os.system"), r"os\.system"),
        (with_prompt, "puts a prompt before every text"),
        (lambda folder: (folder / "adapter_config.json").write_text("{}"), "holds an adapter"),
        (lambda folder: (folder / "config.json").unlink(), r"config\.json: not readable"),
        (lambda folder: (folder / "modules.json").write_text("[1]"), r"modules\.json: not a list of modules"),
        (lambda folder: (folder / "modules.json").write_text("{}"), r"is made of nothing"),
    ],
)
def test_a_model_that_is_not_supported_says_why(tiny_model: Path, change: Change, complaint: str) -> None:
    change(tiny_model)

    with pytest.raises(EncoderError, match=complaint):
        open_item_encoder(str(tiny_model))


def test_damaged_weights_are_an_encoder_error(tiny_model: Path) -> None:
    (tiny_model / "model.safetensors").write_bytes(b"no weights")

    with pytest.raises(EncoderError, match="does not load"):
        open_item_encoder(str(tiny_model)).encode(["dog"])


def test_a_plain_transformer_is_pooled_by_its_mean(tiny_model: Path) -> None:
    listed = open_item_encoder(str(tiny_model)).encode(["crime drama"])
    (tiny_model / "modules.json").unlink()
    shutil.rmtree(tiny_model / "1_Pooling")

    plain = open_item_encoder(str(tiny_model)).encode(["crime drama"])

    assert float((listed * plain).sum()) == pytest.approx(1, abs=1e-5)


def test_the_fingerprint_follows_weights_and_settings(tiny_model: Path) -> None:
    first = open_item_encoder(str(tiny_model))
    again = open_item_encoder(str(tiny_model))
    change_json(tiny_model / "config.json", lambda config: config.update(layer_norm_eps=1e-6))
    changed = open_item_encoder(str(tiny_model))

    assert first.fingerprint == again.fingerprint != changed.fingerprint
    assert (first.name, first.languages, first.dimension) == ("tiny", None, 32)


@pytest.fixture
def package(default_encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package's model folder as a copy that may be changed, in the package's place."""
    installed = default_model.installed_folder()
    assert installed is not None
    model = shutil.copytree(installed.path, tmp_path / "package" / "model")
    spec = SimpleNamespace(submodule_search_locations=[str(model.parent)])
    monkeypatch.setattr(default_model, "importlib", SimpleNamespace(util=SimpleNamespace(find_spec=lambda _name: spec)))
    return model


@pytest.mark.parametrize("name", [None, "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_the_default_comes_from_the_installed_package(package: Path, name: str | None) -> None:
    encoder = open_item_encoder(name)

    assert (encoder.name, encoder.languages, encoder.dimension) == ("all-MiniLM-L6-v2", frozenset({"en"}), 384)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json", "1_Pooling/config.json"])
def test_a_tampered_file_of_the_package_is_refused_before_loading(package: Path, name: str) -> None:
    content = bytearray((package / name).read_bytes())
    content[-2] ^= 1
    (package / name).write_bytes(content)

    with pytest.raises(EncoderError, match=rf"{name}: SHA-256 is [0-9a-f]{{64}}, expected [0-9a-f]{{64}}; not loaded"):
        open_item_encoder(None)


def test_a_file_too_many_in_the_package_is_refused(package: Path) -> None:
    (package / "adapter_config.json").write_text("{}")

    with pytest.raises(EncoderError, match=r"adapter_config.json.*expected no such file"):
        open_item_encoder(None)


def test_a_file_missing_from_the_package_is_refused(package: Path) -> None:
    (package / "tokenizer.json").unlink()

    with pytest.raises(EncoderError, match=r"tokenizer.json: SHA-256 is that of no file"):
        open_item_encoder(None)


def test_the_default_weights_are_known_under_any_name(package: Path) -> None:
    encoder = open_item_encoder(str(package))

    assert (encoder.name, encoder.languages) == ("model", frozenset({"en"}))


@pytest.mark.parametrize("kind", ["tfidf", "transformer"])
def test_the_service_opens_an_encoder_without_the_libraries_of_the_indexing_job(
    kind: str, tiny_export: Path, tmp_path: Path
) -> None:
    directory = tiny_export
    if kind == "tfidf":
        encoder = open_item_encoder("tfidf")
        encoder.fit(["a dog"])
        encoder.export(tmp_path)
        directory = tmp_path
    script = (
        "import json, sys; from pathlib import Path; from crossfade.encoding import open_encoder\n"
        "open_encoder(Path(sys.argv[1])).encode(['dog', '', 'a city'])\n"
        "print(json.dumps(sorted(name.partition('.')[0] for name in sys.modules)))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script, directory], env=paths(), capture_output=True, text=True, check=True
    )

    assert ended.stderr == ""
    assert not {"torch", "sklearn", "sentence_transformers", "transformers", "scipy"} & set(json.loads(ended.stdout))


def test_a_run_that_finds_everything_in_the_cache_never_imports_torch(tiny_model: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from crossfade_indexing.encoders import EncodingCache, encode_cached, open_item_encoder\n"
        "encoder, cache = open_item_encoder(sys.argv[1]), EncodingCache(Path(sys.argv[2]))\n"
        "out = Path(sys.argv[3]); out.mkdir()\n"
        "count = encode_cached(encoder, ['crime', 'dog', ''], cache)[1]; cache.export(encoder, out)\n"
        "print(count, 'torch' in sys.modules, len(list(out.iterdir())))"
    )

    said = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", script, tiny_model, tmp_path / "cache", tmp_path / out],
            env=paths(),
            capture_output=True,
            text=True,
            check=True,
        )
        for out in ("first", "second")
    ]

    assert [ended.stdout for ended in said] == ["2 True 3\n", "0 False 3\n"]
    assert [ended.stderr for ended in said] == ["", ""]
