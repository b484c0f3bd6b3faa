"""The wrapper around FAISS says no where FAISS is silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crossfade.bundle import VectorIndex
from crossfade.errors import BundleCorruptError

VECTORS = np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 0.0]], np.float32)


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_rows_come_by_inner_product_best_first(kind: str) -> None:
    index = VectorIndex.build(VECTORS, kind=kind)  # type: ignore[arg-type]  # the parameter is a plain string here

    scores, rows = index.search(np.array([[1.0, 0.1]], np.float32), 2)

    assert rows.tolist() == [[2, 0]]
    assert scores.tolist() == [[3.0, 1.0]]


def test_no_more_is_answered_than_there_is() -> None:
    _, rows = VectorIndex.build(VECTORS, kind="flat").search(np.ones((4, 2), np.float32), 10)

    assert rows.shape == (4, 3)
    assert (rows >= 0).all()


def test_an_empty_index_and_an_empty_batch_answer_nothing() -> None:
    empty = VectorIndex.build(np.empty((0, 2), np.float32), kind="flat")

    assert empty.search(np.ones((1, 2), np.float32), 3)[1].shape == (1, 0)
    assert VectorIndex.build(VECTORS, kind="flat").search(np.empty((0, 2), np.float32), 3)[1].shape == (0, 3)


@pytest.mark.parametrize(
    ("queries", "n", "complaint"),
    [
        (np.ones((1, 3), np.float32), 1, r"expected shape \(b, 2\), got \(1, 3\)"),
        (np.ones(2, np.float32), 1, r"expected shape"),
        (np.array([[np.nan, 0.0]], np.float32), 1, "finite"),
        (np.ones((1, 2), np.float32), 0, "positive"),
    ],
)
def test_a_wrong_question_is_refused(queries: np.ndarray, n: int, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        VectorIndex.build(VECTORS, kind="flat").search(queries, n)


def test_vectors_that_are_not_finite_cannot_be_indexed() -> None:
    with pytest.raises(ValueError, match="finite"):
        VectorIndex.build(np.array([[np.inf]], np.float32), kind="flat")


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_a_saved_index_answers_as_before(tmp_path: Path, kind: str) -> None:
    index = VectorIndex.build(VECTORS, kind=kind)  # type: ignore[arg-type]  # the parameter is a plain string here
    index.save(tmp_path / "x.faiss")

    loaded = VectorIndex.load(tmp_path / "x.faiss")

    assert (loaded.size, loaded.dimension) == (3, 2)
    assert loaded.search(VECTORS, 3)[1].tolist() == index.search(VECTORS, 3)[1].tolist()


def test_a_file_that_is_no_index_is_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "x.faiss").write_bytes(b"not an index at all")

    with pytest.raises(BundleCorruptError, match=r"x\.faiss"):
        VectorIndex.load(tmp_path / "x.faiss")
