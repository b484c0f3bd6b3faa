"""Tables from files of the user's own, by file ending."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from crossfade.errors import InputError
from crossfade_indexing.sources.blocks import check_file
from crossfade_indexing.sources.columns import EVENTS, ITEMS, USERS, Columns
from crossfade_indexing.sources.delimited import read_delimited
from crossfade_indexing.sources.jsonlines import read_json_lines
from crossfade_indexing.sources.raw import LINE, RawTable, RawTables, rejects
from crossfade_indexing.sources.values import with_found_types

__all__ = ["read_files"]

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_NO_EVENTS = RawTable(
    "events",
    Path("no events file"),
    pl.DataFrame(schema={LINE: pl.Int64, "user_id": pl.String, "item_id": pl.String}),
    rejects([]),
)
_JSON_LINES = (".jsonl", ".ndjson")


def read_files(events: Path | None, items: Path | None = None, users: Path | None = None) -> RawTables:
    """Read CSV, TSV, Parquet and JSON Lines, told apart by file ending (``.gz`` after those of text).

    Ids are read as text and never interpreted. In CSV and TSV the types of items' and users' further columns are found:
    a column is whole numbers, numbers or true/false if all its fields are, and text otherwise. A ``context`` object of
    JSON Lines or Parquet becomes ``context.<field>`` columns. Without a file of events there are none: a shop may have
    told all of them to a service.

    Raises:
        InputError: If a file is missing, empty, of another kind, or lacks a column.
    """
    return RawTables(
        events=_NO_EVENTS if events is None else _with_context(_read(events, EVENTS, "events")),
        items=None if items is None else _read(items, ITEMS, "items"),
        users=None if users is None else _read(users, USERS, "users"),
    )


def _read(path: Path, columns: Columns, name: str) -> RawTable:
    check_file(path)
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending in _SEPARATORS:
        table = read_delimited(path, columns, name=name, separator=_SEPARATORS[ending])
        # Cleaning knows the types of events; those of properties show in the fields alone.
        return table if name == "events" else replace(table, frame=with_found_types(table.frame))
    if ending in _JSON_LINES:
        return read_json_lines(path, columns, name=name)
    if path.name.lower().endswith(".parquet"):
        return _read_parquet(path, columns, name)
    hint = " (JSON Lines, one object per line, are named .jsonl)" if ending == ".json" else ""
    raise InputError(
        f'{path}: unknown file ending "{path.suffix}"{hint}; '
        "known are .csv .tsv .jsonl .ndjson, each also with .gz, and .parquet"
    )


def _read_parquet(path: Path, columns: Columns, name: str) -> RawTable:
    try:
        scan = pl.scan_parquet(path)
        schema = scan.collect_schema()
        names = schema.names()
        wanted = columns.choose(path, names)
        nested = [name for name in wanted if schema[name].is_nested() and name not in columns.required]
        bytes_within = [name for name in nested if "Binary" in str(schema[name])]
        text = pl.col(pl.Binary).cast(pl.String, strict=False)
        frame = scan.select(wanted).drop(bytes_within).with_columns(text).collect()
    except PolarsError as error:
        raise InputError(f"{path}: is no readable Parquet file ({str(error).splitlines()[0]})") from error
    if frame.is_empty():
        raise InputError(f"{path}: has columns and no rows")
    rows = pl.int_range(1, frame.height + 1, eager=True).alias(LINE)
    unused = columns.unused_warning(path, names)
    if bytes_within:
        unused += (f"{path.name}: not used, for they hold bytes: {', '.join(bytes_within)}",)
    return RawTable(name, path, frame.select(rows, pl.all()), rejects([]), unused)


def _with_context(events: RawTable) -> RawTable:
    """The events with a ``context`` object spread over columns."""
    dtype = events.frame.schema.get("context")
    if dtype is None:
        return events
    frame, warnings = events.frame.drop("context"), events.warnings
    if isinstance(dtype, pl.Struct):
        spread = events.frame.select(pl.col("context").struct.unnest().name.prefix("context."))
        frame = frame.with_columns(spread)
    else:
        warnings += (f'{events.path.name}: not used: "context" (a column for each field is named "context.<field>")',)
    return replace(events, frame=frame, warnings=warnings)
