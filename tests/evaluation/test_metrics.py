"""Metrics worked out by hand, by scikit-learn and by the textbook, one user and one place at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from crossfade_indexing.evaluation.metrics import (
    RANKING_METRICS,
    absolute_errors,
    hits_of,
    mae,
    ndcg,
    rmse,
    squared_errors,
)

# By hand, k = 3. Anna: hits at ranks 1 and 3 of 4 relevant. Ben: at rank 2, of 1. Cleo: none, of 2 (one at rank 4).
HITS = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], bool)
RELEVANT = np.array([4, 1, 2])
BY_HAND = {
    "precision": [2 / 3, 1 / 3, 0],
    "recall": [2 / 4, 1, 0],
    "f1": [4 / 7, 1 / 2, 0],
    "hit_rate": [1, 1, 0],
    "map": [(1 / 1 + 2 / 3) / 3, (1 / 2) / 1, 0],
    "mrr": [1, 1 / 2, 0],
    # The discounts of ranks 1 to 3 are 1, 0.6309297536 and 0.5.
    "ndcg": [1.5 / 2.1309297536, 0.6309297536, 0],
}


def textbook(ranked: list[int], relevant: set[int], k: int) -> Mapping[str, float]:
    """Every metric for one user, written down as the textbooks define it."""
    shown = ranked[:k]
    found = [item for item in shown if item in relevant]
    precision, recall = len(found) / k, len(found) / len(relevant)
    precisions = [
        len(set(shown[:rank]) & relevant) / rank for rank in range(1, len(shown) + 1) if shown[rank - 1] in relevant
    ]
    gains = [1 / math.log2(rank + 1) for rank in range(1, len(shown) + 1) if shown[rank - 1] in relevant]
    ideal = [1 / math.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1)]
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if found else 0.0,
        "hit_rate": 1.0 if found else 0.0,
        "map": sum(precisions) / min(k, len(relevant)),
        "mrr": 1 / (shown.index(found[0]) + 1) if found else 0.0,
        "ndcg": sum(gains) / sum(ideal),
    }


@st.composite
def placed(draw: st.DrawFn) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.bool_]], int]:
    """One user's places, and how many relevant items stand on none of them."""
    places = draw(st.lists(st.booleans(), min_size=1, max_size=12))
    return np.array([places], bool), draw(st.integers(0, 5))


@pytest.mark.parametrize("name", RANKING_METRICS)
def test_a_metric_is_what_it_is_by_hand(name: str) -> None:
    values = RANKING_METRICS[name](HITS, RELEVANT, 3)

    assert values == pytest.approx(BY_HAND[name], abs=1e-9)
    assert values.dtype == np.float64


