"""How sure the numbers are: intervals, paired comparisons and what many comparisons at once do to them.

What is drawn again is always the user, with all of his values. Over repeated splits a user's values resemble each
other, so drawing (user, split) pairs would make the intervals too narrow.

Sources:
    Percentile bootstrap: Efron & Tibshirani 1993, chapter 13; of clusters: Davison & Hinkley 1997, section 3.8.
    Sign flips as a test of paired systems: Smucker, Allan & Carterette, CIKM 2007; their p-value, which is never 0:
    Phipson & Smyth 2010.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Comparison", "Interval", "difference", "holm", "mean", "ratio"]

_CONFIDENCE = 0.95
_DRAWS = 2000
_FLIPS = 10_000
# Numbers held at once while drawing, 8 bytes each.
_BLOCK = 1_000_000
# More users than this are drawn in as many random groups: their sums vary together as the users' do, and the width of
# the interval is known to 1 / sqrt(2 * 5000) = 1 %, less than the draws themselves leave open. 100,000 users took
# 5 s one by one and take 0.2 s so.
_MOST_GROUPS = 5000

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate from all users and its 95 % percentile interval."""

    mean: float
    low: float
    high: float

    def sqrt(self) -> Interval:
        """Return the interval of the root: of RMSE from that of the mean squared error."""
        return Interval(math.sqrt(self.mean), math.sqrt(self.low), math.sqrt(self.high))


@dataclass(frozen=True)
class Comparison:
    """How the first of two models differs from the second on the same users.

    Attributes:
        interval: Of the difference or the ratio, by bootstrap.
        p_value: Two-sided, > 0, that the two differ, by sign flips. As it is computed another way than the interval,
            the two may disagree where p is about 0.05.
    """

    interval: Interval
    p_value: float


def mean(values: _Array, users: NDArray[np.int64] | None = None, *, seed: int = 0) -> Interval:
    """Return the mean of all values.

    Args:
        values: Shape (n,): one value per user, or several, as from repeated splits or one per rating; every value
            counts the same. NaN means undefined for this user and is left out.
        users: Shape (n,): whose value it is, any integers. Default: each of another user.
        seed: Of the draws.

    Raises:
        ValueError: If the shapes differ or no value is left.
    """
    sums = _sums_by_group([values], users, seed)
    return _ratio_of_sums(sums[:, 0], sums[:, 1], seed)


def difference(first: _Array, second: _Array, users: NDArray[np.int64] | None = None, *, seed: int = 0) -> Comparison:
    """Return mean(first) - mean(second), paired.

    Args:
        first: As ``values`` of ``mean``.
        second: Same shape; place by place of the same user and split. A pair with a NaN is left out.
        users: As in ``mean``.
        seed: Of the draws.

    Raises:
        ValueError: If the shapes differ or no pair is left.
    """
    sums = _sums_by_group([first, second], users, seed)
    gains = sums[:, 0] - sums[:, 1]
    return Comparison(_ratio_of_sums(gains, sums[:, 2], seed), _sign_flip_p_value(gains, seed))


def ratio(first: _Array, second: _Array, users: NDArray[np.int64] | None = None, *, seed: int = 0) -> Comparison:
    """Return mean(first) / mean(second), paired; against 0 it is infinite, and 1 if both are 0.

    Its p-value is that of the difference: a ratio of 1 and a difference of 0 say the same.

    Args:
        first: As ``values`` of ``mean``, none negative.
        second: Same shape, none negative; place by place of the same user and split. A pair with a NaN is left out.
        users: As in ``mean``.
        seed: Of the draws.

    Raises:
        ValueError: If the shapes differ, no pair is left or a value is negative.
    """
    sums = _sums_by_group([first, second], users, seed)
    if (sums[:, :2] < 0).any():
        raise ValueError("a ratio of means is defined for values that are not negative")
    p_value = _sign_flip_p_value(sums[:, 0] - sums[:, 1], seed)
    return Comparison(_ratio_of_sums(sums[:, 0], sums[:, 1], seed), p_value)


