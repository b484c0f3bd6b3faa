"""Weighed pairs as arrays, and what is read off them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from crossfade.bundle import NO_TIME
from crossfade.types import FloatArray
from crossfade_indexing.past_items import PastItems, locate

MIDNIGHT = 1_767_225_600  # of the first of January 2026, UTC
ITEM_IDS = pl.Series(["a", "b", "c", "d"])


def pairs(*rows: tuple[str, str, float], timed: bool = True) -> pl.DataFrame:
    """Pairs in the order of ``weigh_events``."""
    last = [dt.datetime(2026, 1, 1, tzinfo=dt.UTC) if timed else None] * len(rows)
    return pl.DataFrame(
        {
            "user_id": [user for user, _, _ in rows],
            "item_id": [item for _, item, _ in rows],
            "weight": [weight for _, _, weight in rows],
            "liked": [weight >= 1 for _, _, weight in rows],
            "acts": [1] * len(rows),
            "types": [1 << place for place in range(len(rows))],
            "last": last,
        },
        schema={
            "user_id": pl.String,
            "item_id": pl.String,
            "weight": pl.Float32,
            "liked": pl.Boolean,
            "acts": pl.UInt32,
            "types": pl.UInt32,
            "last": pl.Datetime("us", "UTC"),
        },
    )


@pytest.fixture
def past() -> PastItems:
    return locate(
        pairs(("u", "d", 1.0), ("u", "gone", 1.0), ("u", "a", -0.5), ("u", "c", 0.0), ("v", "b", -1.0)), ITEM_IDS
    )


def test_items_outside_the_catalogue_are_left_out_and_the_order_stays(past: PastItems) -> None:
    assert past.user_ids == ["u", "v"]
    assert past.starts.tolist() == [0, 3, 4]
    assert past.items.tolist() == [3, 0, 2, 1]
    assert past.liked.tolist() == [True, False, False, False]
    assert past.counts().tolist() == [3, 1]
    assert past.users().tolist() == [0, 0, 0, 1]
    assert past.types.tolist() == [1, 4, 8, 16]


def test_each_past_item_knows_how_many_are_later(past: PastItems) -> None:
    assert past.steps_back().tolist() == [2, 1, 0, 0]


def test_the_matrix_holds_what_speaks_for_an_item_and_stores_no_zeros(past: PastItems) -> None:
    matrix = past.matrix()

    assert matrix.toarray().tolist() == [[0, 0, 0, 1], [0, 0, 0, 0]]
    assert matrix.nnz == 1


def test_a_profile_holds_dislikes_beside_likes_but_never_dislikes_alone(past: PastItems) -> None:
    profiles = past.profiles(past.weights)

    assert profiles.toarray().tolist() == [[-0.5, 0, 0, 1], [0, 0, 0, 0]]
    assert profiles.has_sorted_indices


def test_what_is_not_kept_goes_and_the_users_stay(past: PastItems) -> None:
    rest = past.keep(np.array([False, True, True, False]))

    assert rest.user_ids == ["u", "v"]
    assert rest.starts.tolist() == [0, 2, 2]
    assert rest.items.tolist() == [0, 2]
    assert rest.weights.tolist() == [-0.5, 0.0]
    assert rest.types.tolist() == [4, 8]
    assert rest.times.tolist() == [MIDNIGHT, MIDNIGHT]
    assert rest.matrix().shape == (2, 4)


def test_old_acts_fade_by_half_every_half_life_and_unknown_times_are_as_old_as_the_oldest() -> None:
    known = pairs(*(("u", item, weight) for item, weight in zip("abcd", (1.0, -2.0, 4.0, 1.0), strict=True)))
    now = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
    times = [None, now - dt.timedelta(days=20), now - dt.timedelta(days=10), now]
    past = locate(known.with_columns(pl.Series("last", times, dtype=pl.Datetime("us", "UTC"))), ITEM_IDS)

    aged = past.aged(10.0)

    assert past.ages.tolist() == [20, 20, 10, 0]
    assert past.times.tolist() == [NO_TIME, *(MIDNIGHT + 86_400 * day for day in (10, 20, 30))]
    assert aged.weights.tolist() == [0.25, -0.5, 2.0, 1.0]
    assert aged.liked.tolist() == past.liked.tolist()
    assert (past.aged(1e-3).weights != 0).all()
    assert past.aged(None) is past


def test_without_any_time_there_is_no_order_of_time() -> None:
    two = pairs(("u", "a", 1.0), ("u", "b", 1.0))
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    assert not locate(two, ITEM_IDS).timed  # all at once
    assert locate(two.with_columns(last=pl.Series([now, now + dt.timedelta(1)])), ITEM_IDS).timed
    assert not locate(pairs(("u", "a", 1.0), timed=False), ITEM_IDS).timed


def test_the_bundle_keeps_when_and_how_each_item_was_had(past: PastItems) -> None:
    kept = past.as_past()

    times, types = kept.acts(0)
    assert times.tolist() == [MIDNIGHT] * 3
    assert types.tolist() == [1, 4, 8]
    assert times.dtype == np.int64
    assert types.dtype == np.uint32
    assert kept.acts(1)[1].tolist() == [16]


def test_nobody_with_a_past_is_a_normal_case() -> None:
    nobody = locate(pairs(), ITEM_IDS)

    nothing: FloatArray = np.empty(0, np.float32)
    assert nobody.n_users == 0
    assert nobody.starts.tolist() == [0]
    assert not nobody.timed
    assert nobody.matrix().shape == nobody.profiles(nothing).shape == (0, 4)
    assert len(nobody.keep(np.empty(0, np.bool_)).items) == len(nobody.steps_back()) == 0
