"""Raw events into the events table of a `Dataset`."""

from __future__ import annotations

import polars as pl

from crossfade.errors import InputError
from crossfade_indexing.cleaning.timestamps import is_timezone, localized, parse, plausible, wall_clock
from crossfade_indexing.sources.live import LiveTables
from crossfade_indexing.sources.raw import LINE, RawTable, Reason, dropped, first_reason
from crossfade_indexing.sources.values import as_text

__all__ = ["clean_events", "id_text"]

_SAME_EVENT = ("user_id", "item_id", "timestamp", "event_type", "value")
_COLUMNS = ("user_id", "item_id", "timestamp", "local_time", "event_type", "value")


def clean_events(
    raw: RawTable, known_items: pl.Series | None, timezone: str | None, live: LiveTables | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """The events worth keeping, those that are not, and what to tell about them.

    Args:
        raw: The events as read; not changed.
        known_items: The ids of the items file; None if there is none.
        timezone: Where local timestamps without a time zone of their own were taken, and the users' zone where a row
            does not tell; None is UTC for the former, and no local time for the latter, each with a warning.
        live: Tells who was erased, who is one user now, and which items were deleted.

    Returns:
        The table as `Dataset` describes it, in the order of the file; the dropped rows in the schema `REJECTS`;
        warnings of one line each.
    """
    parsed = _parsed(raw)
    unzoned = parsed.get_column("local").is_not_null() & parsed.get_column("timezone").is_null()
    parsed = _with_local_times(_with_timestamps(parsed, timezone), timezone)
    faults = _faults(known_items)
    if live is not None:
        faults = _live_faults(parsed, live, known_items) | faults
        parsed = parsed.with_columns(live.merged())
    reason = parsed.select(first_reason(faults)).to_series()
    reason = _with_repetitions(parsed, reason)
    context = [name for name in parsed.columns if name.startswith("context.")]
    events = parsed.filter(reason.is_null()).select(*_COLUMNS, *context)
    warnings = []
    if timezone is None and unzoned.any():
        warnings.append(
            f"{raw.path.name}: timestamps without an offset are read as UTC ({unzoned.sum():,} of them); "
            "--timezone names another zone"
        )
    if events.get_column("timestamp").count() and not events.get_column("local_time").count():
        warnings.append(
            f"{raw.path.name}: no timestamp tells the user's local time, so part of day, weekday and weekend stay off; "
            'an offset, a column "timezone" or --timezone would tell'
        )
    middle = events.get_column("timestamp").dt.year().median()
    if isinstance(middle, float) and middle < 1980:
        warnings.append(f"{raw.path.name}: most timestamps lie before 1980: are they seconds since 1970?")
    return events, dropped(raw.frame, reason), warnings


def id_text(raw: RawTable, column: str) -> pl.Expr:
    """A column's ids as text, null where missing.

    Raises:
        InputError: If the column holds lists or objects.
    """
    dtype = raw.frame.schema[column]
    if dtype.is_nested():
        raise InputError(f'{raw.path}: the column "{column}" holds {dtype}, not ids')
    return as_text(pl.col(column), dtype)


def _parsed(raw: RawTable) -> pl.DataFrame:
    """Every column with its own type; null where it is missing or unreadable, and which of the two it is."""
    schema = raw.frame.schema

    def text(name: str) -> pl.Expr:
        return as_text(pl.col(name), schema[name]) if name in schema else pl.lit(None, dtype=pl.String)

    value_type = schema.get("value", pl.Null())
    value = pl.col("value") if value_type.is_numeric() or value_type == pl.Boolean else text("value")
    parsed = raw.frame.select(
        pl.col(LINE),
        id_text(raw, "user_id").alias("user_id"),
        id_text(raw, "item_id").alias("item_id"),
        text("event_id").alias("event_id"),
        text("timestamp").is_not_null().alias("has_timestamp"),
        text("timezone").alias("timezone"),
        text("event_type").fill_null("event").alias("event_type"),
        value.is_not_null().alias("has_value"),
        value.cast(pl.Float64, strict=False).alias("value"),
        *(text(name).alias(name) for name in schema if name.startswith("context.")),
    )
    times = (
        parse(raw.frame.get_column("timestamp"))
        if "timestamp" in schema
        else parse(pl.Series([None] * parsed.height, dtype=pl.Int64))
    )
    return parsed.with_columns(times.select(pl.col("instant").alias("timestamp"), "local", "clock"))


def _with_timestamps(parsed: pl.DataFrame, timezone: str | None) -> pl.DataFrame:
    """Local times moved to UTC; ``timestamp`` stays null, and ``timezone`` becomes so, where there is no such zone."""
    named = parsed.get_column("timezone").unique().drop_nulls().to_list()
    unknown = [zone for zone in named if not is_timezone(zone)]
    used = pl.col("timezone").fill_null(timezone or "UTC")
    frame = parsed.with_columns(zone=pl.when(~used.is_in(unknown)).then(used))
    instant = localized(frame.get_column("local"), frame.get_column("zone"))
    return frame.with_columns(
        timestamp=pl.coalesce("timestamp", instant),
        timezone=pl.when(~pl.col("timezone").is_in(unknown)).then("timezone"),
    )


def _with_local_times(parsed: pl.DataFrame, timezone: str | None) -> pl.DataFrame:
    """What the user's clock showed: in the row's zone, else by the timestamp's own offset, else in the given zone."""
    known = [pl.col("clock")]
    if parsed.get_column("timezone").count():
        zoned = wall_clock(parsed.get_column("timestamp"), parsed.get_column("timezone"))
        known.insert(0, pl.lit(zoned))
    if timezone is not None:
        known.append(pl.col("timestamp").dt.convert_time_zone(timezone).dt.replace_time_zone(None))
    return parsed.with_columns(local_time=pl.coalesce(known))


def _faults(known_items: pl.Series | None) -> dict[Reason, pl.Expr]:
    """What is wrong with a row by itself, in the order of `Reason`."""
    unread = pl.col("timestamp").is_null() & pl.col("local").is_null()
    faults = {
        Reason.MISSING_USER_ID: pl.col("user_id").is_null(),
        Reason.MISSING_ITEM_ID: pl.col("item_id").is_null(),
        Reason.UNREADABLE_TIMESTAMP: pl.col("has_timestamp") & (unread | ~plausible(pl.col("timestamp"))),
        Reason.UNKNOWN_TIMEZONE: pl.col("local").is_not_null() & pl.col("zone").is_null(),
        Reason.UNREADABLE_VALUE: pl.col("has_value") & pl.col("value").is_null(),
        Reason.NON_FINITE_VALUE: ~pl.col("value").is_finite(),
    }
    if known_items is not None:
        faults[Reason.UNKNOWN_ITEM] = ~pl.col("item_id").is_in(known_items.implode())
    return faults


def _live_faults(parsed: pl.DataFrame, live: LiveTables, known_items: pl.Series | None) -> dict[Reason, pl.Expr]:
    """What only live data can tell; of deleted items only where no items are known otherwise."""
    erased = parsed.get_column("user_id").is_in(live.erased_among(parsed.get_column("user_id")))
    faults = {Reason.ERASED_USER: pl.lit(erased)}
    if known_items is None and live.deleted:
        faults[Reason.UNKNOWN_ITEM] = pl.col("item_id").is_in(live.deleted)
    return faults


def _with_repetitions(parsed: pl.DataFrame, reason: pl.Series) -> pl.Series:
    """The reasons with those of rows that repeat an earlier one without fault.

    Events with ids of their own repeat each other by id alone: two equal acts with different ids are two.
    """
    for repeated, columns, subset in (
        (Reason.REPEATED_EVENT_ID, ("event_id",), pl.col("event_id").is_not_null()),
        (Reason.DUPLICATE_EVENT, _SAME_EVENT, pl.col("event_id").is_null()),
    ):
        rows = parsed.with_row_index("row").filter(reason.is_null() & parsed.select(subset).to_series())
        again = rows.filter(~pl.struct(columns).is_first_distinct()).get_column("row")
        reason = reason.scatter(again, repeated.value) if again.len() else reason
    return reason
