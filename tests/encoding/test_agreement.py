"""The service's vectors are those of the indexing job."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from encoding.hand_made import AWKWARD, change_json
from sklearn.feature_extraction.text import TfidfVectorizer

from crossfade.encoding import TextEncoder, open_encoder
from crossfade.encoding.tfidf import IDF_FILE, PROJECTION_FILE, VOCABULARY_FILE
from crossfade.encoding.words import words
from crossfade.types import FloatArray
from crossfade_indexing.encoders import ItemEncoder, open_item_encoder

CATALOGUE = (
    "A detective in a northern harbour town looks for a missing fisherman.",
    "A murder on the fjord brings a northern detective home, and home again.",
    "Four thieves plan the robbery of a bank vault: a heist that goes wrong.",
    "Divers film the coral reef at night. ÉTÉ 映画の夜 ﬁlm Straße",
    "Ein Hund in der großen Straße; a dog in the far north.",
)


def assert_unit_or_zero(vectors: FloatArray, empty: list[bool]) -> None:
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    assert np.allclose(np.linalg.norm(vectors, axis=1), [0.0 if nothing else 1.0 for nothing in empty], atol=1e-5)


def test_tfidf_equals_what_scikit_learn_computes(tmp_path: Path) -> None:
    encoder = open_item_encoder("tfidf")
    encoder.fit(CATALOGUE)
    encoder.export(tmp_path)
    vectoriser = TfidfVectorizer(analyzer=words, sublinear_tf=True).fit(CATALOGUE)
    expected = vectoriser.transform(AWKWARD + CATALOGUE) @ np.load(tmp_path / PROJECTION_FILE)
    norms = np.linalg.norm(expected, axis=1, keepdims=True)
    expected = np.divide(expected, norms, out=np.zeros_like(expected), where=norms > 1e-6)

    vectors = open_encoder(tmp_path).encode(AWKWARD + CATALOGUE)

    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    np.testing.assert_array_equal(vectors, encoder.encode(AWKWARD + CATALOGUE))
    assert_unit_or_zero(vectors, [not row.any() for row in expected])
    assert vectors[1].any()  # "CRIME in the Far North" shares words with the catalogue, an emoji none
    assert not vectors[4].any()


def test_tfidf_brings_texts_of_the_same_kind_together() -> None:
    encoder = open_item_encoder("tfidf")
    encoder.fit(CATALOGUE)

    vectors = encoder.encode([*CATALOGUE, "northern detective", "bank robbery"])

    assert (vectors[5] @ vectors[:5].T).argmax() in {0, 1}
    assert (vectors[6] @ vectors[:5].T).argmax() == 2


@pytest.mark.parametrize("texts", [[], [""], ["", " ", "🤖"], ["one"], ["same words here"] * 3, ["ab cd", "ef gh"]])
def test_tfidf_of_a_tiny_catalogue_is_valid(texts: list[str], tmp_path: Path) -> None:
    encoder = open_item_encoder("tfidf")
    encoder.fit(texts)
    encoder.export(tmp_path)

    vectors = open_encoder(tmp_path).encode([*texts, "unheard of"])

    assert vectors.shape == (len(texts) + 1, encoder.dimension)
    assert encoder.dimension >= 1
    assert_unit_or_zero(vectors, [*(not words(text) for text in texts), True])


def test_tfidf_must_be_fitted_first() -> None:
    encoder = open_item_encoder("tfidf")

    with pytest.raises(ValueError, match="fitted"):
        encoder.encode(["a text"])


def test_the_same_catalogue_in_another_order_gives_the_same_tfidf() -> None:
    first, second, third = (open_item_encoder("tfidf") for _ in range(3))

    first.fit(CATALOGUE)
    second.fit(CATALOGUE[::-1])
    third.fit(CATALOGUE[1:])

    assert first.fingerprint == second.fingerprint != third.fingerprint
    np.testing.assert_array_equal(first.encode(AWKWARD), second.encode(AWKWARD))


def assert_same_vectors(served: TextEncoder, original: ItemEncoder) -> None:
    vectors, expected = served.encode(AWKWARD), original.encode(AWKWARD)
    empty = [index in {2, 3, 9} for index in range(len(AWKWARD))]
    assert_unit_or_zero(vectors, empty)
    assert_unit_or_zero(expected, empty)
    assert ((vectors * expected).sum(axis=1)[~np.array(empty)] > 0.99).all()


def test_a_transformer_pooled_by_its_mean_exports_what_it_computes(tiny_model: Path, tiny_export: Path) -> None:
    encoder = open_item_encoder(str(tiny_model))

    served = open_encoder(tiny_export)

    assert_same_vectors(served, encoder)
    assert served.dimension == encoder.dimension == 32


def test_so_does_one_pooled_by_its_first_token(tiny_model: Path, tmp_path: Path) -> None:
    change_json(
        tiny_model / "1_Pooling" / "config.json",
        lambda config: config.update(pooling_mode_mean_tokens=False, pooling_mode_cls_token=True),
    )
    normalize = {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}
    change_json(tiny_model / "modules.json", lambda modules: modules.append(normalize))
    encoder = open_item_encoder(str(tiny_model))
    (tmp_path / "out").mkdir()

    encoder.export(tmp_path / "out")

    served = open_encoder(tmp_path / "out")
    assert_same_vectors(served, encoder)
    assert served.name == encoder.name == "tiny"


def test_the_two_poolings_differ(tiny_model: Path) -> None:
    mean = open_item_encoder(str(tiny_model)).encode(["crime drama"])
    change_json(
        tiny_model / "1_Pooling" / "config.json",
        lambda config: config.update(pooling_mode_mean_tokens=False, pooling_mode_cls_token=True),
    )
    cls = open_item_encoder(str(tiny_model)).encode(["crime drama"])

    assert float((mean * cls).sum()) < 0.9


def test_a_texts_vector_does_not_depend_on_its_neighbours(tiny_export: Path) -> None:
    encoder = open_encoder(tiny_export)

    together = encoder.encode(AWKWARD)

    for row, text in enumerate(AWKWARD):
        np.testing.assert_array_equal(encoder.encode([text])[0], together[row])


def test_no_texts_give_no_rows(tiny_model: Path, tiny_export: Path) -> None:
    assert open_encoder(tiny_export).encode([]).shape == (0, 32)
    assert open_item_encoder(str(tiny_model)).encode([]).shape == (0, 32)


def test_progress_ends_at_the_number_of_texts(tiny_model: Path) -> None:
    told: list[tuple[int, int]] = []

    open_item_encoder(str(tiny_model)).encode(["dog"] * 70 + [""], on_progress=lambda *call: told.append(call))

    assert [call[0] for call in told] == sorted(call[0] for call in told)
    assert told[-1] == (71, 71)


@pytest.fixture(scope="module")
def real_encoder(default_encoder: str) -> ItemEncoder:
    return open_item_encoder(default_encoder)


@pytest.fixture(scope="module")
def real_export(real_encoder: ItemEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("real")
    real_encoder.export(directory)
    return directory


def test_the_default_encoder_loses_less_than_a_hundredth_as_int8(real_encoder: ItemEncoder, real_export: Path) -> None:
    texts = [*CATALOGUE[:3], "heist that goes wrong", "slow-burning crime in the far north", "Toy Story", "funny"]
    directory = real_export

    cosines = (open_encoder(directory).encode(texts) * real_encoder.encode(texts)).sum(axis=1)

    assert cosines.min() >= 0.99
    assert (directory / "model.onnx").stat().st_size < 25e6
    assert (real_encoder.languages, real_encoder.dimension) == (frozenset({"en"}), 384)


def test_so_it_does_on_descriptions_of_films(real_encoder: ItemEncoder, real_export: Path, movielens: Path) -> None:
    with (movielens / "descriptions_wikipedia.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["extract"] for row in csv.DictReader(file)][:4000:100]

    cosines = (open_encoder(real_export).encode(texts) * real_encoder.encode(texts)).sum(axis=1)

    assert len(texts) == 40
    assert cosines.min() >= 0.99


def test_the_files_of_tfidf_are_plain_data(tmp_path: Path) -> None:
    encoder = open_item_encoder("tfidf")
    encoder.fit(CATALOGUE)

    encoder.export(tmp_path)

    assert {file.name for file in tmp_path.iterdir()} == {"encoder.json", VOCABULARY_FILE, IDF_FILE, PROJECTION_FILE}
