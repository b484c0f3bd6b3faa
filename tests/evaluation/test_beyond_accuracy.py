"""Measures beside accuracy, by hand and pair by pair."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from crossfade_indexing.evaluation.beyond_accuracy import (
    catalogue_coverage,
    gini,
    intra_list_diversity,
    mean_popularity,
    novelty,
    past_popularity,
    popularity_by_decile,
    popularity_lift,
    serendipity,
)

# The third user gets one item, the last none.
LISTS = np.array([[0, 1], [0, 2], [0, -1], [-1, -1]])


def drawn_lists(seed: int, n_users: int, n_items: int, k: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    random = np.random.default_rng(seed)
    lists = np.argsort(random.random((n_users, n_items)), axis=1)[:, :k]
    lists[np.arange(k) >= random.integers(0, k + 1, size=n_users)[:, None]] = -1
    return lists


def test_coverage_is_the_share_of_items_that_anyone_is_shown() -> None:
    assert catalogue_coverage(LISTS, 4) == 3 / 4
    assert catalogue_coverage(LISTS, 6) == 3 / 6
    assert catalogue_coverage(np.full((2, 3), -1), 4) == 0


def test_gini_is_half_the_mean_difference_of_exposures_over_their_mean() -> None:
    # Items stand on 3, 1, 1 and 0 places. Differences of the 16 ordered pairs: 2 * (2+2+3+0+1+1) = 18; mean 18/16.
    assert gini(LISTS, 4) == pytest.approx((18 / 16) / (2 * 5 / 4))


def test_gini_is_0_where_all_items_are_shown_alike_and_nearly_1_where_one_is() -> None:
    assert gini(np.array([[0, 1], [2, 3]]), 4) == 0
    assert gini(np.array([[2], [2], [2]]), 4) == pytest.approx(1 - 1 / 4)
    assert math.isnan(gini(np.full((2, 2), -1), 4))


@given(seed=st.integers(0, 100), n_items=st.integers(3, 15))
def test_gini_and_coverage_keep_their_bounds(seed: int, n_items: int) -> None:
    lists = drawn_lists(seed, 5, n_items, 3)
    lists[0, 0] = 0

    assert 0 <= gini(lists, n_items) <= 1 - 1 / n_items + 1e-12
    assert 0 < catalogue_coverage(lists, n_items) <= 1


def test_novelty_is_the_mean_of_how_many_bits_say_who_has_an_item() -> None:
    # Had by 8 of 16 users, 2 of 16 and nobody: 1 bit, 3 bits, and as for one user 4 bits.
    bits = novelty(LISTS, np.array([8, 2, 0]), 16)

    assert bits == pytest.approx([2, 2.5, 1, math.nan], nan_ok=True)


def test_diversity_is_the_distance_of_two_items() -> None:
    embeddings = np.array([[1, 0], [0, 1], [-1, 0], [1, 0], [0, 0]], np.float32)

    distances = intra_list_diversity(np.array([[0, 1], [0, 2], [0, 3], [0, 4], [0, -1], [-1, -1]]), embeddings)

    assert distances == pytest.approx([1, 2, 0, math.nan, math.nan, math.nan], nan_ok=True)


@given(seed=st.integers(0, 100), k=st.integers(1, 6))
def test_diversity_is_the_mean_over_all_pairs(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    embeddings = random.normal(size=(12, 4)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    embeddings[::5] = 0
    lists = drawn_lists(seed, 7, 12, k)

    distances = intra_list_diversity(lists, embeddings)

    for row, distance in zip(lists, distances, strict=True):
        described = [embeddings[item] for item in row if item >= 0 and item % 5]
        pairs = [1 - float(one @ other) for one, other in itertools.combinations(described, 2)]
        assert distance == pytest.approx(np.mean(pairs) if pairs else math.nan, abs=1e-5, nan_ok=True)


def test_diversity_of_more_users_than_are_summed_at_once_is_that_of_each() -> None:
    embeddings = np.eye(3, dtype=np.float32)

    distances = intra_list_diversity(np.tile([[0, 1], [2, -1]], (3000, 1)), embeddings)

    assert np.array_equal(distances, np.tile([1, np.nan], 3000), equal_nan=True)


def test_a_find_is_a_hit_that_popularity_would_not_have_recommended() -> None:
    recommended = np.array([[5, 6, 7, 8], [5, 6, -1, -1], [5, 6, 7, 8]])
    hits = np.array([[1, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]], bool)
    primitive = np.array([[5, 0, 7], [0, 1, -1], [1, 2, 3]])

    # The first user's hits are 5, 6 and 8, and 5 is what popularity says; the second's is 6, the third has none.
    assert serendipity(recommended, hits, primitive).tolist() == [2 / 4, 1 / 4, 0]


def test_what_another_user_is_expected_to_like_is_a_find_for_this_one() -> None:
    recommended = np.array([[1], [0]])

    finds = serendipity(recommended, np.ones((2, 1), bool), np.array([[0], [1]]))

    assert finds.tolist() == [1, 1]


def test_lists_and_hits_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes do not match"):
        serendipity(np.array([[1]]), np.ones((1, 2), bool), np.array([[0]]))


def test_lift_compares_what_users_are_shown_with_what_they_chose() -> None:
    item_users = np.array([9, 3, 6])
    # The last user has no list, and another neither list nor past: both are left out.
    training = sp.csr_array(np.array([[0, 1, 0], [0, 1, 1], [0, 0, 0], [1, 0, 0]]))

    shown = mean_popularity(LISTS, item_users)
    past = past_popularity(training, item_users)

    assert shown == pytest.approx([6, 7.5, 9, math.nan], nan_ok=True)
    assert past == pytest.approx([3, 4.5, math.nan, 9], nan_ok=True)
    assert popularity_lift(shown, past) == pytest.approx((6 + 7.5) / (3 + 4.5))


def test_lift_is_undefined_where_nobody_has_both_a_list_and_a_past() -> None:
    assert math.isnan(popularity_lift(np.array([np.nan, 2.0]), np.array([1.0, np.nan])))


def test_a_tenth_of_the_items_has_its_share_of_events_and_of_recommendations() -> None:
    item_events = np.array([0, 40, *[1] * 18])
    recommended = np.array([[1, 0], [1, -1], [1, 19]])

    shares = popularity_by_decile(recommended, item_events)

    # Least popular first: item 0, then those with one event by row, then item 1, with item 19 in the last tenth.
    assert shares.events == pytest.approx([1 / 58, *[2 / 58] * 8, 41 / 58])
    assert shares.recommended == pytest.approx([1 / 5, *[0] * 8, 4 / 5])


def test_shares_of_nothing_are_undefined() -> None:
    shares = popularity_by_decile(np.full((2, 2), -1), np.zeros(10, np.int64))

    assert np.isnan(shares.events).all()
    assert np.isnan(shares.recommended).all()


@given(seed=st.integers(0, 100), n_items=st.integers(3, 40))
def test_shares_add_up_to_1_for_any_number_of_items(seed: int, n_items: int) -> None:
    lists = drawn_lists(seed, 5, n_items, 3)
    lists[0, 0] = 0
    events = np.random.default_rng(seed).integers(0, 5, size=n_items)
    events[0] = 1

    shares = popularity_by_decile(lists, events)

    assert shares.events.shape == shares.recommended.shape == (10,)
    assert shares.events.sum() == pytest.approx(1)
    assert shares.recommended.sum() == pytest.approx(1)
