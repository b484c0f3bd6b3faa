"""Live data put straight into a view, as a store would have it, without a database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from crossfade.encoding.item_text import item_text
from crossfade.engine.view import View
from crossfade.live import Event, ItemRecord, Person, Scenario, StoredEvent

__all__ = ["NOW", "LiveState"]

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


class LiveState:
    """What happened since a bundle was built; every method is one commit.

    Args:
        view: Over the bundle, without live data.
        seq: What the bundle has seen.
        gone_kept: How many rows of items that are gone are kept; None for all.
    """

    def __init__(self, view: View, seq: int = 0, *, gone_kept: int | None = None) -> None:
        self._gone_kept = gone_kept
        self.seq = seq
        self.records: dict[str, ItemRecord] = {}
        self._base = view
        self._items = view.items
        self._waiting: list[ItemRecord] = []
        self._events: dict[str, list[StoredEvent]] = defaultdict(list)
        self._attributes: dict[str, Mapping[str, str]] = {}
        self._groups: dict[str, tuple[str, ...]] = {}
        self._forgotten: set[str] = set()
        self._scenarios: dict[str, Scenario] = {}

    @property
    def view(self) -> View:
        """Everything up to now; what changed since the last look comes at once."""
        if self._waiting:
            overlay = self._items.overlay.extended(
                self._base.bundle, self._base.encoder.encode, self._waiting, self.seq
            )
            if self._gone_kept is not None:
                overlay = overlay.tidied(gone_kept=self._gone_kept)
            self._items, self._waiting = replace(self._items, overlay=overlay), []
        ids = {*self._events, *self._attributes, *self._groups, *self._forgotten}
        return replace(
            self._base,
            items=self._items,
            people={user_id: self._person(user_id) for user_id in ids},
            scenarios=dict(self._scenarios),
            seq=self.seq,
        )

    def event(
        self, user_id: str, item_id: str, event_type: str = "watch", *, value: float | None = None, at: datetime = NOW
    ) -> None:
        self.seq += 1
        event = Event(user_id, item_id, event_type, value, at, event_id=str(self.seq))
        self._events[user_id].append(StoredEvent(self.seq, event))

    def put(self, item_id: str, **properties: object) -> None:
        """Put an item; its score moves where its text does."""
        text = item_text(properties)
        before, row = self.records.get(item_id), self._base.bundle.catalogue.row_of.get(item_id)
        if before is not None:
            moved = before.deleted or item_text(before.properties) != text
            scored_before = before.scored_seq
        else:
            moved = row is None or text != item_text(self._base.items.all_properties(row))
            scored_before = 0
        self.seq += 1
        (vector,) = self._base.encoder.encode([text])
        self.change(
            ItemRecord(
                item_id,
                properties,
                changed_seq=self.seq,
                scored_seq=self.seq if moved else scored_before,
                embedding=vector if text else None,
                encoder=self._base.bundle.manifest.encoder.fingerprint,
            )
        )

    def delete(self, item_id: str) -> None:
        self.seq += 1
        self.change(ItemRecord(item_id, {}, deleted=True, changed_seq=self.seq, scored_seq=self.seq))

    def title_of(self, item_id: str) -> object:
        """Return an item's title as it is now."""
        if item_id in self.records:
            return self.records[item_id].properties["title"]
        return self._base.items.title_of(self._base.bundle.catalogue.row_of[item_id])

    def attributes(self, user_id: str, **attributes: str) -> None:
        self.seq += 1
        self._attributes[user_id] = attributes

    def merge(self, user_id: str, from_id: str) -> None:
        self.seq += 1
        group = (user_id, from_id)
        self._groups |= dict.fromkeys(group, group)

    def forget(self, user_id: str) -> None:
        self.seq += 1
        self._events.pop(user_id, None)
        self._attributes.pop(user_id, None)
        self._forgotten.add(user_id)

    def scenario(self, name: str, **defaults: object) -> None:
        self.seq += 1
        self._scenarios[name] = Scenario(name, defaults)

    def change(self, record: ItemRecord) -> None:
        """Take in an item as a store has it."""
        self.records[record.item_id] = record
        self._waiting = [*(one for one in self._waiting if one.item_id != record.item_id), record]

    def _person(self, user_id: str) -> Person:
        group = self._groups.get(user_id, (user_id,))
        events = sorted((one for member in group for one in self._events.get(member, ())), key=lambda one: one.seq)
        said = [self._attributes[member] for member in group if member in self._attributes]
        return Person(group, frozenset(self._forgotten & set(group)), events, said[0] if said else None)