def holm(p_values: Sequence[float]) -> _Array:
    """Return each p-value adjusted for their number, in the order given: at most 1, never below the given one.

    Those below 0.05 may all be believed with a 5 % chance that any of them is wrong.

    Source:
        Holm 1979.
    """
    given = np.asarray(p_values, np.float64)
    order = np.argsort(given, kind="stable")
    steps = np.arange(len(given), 0, -1) * given[order]
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def _sums_by_group(columns: Sequence[_Array], users: NDArray[np.int64] | None, seed: int) -> _Array:
    """Return each column's sum per user, or group of many users, shape (n_groups, columns + 1); last, their number."""
    shapes = {column.shape for column in columns} | ({users.shape} if users is not None else set())
    if len(shapes) != 1 or columns[0].ndim != 1:
        raise ValueError(f"the arrays must be of one length, got shapes {sorted(shapes)}")
    table = np.column_stack([*columns, np.ones(len(columns[0]))])
    defined = ~np.isnan(table).any(axis=1)
    if not defined.any():
        raise ValueError("there is no value to compute from")
    table = table[defined]
    places = np.arange(len(table)) if users is None else np.unique(users[defined], return_inverse=True)[1]
    n_users = int(places.max()) + 1
    n_groups = min(n_users, _MOST_GROUPS)
    if n_groups < n_users:
        places = np.random.default_rng(seed).permutation(n_users)[places] % n_groups
    return np.column_stack([np.bincount(places, column, minlength=n_groups) for column in table.T])


def _ratio_of_sums(numerators: _Array, denominators: _Array, seed: int) -> Interval:
    """Return the interval of sum(numerators) / sum(denominators), drawing groups with replacement."""
    columns = np.column_stack([numerators, denominators])
    n_groups = len(columns)
    random = np.random.default_rng(seed)
    drawn = np.empty((_DRAWS, 2))
    step = max(1, _BLOCK // n_groups)
    for start in range(0, _DRAWS, step):
        size = min(step, _DRAWS - start)
        picks = random.integers(n_groups, size=(size, n_groups))
        picks += np.arange(size)[:, None] * n_groups
        weights = np.bincount(picks.ravel(), minlength=size * n_groups).reshape(size, n_groups)
        drawn[start : start + size] = weights.astype(np.float64) @ columns
    # Every limit is one of the draws: between two of them, one infinite, nothing can be interpolated.
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(_divide(drawn), [tail, 1 - tail], method="inverted_cdf")
    return Interval(float(_divide(columns.sum(axis=0)[None])[0]), float(low), float(high))


def _divide(pairs: _Array) -> _Array:
    """Return first / second column; 0 / 0 is 1, as neither is better."""
    both_zero = (pairs == 0).all(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(both_zero, 1.0, pairs[:, 0] / pairs[:, 1])


def _sign_flip_p_value(gains: _Array, seed: int) -> float:
    """Return how often a sum of the gains under random signs is at least as far from 0 as theirs.

    If the two models were the same, a group's gain would as likely have had the other sign.
    """
    moved = gains[gains != 0]
    # A hair less, so that the same sum added up in another order counts as equal.
    reached = abs(moved.sum()) * (1 - 1e-9)
    random = np.random.default_rng(seed)
    n_bytes = -(-len(moved) // 8)
    at_least = 0
    step = max(1, _BLOCK // max(1, len(moved)))
    for start in range(0, _FLIPS, step):
        size = min(step, _FLIPS - start)
        bits = np.frombuffer(random.bytes(size * n_bytes), np.uint8).reshape(size, n_bytes)
        positive = np.unpackbits(bits, axis=1, count=len(moved)).astype(np.float64)
        sums = 2 * (positive @ moved) - moved.sum()
        at_least += int(np.count_nonzero(np.abs(sums) >= reached))
    return (1 + at_least) / (1 + _FLIPS)
