"""JSON Lines: one object per line, the others set aside with their line numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from crossfade.errors import InputError
from crossfade_indexing.sources.blocks import Block, read_blocks
from crossfade_indexing.sources.columns import Columns
from crossfade_indexing.sources.raw import LINE, RawTable, Reason, rejects
from crossfade_indexing.sources.values import inner_type

__all__ = ["read_json_lines"]

_Types = dict[str, pl.DataType]


def read_json_lines(path: Path, columns: Columns, *, name: str, as_text: bool = False) -> RawTable:
    """The wanted columns of a JSON Lines file; blank lines are no rows.

    Args:
        path: The file.
        columns: What to read.
        name: The table's name.
        as_text: Read exactly the required and optional columns, all as text (numbers as written, lists as JSON), null
            where a line lacks them; for large files whose fields are known. Otherwise each column has the type that
            fits all its lines, text where nothing else does.

    Raises:
        InputError: If no line is an object, or a required column is missing.
    """
    text: _Types = dict.fromkeys((*columns.required, *columns.optional), pl.String())
    reader = _Reader(columns, text if as_text else None)
    reader.read_all(path)
    names = list(reader.seen)
    if not as_text and (schema := _agreed_schema(reader)) is not None:
        reader = _Reader(columns, schema)
        reader.read_all(path)
    unread = rejects(reader.unread)
    if not reader.frames:
        begins = f"; line {reader.unread[0][0]} begins {reader.unread[0][2][:60]!r}" if reader.unread else ""
        raise InputError(f"{path}: holds no JSON object, one per line{begins}")
    columns.choose(path, names)
    frame = pl.concat(reader.frames, how="diagonal_relaxed").sort(LINE)
    return RawTable(name, path, frame, unread, columns.unused_warning(path, names))


def _agreed_schema(reader: _Reader) -> _Types | None:
    """One type per wanted column, text where the blocks have none in common; None if they agree as they are."""
    names = [name for name in reader.seen if reader.columns.wants(name)]
    types = {name: {frame.schema[name] for frame in reader.frames if name in frame.columns} for name in names}
    common = {name: None if name in reader.unclear else _common(types[name]) for name in names}
    if None not in common.values():
        return None
    return {name: dtype or pl.String() for name, dtype in common.items()}


def _common(types: set[pl.DataType]) -> pl.DataType | None:
    """The type that holds them all; None if only text does."""
    known = types - {pl.Null()}
    if len(known) < 2:
        return next(iter(known), pl.String())
    lists = [dtype for dtype in known if isinstance(dtype, pl.List)]
    objects = [pl.Schema(dtype) for dtype in known if isinstance(dtype, pl.Struct)]
    if len(lists) == len(known):
        within = _common(set(map(inner_type, lists)))
        return None if within is None else pl.List(within)
    if len(objects) == len(known):
        names = dict.fromkeys(name for fields in objects for name in fields)
        found = {name: _common({fields[name] for fields in objects if name in fields}) for name in names}
        fields = {name: dtype for name, dtype in found.items() if dtype is not None}
        return pl.Struct(fields) if len(fields) == len(found) else None
    if lists or objects:
        return None
    empty = [pl.DataFrame(schema={"column": dtype}) for dtype in known]
    return pl.concat(empty, how="vertical_relaxed").schema["column"]


@dataclass
class _Reader:
    """Collects the rows of consecutive blocks; with a schema every column is read as it says, else types are found."""

    columns: Columns
    schema: _Types | None
    frames: list[pl.DataFrame] = field(default_factory=list)
    unread: list[tuple[int, Reason, str]] = field(default_factory=list)
    # The names of all columns, in the order of their appearance.
    seen: dict[str, None] = field(default_factory=dict)
    # Columns whose type the parser could not make out in a line that is JSON.
    unclear: set[str] = field(default_factory=set)

    def read_all(self, path: Path) -> None:
        """Take the whole file."""
        for block in read_blocks(path):
            self._read(block)

    def _read(self, block: Block) -> None:
        parsed = self._parse(block.data)
        newlines = block.data.count(b"\n") + (not block.data.endswith(b"\n"))
        if parsed is not None and parsed.height == newlines:
            self._add(parsed, pl.int_range(block.first_line, block.first_line + newlines, eager=True))
        else:
            self._read_lines(self._decodable_lines(block))

    def _decodable_lines(self, block: Block) -> pl.DataFrame:
        """The block's lines that hold text, with `LINE`; lines with broken bytes are set aside."""
        lines = []
        for number, line in enumerate(block.data.split(b"\n"), start=block.first_line):
            try:
                lines.append((number, line.decode()))
            except UnicodeDecodeError:
                self.unread.append((number, Reason.UNDECODABLE_BYTES, line.decode(errors="replace")))
        frame = pl.DataFrame(lines, schema={LINE: pl.Int64, "text": pl.String}, orient="row")
        return frame.filter(pl.col("text").str.strip_chars() != "")

    def _read_lines(self, lines: pl.DataFrame) -> None:
        """Read what is JSON: a fast test finds nearly all other lines, halving those that the parser alone refuses."""
        is_object = pl.col("text").str.json_path_match("$").str.starts_with("{").fill_null(value=False)
        self._set_aside(lines.filter(~is_object))
        for part, parsed in self._parsed_parts(lines.filter(is_object)):
            self._add(parsed, part.get_column(LINE))

    def _parsed_parts(self, lines: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        if lines.is_empty():
            return
        parsed = self._parse("\n".join(lines.get_column("text")).encode())
        if parsed is not None:
            yield lines, parsed
        elif lines.height == 1:
            self._refused(lines)
        else:
            half = lines.height // 2
            yield from self._parsed_parts(lines.head(half))
            yield from self._parsed_parts(lines.tail(-half))

    def _refused(self, line: pl.DataFrame) -> None:
        """Polars finds no type for some lists, such as [false, []]: those columns are to be read as text."""
        row = json.loads(line.get_column("text").item())
        unclear = {name for name, value in row.items() if self._parse(json.dumps({name: value}).encode()) is None}
        clear = self._parse(json.dumps({name: row[name] for name in row.keys() - unclear}).encode())
        if self.schema is not None or clear is None:
            self._set_aside(line)
        else:
            self.unclear |= unclear
            self.seen |= dict.fromkeys(row)
            self._add(clear, line.get_column(LINE))

    def _parse(self, data: bytes) -> pl.DataFrame | None:
        """The rows of the lines, or None if one of them is no JSON object."""
        try:
            return pl.read_ndjson(data, schema=self.schema, infer_schema_length=None)
        except PolarsError:
            return None

    def _add(self, parsed: pl.DataFrame, lines: pl.Series) -> None:
        self.seen |= dict.fromkeys(parsed.columns)
        wanted = [name for name in parsed.columns if self.columns.wants(name)]
        self.frames.append(parsed.select(lines.alias(LINE), *wanted))

    def _set_aside(self, lines: pl.DataFrame) -> None:
        self.unread += [(line, Reason.MALFORMED_LINE, text) for line, text in lines.select(LINE, "text").iter_rows()]
