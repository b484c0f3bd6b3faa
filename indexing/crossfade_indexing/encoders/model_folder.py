"""What a folder with a sentence-transformers model holds, from its JSON files: no weights are loaded, no code run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from crossfade.errors import EncoderError

__all__ = ["ModelFolder", "digests_of", "inspect_folder"]

_POOLING = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
_MODULES = ("Transformer", "Pooling", "Normalize")
_READ_SUFFIXES = {".json", ".txt", ".model", ".safetensors"}
# A longer text costs more than it tells; attention grows with the square.
_MOST_TOKENS = 512


@dataclass(frozen=True)
class ModelFolder:
    """A model that can be embedded with and exported.

    Attributes:
        path: The folder.
        pooling: How token vectors become one.
        dimension: Length of the vectors.
        max_tokens: The longest text the model was made for, in tokens, at most 512.
        digests: SHA-256 of every file the loader may read, by path relative to the folder.
    """

    path: Path
    pooling: Literal["mean", "cls"]
    dimension: int
    max_tokens: int
    digests: dict[str, str]

    @property
    def weights_digest(self) -> str | None:
        """SHA-256 of ``model.safetensors``; None where the weights lie in several files."""
        return self.digests.get("model.safetensors")


def inspect_folder(path: Path) -> ModelFolder:
    """Find out what a folder holds, and refuse what cannot be embedded with and exported faithfully.

    Raises:
        EncoderError: If it is no model of one BERT-like transformer with mean or first-token pooling and weights in
            safetensors.
    """
    modules = _modules(path)
    transformer, pooling = path / modules["Transformer"], path / modules["Pooling"]
    config = _read_json(transformer / "config.json")
    pooling_config = {} if pooling == path else _read_json(pooling / "config.json")
    if (transformer / "adapter_config.json").exists():
        raise EncoderError(f"{path}: holds an adapter; merge it into the model and save that")
    if not any(transformer.glob("*.safetensors")):
        raise EncoderError(
            f"{path}: no weights in safetensors; pickled weights (pytorch_model.bin) can run code and are not loaded"
        )
    settings = _read_json(path / "config_sentence_transformers.json", optional=True)
    if settings.get("default_prompt_name") is not None:
        raise EncoderError(f"{path}: puts a prompt before every text, which is not supported; try another model")
    dimension = pooling_config.get("embedding_dimension") or pooling_config.get("word_embedding_dimension")
    dimension = dimension or config.get("hidden_size") or config.get("dim")
    if not isinstance(dimension, int):
        raise EncoderError(f"{path}: config.json names no hidden_size; only BERT-like text models are supported")
    return ModelFolder(
        path=path,
        pooling=_pooling(path, pooling_config),
        dimension=dimension,
        max_tokens=_max_tokens(transformer, config),
        digests=digests_of(path),
    )


def digests_of(path: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that a loader may read, by path relative to the folder, sorted."""
    folders = [path, *(folder for folder in path.iterdir() if folder.is_dir() and folder.name[:1].isdigit())]
    files = (file for folder in folders for file in folder.iterdir() if file.suffix in _READ_SUFFIXES)
    digests = {}
    for file in sorted(files):
        with file.open("rb") as opened:
            digests[file.relative_to(path).as_posix()] = hashlib.file_digest(opened, "sha256").hexdigest()
    return digests


def _modules(path: Path) -> dict[str, str]:
    """The folder of each module by its class; a plain transformer without the list is pooled by its mean."""
    if not (path / "modules.json").exists():
        return {"Transformer": "", "Pooling": ""}
    listed = _load(path / "modules.json")
    try:
        modules = {module["type"].rpartition(".")[2]: module["path"] for module in listed}
        foreign = [module["type"] for module in listed if not module["type"].startswith("sentence_transformers.")]
    except (TypeError, KeyError, AttributeError) as error:
        raise EncoderError(f"{path / 'modules.json'}: not a list of modules") from error
    if foreign or tuple(modules) not in {_MODULES, _MODULES[:2]}:
        found = ", ".join(module["type"] for module in listed) or "nothing"
        raise EncoderError(
            f"{path}: is made of {found}; supported are a Transformer, a Pooling and perhaps a Normalize of "
            "sentence_transformers, without Dense layers or code of its own"
        )
    return modules


def _pooling(path: Path, config: dict[str, Any]) -> Literal["mean", "cls"]:
    modes = config.get("pooling_mode") or [
        _POOLING.get(key, key) for key, on in config.items() if key.startswith("pooling_mode_") and on
    ]
    modes = [modes] if isinstance(modes, str) else list(modes)
    match modes:
        case [] | ["mean"]:
            return "mean"
        case ["cls"]:
            return "cls"
    raise EncoderError(f"{path}: pools by {' and '.join(map(str, modes))}; supported are mean and cls")


def _max_tokens(transformer: Path, config: dict[str, Any]) -> int:
    stated = (
        _read_json(transformer / "sentence_bert_config.json", optional=True).get("max_seq_length"),
        _read_json(transformer / "tokenizer_config.json", optional=True).get("model_max_length"),
        config.get("max_position_embeddings"),
    )
    return int(min(_MOST_TOKENS, *(limit for limit in stated if isinstance(limit, int) and limit > 0)))


def _read_json(path: Path, *, optional: bool = False) -> dict[str, Any]:
    if optional and not path.exists():
        return {}
    content = _load(path)
    if not isinstance(content, dict):
        raise EncoderError(f"{path}: not a JSON object")
    return content


def _load(path: Path) -> Any:  # noqa: ANN401 - whatever stands there
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(
            f"{path}: not readable ({error}); is this a folder of a sentence-transformers model?"
        ) from error
