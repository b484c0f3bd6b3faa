"""Ways to hold events out.

All of them split events as they are: if a user has repeated an item, one event of the pair may be in training and
another in the test, and the evaluation decides what that means. A user or item of the test may have nothing in
training. Both sides keep the order of the input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.errors import InputError

__all__ = ["Split", "cold_items", "global_time", "last_share", "leave_last_out", "random_folds", "random_share"]


@dataclass(frozen=True)
class Split:
    """One division of the events.

    Attributes:
        name: What reports call it.
        train: Events, with the columns of ``Dataset.events``.
        test: The other events.
    """

    name: str
    train: pl.DataFrame
    test: pl.DataFrame


def global_time(events: pl.DataFrame, share: float = 0.2) -> Split:
    """Hold out what happened from one moment on, so that nothing is learned from the future.

    Args:
        events: As in ``Dataset.events``; those of unknown time count as the oldest.
        share: Of the events to hold out, 0 < share < 1, as nearly as whole moments allow: all events of the moment
            at the border are held out.

    Raises:
        InputError: If no event has a time, or the training side would be empty.
    """
    _check_share(share)
    _check_times(events)
    n_test = max(1, int(_rounded(share, np.array(events.height))))
    times = events["timestamp"].sort(nulls_last=False)
    border = times[events.height - n_test]
    # The border may fall among events of unknown time; then what is held out is all that has one.
    is_test = events["timestamp"] >= (times.drop_nulls()[0] if border is None else border)
    split = _split("global time", events, is_test.fill_null(value=False))
    if split.train.is_empty():
        raise InputError(
            "nothing happened before the last events' time, so time cannot split them; use a random split instead"
        )
    return split


def leave_last_out(events: pl.DataFrame) -> Split:
    """Hold out each user's last event, except that of users who have only one.

    Args:
        events: As in ``Dataset.events``. Equal times are ordered by item id, see ``last_share``.

    Raises:
        InputError: If no event has a time.
    """
    from_end, sizes = _from_end(events)
    return _split("leave last out", events, (from_end == 0) & (sizes > 1))


def last_share(events: pl.DataFrame, share: float = 0.2) -> Split:
    """Hold out the last ``round(share * n)`` of each user's n events, halves rounded up.

    Args:
        events: As in ``Dataset.events``. Equal times are ordered by item id, as integers if all ids are, else as
            text; then by place in the input. Events of unknown time count as the user's oldest.
        share: 0 < share < 1.

    Raises:
        InputError: If no event has a time.
    """
    _check_share(share)
    from_end, sizes = _from_end(events)
    return _split(f"last {share:.0%} per user", events, from_end < _rounded(share, sizes))


def random_folds(events: pl.DataFrame, folds: int = 5, *, seed: int = 0) -> Iterator[Split]:
    """Yield splits whose test sides are disjoint and together hold every event.

    A user's events are spread over the folds at random and as evenly as their number allows; which folds get one
    more is random too.

    Args:
        events: As in ``Dataset.events``.
        folds: At least 2.
        seed: Of the shuffle; the same events in the same order give the same folds.
    """
    if folds < 2:
        raise ValueError(f"folds must be at least 2, got {folds}")
    random = np.random.default_rng(seed)
    places, _ = _shuffled(events, random)
    users = events["user_id"].rank("dense").to_numpy() - 1
    first = random.integers(folds, size=events["user_id"].n_unique())
    fold_of = (places + first[users]) % folds
    return (_split(f"fold {fold + 1} of {folds}", events, fold_of == fold) for fold in range(folds))


def random_share(events: pl.DataFrame, share: float = 0.2, *, seeds: Sequence[int] = range(5)) -> Iterator[Split]:
    """Yield one split per seed: ``round(share * n)`` of each user's n events, halves rounded up, drawn at random.

    Args:
        events: As in ``Dataset.events``.
        share: 0 < share < 1.
        seeds: The same seed and the same events in the same order give the same split.
    """
    _check_share(share)
    return (_random_split(events, share, seed) for seed in seeds)


def cold_items(events: pl.DataFrame, share: float = 0.1, *, min_events: int = 5, seed: int = 0) -> Split:
    """Hold out whole items: all events of some, drawn at random, and no others.

    Args:
        events: As in ``Dataset.events``.
        share: 0 < share < 1, of the items that have enough events; rounded, halves up, but at least one item.
        min_events: What is enough, >= 1.
        seed: The same seed and the same events, in any order, give the same split.

    Raises:
        InputError: If no item has enough events.
    """
    _check_share(share)
    counts = events.group_by("item_id").len().filter(pl.col("len") >= min_events)
    eligible = counts["item_id"].sort()
    if eligible.is_empty():
        raise InputError(f"no item has {min_events} events, so none can be held out whole; lower the bound")
    n_test = max(1, int(_rounded(share, np.array(len(eligible)))))
    drawn = np.random.default_rng(seed).choice(len(eligible), size=n_test, replace=False)
    return _split(f"cold items (seed {seed})", events, events["item_id"].is_in(eligible.gather(drawn).implode()))


def _random_split(events: pl.DataFrame, share: float, seed: int) -> Split:
    places, sizes = _shuffled(events, np.random.default_rng(seed))
    return _split(f"random {share:.0%} per user (seed {seed})", events, places < _rounded(share, sizes))


def _split(name: str, events: pl.DataFrame, is_test: pl.Series | NDArray[np.bool_]) -> Split:
    mask = pl.Series("is_test", is_test, dtype=pl.Boolean)
    return Split(name=name, train=events.filter(~mask), test=events.filter(mask))


def _from_end(events: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each event how many of its user's come after it, and how many the user has."""
    _check_times(events)
    numbers = events["item_id"].cast(pl.Int64, strict=False)
    ids = events["item_id"] if numbers.null_count() else numbers
    order = (
        events.select("user_id", "timestamp", id=ids, row=pl.int_range(pl.len()))
        .sort("user_id", "timestamp", "id", "row", nulls_last=False)
        .select(
            "row",
            after=pl.len().over("user_id").cast(pl.Int64) - 1 - pl.int_range(pl.len()).over("user_id"),
            size=pl.len().over("user_id").cast(pl.Int64),
        )
        .sort("row")
    )
    return order["after"].to_numpy(), order["size"].to_numpy()


def _shuffled(events: pl.DataFrame, random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each event's place in a shuffle of its user's events, from 0, and how many the user has."""
    order = events.select("user_id", draw=pl.Series(random.permutation(events.height))).select(
        place=pl.col("draw").rank("ordinal").over("user_id").cast(pl.Int64) - 1,
        size=pl.len().over("user_id").cast(pl.Int64),
    )
    return order["place"].to_numpy(), order["size"].to_numpy()


def _rounded(share: float, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return share * sizes to the nearest integer, halves up, which 0.145 * 100 = 14.499999999999998 is meant to be."""
    return np.asarray(np.floor(share * sizes + 0.5 + 1e-9), np.int64)


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")


def _check_times(events: pl.DataFrame) -> None:
    if events["timestamp"].null_count() == events.height:
        raise InputError(
            "the events carry no times, so they cannot be split by time; give them a timestamp column or use a "
            "random split"
        )
