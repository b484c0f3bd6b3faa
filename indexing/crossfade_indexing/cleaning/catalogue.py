"""Raw items and users into the tables of a `Dataset`."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from crossfade_indexing.cleaning.events import id_text
from crossfade_indexing.sources.live import LiveTables
from crossfade_indexing.sources.raw import LINE, RawTable, Reason, dropped, first_reason
from crossfade_indexing.sources.values import as_list, as_prose

__all__ = ["TEXT_COLUMNS", "clean_items", "clean_users", "items_of_events"]

TEXT_COLUMNS = ("title", "description", "categories", "tags")
"""The columns of items that say what an item is; all others are properties."""

_PROSE = ("title", "description")
_LISTS = ("categories", "tags")


def clean_items(raw: RawTable) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """The items worth keeping (of repeated ones the last), the dropped rows, and warnings, as `clean_events` does."""
    items, rows = _clean(raw, "item_id", Reason.MISSING_ITEM_ID, Reason.REPEATED_ITEM_ID)
    schema = items.schema
    prose = [
        as_prose(pl.col(name), schema[name]).alias(name) if name in schema else pl.lit("").alias(name)
        for name in _PROSE
    ]
    lists = [
        as_list(pl.col(name), schema[name]).alias(name)
        if name in schema
        else pl.lit([], dtype=pl.List(pl.String)).alias(name)
        for name in _LISTS
        if name in schema or name == "categories"
    ]
    items = items.with_columns(*prose, *lists)
    properties = [name for name in items.columns if name not in {"item_id", *TEXT_COLUMNS}]
    tags = [name for name in ("tags",) if name in items.columns]
    items = items.select("item_id", *_PROSE, "categories", *tags, *properties)
    return items, rows, _text_warning(raw, items)


def clean_users(raw: RawTable, live: LiveTables | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The users worth keeping (of repeated ones the last) and the dropped rows; ``live`` tells who was erased."""
    ids = raw.frame.select(id_text(raw, "user_id")).to_series()
    erased = [] if live is None else live.erased_among(ids)
    return _clean(raw, "user_id", Reason.MISSING_USER_ID, Reason.REPEATED_USER_ID, erased)


def items_of_events(events: pl.DataFrame) -> pl.DataFrame:
    """The items table when no file describes them: the ids that events name, in the order they first do."""
    nothing = pl.lit([], dtype=pl.List(pl.String))
    ids = events.select(pl.col("item_id").unique(maintain_order=True))
    return ids.with_columns(title=pl.lit(""), description=pl.lit(""), categories=nothing)


def _clean(
    raw: RawTable, key: str, missing: Reason, repeated: Reason, erased: Sequence[str] = ()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    ids = raw.frame.select(id_text(raw, key).alias(key))
    faults = {Reason.ERASED_USER: pl.col(key).is_in(erased)} if erased else {}
    faults |= {missing: pl.col(key).is_null(), repeated: ~pl.col(key).is_last_distinct()}
    reason = ids.select(first_reason(faults)).to_series()
    properties = [_property(name, dtype) for name, dtype in raw.frame.schema.items() if name not in (LINE, key)]
    kept = raw.frame.with_columns(ids).filter(reason.is_null()).select(key, *properties)
    return kept, dropped(raw.frame, reason)


def _property(name: str, dtype: pl.DataType) -> pl.Expr:
    """A property as it is, but for numbers that are none: they are missing."""
    if dtype.is_float():
        return pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name)
    return pl.col(name).cast(pl.String) if dtype == pl.Null else pl.col(name)


def _text_warning(raw: RawTable, items: pl.DataFrame) -> list[str]:
    present = [pl.col(name) != "" for name in _PROSE]
    present += [pl.col(name).list.len() > 0 for name in _LISTS if name in items.columns]
    silent = items.select((~pl.any_horizontal(present)).sum()).item()
    if not silent:
        return []
    return [f"{raw.path.name}: {silent:,} of {items.height:,} items have no text; they are known by their events alone"]
