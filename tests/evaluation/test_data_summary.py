"""What the report shows of the data, on tables small enough to be counted by hand."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from crossfade_indexing.dataset import Dataset
from crossfade_indexing.evaluation.data_summary import summarize
from crossfade_indexing.evaluation.result import ActivityByHour, Bin, DataSummary, LongTailPoint

# 2026-11-22 is a Sunday; 23:30 of it in UTC is half past midnight on Monday in Berlin.
LATE_SUNDAY = dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC)


def dataset(
    pairs: list[tuple[str, str]],
    *,
    values: list[float | None] | None = None,
    times: list[dt.datetime | None] | None = None,
    more_items: tuple[str, ...] = (),
    users: pl.DataFrame | None = None,
) -> Dataset:
    rows = len(pairs)
    events = pl.DataFrame(
        {
            "user_id": [user for user, _ in pairs],
            "item_id": [item for _, item in pairs],
            "timestamp": times or [None] * rows,
            "event_type": ["view"] * (rows - 1) + ["buy"],
            "value": values or [None] * rows,
        },
        schema={
            "user_id": pl.String,
            "item_id": pl.String,
            "timestamp": pl.Datetime("us", "UTC"),
            "event_type": pl.String,
            "value": pl.Float64,
        },
    )
    ids = [*dict.fromkeys(item for _, item in pairs), *more_items]
    items = pl.DataFrame(
        {
            "item_id": ids,
            "title": ["a title"] * (len(ids) - 1) + [""],
            "categories": [["a"], *([[]] * (len(ids) - 1))],
            "price": [float("nan"), *([1.0] * (len(ids) - 1))],
        },
        schema_overrides={"categories": pl.List(pl.String)},
    )
    return Dataset(events, items, users)


def one_heavy_item() -> DataSummary:
    # Item a has five events of five users, b one, c none: two of the ten (user, item) pairs with c are repeated.
    pairs = [("u1", "a"), ("u2", "a"), ("u3", "a"), ("u4", "a"), ("u5", "a"), ("u1", "b"), ("u1", "b")]
    return summarize(dataset(pairs, more_items=("c",)))


def test_users_items_and_events_are_counted_and_a_pair_counts_once() -> None:
    summary = one_heavy_item()

    assert (summary.users, summary.items, summary.events) == (5, 3, 7)
    assert summary.sparsity == pytest.approx(1 - 6 / 15)


def test_activity_is_told_in_bins_that_double() -> None:
    summary = one_heavy_item()

    assert summary.events_per_user == (Bin(low=1, high=1, count=4), Bin(low=2, high=3, count=1))
    assert summary.events_per_item == (
        Bin(low=0, high=0, count=1),
        Bin(low=1, high=1, count=0),
        Bin(low=2, high=3, count=1),
        Bin(low=4, high=7, count=1),
    )


def test_the_long_tail_begins_with_the_most_used_item() -> None:
    summary = one_heavy_item()

    assert summary.long_tail == (
        LongTailPoint(items=0, events=0),
        LongTailPoint(items=1 / 3, events=5 / 7),
        LongTailPoint(items=2 / 3, events=1),
        LongTailPoint(items=1, events=1),
    )


def test_the_long_tail_of_many_items_has_a_point_per_hundredth() -> None:
    summary = summarize(dataset([("u", str(item)) for item in range(1_000)]))

    assert len(summary.long_tail) == 101
    assert summary.long_tail[10] == LongTailPoint(items=0.1, events=0.1)


def test_few_different_values_get_a_bar_each() -> None:
    summary = summarize(dataset([("u", "a"), ("u", "b"), ("v", "a"), ("v", "b")], values=[4.0, 0.5, 4.0, None]))

    assert summary.ratings == (Bin(low=0.5, high=0.5, count=1), Bin(low=4, high=4, count=2))


def test_many_different_values_share_twenty_bars() -> None:
    pairs = [("u", str(item)) for item in range(101)]

    ratings = summarize(dataset(pairs, values=[float(value) for value in range(101)])).ratings

    assert ratings is not None
    assert [found.count for found in ratings] == [5] * 19 + [6]
    assert (ratings[0].low, ratings[0].high, ratings[-1].high) == (0, 5, 100)


def test_without_values_there_is_no_histogram_of_them() -> None:
    assert one_heavy_item().ratings is None


def test_hours_and_weekdays_are_those_of_the_zone() -> None:
    data = dataset([("u", "a"), ("u", "b")], times=[LATE_SUNDAY, None])

    berlin, utc = (summarize(data, timezone=zone).activity for zone in ("Europe/Berlin", "UTC"))

    assert busy(berlin) == [(0, 0, 1)]
    assert busy(utc) == [(6, 23, 1)]


def busy(activity: ActivityByHour | None) -> list[tuple[int, int, int]]:
    assert activity is not None
    return [(day, hour, n) for day, row in enumerate(activity.counts) for hour, n in enumerate(row) if n]


def test_dates_alone_say_nothing_of_the_hour() -> None:
    midnight = LATE_SUNDAY.replace(hour=0, minute=0)

    summary = summarize(dataset([("u", "a"), ("u", "b")], times=[midnight, midnight + dt.timedelta(days=1)]))

    assert summary.activity is None
    assert (summary.first_event, summary.last_event) == (midnight, midnight + dt.timedelta(days=1))


def test_without_times_there_are_no_hours_and_no_span() -> None:
    summary = one_heavy_item()

    assert (summary.activity, summary.first_event, summary.last_event) == (None, None, None)


def test_empty_texts_empty_lists_and_no_numbers_are_missing_values() -> None:
    users = pl.DataFrame({"user_id": ["u"], "age": [None]}, schema={"user_id": pl.String, "age": pl.Int64})

    summary = summarize(dataset([("u", "a"), ("u", "b"), ("u", "c")], values=[1.0, None, None], users=users))

    assert {(entry.table, entry.column): (entry.missing, entry.rows) for entry in summary.missing} == {
        ("events", "user_id"): (0, 3),
        ("events", "item_id"): (0, 3),
        ("events", "timestamp"): (3, 3),
        ("events", "event_type"): (0, 3),
        ("events", "value"): (2, 3),
        ("items", "item_id"): (0, 3),
        ("items", "title"): (1, 3),
        ("items", "categories"): (2, 3),
        ("items", "price"): (1, 3),
        ("users", "user_id"): (0, 1),
        ("users", "age"): (1, 1),
    }


def test_the_commonest_event_type_comes_first_and_what_cleaning_said_is_kept() -> None:
    data = dataset([("u", "a"), ("u", "b"), ("u", "c")])

    summary = summarize(data, cleaning={"events": {"read": 4, "kept": 3}}, warnings=["a word"])

    assert list(summary.event_types.items()) == [("view", 2), ("buy", 1)]
    assert summary.cleaning == {"events": {"read": 4, "kept": 3}}
    assert summary.warnings == ("a word",)
