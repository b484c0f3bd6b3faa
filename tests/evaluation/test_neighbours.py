"""Worked by hand on three users and four items::

        a  b  c  d
user 0  3  4  .  .
user 1  4  3  .  .
user 2  .  1  2  2
"""

import numpy as np
import pytest
import scipy.sparse as sp

from crossfade_indexing.evaluation.baselines import ItemNeighbours, NeighbourHybrid, UserNeighbours
from crossfade_indexing.evaluation.baselines.neighbours import Similarity
from crossfade_indexing.evaluation.baselines.similarities import Table, cosine, nearest_rows, phi, rating_correlation
from crossfade_indexing.evaluation.ranker import TrainingData

TABLE = np.array([[3, 4, 0, 0], [4, 3, 0, 0], [0, 1, 2, 2]], np.float32)
EVERYONE = np.arange(3)


def test_cosine_is_that_of_the_whole_rows() -> None:
    alike = nearest_rows(Table(sp.csr_array(TABLE)), cosine, shrinkage=0, neighbours=2)

    # Lengths 5, 5, 3; products 12 + 12, 4 and 3.
    expected = [[0, 24 / 25, 4 / 15], [24 / 25, 0, 3 / 15], [4 / 15, 3 / 15, 0]]
    np.testing.assert_allclose(alike.toarray(), expected, rtol=1e-6)


def test_shrinkage_weakens_what_rests_on_little() -> None:
    alike = nearest_rows(Table(sp.csr_array(TABLE)), cosine, shrinkage=2, neighbours=2)

    # Two items in common: 2 / (2 + 2); one: 1 / (1 + 2).
    expected = [[0, 12 / 25, 4 / 45], [12 / 25, 0, 3 / 45], [4 / 45, 3 / 45, 0]]
    np.testing.assert_allclose(alike.toarray(), expected, rtol=1e-6)


def test_phi_is_the_correlation_of_the_whole_rows_where_above_zero() -> None:
    liked = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]], np.float32)

    alike = nearest_rows(Table(sp.csr_array(liked)), phi, shrinkage=0, neighbours=2)

    # Rows 0 and 1: 2 - 4 * 1/2 * 3/4 = 1/2 over sqrt(1 * 3/4). Rows 0 and 2: 1 - 3/2. Rows 1 and 2: 2 - 9/4.
    near = 0.5 / np.sqrt(0.75)
    np.testing.assert_allclose(alike.toarray(), [[0, near, 0], [near, 0, 0], [0, 0, 0]], rtol=1e-6)


def test_the_correlation_of_ratings_is_that_over_what_both_have_rated() -> None:
    ratings = np.array([[1, 2, 3, 5], [2, 3, 4, 0], [5, 4, 0, 1]], np.float32)

    alike = nearest_rows(Table(sp.csr_array(ratings)), rating_correlation, shrinkage=0, neighbours=2)

    # Rows 0 and 1 rise together over a, b, c. Rows 0 and 2 fall apart; rows 1 and 2 likewise.
    np.testing.assert_allclose(alike.toarray(), [[0, 1, 0], [1, 0, 0], [0, 0, 0]], atol=1e-6)


def test_a_correlation_between_the_extremes() -> None:
    ratings = np.array([[1, 2, 3, 0], [1, 3, 2, 5]], np.float32)

    alike = nearest_rows(Table(sp.csr_array(ratings)), rating_correlation, shrinkage=1, neighbours=1)

    # Deviations -1, 0, 1 and -1, 1, 0: product 1 over sqrt(2 * 2), times 3 / (3 + 1).
    np.testing.assert_allclose(alike.toarray(), [[0, 0.375], [0.375, 0]], rtol=1e-6)


def test_constant_ratings_correlate_with_nothing() -> None:
    ratings = np.array([[0.1, 0.1, 0.1], [0.1, 0.2, 0.3]], np.float32)

    assert nearest_rows(Table(sp.csr_array(ratings)), rating_correlation, shrinkage=0, neighbours=1).nnz == 0


def test_the_strongest_neighbours_are_kept_and_equals_by_row() -> None:
    # Row 2 is like 0, 3 and 4 to the same degree and more like 1.
    rows = np.array([[1, 0, 1], [1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1]], np.float32)

    alike = nearest_rows(Table(sp.csr_array(rows)), cosine, shrinkage=0, neighbours=2)

    np.testing.assert_allclose(alike[[2]].toarray(), [[0.5, 1, 0, 0, 0]], rtol=1e-6)


