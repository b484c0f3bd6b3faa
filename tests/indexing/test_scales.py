"""Scores on one scale: the catalogue's mean and deviation, and how far out the best items stand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from crossfade.bundle import VectorSpace
from crossfade.types import FloatArray
from crossfade_indexing.learning.indexes import build_index, build_space, user_vectors
from crossfade_indexing.learning.scales import tenth_best_of_popularity, tenth_best_of_vectors


def space_of(sources: FloatArray, targets: FloatArray) -> VectorSpace:
    """A space in which nothing was learned of cold items."""
    return build_space(sources, targets, np.zeros((1, 2 * targets.shape[1]), np.float32))


@given(seed=st.integers(0, 30))
def test_mean_and_deviation_of_scores_need_no_scoring(seed: int) -> None:
    random = np.random.default_rng(seed)
    targets = random.normal(size=(50, 6)).astype(np.float32) + 1
    query = random.normal(size=6).astype(np.float32)

    space = space_of(targets, targets)

    scores = targets @ query
    assert query @ space.mean == pytest.approx(scores.mean(), abs=1e-4)
    assert np.linalg.norm(space.root @ query) == pytest.approx(scores.std(), rel=1e-3, abs=1e-4)


def test_two_users_are_as_alike_as_their_scores_correlate() -> None:
    random = np.random.default_rng(4)
    targets = random.normal(size=(50, 6)).astype(np.float32)
    folded = random.normal(size=(2, 6)).astype(np.float32)
    space = space_of(targets, targets)

    first, second = user_vectors(folded, space)

    scores = targets @ folded.T
    assert first @ second == pytest.approx(np.corrcoef(scores.T)[0, 1], abs=1e-4)


def test_a_user_without_evidence_is_like_nobody() -> None:
    space = space_of(*[np.eye(3, dtype=np.float32)] * 2)

    assert not user_vectors(np.zeros((1, 3), np.float32), space).any()


def test_a_large_index_is_approximate_and_says_how_good_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossfade_indexing.learning.indexes._EXACT_UP_TO", 100)
    vectors = np.random.default_rng(0).normal(size=(2_000, 16)).astype(np.float32)

    index, info = build_index(vectors, queries=vectors, seed=0)

    assert (info.kind, info.vectors, index.size) == ("hnsw", 2_000, 2_000)
    assert 0.9 < info.recall <= 1


def test_the_tenth_best_is_counted_among_what_a_user_has_not_had() -> None:
    # One user, who had i20: the vector is 1 and the raw scores are 0 to 20, mean 10, deviation 6.05530. Of the twenty
    # others the tenth-best scores 10, which is no scale, hence 1; had i0 been had, it were 11.
    targets = np.arange(21, dtype=np.float32)[:, None]
    space = space_of(np.ones((21, 1), np.float32), targets)

    def had(row: int) -> sp.csr_array:
        return sp.csr_array((np.ones(1, np.float32), ([0], [row])), shape=(1, 21))

    assert tenth_best_of_vectors(space, had(20), seed=0) == 1.0
    assert tenth_best_of_vectors(space, had(0), seed=0) == pytest.approx(1 / 6.05530, rel=1e-4)


def test_the_scale_is_that_of_the_median_user_with_evidence() -> None:
    # Targets 0 to 20 on one axis; three users each had an item whose source is 1, one whose source is nothing, and one
    # dislikes. Whatever the length of a vector, z is the same; turned around, the tenth best is that of 20 - x.
    targets = np.arange(21, dtype=np.float32)[:, None]
    sources = np.zeros((21, 1), np.float32)
    sources[[0, 1, 2]] = [[1.0], [5.0], [0.2]]
    space = space_of(sources, targets)
    past = sp.csr_array((np.array([1, 1, 1, 1, -1], np.float32), ([0, 1, 2, 3, 4], [0, 1, 2, 15, 0])), shape=(5, 21))

    assert tenth_best_of_vectors(space, past, seed=0) == pytest.approx(1 / 6.05530, rel=1e-4)


def test_of_popularity_the_tenth_best_of_all_counts() -> None:
    # 0 to 20: the tenth from the top is 11.
    assert tenth_best_of_popularity(np.arange(21, dtype=np.float32)) == pytest.approx(1 / 6.05530, rel=1e-4)


@pytest.mark.parametrize("popularity", [[], [1.0], [2.0, 2.0, 2.0]])
def test_a_catalogue_whose_items_are_alike_has_scale_one(popularity: list[float]) -> None:
    assert tenth_best_of_popularity(np.array(popularity, np.float32)) == 1.0


def test_without_users_the_scale_is_one() -> None:
    targets = np.arange(21, dtype=np.float32)[:, None]
    space = space_of(targets, targets)

    assert tenth_best_of_vectors(space, sp.csr_array(np.zeros((0, 21), np.float32)), seed=0) == 1.0
