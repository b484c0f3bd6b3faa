"""What cleaning did, for people, for machines, and row by row."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
from rich.markup import escape
from rich.table import Table

from crossfade_indexing.sources.raw import LINE, REJECTS, RawTable, Reason

__all__ = ["CleaningReport", "Rejected", "TableCounts", "count", "render", "write_rejects"]

_ROWS_PER_WRITE = 100_000


@dataclass(frozen=True)
class TableCounts:
    """The rows of one file; ``rows_read`` is ``rows_kept`` and all of ``dropped`` together."""

    table: str
    file: Path
    rows_read: int
    rows_kept: int
    dropped: Mapping[Reason, int]


@dataclass(frozen=True)
class Rejected:
    """What is lost of one file or live table.

    Attributes:
        table: What it holds.
        file: Its path, or the name of the live store.
        rows: In the schema `REJECTS`, or in `LOST`, which has one row for each value that is lost.
    """

    table: str
    file: str
    rows: pl.DataFrame


@dataclass(frozen=True)
class CleaningReport:
    """Counts per file, events first, and warnings of one line each."""

    tables: tuple[TableCounts, ...]
    warnings: tuple[str, ...] = ()

    @property
    def dropped_total(self) -> int:
        """Rows dropped for a fault of theirs: live data have none, and to be erased is none."""
        files = (table.dropped for table in self.tables if not table.table.startswith("live_"))
        return sum(rows for dropped in files for reason, rows in dropped.items() if reason != Reason.ERASED_USER)

    def as_dict(self) -> dict[str, dict[str, int]]:
        """The counts by table: ``read``, ``kept``, and one for each reason that occurred."""
        return {
            table.table: {
                "read": table.rows_read,
                "kept": table.rows_kept,
                **{reason.value: rows for reason, rows in table.dropped.items()},
            }
            for table in self.tables
        }

    def first_reasons(self, most: int = 3) -> str:
        """The commonest reasons in words, such as ``12 duplicate_event in ratings.csv``."""
        found = [(n, reason, table.file.name) for table in self.tables for reason, n in table.dropped.items()]
        found.sort(key=lambda entry: -entry[0])
        named = ", ".join(f"{rows:,} {reason} in {file}" for rows, reason, file in found[:most])
        return named + (f" and {len(found) - most} more reasons" if len(found) > most else "")


def count(table: RawTable, rejected: pl.DataFrame) -> TableCounts:
    """The counts of a table with these rejected rows (the unread ones included), in the order of `Reason`."""
    found = dict(rejected.get_column("reason").value_counts().iter_rows())
    by_reason = {reason: found[reason.value] for reason in Reason if reason.value in found}
    return TableCounts(table.name, table.path, table.rows_read, table.rows_read - rejected.height, by_reason)


def render(report: CleaningReport) -> Table:
    """A table with one line per file and, below it, one per reason."""
    table = Table("table", "file")
    for name in ("read", "kept", "dropped"):
        table.add_column(name, justify="right")
    table.add_column("why")
    for counts in report.tables:
        total = sum(counts.dropped.values())
        why = "\n".join(f"{rows:,} {reason.replace('_', ' ')}" for reason, rows in counts.dropped.items())
        numbers = (f"{number:,}" for number in (counts.rows_read, counts.rows_kept, total))
        table.add_row(counts.table, escape(counts.file.name), *numbers, why)
    return table


def write_rejects(path: Path, rejected: Sequence[Rejected]) -> None:
    """Write one JSON object per rejected row (table, file, line, reason, row), all at once or not at all.

    Of a row that lost one value alone there are the id and that value, and beside them ``field`` and ``message``, which
    says what to do; both are null beside live items that are dropped whole. Live data have no lines. Rows of erased
    users are left out. Without any row there is no file, and one of an earlier run is removed.
    """
    rejected = [replace(one, rows=one.rows.filter(pl.col("reason") != Reason.ERASED_USER.value)) for one in rejected]
    if not any(one.rows.height for one in rejected):
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            for one in rejected:
                for part in one.rows.sort(LINE, maintain_order=True).iter_slices(_ROWS_PER_WRITE):
                    file.writelines(_json_lines(one, part))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _json_lines(rejected: Rejected, rows: pl.DataFrame) -> pl.Series:
    place = pl.struct(
        pl.lit(rejected.table).alias("table"),
        pl.lit(rejected.file).alias("file"),
        pl.col(LINE).alias("line"),
        pl.col("reason"),
        *(pl.col(name) for name in rows.columns if name not in REJECTS),
    )
    # The row is JSON already: it goes in before the brace that ends the object.
    head = place.struct.json_encode().str.head(-1)
    return rows.select(pl.concat_str(head, pl.lit(',"row":'), pl.col("row"), pl.lit("}\n"))).to_series()
