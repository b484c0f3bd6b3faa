"""Intervals against textbook ones and simulation, p-values against all sign patterns there are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade_indexing.evaluation.statistics import Comparison, Interval, difference, holm, mean, ratio


def drawn(seed: int, size: int, shift: float = 0.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(shift, 1.0, size=size)


def test_the_interval_of_a_mean_is_about_two_standard_errors_wide_on_each_side() -> None:
    values = drawn(1, 400, 5.0)

    interval = mean(values)

    half = 1.96 * values.std() / math.sqrt(400)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    intervals = [mean(drawn(seed, 60)) for seed in range(200)]

    held = sum(interval.low <= 0 <= interval.high for interval in intervals)
    assert 180 <= held <= 198


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = drawn(1, 50)

    assert mean(values, seed=3) == mean(values, seed=3)
    assert mean(values, seed=3) != mean(values, seed=4)


def test_constant_values_have_an_interval_without_width() -> None:
    assert mean(np.full(20, 0.25)) == Interval(0.25, 0.25, 0.25)


@pytest.mark.parametrize("n_values", [1, 3])
def test_more_users_than_are_drawn_one_by_one_give_the_interval_of_the_textbook(n_values: int) -> None:
    of_users = drawn(2, 20_000)
    values, users = np.tile(of_users, n_values), np.tile(np.arange(20_000), n_values)

    interval = mean(values, users)

    assert interval.mean == pytest.approx(of_users.mean())
    assert interval.high - interval.low == pytest.approx(2 * 1.96 / math.sqrt(20_000), rel=0.1)


def test_the_p_value_of_many_users_is_that_of_the_normal_distribution() -> None:
    gains = drawn(2, 20_000)
    gains += 1.96 * gains.std() / math.sqrt(20_000) - gains.mean()

    # The sum lies 1.96 standard errors out.
    assert difference(gains, np.zeros(20_000)).p_value == pytest.approx(0.05, abs=0.01)


def test_repeating_every_user_in_five_splits_makes_nothing_surer() -> None:
    values = drawn(3, 100)
    users = np.arange(100)

    once = mean(values)
    pooled = mean(np.tile(values, 5), np.tile(users, 5))
    as_if_independent = mean(np.tile(values, 5))

    assert (pooled.mean, pooled.low, pooled.high) == pytest.approx((once.mean, once.low, once.high))
    assert as_if_independent.high - as_if_independent.low < 0.6 * (once.high - once.low)


def test_every_value_counts_the_same_however_many_its_user_has() -> None:
    interval = mean(np.array([1.0, 1.0, 1.0, 5.0]), np.array([70, 70, 70, -2]))

    # One of the two users drawn twice, or both: 1, 2 or 5.
    assert interval == Interval(2.0, 1.0, 5.0)


def test_undefined_values_are_left_out_and_so_are_pairs_with_one() -> None:
    first = np.array([0.5, np.nan, 0.5, 0.9])
    second = np.array([0.25, 0.9, 0.25, np.nan])

    assert mean(first[:3]) == Interval(0.5, 0.5, 0.5)
    assert difference(first, second).interval == Interval(0.25, 0.25, 0.25)
    assert ratio(first, second).interval == Interval(2.0, 2.0, 2.0)


def test_pairing_makes_a_small_constant_gain_certain_where_users_vary_widely() -> None:
    second = drawn(4, 200) * 10

    comparison = difference(second + 0.1, second)

    assert comparison.interval.low == pytest.approx(0.1)
    assert comparison.interval.high == pytest.approx(0.1)
    assert comparison.p_value == pytest.approx(1 / 10_001)


def test_a_difference_turned_round_is_the_same_one_with_the_other_sign() -> None:
    first, second = drawn(5, 80, 0.2), drawn(6, 80)

    there, back = difference(first, second), difference(second, first)

    assert there.interval.mean == pytest.approx(-back.interval.mean)
    assert there.interval.low == pytest.approx(-back.interval.high, abs=0.02)
    assert there.p_value == back.p_value


@given(gains=st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_the_p_value_is_the_share_of_sign_patterns_that_reach_as_far(gains: list[int]) -> None:
    patterns = [
        abs(sum(sign * gain for sign, gain in zip(signs, gains, strict=True)))
        for signs in itertools.product([-1, 1], repeat=len(gains))
    ]

    p_value = difference(np.array(gains, float), np.zeros(len(gains))).p_value

    exact = sum(reached >= abs(sum(gains)) for reached in patterns) / len(patterns)
    # Four standard errors of 10,000 draws.
    assert p_value == pytest.approx(exact, abs=0.02)


def test_without_a_difference_small_p_values_are_as_rare_as_they_say() -> None:
    p_values = [difference(drawn(seed, 40), drawn(seed + 1000, 40)).p_value for seed in range(200)]

    assert 2 <= sum(p < 0.05 for p in p_values) <= 20


def test_equal_models_do_not_differ() -> None:
    values = np.abs(drawn(7, 30))

    assert difference(values, values).interval == Interval(0.0, 0.0, 0.0)
    assert difference(values, values).p_value == 1
    assert ratio(values, values).interval == Interval(1.0, 1.0, 1.0)
    assert ratio(values, values).p_value == 1


def test_users_with_many_splits_are_flipped_whole() -> None:
    users = np.repeat([0, 1], 50)

    comparison = difference(np.ones(100), np.zeros(100), users)

    # With two users half of the four patterns reach as far as both together.
    assert comparison.p_value == pytest.approx(0.5, abs=0.02)


def test_a_ratio_of_means_weighs_users_by_what_they_bring() -> None:
    comparison = ratio(np.array([3.0, 1.0]), np.array([1.0, 1.0]))

    assert comparison.interval == Interval(2.0, 1.0, 3.0)
    assert comparison.p_value == 1


def test_against_nothing_a_ratio_is_infinite_and_nothing_against_nothing_is_1() -> None:
    some, nothing = np.array([0.5, 0.5]), np.zeros(2)

    assert ratio(some, nothing).interval == Interval(math.inf, math.inf, math.inf)
    assert ratio(nothing, nothing).interval == Interval(1.0, 1.0, 1.0)


def test_the_interval_of_rmse_is_the_root_of_that_of_the_mean_squared_error() -> None:
    assert Interval(4.0, 1.0, 9.0).sqrt() == Interval(2.0, 1.0, 3.0)


@pytest.mark.parametrize("compare", [difference, ratio])
def test_arrays_that_do_not_match_are_refused(compare: Callable[..., Comparison]) -> None:
    with pytest.raises(ValueError, match="one length"):
        compare(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="one length"):
        compare(np.ones(3), np.ones(3), np.arange(2))


def test_nothing_to_compute_from_and_negative_parts_of_a_ratio_are_refused() -> None:
    with pytest.raises(ValueError, match="no value"):
        mean(np.array([np.nan]))
    with pytest.raises(ValueError, match="no value"):
        mean(np.array([]))
    with pytest.raises(ValueError, match="not negative"):
        ratio(np.array([1.0, -0.5]), np.ones(2))


def test_holm_multiplies_by_how_many_are_left_and_keeps_the_order() -> None:
    # In order: 0.01 * 3, 0.02 * 2, 0.03 * 1, which may not fall below 0.04.
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.9, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([]).shape == (0,)


@given(p_values=st.lists(st.floats(0, 1), max_size=8))
def test_holm_lowers_no_p_value_and_changes_no_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)

    assert (adjusted >= p_values).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p_values, kind="stable")]) >= 0).all()
