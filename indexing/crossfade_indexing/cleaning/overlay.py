"""Live data over that of the files: what was put last counts, what was deleted leaves."""

from __future__ import annotations

import polars as pl

from crossfade.engine.filters.checking import held, shape_of
from crossfade_indexing.cleaning.catalogue import TEXT_COLUMNS, clean_items
from crossfade_indexing.cleaning.fitting import column_like, column_of
from crossfade_indexing.cleaning.report import TableCounts
from crossfade_indexing.sources.live import LiveTables
from crossfade_indexing.sources.raw import LINE, REJECTS, RawTable, Reason
from crossfade_indexing.sources.values import as_text

__all__ = ["live_events", "live_items", "live_users"]


def live_items(items: pl.DataFrame, live: LiveTables) -> tuple[pl.DataFrame, list[str], TableCounts]:
    """The items of the files with those that were put in their places or at the end, and without the deleted ones.

    A property has the type that the files give it, but that numbers may become floating ones, and objects get further
    fields. A live value that cannot be of that type is missing, with a warning.
    """
    types = {} if items.is_empty() else {name: dtype for name, dtype in items.schema.items() if _says(items[name])}
    names = dict.fromkeys(name for one in live.items for name in one.properties if name not in ("item_id", LINE))
    columns, warnings = [], []
    for name in names:
        values = [one.properties.get(name) for one in live.items]
        if name in TEXT_COLUMNS or name not in types:
            columns.append(column_of(name, values))
            continue
        column, lost = column_like(name, values, types[name])
        columns.append(column)
        if lost:
            there, example = held(shape_of(types[name])), live.items[lost[0]].item_id
            warnings.append(
                f"{live.path.name}: {len(lost):,} live values of {name!r} cannot be among the {there} that the files "
                f"have, so they are missing, as from item {example!r}"
            )
    ids = pl.Series("item_id", [one.item_id for one in live.items], dtype=pl.String)
    lines = pl.Series(LINE, range(1, len(live.items) + 1), dtype=pl.Int64)
    raw = RawTable("live_items", live.path, pl.DataFrame([lines, ids, *columns]), pl.DataFrame(schema=REJECTS))
    put, _, told = clean_items(raw)
    rest = items.filter(~pl.col("item_id").is_in([*put["item_id"], *live.deleted]))
    rest = rest.with_columns(_as_live(name, rest.schema[name]) for name in names if name in rest.columns)
    silent = [name for name in names if name in rest.columns and name not in types]
    together = put if items.is_empty() else pl.concat([rest.drop(silent), put], how="diagonal_relaxed")
    if "tags" in together.columns:
        together = together.with_columns(pl.col("tags").fill_null(pl.lit([], dtype=pl.List(pl.String))))
    return together, [*told, *warnings], TableCounts("live_items", live.path, put.height, put.height, {})


def _says(column: pl.Series) -> bool:
    """Whether the files have any value there, so that they say what the property holds."""
    return column.name in ("item_id", *TEXT_COLUMNS) or column.null_count() < len(column)


def _as_live(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column of the files of a type that goes together with live values."""
    if isinstance(dtype, pl.Array):
        return pl.col(name).arr.to_list()
    return pl.col(name).cast(pl.String) if dtype in {pl.Categorical, pl.Enum} else pl.col(name)


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
