"""The user's local time, and what it tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.engine.clock import CLOCK_FIELDS, derived_fields, local_moment, read_moment
from crossfade.errors import QueryError
from crossfade_indexing.sample.truth import context_at

MORNING = dt.datetime(2026, 11, 21, 8, 15)  # noqa: DTZ001 - what a clock shows has no zone
NOW = dt.datetime(2026, 7, 1, 23, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("hour", "part"),
    [(0, "night"), (4, "night"), (5, "morning"), (10, "morning"), (11, "afternoon"), (16, "afternoon"),
     (17, "evening"), (21, "evening"), (22, "night"), (23, "night")],
)  # fmt: skip
def test_the_parts_of_the_day_begin_at_5_11_17_and_22(hour: int, part: str) -> None:
    assert derived_fields(MORNING.replace(hour=hour))["part_of_day"] == part


@pytest.mark.parametrize(
    ("day", "weekday", "weekend"),
    [(20, "friday", "no"), (21, "saturday", "yes"), (22, "sunday", "yes"), (23, "monday", "no")],
)
def test_saturday_and_sunday_are_the_weekend(day: int, weekday: str, weekend: str) -> None:
    found = derived_fields(MORNING.replace(day=day))

    assert tuple(found) == CLOCK_FIELDS
    assert (found["weekday"], found["weekend"]) == (weekday, weekend)


@given(st.datetimes())
def test_the_sample_means_the_same_by_them(moment: dt.datetime) -> None:
    assert context_at(moment).items() <= derived_fields(moment).items()


@pytest.mark.parametrize(
    "context",
    [
        {"timestamp": "2026-11-21T08:15:00+01:00"},
        {"timestamp": "2026-11-21T08:15:00+01:00", "timezone": "Europe/Berlin"},
        {"timestamp": "2026-11-21T02:15:00-05:00", "timezone": "Europe/Berlin"},
        {"timestamp": "2026-11-21T07:15:00Z", "timezone": "Europe/Berlin"},
        {"timestamp": "1795245300", "timezone": "Europe/Berlin"},
        {"timestamp": "1795245300000", "timezone": "Europe/Berlin"},
        {"timestamp": "1795245300000000", "timezone": "Europe/Berlin"},
        {"timestamp": "1795245300000000000", "timezone": "Europe/Berlin"},
        {"timestamp": " 2026-11-21 08:15", "timezone": "Europe/Berlin"},
        {"timestamp": "20261121T0815", "timezone": "Europe/Berlin"},
        {"timestamp": "20261121T071500Z", "timezone": "Europe/Berlin"},
        {"timestamp": "20261121T081500+0100"},
        {"timestamp": "1795245300.0", "timezone": "Europe/Berlin"},
        {"timestamp": "2026-11-21T08:15"},
        {"timestamp": "2026-11-21T08:15:00+00:00", "device": "tv"},
    ],
)
def test_one_local_moment_in_many_spellings(context: Mapping[str, str]) -> None:
    assert local_moment(context) == MORNING


@pytest.mark.parametrize(
    "timestamp", ["2026-11-21T07:15:00Z", "2026-11-21t07:15:00z", "1795245300", "2026-11-21T07:15-00:00"]
)
def test_an_instant_alone_does_not_tell_the_users_clock_but_a_default_zone_does(timestamp: str) -> None:
    assert local_moment({"timestamp": timestamp}) is None
    assert local_moment({"timestamp": timestamp}, default_zone="Europe/Berlin") == MORNING


def test_a_timestamps_own_offset_and_zone_come_before_the_default() -> None:
    assert local_moment({"timestamp": "2026-11-21T08:15:00+01:00"}, default_zone="Asia/Tokyo") == MORNING


def test_without_a_timestamp_it_is_now() -> None:
    assert local_moment({"timezone": "Asia/Tokyo"}, now=NOW) == dt.datetime(2026, 7, 2, 8, 30)  # noqa: DTZ001
    assert local_moment({}, now=NOW) is None
    assert local_moment({}, now=NOW, default_zone="UTC") == NOW.replace(tzinfo=None)


def test_summer_time_counts_on_its_days_only() -> None:
    winter, summer = (
        {"timestamp": f"2026-{month}-01T12:00:00Z", "timezone": "Europe/Berlin"} for month in ("01", "07")
    )

    assert [moment.hour for context in (winter, summer) if (moment := local_moment(context))] == [13, 14]


@pytest.mark.parametrize(
    "timestamp",
    ["", "yesterday", "nan", "inf", "-1", "1e30", "2026-02-30", "2026-11-21T25:00", "1969-12-31T23:00:00", "9999-01-01",
     "2026-11-21T08:15:00+99:00", "9999999999", "2026", "202611", "202611210815", "20261121081500", "1_795_245_300",
     "\u0661795245300", "2026-11-21+01:00", "1795245300e0"],
)  # fmt: skip
def test_a_timestamp_that_is_none_is_refused_by_name(timestamp: str) -> None:
    with pytest.raises(QueryError, match=r"context\.timestamp: ") as refused:
        local_moment({"timestamp": timestamp})

    assert refused.value.field == "context.timestamp"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars/Olympus",
        "../../etc/passwd",
        "/etc/passwd",
        "Europe",
        "+01:00",
        "x\0",
        "é",
        "localtime",
        "posixrules",
        "Factory",
    ],
)
def test_a_time_zone_that_does_not_exist_is_refused_by_name(name: str) -> None:
    with pytest.raises(QueryError, match=r"context\.timezone: ") as refused:
        local_moment({"timestamp": "1795245300", "timezone": name})

    assert refused.value.field == "context.timezone"


def test_a_day_written_in_eight_digits_is_that_day() -> None:
    assert read_moment("20261121") == (dt.datetime(2026, 11, 21), True)  # noqa: DTZ001 - the text has no zone


@pytest.mark.parametrize("unix", [1795245300, 1795245300.0, 1795245300000])
def test_a_number_is_a_unix_time(unix: float) -> None:
    assert read_moment(unix) == (dt.datetime(2026, 11, 21, 7, 15, tzinfo=dt.UTC), False)


@pytest.mark.parametrize("unix", [-1, 0, 20261121, 1e30, 10**400, float("nan"), float("inf")])
def test_a_number_that_is_no_time_since_1973_or_may_be_a_day_is_refused(unix: float) -> None:
    with pytest.raises(QueryError, match=r"neither ISO 8601"):
        read_moment(unix)


@given(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2099, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_an_iso_timestamp_shows_its_own_clock_and_any_zones(time: dt.datetime) -> None:
    offset = time.utcoffset()
    assert offset is not None
    tokyo = time.astimezone(ZoneInfo("Asia/Tokyo")).replace(tzinfo=None)

    assert local_moment({"timestamp": time.isoformat()}) == time.replace(tzinfo=None)
    assert local_moment({"timestamp": time.isoformat(), "timezone": "Asia/Tokyo"}) == tokyo


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_read_or_refused(timestamp: str, zone: str) -> None:
    try:
        moment = local_moment({"timestamp": timestamp, "timezone": zone})
    except QueryError:
        return

    assert moment is not None
