"""Writing events: whatever waits at one moment is committed together, so many callers share one wait for the disk."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from crossfade.live.database import Database, Part, Writing
from crossfade.live.records import EventOutcome, StoredEvent
from crossfade.live.rows import event_to_row, row_to_event, unkeepable
from crossfade.live.schema import events

__all__ = ["EventLog"]

_EVENTS_A_COMMIT = 10_000
"""Where a commit takes no further caller in; also within the 32,766 parameters of SQLite."""


@dataclass
class _Waiting:
    """A caller's events, and what will be known when they are committed."""

    events: list[StoredEvent]
    new: asyncio.Future[frozenset[str]]


class EventLog(Part):
    """The part of the store that keeps events."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._waiting: deque[_Waiting] = deque()
        self._committing: asyncio.Task[None] | None = None

    async def add_events(self, new: Sequence[StoredEvent]) -> list[EventOutcome]:
        """Keep events; they are on the disk when this returns.

        Args:
            new: Their ``seq`` does not matter. One without an ``event_id`` gets one, one without a time the present.

        Returns:
            One outcome for each, in their order. Of two with the same ``event_id`` the first is accepted.

        Raises:
            LiveError: If they could not be written; then none of them was.
        """
        filled = [_fill(stored) for stored in new]
        wrong = [_what_is_wrong(stored) for stored in filled]
        good = [stored for stored, outcome in zip(filled, wrong, strict=True) if outcome is None]
        unused = set(await self._commit(good)) if good else set()
        return [outcome or _outcome(stored, unused) for stored, outcome in zip(filled, wrong, strict=True)]

    async def user_events(self, user_id: str) -> list[StoredEvent]:
        """Return all events that came under exactly this id, in the order of commits."""
        async with self._database.reading() as connection:
            found = await connection.execute(
                sa.select(events).where(events.c.user_id == user_id).order_by(events.c.seq)
            )
        return [row_to_event(row) for row in found]

    async def finish(self) -> None:
        """Return when nothing waits to be written."""
        while self._committing is not None:
            await asyncio.wait([self._committing])

    async def _commit(self, good: list[StoredEvent]) -> frozenset[str]:
        """Queue events for the next commit; return the ids of those that were new."""
        waiting = _Waiting(good, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        return await waiting.new

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                together = self._next()
                try:
                    new = await self._write(together)
                except Exception as error:  # noqa: BLE001 - every caller gets it; nobody would see it here
                    _settle(together, error)
                else:
                    _settle(together, new)
        finally:
            self._committing = None

    def _next(self) -> list[_Waiting]:
        together = [self._waiting.popleft()]
        count = len(together[0].events)
        while self._waiting and count + len(self._waiting[0].events) <= _EVENTS_A_COMMIT:
            together.append(self._waiting.popleft())
            count += len(together[-1].events)
        return together

    async def _write(self, together: list[_Waiting]) -> list[frozenset[str]]:
        """Write what is new among the events of some callers; return the new ids of each."""
        async with self._database.writing() as writing:
            known = await _known(writing, (stored for waiting in together for stored in waiting.events))
            fresh: list[StoredEvent] = []
            new = []
            for waiting in together:
                mine = []
                for stored in waiting.events:
                    if (event_id := str(stored.event.event_id)) not in known:
                        known.add(event_id)
                        mine.append(stored)
                fresh += mine
                new.append(frozenset(str(stored.event.event_id) for stored in mine))
            if fresh:
                first = await writing.take(len(fresh)) - len(fresh) + 1
                rows = [event_to_row(stored, first + place) for place, stored in enumerate(fresh)]
                await writing.connection.execute(sa.insert(events), rows)
        return new


async def _known(writing: Writing, some: Iterable[StoredEvent]) -> set[str]:
    """Return which of their ids are taken; nobody else can take one before this write ends."""
    ids = [str(stored.event.event_id) for stored in some]
    known: set[str] = set()
    for start in range(0, len(ids), _EVENTS_A_COMMIT):
        part = ids[start : start + _EVENTS_A_COMMIT]
        known.update(await writing.connection.scalars(sa.select(events.c.event_id).where(events.c.event_id.in_(part))))
    return known


def _settle(together: list[_Waiting], result: list[frozenset[str]] | Exception) -> None:
    for place, waiting in enumerate(together):
        if waiting.new.done():  # the caller has gone
            continue
        if isinstance(result, Exception):
            waiting.new.set_exception(result)
        else:
            waiting.new.set_result(result[place])


def _fill(stored: StoredEvent) -> StoredEvent:
    event = stored.event
    if event.event_id is not None and event.timestamp is not None:
        return stored
    event_id = uuid.uuid4().hex if event.event_id is None else event.event_id
    return replace(stored, event=replace(event, event_id=event_id, timestamp=event.timestamp or datetime.now(UTC)))


def _what_is_wrong(stored: StoredEvent) -> EventOutcome | None:
    event = stored.event
    for name in ("event_id", "user_id", "item_id", "event_type"):
        if (reason := unkeepable(str(getattr(event, name)))) is not None:
            return EventOutcome("", field=name, message=f"{name} {reason}")
    return None


def _outcome(stored: StoredEvent, unused: set[str]) -> EventOutcome:
    """Return accepted for the first that brings a new id, duplicate for all others."""
    event_id = str(stored.event.event_id)
    if event_id in unused:
        unused.remove(event_id)
        return EventOutcome(event_id)
    return EventOutcome(event_id, duplicate=True)
