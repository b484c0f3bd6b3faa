"""What is used lately more than before, worked out by hand."""

from __future__ import annotations

import datetime as dt
import math

import polars as pl
import pytest

from crossfade_indexing.learning.trend import half_lives, trend

LATEST = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
ITEM_IDS = pl.Series(["new", "old", "never"])


def used(*events: tuple[str, float | None]) -> pl.DataFrame:
    """Events given as item and days before the latest."""
    times = [None if days is None else LATEST - dt.timedelta(days=days) for _, days in events]
    return pl.DataFrame(
        {"item_id": [item for item, _ in events], "timestamp": times},
        schema={"item_id": pl.String, "timestamp": pl.Datetime("us", "UTC")},
    )


def test_an_event_counts_half_after_each_half_life() -> None:
    # new: 1 + 1/2; old: 1/4 + 1/4. Together 2, of which half each would be expected.
    events = used(("new", 0), ("new", 10), ("old", 20), ("old", 20))

    found = trend(events, ITEM_IDS, half_life_days=10)

    assert found.tolist() == pytest.approx([math.log((1.5 + 5) / (1 + 5)), math.log((0.5 + 5) / (1 + 5)), 0.0])


def test_an_item_without_events_is_neither_up_nor_down() -> None:
    assert trend(used(("new", 0), ("old", 300)), ITEM_IDS, 3.0)[2] == 0


def test_where_all_items_age_alike_there_is_no_trend() -> None:
    events = used(*[(item, days) for item in ("new", "old") for days in (0, 4, 30)])

    assert trend(events, ITEM_IDS, 14.0).tolist() == pytest.approx([0, 0, 0], abs=1e-7)


def test_events_without_a_time_or_of_other_items_count_nowhere() -> None:
    events = used(("new", 0), ("old", 20), ("old", None), ("old", None), ("gone", 0))

    found = trend(events, ITEM_IDS, half_life_days=10)

    # new: 1 of 1.25, old: 1/4; expected is half of it each.
    assert found.tolist() == pytest.approx([math.log(6 / 5.625), math.log(5.25 / 5.625), 0.0])


def test_without_any_time_nothing_trends() -> None:
    assert not trend(used(("new", None), ("old", None)), ITEM_IDS, 14.0).any()
    assert not trend(used(), ITEM_IDS, 14.0).any()


@pytest.mark.parametrize(
    ("span", "expected"),
    [(11, []), (12, [3]), (55.9, [3]), (56, [3, 14]), (240, [3, 14, 60]), (960, [3, 14, 60, 240])],
)
def test_a_half_life_is_tried_where_four_of_them_fit_into_the_time(span: float, expected: list[float]) -> None:
    assert half_lives(used(("old", span), ("new", 0), ("new", None))) == expected


def test_without_times_no_half_life_is_tried() -> None:
    assert half_lives(used(("new", None))) == []
    assert half_lives(used()) == []
