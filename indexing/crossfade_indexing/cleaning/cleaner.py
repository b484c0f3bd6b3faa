"""Raw tables into a data set that the rest of the indexing job can rely on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossfade.bundle import forget_rejects
from crossfade.errors import InputError
from crossfade_indexing.cleaning.catalogue import clean_items, clean_users, items_of_events
from crossfade_indexing.cleaning.events import clean_events
from crossfade_indexing.cleaning.overlay import Overlaid, live_events, live_items, live_users
from crossfade_indexing.cleaning.report import CleaningReport, Rejected, count, write_rejects
from crossfade_indexing.cleaning.timestamps import is_timezone
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.sources.live import LiveTables
from crossfade_indexing.sources.raw import REJECTS, RawTables

__all__ = ["Cleaned", "clean"]

_NONE = pl.DataFrame(schema=REJECTS)


@dataclass(frozen=True)
class Cleaned:
    """A cleaned data set and what cleaning did to it."""

    dataset: Dataset
    report: CleaningReport


def clean(
    raw: RawTables,
    *,
    timezone: str | None = None,
    rejects: Path | None = None,
    strict: bool = False,
    live: LiveTables | None = None,
) -> Cleaned:
    """Drop the rows that nothing can be learned from, each counted under a `Reason`.

    Items without text and users without attributes stay. Events of users that the users file lacks stay, events of
    items that the items file lacks do not. Without an items file, the items are those that the events name.

    Args:
        raw: What a source read; not changed.
        timezone: IANA name of the zone of local timestamps whose row names none. Default: UTC, with a warning.
        rejects: Where every dropped row and every lost live value goes, as JSON Lines; the file exists only if there
            are any.
        strict: Take a dropped row for an error, once the rejects file is written; what is dropped of live data, or
            because a user was erased, is none.
        live: Goes on top of what the files say: events are appended, items and users replaced or added, deleted
            items and erased users left out, merged users made one.

    Raises:
        InputError: If no event or no item is left, or ``strict`` is set and a row was dropped.
        ValueError: If there is no such time zone.
    """
    if timezone is not None and not is_timezone(timezone):
        raise ValueError(f"timezone: {timezone!r} is no IANA time zone, such as Europe/Berlin")
    tables = _Tables(raw, live, timezone)
    rejected = [(table, pl.concat([table.unread, tables.dropped.get(table.name, _NONE)])) for table in raw.tables]
    if rejects is not None:
        files = [Rejected(table.name, str(table.path), rows) for table, rows in rejected]
        lost = [] if live is None else [Rejected(one.counts.table, live.name, one.rows) for one in tables.live]
        write_rejects(rejects, files + lost)
        if live is not None:
            forget_rejects(rejects, live.erasures)  # a line that could not be read may name anybody
    counts = (*(count(table, rows) for table, rows in rejected), *(one.counts for one in tables.live))
    report = CleaningReport(counts, tuple(tables.warnings))
    if tables.events.is_empty():
        hint = _id_hint(raw, tables.items)
        raise InputError(f"{raw.events.path}: no event is left: {report.first_reasons()}{hint}")
    if strict and report.dropped_total:
        rows = "row" if report.dropped_total == 1 else "rows"
        place = f"; see {rejects}" if rejects is not None else ""
        raise InputError(f"{report.dropped_total:,} {rows} cannot be used: {report.first_reasons()}{place}")
    mark = None if live is None else live.mark
    return Cleaned(Dataset(tables.events, tables.items, tables.users, timezone, mark), report)


class _Tables:
    """The clean tables, what was dropped of the files by table and of live data, and warnings."""

    def __init__(self, raw: RawTables, live: LiveTables | None, timezone: str | None) -> None:
        self.warnings = [warning for table in raw.tables for warning in table.warnings]
        self.dropped: dict[str, pl.DataFrame] = {}
        self.live: list[Overlaid] = []
        items, self.users, known = None, None, None
        if raw.items is not None:
            items, self.dropped["items"], told = clean_items(raw.items)
            self.warnings += told
            if live is not None:
                items = self._noted(live_items(items, live))
            known = items.get_column("item_id")
        if raw.users is not None:
            self.users, self.dropped["users"] = clean_users(raw.users, live)
        self.events, self.dropped["events"], told = clean_events(raw.events, known, timezone, live)
        self.warnings += told
        if items is None:
            items = items_of_events(self.events)
            if live is not None:
                items = self._noted(live_items(items, live))
        self.items = items
        if live is not None:
            self._add_live_events(raw, live, timezone)
            users = self._noted(live_users(self.users, live))
            self.users = None if self.users is None and users.is_empty() else users
            self.live.sort(key=lambda one: one.counts.table)  # events first, as of the files

    def _noted(self, overlaid: Overlaid) -> pl.DataFrame:
        self.warnings += overlaid.warnings
        self.live.append(overlaid)
        return overlaid.table

    def _add_live_events(self, raw: RawTables, live: LiveTables, timezone: str | None) -> None:
        if self.items.is_empty():  # neither files nor the service describe any: they are those that the events name
            self.items = items_of_events(live.events.filter(~pl.col("item_id").is_in(live.deleted)))
        events = self._noted(live_events(live, self.items.get_column("item_id"), raw.events, timezone))
        self.events = pl.concat([self.events, events], how="diagonal")


def _id_hint(raw: RawTables, items: pl.DataFrame) -> str:
    """Two ids side by side show why no event's item is known."""
    if raw.items is None or items.is_empty() or raw.events.frame.is_empty():
        return ""
    event_id, item_id = raw.events.frame.get_column("item_id")[0], items.get_column("item_id")[0]
    return f'; item ids look like "{event_id}" there and like "{item_id}" in {raw.items.path.name}'
