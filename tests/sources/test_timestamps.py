from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade_indexing.cleaning import Cleaned
from crossfade_indexing.cleaning.timestamps import parse

Clean = Callable[..., Cleaned]

EVENING = dt.datetime(2015, 3, 9, 18, 14, 3, tzinfo=dt.UTC)  # 1425924843 seconds since 1970


def read(cleaned: Clean, text: str, **options: object) -> object:
    return cleaned(f'user_id,item_id,timestamp\nx,a,"{text}"\n', **options).dataset.events["timestamp"].item()


@pytest.mark.parametrize(
    "text",
    [
        "1425924843",
        "1425924843.0",
        "1.425924843e9",
        " 1425924843 ",
        "1425924843000",
        "1425924843000000",
        "1425924843000000000",
        "2015-03-09T18:14:03Z",
        "2015-03-09T18:14:03.000Z",
        "2015-03-09t18:14:03,0z",
        "2015-03-09 18:14:03 UTC",
        "2015-03-09 18:14:03+00:00",
        "2015-03-09T19:14:03+01:00",
        "2015-03-09T19:14:03+01",
        "2015-03-09T12:44:03-0530",
        "2015-03-09T18:14:03",
        "2015-03-09 18:14:03.000000",
    ],
)
def test_one_instant_in_many_spellings(cleaned: Clean, text: str) -> None:
    assert read(cleaned, text) == EVENING


def test_minutes_and_days_are_precise_enough(cleaned: Clean) -> None:
    assert read(cleaned, "2015-03-09T18:14Z") == dt.datetime(2015, 3, 9, 18, 14, tzinfo=dt.UTC)
    assert read(cleaned, "2015-03-09") == dt.datetime(2015, 3, 9, tzinfo=dt.UTC)


def test_an_empty_timestamp_is_unknown_and_no_fault(cleaned: Clean) -> None:
    assert read(cleaned, " ") is None


def test_a_local_time_is_taken_in_the_zone_of_its_row_else_in_the_one_given(cleaned: Clean) -> None:
    rows = [
        "x,a,2020-07-01T12:00:00,America/New_York",
        "x,b,2020-07-01T12:00:00,",
        "x,c,2020-07-01T12:00:00Z,America/New_York",
        "x,d,1593604800,America/New_York",
    ]

    result = cleaned("\n".join(["user_id,item_id,timestamp,timezone", *rows]), timezone="Europe/Berlin")

    hours = [time.hour for time in result.dataset.events["timestamp"]]
    assert hours == [16, 10, 12, 12]
    assert result.report.warnings == ()


def test_the_users_clock_is_that_of_the_rows_zone_else_of_its_offset_else_of_the_zone_given(cleaned: Clean) -> None:
    rows = [
        "x,a,2020-07-01T12:00:00Z,America/New_York",
        "x,b,2020-07-01T12:00:00+02:00,America/New_York",
        "x,c,1593604800,America/New_York",
        "x,d,2020-07-01T12:00:00,America/New_York",
        "x,e,2020-07-01T12:00:00+05:30,",
        "x,f,2020-07-01T12:00:00+00:00,",
        "x,g,2020-07-01T12:00:00Z,",
        "x,h,1593604800,",
        "x,i,2020-07-01T12:00:00,",
        "x,j,1577880000,",
        "x,k,,America/New_York",
        "x,l,2020-07-01T12:00:00+05:30,Mars/Olympus",
    ]

    result = cleaned("\n".join(["user_id,item_id,timestamp,timezone", *rows]), timezone="Europe/Berlin")

    hours = [None if time is None else time.hour for time in result.dataset.events["local_time"]]
    assert hours == [8, 6, 8, 12, 12, 12, 14, 14, 12, 13, None, 12]
    assert result.report.warnings == ()


