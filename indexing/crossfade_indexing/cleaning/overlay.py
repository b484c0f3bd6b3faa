"""Live data over that of the files: what was put last counts, what was deleted leaves."""

from __future__ import annotations

import polars as pl

from crossfade_indexing.cleaning.catalogue import clean_items
from crossfade_indexing.cleaning.report import TableCounts
from crossfade_indexing.sources.live import LiveTables
from crossfade_indexing.sources.raw import RawTable, Reason
from crossfade_indexing.sources.values import as_list, as_text

__all__ = ["live_events", "live_items", "live_users"]


def live_items(items: pl.DataFrame, live: LiveTables) -> tuple[pl.DataFrame, list[str], TableCounts]:
    """The items of the files with those that were put in their places or at the end, and without the deleted ones.

    A property has the type that the files give it; numbers may become floating ones. A live value that cannot be of
    that type is missing, with a warning.
    """
    put, _, warnings = clean_items(live.items)
    fitted = []
    for name, dtype in put.schema.items():
        wanted = items.schema.get(name, dtype)
        value = pl.col(name) if dtype == wanted or items.is_empty() else _fit(name, dtype, wanted)
        fitted.append(value.alias(name))
    fitting = put.select(fitted)
    for name in put.columns:
        lost = fitting[name].null_count() - put[name].null_count()
        if lost > 0:
            kind = items.schema[name]
            warnings.append(
                f"{live.path.name}: {lost:,} live values of {name!r} are no {kind} as in the files, so missing"
            )
    rest = items.filter(~pl.col("item_id").is_in([*put["item_id"], *live.deleted]))
    together = fitting if items.is_empty() else pl.concat([rest, fitting], how="diagonal_relaxed")
    if "tags" in together.columns:
        together = together.with_columns(pl.col("tags").fill_null(pl.lit([], dtype=pl.List(pl.String))))
    return together, warnings, TableCounts("live_items", live.path, put.height, put.height, {})


def live_events(
    live: LiveTables, known_items: pl.Series, files: RawTable, timezone: str | None
) -> tuple[pl.DataFrame, TableCounts]:
    """The events that the service was told, as ``Dataset.events`` has them, without those of no known item.

    Args:
        live: Not changed.
        known_items: The ids of the catalogue.
        files: The events of the files: those that have the id of one of them are the same.
        timezone: Where users are of whose clock nothing is known; None leaves it unknown.
    """
    events = live.events
    unknown = ~events["item_id"].is_in(known_items.implode())
    repeated = pl.repeat(value=False, n=events.height, dtype=pl.Boolean, eager=True)
    if "event_id" in files.frame.columns:
        ids = files.frame.select(as_text(pl.col("event_id"), files.frame.schema["event_id"])).to_series()
        repeated = events["event_id"].is_in(ids.drop_nulls().implode()) & ~unknown
    kept = events.filter(~unknown & ~repeated).drop("event_id")
    if timezone is not None:
        there = pl.col("timestamp").dt.convert_time_zone(timezone).dt.replace_time_zone(None)
        kept = kept.with_columns(local_time=pl.coalesce("local_time", there))
    dropped = {Reason.UNKNOWN_ITEM: int(unknown.sum()), Reason.REPEATED_EVENT_ID: int(repeated.sum())}
    counts = {reason: rows for reason, rows in dropped.items() if rows}
    return kept, TableCounts("live_events", live.path, events.height, kept.height, counts)


def live_users(users: pl.DataFrame | None, live: LiveTables) -> tuple[pl.DataFrame | None, TableCounts]:
    """The users of the files with merged ones in one row, and with what was put in place of what the files say.

    Of several rows that are one user now, that of the id which the others were merged into counts, else the first.
    """
    put = live.users
    counts = TableCounts("live_users", live.path, put.height, put.height, {})
    if users is not None and live.merges:
        root = live.merged()
        users = users.sort(root != pl.col("user_id"), maintain_order=True).with_columns(root)
        users = users.unique("user_id", keep="first", maintain_order=True)
    if put.is_empty():
        return users, counts
    if users is None:
        return put, counts
    plain = [name for name, dtype in users.schema.items() if dtype.is_numeric() or dtype == pl.Boolean]
    texts = users.with_columns(pl.col(plain).cast(pl.String)).filter(~pl.col("user_id").is_in(put["user_id"].implode()))
    # A column of the files that is no text is no attribute either, and stays what it is.
    fitting = put.select(name for name in put.columns if texts.schema.get(name, pl.String) == pl.String)
    return pl.concat([texts, fitting], how="diagonal"), counts


def _fit(name: str, dtype: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    if dtype.is_numeric() and wanted.is_numeric():
        return value  # they have a type in common
    if wanted == pl.String:
        return as_text(value, dtype)
    if wanted == pl.List(pl.String):
        return pl.when(value.is_not_null()).then(as_list(value, dtype))
    text = as_text(value, dtype)
    if wanted.is_numeric():
        return text.cast(wanted, strict=False)
    if wanted.is_temporal() and wanted != pl.Time and not isinstance(wanted, pl.Duration):
        return text.str.to_datetime(strict=False, time_zone="UTC").cast(wanted, strict=False)
    return pl.lit(None, dtype=wanted)