@pytest.mark.parametrize("name", RANKING_METRICS)
@given(seed=st.integers(0, 200), k=st.integers(1, 8))
def test_a_metric_is_what_the_textbook_says_user_by_user(name: str, seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    n_users, n_items, length = 6, 12, 8
    ranked = np.argsort(random.random((n_users, n_items)), axis=1)[:, :length]
    held_out = random.random((n_users, n_items)) < 0.3
    held_out[:, 0] |= ~held_out.any(axis=1)
    short = random.integers(0, length + 1, size=n_users)
    ranked[np.arange(length) >= short[:, None]] = -1

    hits, relevant = hits_of(ranked, sp.csr_array(held_out))
    values = RANKING_METRICS[name](hits, relevant, k)

    expected = [
        textbook([item for item in row if item >= 0], set(np.flatnonzero(wanted)), k)[name]
        for row, wanted in zip(ranked.tolist(), held_out, strict=True)
    ]
    assert values == pytest.approx(expected, abs=1e-12)


@given(seed=st.integers(0, 200), k=st.integers(1, 15))
def test_ndcg_is_that_of_scikit_learn(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    wanted = random.random((5, 15)) < 0.3
    wanted[:, 3] = True
    scores = random.permuted(np.tile(np.arange(15.0), (5, 1)), axis=1)

    hits, relevant = hits_of(np.argsort(-scores, axis=1), sp.csr_array(wanted))

    assert ndcg(hits, relevant, k).mean() == pytest.approx(ndcg_score(wanted, scores, k=k), abs=1e-12)


@given(seed=st.integers(0, 200))
def test_average_precision_of_a_whole_ranking_is_that_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    wanted = random.random((5, 15)) < 0.3
    wanted[:, 3] = True
    scores = random.permuted(np.tile(np.arange(15.0), (5, 1)), axis=1)

    hits, relevant = hits_of(np.argsort(-scores, axis=1), sp.csr_array(wanted))
    values = RANKING_METRICS["map"](hits, relevant, 15)

    assert values == pytest.approx([average_precision_score(w, s) for w, s in zip(wanted, scores, strict=True)])


@pytest.mark.parametrize("name", RANKING_METRICS)
@given(user=placed(), data=st.data())
def test_a_metric_lies_between_0_and_1_and_moving_a_hit_up_never_lowers_it(
    name: str, user: tuple[np.ndarray[tuple[int, int], np.dtype[np.bool_]], int], data: st.DataObject
) -> None:
    hits, elsewhere = user
    relevant = np.array([max(1, int(hits.sum()) + elsewhere)])
    k = data.draw(st.integers(1, hits.shape[1]))
    metric = RANKING_METRICS[name]

    value = metric(hits, relevant, k)[0]

    assert 0 <= value <= 1 + 1e-12
    for place in range(1, hits.shape[1]):
        if hits[0, place] and not hits[0, place - 1]:
            better = hits.copy()
            better[0, [place - 1, place]] = True, False
            assert metric(better, relevant, k)[0] >= value - 1e-12


@pytest.mark.parametrize("name", RANKING_METRICS)
def test_a_perfect_list_scores_1_and_a_list_without_hits_0(name: str) -> None:
    hits = np.array([[True, True, True], [False, False, False]])

    values = RANKING_METRICS[name](hits, np.array([3, 3]), 3)

    assert values == pytest.approx([1, 0], abs=1e-12)


@pytest.mark.parametrize("name", ["hit_rate", "map", "mrr", "ndcg", "recall"])
def test_all_there_is_to_find_found_first_scores_1_in_a_longer_list(name: str) -> None:
    hits = np.array([[True, True, False, False, False]])

    assert RANKING_METRICS[name](hits, np.array([2]), 5)[0] == pytest.approx(1)


@pytest.mark.parametrize("name", ["hit_rate", "map", "mrr", "ndcg", "precision"])
def test_a_list_full_of_hits_scores_1_though_more_could_be_found(name: str) -> None:
    hits = np.array([[True, True]])

    assert RANKING_METRICS[name](hits, np.array([7]), 2)[0] == pytest.approx(1)


def test_padding_is_never_a_hit_not_even_before_a_user_whose_neighbour_wants_the_last_item() -> None:
    held_out = sp.csr_array(np.array([[0, 0, 1], [1, 0, 0]]))

    hits, relevant = hits_of(np.array([[2, -1], [-1, -1]]), held_out)

    assert hits.tolist() == [[True, False], [False, False]]
    assert relevant.tolist() == [1, 1]


def test_every_stored_entry_is_held_out_once_whatever_its_value_and_order() -> None:
    held_out = sp.csr_array((np.array([0.0, 3.0, -1.0, 2.0]), np.array([2, 0, 2, 1]), np.array([0, 3, 4])), (2, 4))

    hits, relevant = hits_of(np.array([[0, 1, 2], [3, 2, 1]]), held_out)

    assert hits.tolist() == [[True, False, True], [False, False, True]]
    assert relevant.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("ranked", "complaint"),
    [
        ([[0, 1]], "2 users"),
        ([[0, 3], [0, 1]], r"-1 … 2, got 0 … 3"),
        ([[0, -2], [0, 1]], r"-1 … 2, got -2"),
        ([[2, 2], [0, 1]], "same item twice"),
    ],
)
def test_lists_that_cannot_be_are_refused(ranked: list[list[int]], complaint: str) -> None:
    held_out = sp.csr_array(np.array([[0, 0, 1], [1, 0, 0]]))

    with pytest.raises(ValueError, match=complaint):
        hits_of(np.array(ranked), held_out)


def test_a_user_with_nothing_held_out_is_refused_by_number() -> None:
    held_out = sp.csr_array(np.array([[0, 0, 1], [0, 0, 0]]))

    with pytest.raises(ValueError, match="user 1 has nothing held out"):
        hits_of(np.array([[0], [1]]), held_out)


@pytest.mark.parametrize("name", RANKING_METRICS)
@pytest.mark.parametrize(("relevant", "k"), [([1, 1], 0), ([1, 1], 3), ([0, 1], 1), ([1], 1), ([1, 1], 1)], ids=str)
def test_arguments_that_do_not_fit_together_are_refused(name: str, relevant: list[int], k: int) -> None:
    hits = np.array([[True, True], [False, False]])

    with pytest.raises(ValueError, match=r"k must|relevant"):
        RANKING_METRICS[name](hits, np.array(relevant), k)


def test_rating_errors_are_what_they_are_by_hand() -> None:
    predicted, actual = np.array([3.0, 4.5, 1.0]), np.array([4.0, 4.5, 3.0])

    assert squared_errors(predicted, actual).tolist() == [1, 0, 4]
    assert absolute_errors(predicted, actual).tolist() == [1, 0, 2]
    assert rmse(predicted, actual) == pytest.approx(math.sqrt(5 / 3))
    assert mae(predicted, actual) == pytest.approx(1)


@pytest.mark.parametrize("measure", [rmse, mae])
@pytest.mark.parametrize("predicted", [[], [1.0]])
def test_predictions_must_be_as_many_as_ratings_and_at_least_one(
    measure: Callable[..., float], predicted: list[float]
) -> None:
    with pytest.raises(ValueError, match="as many"):
        measure(np.array(predicted), np.array(predicted * 2))
