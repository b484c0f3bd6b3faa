"""Unix times and ISO 8601 into points of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
from polars.exceptions import PolarsError

from crossfade_indexing.sources.values import as_text

__all__ = ["is_timezone", "localized", "parse", "plausible", "wall_clock"]

_UTC = pl.Datetime("us", "UTC")
_NAIVE = pl.Datetime("us")
_FROM, _UNTIL = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_DATE = r"^(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
_CLOCK = r"(?:[Tt ](?<clock>[0-9]{2}:[0-9]{2})(?::(?<seconds>[0-9]{2}(?:[.,][0-9]{1,9})?))?)?"
_OFFSET = r" ?(?<offset>[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
_SECONDS = pl.col("seconds").fill_null("00").str.replace(",", ".", literal=True)
# These say which instant it is and not what the user's clock showed (RFC 9557 section 2.2): servers log in UTC.
_NO_CLOCK = r"^(?:[Zz]|UTC|GMT|-00(?::?00)?)$"


def parse(values: pl.Series) -> pl.DataFrame:
    """The instants and the local times of a column.

    Numbers, also as text, are unix times: seconds below 1e11, milliseconds below 1e14, microseconds below 1e17,
    nanoseconds above. (1e11 seconds is the year 5138, 1e11 milliseconds is 1973.)

    Returns:
        Three columns as long as the values: ``instant``, Datetime in UTC, microseconds, where the value says which
        instant it is; ``local``, Datetime without a zone, where it is a local time of no stated zone; ``clock``,
        Datetime without a zone, what the clock showed where the value has an offset of its own. ``Z`` is none: it
        says that the time is in UTC, not that the user was. Null where a value says nothing of the kind.
    """
    raw, dtype = pl.col("raw"), values.dtype
    frame = values.alias("raw").to_frame()
    no_instant, no_local = pl.lit(None, dtype=_UTC), pl.lit(None, dtype=_NAIVE)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        clock = no_local if dtype.time_zone == "UTC" else raw.dt.replace_time_zone(None).cast(_NAIVE)
        return frame.select(instant=raw.dt.convert_time_zone("UTC").cast(_UTC), local=no_local, clock=clock)
    if isinstance(dtype, pl.Datetime | pl.Date):
        return frame.select(instant=no_instant, local=raw.cast(_NAIVE), clock=no_local)
    if dtype.is_integer():
        return frame.select(instant=_from_integer(raw.cast(pl.Int64, strict=False)), local=no_local, clock=no_local)
    if dtype.is_numeric():
        return frame.select(instant=_from_float(raw.cast(pl.Float64)), local=no_local, clock=no_local)
    return _from_text(frame.select(text=as_text(raw, dtype)))


def localized(local: pl.Series, timezones: pl.Series) -> pl.Series:
    """Local times as instants in UTC, each in its own time zone; null where either is null.

    A time that a clock shows twice (summer time ends) is the earlier one; one that it skips is read as if the clock
    had not been changed yet.
    """
    return _by_zone(local, timezones, _in_zone, _UTC)


def wall_clock(instant: pl.Series, timezones: pl.Series) -> pl.Series:
    """What a clock in each time zone shows at each instant, without a zone; null where either is null."""
    return _by_zone(instant, timezones, _at_clock, _NAIVE)


def is_timezone(name: str) -> bool:
    """Whether polars knows the IANA time zone."""
    try:
        pl.Series([None], dtype=_NAIVE).dt.replace_time_zone(name)
    except PolarsError:
        return False
    return name != ""


def plausible(instant: pl.Expr) -> pl.Expr:
    """True for instants from 1970 to 2099; null stays null."""
    return (instant >= _FROM) & (instant < _UNTIL)


def _by_zone(
    times: pl.Series, timezones: pl.Series, convert: Callable[[pl.Expr, str], pl.Expr], dtype: pl.Datetime
) -> pl.Series:
    frame = pl.DataFrame({"time": times, "zone": timezones}).with_row_index("row")
    parts = [
        part.select("row", convert(pl.col("time"), zone).alias("converted"))
        for (zone,), part in frame.drop_nulls().partition_by("zone", as_dict=True).items()
    ]
    empty = pl.DataFrame(schema={"row": pl.get_index_type(), "converted": dtype})
    return frame.join(pl.concat([empty, *parts]), on="row", how="left", maintain_order="left").get_column("converted")


def _at_clock(instant: pl.Expr, zone: str) -> pl.Expr:
    return instant.dt.convert_time_zone(zone).dt.replace_time_zone(None)


def _in_zone(local: pl.Expr, zone: str) -> pl.Expr:
    def read(times: pl.Expr) -> pl.Expr:
        return times.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")

    return pl.coalesce(read(local), read(local.dt.offset_by("1h"))).dt.convert_time_zone("UTC")


def _from_integer(unix: pl.Expr) -> pl.Expr:
    size = unix.abs()
    micros = (
        pl.when(size < 10**11).then(unix * 10**6)
        .when(size < 10**14).then(unix * 10**3)
        .when(size < 10**17).then(unix)
        .otherwise(unix // 10**3)
    )  # fmt: skip
    return micros.cast(_NAIVE).dt.replace_time_zone("UTC")


def _from_float(unix: pl.Expr) -> pl.Expr:
    size = unix.abs()
    micros = (
        pl.when(size < 1e11).then(unix * 1e6)
        .when(size < 1e14).then(unix * 1e3)
        .when(size < 1e17).then(unix)
        .when(size < 1e20).then(unix / 1e3)
    )  # fmt: skip
    return micros.round().cast(pl.Int64, strict=False).cast(_NAIVE).dt.replace_time_zone("UTC")


def _from_text(frame: pl.DataFrame) -> pl.DataFrame:
    # Step by step, so that the costly steps see nothing but what the ones before could not read.
    rest = pl.col("text")
    frame = frame.with_columns(whole=rest.cast(pl.Int64, strict=False))
    frame = frame.with_columns(text=pl.when(pl.col("whole").is_null()).then(rest))
    frame = frame.with_columns(number=rest.cast(pl.Float64, strict=False))
    frame = frame.with_columns(text=pl.when(pl.col("number").is_null()).then(rest))
    frame = frame.with_columns(rest.str.extract_groups(_DATE + _CLOCK + _OFFSET).alias("parts")).unnest("parts")
    written = pl.concat_str("date", pl.lit("T"), pl.col("clock").fill_null("00:00"), pl.lit(":"), _SECONDS)
    frame = frame.with_columns(
        local=written.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False), ahead=_offset_minutes()
    )
    at_offset = (pl.col("local") - pl.duration(minutes="ahead")).dt.replace_time_zone("UTC")
    return frame.select(
        instant=pl.coalesce(_from_integer(pl.col("whole")), _from_float(pl.col("number")), at_offset),
        local=pl.when(pl.col("offset").is_null()).then("local"),
        clock=pl.when(~pl.col("offset").str.contains(_NO_CLOCK)).then("local"),
    )


def _offset_minutes() -> pl.Expr:
    offset = pl.col("offset")
    digits = offset.str.replace_all(r"[^0-9]", "").str.pad_end(4, "0")
    minutes = digits.str.head(2).cast(pl.Int64) * 60 + digits.str.tail(2).cast(pl.Int64)
    return pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes)
