"""Short words for what tests of the live data do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from crossfade.live import Attribution, Event, EventOutcome, LiveData, Person, StoredEvent

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def act(
    user_id: str = "ann",
    item_id: str = "film",
    event_type: str = "watch",
    *,
    event_id: str | None = None,
    at: datetime | None = NOON,
    of: Attribution | None = None,
) -> StoredEvent:
    """An event on its way into the store."""
    return StoredEvent(0, Event(user_id, item_id, event_type, timestamp=at, event_id=event_id), attribution=of)


def add(live: LiveData, *events: StoredEvent) -> list[EventOutcome]:
    return live.call(live.store.add_events(events))


def person(live: LiveData, user_id: str = "ann", *, after: int = 0) -> Person:
    return live.look([user_id], after=after, items_after=0).people[user_id]


def items_of(events: Iterable[StoredEvent]) -> list[str]:
    return [stored.event.item_id for stored in events]


def with_context(stored: StoredEvent, **context: str) -> StoredEvent:
    return replace(stored, event=replace(stored.event, context=context))
