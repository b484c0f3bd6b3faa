"""Live data over that of the files: what was put last counts, what was deleted leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from crossfade.engine.filters.checking import expected, held, shape_of
from crossfade.live import ItemRecord
from crossfade_indexing.cleaning.catalogue import TEXT_COLUMNS, clean_items
from crossfade_indexing.cleaning.fitting import column_like, column_of, is_whole
from crossfade_indexing.cleaning.losses import Loss, loss_warnings, lost_values
from crossfade_indexing.cleaning.report import TableCounts, count
from crossfade_indexing.sources.live import LiveTables
from crossfade_indexing.sources.raw import LINE, REJECTS, RawTable, Reason, dropped, first_reason
from crossfade_indexing.sources.values import as_text

__all__ = ["Overlaid", "live_events", "live_items", "live_users"]


class Overlaid(NamedTuple):
    """One kind of live data, over that of the files.

    Attributes:
        table: The two together; for events the live ones alone.
        counts: Of the live rows.
        rows: What is lost of them, in the schema `REJECTS` or `LOST`.
        warnings: One line each.
    """

    table: pl.DataFrame
    counts: TableCounts
    rows: pl.DataFrame
    warnings: list[str]


def live_items(items: pl.DataFrame, live: LiveTables) -> Overlaid:
    """The items of the files with those that were put in their places or at the end, and without the deleted ones.

    A property has the type that the files give it, but that numbers may become floating ones, and objects get further
    fields. A live value that cannot be of that type is missing. What only live items have is text where their values
    have no other type in common.
    """
    types = {} if items.is_empty() else {name: dtype for name, dtype in items.schema.items() if _says(items[name])}
    names = dict.fromkeys(name for one in live.items for name in one.properties if name not in ("item_id", LINE))
    reserved = "missing, because no property of a bundle can have this name; use another"
    losses = [
        Loss(Reason.UNFITTING_VALUE, {"item_id": one.item_id}, LINE, one.properties[LINE], reserved)
        for one in live.items
        if LINE in one.properties
    ]
    columns = []
    for name in names:
        column, lost = _live_column(name, live.items, None if name in TEXT_COLUMNS else types.get(name))
        columns.append(column)
        losses += lost
    ids = pl.Series("item_id", [one.item_id for one in live.items], dtype=pl.String)
    lines = pl.Series(LINE, range(1, len(live.items) + 1), dtype=pl.Int64)
    raw = RawTable("live_items", live.path, pl.DataFrame([lines, ids, *columns]), pl.DataFrame(schema=REJECTS))
    put, gone, told = clean_items(raw)
    rest = items.filter(~pl.col("item_id").is_in([*put["item_id"], *live.deleted]))
    rest = rest.with_columns(_as_live(name, rest.schema[name]) for name in names if name in rest.columns)
    silent = [name for name in names if name in rest.columns and name not in types]
    together = put if items.is_empty() else pl.concat([rest.drop(silent), put], how="diagonal_relaxed")
    if "tags" in together.columns:
        together = together.with_columns(pl.col("tags").fill_null(pl.lit([], dtype=pl.List(pl.String))))
    rows = pl.concat([gone.with_columns(pl.lit(None, dtype=pl.Int64).alias(LINE)), lost_values(losses)], how="diagonal")
    return Overlaid(together, count(raw, gone), rows, [*told, *loss_warnings(live.path.name, losses)])


def _live_column(name: str, items: Sequence[ItemRecord], dtype: pl.DataType | None) -> tuple[pl.Series, list[Loss]]:
    """A property of live items, and which values of it are lost; without a type of the files it has one of its own."""
    values = [one.properties.get(name) for one in items]
    column, missing = (column_of(name, values), []) if dtype is None else column_like(name, values, dtype)
    shape = shape_of(column.dtype if dtype is None else dtype)
    there = held(shape)
    why = f"because {name!r} holds {there}"
    losses = [
        Loss(
            Reason.UNFITTING_VALUE,
            {"item_id": items[at].item_id},
            name,
            values[at],
            f"missing, {why} in the files; put {expected(shape)}, or use another property",
        )
        for at in missing
    ]
    if name in TEXT_COLUMNS:
        return column, losses
    return column, losses + [
        Loss(
            Reason.CHANGED_VALUE,
            {"item_id": one.item_id},
            name,
            value,
            f"kept as {json.dumps(kept, default=str)}, {why}; put it so, or use another property",
        )
        for one, value, kept in zip(items, values, column.to_list(), strict=True)
        if kept is not None and not is_whole(value, kept)
    ]


def _says(column: pl.Series) -> bool:
    """Whether the files have any value there, so that they say what the property holds."""
    return column.name in ("item_id", *TEXT_COLUMNS) or column.null_count() < len(column)


def _as_live(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column of the files of a type that goes together with live values."""
    if isinstance(dtype, pl.Array):
        return pl.col(name).arr.to_list()
    return pl.col(name).cast(pl.String) if dtype in {pl.Categorical, pl.Enum} else pl.col(name)


