"""Raw tables into a data set that the rest of the indexing job can rely on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossfade.errors import InputError
from crossfade_indexing.cleaning.catalogue import clean_items, clean_users, items_of_events
from crossfade_indexing.cleaning.events import clean_events
from crossfade_indexing.cleaning.report import CleaningReport, count, write_rejects
from crossfade_indexing.cleaning.timestamps import is_timezone
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.sources.raw import REJECTS, RawTables

__all__ = ["Cleaned", "clean"]

_NONE = pl.DataFrame(schema=REJECTS)


@dataclass(frozen=True)
class Cleaned:
    """A cleaned data set and what cleaning did to it."""

    dataset: Dataset
    report: CleaningReport


def clean(raw: RawTables, *, timezone: str | None = None, rejects: Path | None = None, strict: bool = False) -> Cleaned:
    """Drop the rows that nothing can be learned from, each counted under a `Reason`.

    Items without text and users without attributes stay. Events of users that the users file lacks stay, events of
    items that the items file lacks do not. Without an items file, the items are those that the events name.

    Args:
        raw: What a source read; not changed.
        timezone: IANA name of the zone of local timestamps whose row names none. Default: UTC, with a warning.
        rejects: Where every dropped row goes, as JSON Lines; the file exists only if there are any.
        strict: Take a dropped row for an error, once the rejects file is written.

    Raises:
        InputError: If no event or no item is left, or ``strict`` is set and a row was dropped.
        ValueError: If there is no such time zone.
    """
    if timezone is not None and not is_timezone(timezone):
        raise ValueError(f"timezone: {timezone!r} is no IANA time zone, such as Europe/Berlin")
    items, users, known = None, None, None
    dropped: dict[str, pl.DataFrame] = {}
    warnings = [warning for table in raw.tables for warning in table.warnings]
    if raw.items is not None:
        items, dropped["items"], told = clean_items(raw.items)
        known = items.get_column("item_id")
        warnings += told
    if raw.users is not None:
        users, dropped["users"] = clean_users(raw.users)
    events, dropped["events"], told = clean_events(raw.events, known, timezone)
    rejected = [(table, pl.concat([table.unread, dropped.get(table.name, _NONE)])) for table in raw.tables]
    if rejects is not None:
        write_rejects(rejects, rejected)
    report = CleaningReport(tuple(count(table, rows) for table, rows in rejected), (*warnings, *told))
    if events.is_empty():
        raise InputError(f"{raw.events.path}: no event is left: {report.first_reasons()}{_id_hint(raw, known)}")
    if strict and report.dropped_total:
        rows = "row" if report.dropped_total == 1 else "rows"
        place = f"; see {rejects}" if rejects is not None else ""
        raise InputError(f"{report.dropped_total:,} {rows} cannot be used: {report.first_reasons()}{place}")
    return Cleaned(Dataset(events, items_of_events(events) if items is None else items, users, timezone), report)


def _id_hint(raw: RawTables, known: pl.Series | None) -> str:
    """Two ids side by side show why no event's item is known."""
    if raw.items is None or known is None or known.is_empty() or raw.events.frame.is_empty():
        return ""
    event_id = raw.events.frame.get_column("item_id")[0]
    return f'; item ids look like "{event_id}" there and like "{known[0]}" in {raw.items.path.name}'