@pytest.mark.parametrize(
    "timestamp", ["1593604800", "2020-07-01T12:00:00Z", "2020-07-01 12:00:00 UTC", "2020-07-01T12:00-00:00"]
)
def test_an_instant_alone_does_not_tell_the_users_clock_and_one_line_says_so(cleaned: Clean, timestamp: str) -> None:
    result = cleaned(f"user_id,item_id,timestamp\nx,a,{timestamp}\ny,b,{timestamp}\n")

    assert result.dataset.events["local_time"].to_list() == [None, None]
    [warning] = result.report.warnings
    assert warning == (
        "events.csv: no timestamp tells the user's local time, so part of day, weekday and weekend stay off; "
        'an offset, a column "timezone" or --timezone would tell'
    )


def test_events_without_times_are_nothing_to_warn_about(cleaned: Clean) -> None:
    assert cleaned("user_id,item_id\nx,a\n").report.warnings == ()


@pytest.mark.parametrize(("zone", "hour"), [("UTC", None), ("Asia/Tokyo", 21)])
def test_a_table_whose_times_have_a_zone_tells_the_clock_unless_it_is_utc(zone: str, hour: int | None) -> None:
    times = pl.Series([dt.datetime(2020, 7, 1, 12, tzinfo=dt.UTC)]).dt.convert_time_zone(zone)

    clock = parse(times)["clock"].item()

    assert (None if clock is None else clock.hour) == hour


def test_local_times_of_no_known_zone_are_utc_with_a_warning(cleaned: Clean) -> None:
    rows = ["x,a,2020-07-01T12:00:00,", "x,b,2020-07-01T12:00:00,Europe/Berlin", "x,c,1593604800,"]

    result = cleaned("\n".join(["user_id,item_id,timestamp,timezone", *rows]))

    assert [time.hour for time in result.dataset.events["timestamp"]] == [12, 10, 12]
    assert result.report.warnings == (
        "events.csv: timestamps without an offset are read as UTC (1 of them); --timezone names another zone",
    )


def test_a_local_time_in_a_zone_that_does_not_exist_is_dropped(cleaned: Clean) -> None:
    rows = ["x,a,2020-07-01T12:00:00,Mars/Olympus", "x,b,1593604800,Mars/Olympus", "x,c,1593604800,"]

    result = cleaned("\n".join(["user_id,item_id,timestamp,timezone", *rows]))

    assert result.report.as_dict()["events"] == {"read": 3, "kept": 2, "unknown_timezone": 1}


def test_times_that_a_clock_shows_twice_or_never_are_read(cleaned: Clean) -> None:
    # In Berlin, clocks went from 2:00 to 3:00 on 29 March 2020 and from 3:00 to 2:00 on 25 October.
    assert read(cleaned, "2020-03-29T02:30:00", timezone="Europe/Berlin") == dt.datetime(
        2020, 3, 29, 1, 30, tzinfo=dt.UTC
    )
    assert read(cleaned, "2020-10-25T02:30:00", timezone="Europe/Berlin") == dt.datetime(
        2020, 10, 25, 0, 30, tzinfo=dt.UTC
    )


def test_a_caller_who_names_no_time_zone_is_told(cleaned: Clean) -> None:
    with pytest.raises(ValueError, match="'Mars/Olympus' is no IANA time zone"):
        cleaned("user_id,item_id\nx,a\n", timezone="Mars/Olympus")


def test_timestamps_in_a_strange_unit_are_noticed(cleaned: Clean) -> None:
    result = cleaned("user_id,item_id,timestamp\nx,a,20150309\nx,b,20150310\n")

    assert result.report.warnings[1:] == ("events.csv: most timestamps lie before 1980: are they seconds since 1970?",)


@given(st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2099, 12, 31), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis adds the zone
def test_what_python_writes_as_iso_8601_is_read_to_the_microsecond(time: dt.datetime) -> None:
    offset = time.utcoffset()
    whole_minutes = offset is not None and offset.total_seconds() % 60 == 0

    read = parse(pl.Series([time.isoformat()]))

    assert read["instant"].item() == (time.astimezone(dt.UTC) if whole_minutes else None)
    assert read["clock"].item() == (time.replace(tzinfo=None) if whole_minutes else None)