def live_events(live: LiveTables, known_items: pl.Series, files: RawTable, timezone: str | None) -> Overlaid:
    """The events that the service was told, as ``Dataset.events`` has them, without those of no known item.

    Args:
        live: Not changed.
        known_items: The ids of the catalogue.
        files: The events of the files: those that have the id of one of them are the same.
        timezone: Where users are of whose clock nothing is known; None leaves it unknown.
    """
    events = live.events
    faults = {Reason.UNKNOWN_ITEM: ~pl.col("item_id").is_in(known_items.implode())}
    if "event_id" in files.frame.columns:
        ids = files.frame.select(as_text(pl.col("event_id"), files.frame.schema["event_id"])).to_series()
        faults[Reason.REPEATED_EVENT_ID] = pl.col("event_id").is_in(ids.drop_nulls().implode())
    reason = events.select(first_reason(faults)).to_series()
    kept = events.filter(reason.is_null()).drop("event_id")
    if timezone is not None:
        there = pl.col("timestamp").dt.convert_time_zone(timezone).dt.replace_time_zone(None)
        kept = kept.with_columns(local_time=pl.coalesce("local_time", there))
    found = dict(reason.drop_nulls().value_counts().iter_rows())
    counts = {reason: found[reason.value] for reason in faults if reason.value in found}
    rows = dropped(events.with_columns(pl.lit(None, dtype=pl.Int64).alias(LINE)), reason)
    return Overlaid(kept, TableCounts("live_events", live.path, events.height, kept.height, counts), rows, [])


def live_users(users: pl.DataFrame | None, live: LiveTables) -> Overlaid:
    """The users of the files with merged ones in one row, and with what was put in place of what the files say.

    Of several rows that are one user now, that of the id which the others were merged into counts, else the first.
    """
    put = live.users
    counts = TableCounts("live_users", live.path, put.height, put.height, {})
    if users is None:
        return Overlaid(put, counts, lost_values([]), [])
    if live.merges:
        root = live.merged()
        users = users.sort(root != pl.col("user_id"), maintain_order=True).with_columns(root)
        users = users.unique("user_id", keep="first", maintain_order=True)
    if put.is_empty():
        return Overlaid(users, counts, lost_values([]), [])
    plain = [name for name, dtype in users.schema.items() if dtype.is_numeric() or dtype == pl.Boolean]
    texts = users.with_columns(pl.col(plain).cast(pl.String)).filter(~pl.col("user_id").is_in(put["user_id"].implode()))
    # A column of the files that is no text is no attribute either, and stays what it is.
    lost = [name for name in put.columns if texts.schema.get(name, pl.String) != pl.String]
    losses = [
        Loss(
            Reason.UNFITTING_VALUE,
            {"user_id": user_id},
            name,
            value,
            f"missing, because {name!r} holds {held(shape_of(texts.schema[name]))} in the files; "
            "use another attribute, or make it text in the files",
        )
        for name in lost
        for user_id, value in put.select("user_id", name).drop_nulls().iter_rows()
    ]
    together = pl.concat([texts, put.drop(lost)], how="diagonal")
    return Overlaid(together, counts, lost_values(losses), loss_warnings(live.path.name, losses))