def test_neighbours_do_not_depend_on_how_the_pairs_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    values = sp.csr_array(np.random.default_rng(0).integers(0, 3, (30, 12)).astype(np.float32))
    whole = nearest_rows(Table(values), rating_correlation, shrinkage=1, neighbours=5)

    monkeypatch.setattr("crossfade_indexing.evaluation.baselines.similarities._PAIRS", 70)
    cut = nearest_rows(Table(values), rating_correlation, shrinkage=1, neighbours=5)

    np.testing.assert_array_equal(whole.toarray(), cut.toarray())


def test_some_rows_have_the_neighbours_that_they_have_among_all() -> None:
    table = Table(sp.csr_array(np.random.default_rng(0).integers(0, 3, (30, 12)).astype(np.float32)))
    rows = np.array([7, 29, 0, 7])

    some = nearest_rows(table, rating_correlation, shrinkage=1, neighbours=5, rows=rows)

    whole = nearest_rows(table, rating_correlation, shrinkage=1, neighbours=5)
    np.testing.assert_array_equal(some.toarray(), whole.toarray()[rows])


def test_user_neighbours_add_up_what_those_alike_like() -> None:
    ranker = UserNeighbours(neighbours=1, shrinkage=0)

    ranker.fit(_training(TABLE))

    # User 2 is nearest to user 0 (4/15 against 3/15).
    expected = 4 / 15 * TABLE[0]
    np.testing.assert_allclose(ranker.scores(np.array([2])), [expected], rtol=1e-6)


def test_item_neighbours_add_up_the_likes_of_what_is_alike() -> None:
    ranker = ItemNeighbours(neighbours=1, shrinkage=0)

    ranker.fit(_training(TABLE))

    # Columns (3, 4, 0), (4, 3, 1), (0, 0, 2), (0, 0, 2): a and b are each other's nearest, and so are c and d.
    near = 24 / np.sqrt(25 * 26)
    expected = [[4 * near, 3 * near, 0, 0], [3 * near, 4 * near, 0, 0], [near, 0, 2, 2]]
    expected[2][1] = 0
    np.testing.assert_allclose(ranker.scores(EVERYONE), expected, rtol=1e-6)


def test_bad_ratings_make_neighbours_but_are_no_likes() -> None:
    ratings = np.array([[5, 4, 1, 1], [5, 4, 1, 0], [1, 1, 0, 5]], np.float32)
    ranker = UserNeighbours("pearson", neighbours=1, shrinkage=0)

    ranker.fit(TrainingData(sp.csr_array(np.where(ratings > 0, ratings - 3, 0)), sp.csr_array(ratings), [""] * 4))

    np.testing.assert_allclose(ranker.scores(np.array([1])), [[2, 1, 0, 0]], rtol=1e-6)


@pytest.mark.parametrize("ratings", [None, sp.csr_array((3, 4), dtype=np.float32)])
def test_pearson_without_ratings_correlates_the_likes(ratings: sp.csr_array | None) -> None:
    liked = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]], np.float32)
    ranker = UserNeighbours("pearson", neighbours=2, shrinkage=0)

    ranker.fit(TrainingData(sp.csr_array(liked), ratings, [""] * 4))

    near = 0.5 / np.sqrt(0.75)
    np.testing.assert_allclose(ranker.scores(np.array([0])), [near * liked[1]], rtol=1e-6)


def test_the_hybrid_is_the_mean_of_both_in_standard_deviations() -> None:
    users, items = UserNeighbours(neighbours=2, shrinkage=0), ItemNeighbours(neighbours=2, shrinkage=0)
    hybrid = NeighbourHybrid(users, items)

    hybrid.fit(_training(TABLE))

    both = [ranker.scores(EVERYONE).astype(np.float64) for ranker in (users, items)]
    standard = [(one - one.mean(axis=1, keepdims=True)) / one.std(axis=1, keepdims=True) for one in both]
    np.testing.assert_allclose(hybrid.scores(EVERYONE), (standard[0] + standard[1]) / 2, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("neighbours", "shrinkage", "message"),
    [(0, 1.0, "neighbours must be at least 1"), (1, -1.0, "shrinkage must be"), (1, float("nan"), "shrinkage must be")],
)
def test_parameters_out_of_range_are_refused(neighbours: int, shrinkage: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UserNeighbours(neighbours=neighbours, shrinkage=shrinkage)


def test_an_unknown_similarity_is_refused() -> None:
    unknown: Similarity = "jaccard"  # type: ignore[assignment]

    with pytest.raises(ValueError, match="jaccard"):
        ItemNeighbours(unknown)


def _training(weights: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> TrainingData:
    return TrainingData(sp.csr_array(weights), None, [""] * weights.shape[1])
