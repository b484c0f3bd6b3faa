"""An encoder that is not what was written is refused, and the message names the file."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from encoding.hand_made import change_json

from crossfade.encoding import EncoderDescription, open_encoder
from crossfade.errors import BundleCorruptError, BundleFormatError
from crossfade_indexing.encoders import open_item_encoder


@pytest.fixture
def tfidf(tmp_path: Path) -> Path:
    encoder = open_item_encoder("tfidf")
    encoder.fit(["a dog in the north", "the dog and the city"])
    encoder.export(tmp_path)
    return tmp_path


@pytest.fixture
def onnx(tiny_export: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_export, tmp_path / "onnx")


TFIDF_FILES = ("encoder.json", "vocabulary.json", "idf.npy", "projection.npy")
ONNX_FILES = ("encoder.json", "model.onnx", "tokenizer.json")


@pytest.mark.parametrize("name", TFIDF_FILES)
def test_a_missing_file_of_tfidf_is_named(tfidf: Path, name: str) -> None:
    (tfidf / name).unlink()

    with pytest.raises(BundleCorruptError, match=name):
        open_encoder(tfidf)


@pytest.mark.parametrize("content", [b"", b"\x80\x04]q\x00.", b"[1, 2]", b"{" * 100_000, b"\x93NUMPY\x01\x00"])
@pytest.mark.parametrize("name", TFIDF_FILES)
def test_a_damaged_file_of_tfidf_is_named(tfidf: Path, name: str, content: bytes) -> None:
    (tfidf / name).write_bytes(content)

    with pytest.raises(BundleCorruptError, match=name):
        open_encoder(tfidf)


def test_a_pickled_array_is_not_unpickled(tfidf: Path) -> None:
    np.save(tfidf / "idf.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)

    with pytest.raises(BundleCorruptError, match=r"idf\.npy"):
        open_encoder(tfidf)


def test_arrays_that_do_not_fit_the_vocabulary_are_refused(tfidf: Path) -> None:
    np.save(tfidf / "idf.npy", np.ones(3, np.float32))

    with pytest.raises(BundleCorruptError, match=r"idf.npy.*shape \(3,\)"):
        open_encoder(tfidf)


@pytest.mark.parametrize("words", ['["dog", "dog"]', '["dog", 1]', '{"dog": 1}'])
def test_a_vocabulary_is_a_list_of_different_words(tfidf: Path, words: str) -> None:
    (tfidf / "vocabulary.json").write_text(words)

    with pytest.raises(BundleCorruptError, match=r"vocabulary.json"):
        open_encoder(tfidf)


@pytest.mark.parametrize("name", ONNX_FILES)
def test_a_missing_file_of_a_transformer_is_named(onnx: Path, name: str) -> None:
    (onnx / name).unlink()

    with pytest.raises(BundleCorruptError, match=name):
        open_encoder(onnx)


@pytest.mark.parametrize("keep", [0, 100, 10_000])
@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_cut_file_of_a_transformer_is_named(onnx: Path, name: str, keep: int) -> None:
    content = (onnx / name).read_bytes()
    (onnx / name).write_bytes(content[: min(keep, len(content) - 10)])

    with pytest.raises(BundleCorruptError, match=name):
        open_encoder(onnx)


def test_a_model_of_another_dimension_is_refused(onnx: Path) -> None:
    change_json(onnx / "encoder.json", lambda fields: fields.update(dimension=31))

    with pytest.raises(BundleCorruptError, match=r"model.onnx: its inputs and outputs"):
        open_encoder(onnx)


def test_a_tokenizer_of_another_model_is_refused(onnx: Path) -> None:
    change_json(onnx / "tokenizer.json", lambda tokenizer: tokenizer["model"]["vocab"].update(a=4000))

    with pytest.raises(BundleCorruptError, match=r"model.onnx: does not run"):
        open_encoder(onnx)


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "pickle"), ("name", 3), ("dimension", 0), ("languages", "en"), ("max_tokens", -1), ("more", 1)],
)
def test_a_wrong_field_of_the_description_is_named(tfidf: Path, field: str, value: object) -> None:
    change_json(tfidf / "encoder.json", lambda fields: fields.update({field: value}))

    with pytest.raises(BundleCorruptError, match=rf"encoder.json: .*{field}"):
        open_encoder(tfidf)


def test_a_newer_format_is_told_apart_from_damage(tfidf: Path) -> None:
    change_json(tfidf / "encoder.json", lambda fields: fields.update(format=2, more=1))

    with pytest.raises(BundleFormatError, match=r"encoder.json: format 2 is newer"):
        open_encoder(tfidf)


def test_a_description_reads_back_as_written(tmp_path: Path) -> None:
    description = EncoderDescription(kind="onnx", name="ü/é", dimension=3, languages=("de", "en"), max_tokens=9)

    description.write(tmp_path)

    assert EncoderDescription.read(tmp_path) == description


def test_no_thread_is_the_callers_mistake(tfidf: Path) -> None:
    with pytest.raises(ValueError, match="threads: expected at least 1, got 0"):
        open_encoder(tfidf, threads=0)
