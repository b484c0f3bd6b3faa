"""What a source hands to cleaning: tables as read, each row knowing its line, and the lines that became no row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import polars as pl

__all__ = ["LINE", "REJECTS", "RawTable", "RawTables", "Reason", "dropped", "first_reason", "missing", "rejects"]

LINE = "__line__"
"""The column of every raw frame that holds a row's 1-based line in its file (row number for Parquet)."""

REJECTS = pl.Schema({LINE: pl.Int64(), "reason": pl.String(), "row": pl.String()})
"""Rows set aside: line, a `Reason`, and the row as JSON text (a string where the line could not be read)."""


class Reason(StrEnum):
    """Why a row is dropped, or one of its values. The values are stable: rejects files and reports carry them.

    Where several apply to one row, the first of this list is named.

    ======================== ===========================================================================
    ``undecodable_bytes``    the row holds bytes that are not UTF-8
    ``malformed_line``       no JSON object, a wrong number of fields, or a quote that is never closed
    ``erased_user``          live data say that this user was erased; no rejects file has such a row
    ``missing_user_id``      empty, blank or null
    ``missing_item_id``      empty, blank or null
    ``missing_text``         a tag or description that is empty (`movielens` only)
    ``unreadable_timestamp`` neither unix time nor ISO 8601, or before 1970, or after 2099
    ``unknown_timezone``     a local timestamp whose row names a time zone that does not exist
    ``unreadable_value``     an event's value that is no number
    ``non_finite_value``     an event's value that is infinite or not a number
    ``unknown_item``         an event of an item that the items file does not hold
    ``repeated_event_id``    an earlier event has the same event_id
    ``duplicate_event``      an earlier event has the same user, item, timestamp, type and value
    ``repeated_item_id``     a later row describes the same item; the last one counts
    ``repeated_user_id``     a later row describes the same user; the last one counts
    ``unfitting_value``      a live value of another kind than the files hold there; it is missing
    ``changed_value``        a live value that is kept in another form: as text, a day, a rounded number
    ======================== ===========================================================================
    """

    UNDECODABLE_BYTES = "undecodable_bytes"
    MALFORMED_LINE = "malformed_line"
    ERASED_USER = "erased_user"
    MISSING_USER_ID = "missing_user_id"
    MISSING_ITEM_ID = "missing_item_id"
    MISSING_TEXT = "missing_text"
    UNREADABLE_TIMESTAMP = "unreadable_timestamp"
    UNKNOWN_TIMEZONE = "unknown_timezone"
    UNREADABLE_VALUE = "unreadable_value"
    NON_FINITE_VALUE = "non_finite_value"
    UNKNOWN_ITEM = "unknown_item"
    REPEATED_EVENT_ID = "repeated_event_id"
    DUPLICATE_EVENT = "duplicate_event"
    REPEATED_ITEM_ID = "repeated_item_id"
    REPEATED_USER_ID = "repeated_user_id"
    UNFITTING_VALUE = "unfitting_value"
    CHANGED_VALUE = "changed_value"


@dataclass(frozen=True)
class RawTable:
    """One file as read.

    Attributes:
        name: What it holds: ``events``, ``items``, ``users``, or a preset's further table such as ``tags``.
        path: The file.
        frame: Its rows, with `LINE`.
        unread: Lines that became no row, in the schema `REJECTS`.
        warnings: One line each.
    """

    name: str
    path: Path
    frame: pl.DataFrame
    unread: pl.DataFrame
    warnings: tuple[str, ...] = ()

    @property
    def rows_read(self) -> int:
        """Rows of the file, whether they could be read or not."""
        return self.frame.height + self.unread.height


@dataclass(frozen=True)
class RawTables:
    """All that a source read.

    Attributes:
        events: Columns ``user_id`` and ``item_id``; perhaps ``timestamp``, ``event_type``, ``value``, ``timezone``,
            ``event_id`` and any ``context.<field>``.
        items: Column ``item_id``; perhaps ``title``, ``description``, ``categories``; all others are properties.
        users: Column ``user_id``; all others are attributes.
        joined: Further files whose content is already in ``items``; kept to be counted.
    """

    events: RawTable
    items: RawTable | None = None
    users: RawTable | None = None
    joined: tuple[RawTable, ...] = ()

    @property
    def tables(self) -> tuple[RawTable, ...]:
        """Every table there is, events first."""
        optional = (table for table in (self.items, self.users) if table is not None)
        return (self.events, *optional, *self.joined)


def rejects(rows: Iterable[tuple[int, Reason, str]]) -> pl.DataFrame:
    """Lines that could not be read (line, reason, text) in the schema `REJECTS`."""
    frame = pl.DataFrame(list(rows), schema=[LINE, "reason", "row"], orient="row", schema_overrides=REJECTS)
    # A frame of one field is encoded as {"row":"..."}: take the string out.
    return frame.with_columns(pl.struct("row").struct.json_encode().str.slice(7).str.head(-1))


def missing(column: str) -> pl.Expr:
    """True where the text column is null or blank."""
    return pl.col(column).str.strip_chars().fill_null("") == ""


def first_reason(reasons: dict[Reason, pl.Expr]) -> pl.Expr:
    """The first reason whose boolean expression is true (null is not), as text; null where none is."""
    return pl.coalesce([pl.when(marked).then(pl.lit(name.value)) for name, marked in reasons.items()]).alias("reason")


def dropped(frame: pl.DataFrame, reason: pl.Series) -> pl.DataFrame:
    """The rows of a raw frame that have a reason, in its order and the schema `REJECTS`."""
    marked = frame.with_columns(reason.alias("__reason__")).filter(reason.is_not_null())
    row = pl.struct(pl.exclude(LINE, "__reason__")).struct.json_encode()
    return marked.select(pl.col(LINE).cast(pl.Int64), pl.col("__reason__").alias("reason"), row.alias("row"))
