"""Everything a batch of answers needs to know of the live data, by one statement.

One statement is one snapshot on both databases and one round trip, so what it returns is a clean cut in the order of
commits without a transaction around it. Merges, erasures and scenarios are few: they are kept in memory, and read again
when the clock, part of each look, says that they have moved.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from crossfade.errors import LiveError
from crossfade.live.database import Database, Part, is_lost
from crossfade.live.records import IMPRESSION, Changes, ItemRecord, Person, Scenario, StoredEvent
from crossfade.live.rows import embedding_of, row_to_event, to_microseconds, user_hash
from crossfade.live.schema import clock, erased, events, items, merges, scenarios, users

__all__ = ["Looking", "Shared"]

_CLOCK, _EVENT, _USER, _ITEM = range(4)

# What an impression says against an item has halved thirty times by then.
_IMPRESSIONS_LAST = timedelta(days=30)


@dataclass
class Shared:
    """Merges, erasures and scenarios as of ``seq``.

    Attributes:
        seq: The clock's ``shared_seq`` that they belong to; -1 before the first reading.
        into: From a merged id to the one that it belongs to now.
        members: From such an id to those merged into it, in the order of the merges.
        erased: From the hash of an erased id to the place of the erasure in the order of commits.
        scenarios: By name.
    """

    seq: int = -1
    into: dict[str, str] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    erased: dict[str, int] = field(default_factory=dict)
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)

    def group(self, user_id: str) -> tuple[str, ...]:
        """Return all ids of the one who has this id, as ``Person.user_ids`` orders them."""
        root = self.into.get(user_id, user_id)
        return (root, *reversed(self.members.get(root, ())))

    def forgotten(self, secret: bytes, user_ids: Iterable[str], after: int) -> frozenset[str]:
        """Return those ids that were erased after a place in the order of commits."""
        if not self.erased:
            return frozenset()
        return frozenset(one for one in user_ids if self.erased.get(user_hash(secret, one), -1) > after)

    async def catch_up(self, connection: AsyncConnection) -> None:
        """Take in what has moved; merges are removed by erasures alone, so without one only new ones are read.

        Everything is read before anything is changed: others use this object between the reads.
        """
        now = (await connection.execute(sa.select(clock))).one()
        since = self.seq if now.erased_seq <= self.seq else -1
        moved = sa.select(merges).where(merges.c.seq > since).order_by(merges.c.seq, merges.c.from_id)
        new_merges = (await connection.execute(moved)).all()
        new_erased = (await connection.execute(sa.select(erased).where(erased.c.seq > self.seq))).all()
        present = (await connection.execute(sa.select(scenarios))).all()

        if since < 0:
            self.into, self.members = {}, {}
        for row in new_merges:
            if (before := self.into.get(row.from_id)) is not None:
                self.members[before].remove(row.from_id)
            self.into[row.from_id] = row.into_id
            self.members.setdefault(row.into_id, []).append(row.from_id)
        self.erased.update((row.user_hash, row.seq) for row in new_erased)
        self.scenarios = {row.name: Scenario(row.name, json.loads(row.defaults)) for row in present}
        self.seq = now.shared_seq


class Looking(Part):
    """The part of the store that answers looks."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._shared = Shared()
        self._one_at_a_time = asyncio.Lock()

    async def look(self, user_ids: Collection[str], *, after: int, items_after: int) -> Changes:
        """Return what is known of some users, and the items that changed: one clean cut in the order of commits.

        Args:
            user_ids: At most 10,000 with all that were merged with them; unknown ones are no error.
            after: What a bundle has seen. Events up to this place are left out, but for those that it may lack: the
                impressions of the last 30 days, and events on items that were put or deleted after it.
            items_after: So are items whose last change was no later.

        Returns:
            Everything that was committed before the call, maybe more.

        Raises:
            LiveError: If the database cannot be read.
        """
        shared = self._shared
        while True:
            asked = {user_id: shared.group(user_id) for user_id in user_ids}
            ids = sorted({one for group in asked.values() for one in group})
            try:
                found = await self._ask(ids, after, items_after)
            except LiveError as error:
                if not is_lost(error):
                    raise
                found = await self._ask(ids, after, items_after)  # the server was restarted: connections are new now
            if found.shared_seq == shared.seq:
                break
            await self._catch_up()
        secret = self._database.secret
        people = {one: found.person(group, shared.forgotten(secret, group, after)) for one, group in asked.items()}
        return Changes(found.seq, people, found.items, shared.scenarios)

    async def _ask(self, ids: list[str], after: int, items_after: int) -> _Found:
        recent = to_microseconds(datetime.now(UTC) - _IMPRESSIONS_LAST)
        values = {"ids": ids, "after": after, "items_after": items_after, "recent": recent}
        found = _Found()
        async with self._database.reading() as connection:
            rows = await connection.execute(_LOOK, values)
        for row in rows:
            kind = row[0]
            if kind == _EVENT:
                stored = row_to_event(row[1:-1])
                found.events.setdefault(stored.event.user_id, []).append(stored)
            elif kind == _CLOCK:
                found.seq, found.shared_seq = row.seq, row.timestamp
            elif kind == _USER:
                found.attributes[row.user_id] = json.loads(row.context)
            else:
                found.items.append(_item(row))
        found.items.sort(key=lambda item: item.changed_seq)
        return found

    async def shared(self) -> Shared:
        """Return merges, erasures and scenarios as they are now; not to be changed."""
        async with self._database.reading() as connection:
            now = (await connection.execute(sa.select(clock.c.shared_seq))).scalar_one()
        if now != self._shared.seq:
            await self._catch_up()
        return self._shared

    async def _catch_up(self) -> None:
        async with self._one_at_a_time, self._database.snapshot() as connection:
            await self._shared.catch_up(connection)


@dataclass
class _Found:
    """The rows of one look, by what they are."""

    seq: int = 0
    shared_seq: int = 0
    events: dict[str, list[StoredEvent]] = field(default_factory=dict)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    items: list[ItemRecord] = field(default_factory=list)

    def person(self, group: tuple[str, ...], forgotten: frozenset[str]) -> Person:
        acts = [event for user_id in group for event in self.events.get(user_id, ())]
        acts.sort(key=lambda event: event.seq)
        said = [self.attributes[user_id] for user_id in reversed(group) if user_id in self.attributes]
        attributes = {name: value for each in said for name, value in each.items()} if said else None
        return Person(group, forgotten, acts, attributes)


def _branch(kind: int, **columns: sa.ColumnElement[object]) -> sa.Select[*tuple[Any, ...]]:  # whatever the columns are
    """Return one branch of the union; its columns are called after those of an event, the most frequent row."""
    empty = {
        "seq": sa.BigInteger,
        "event_id": sa.Text,
        "user_id": sa.Text,
        "item_id": sa.Text,
        "event_type": sa.Text,
        "value": sa.Double,
        "timestamp": sa.BigInteger,
        "local_time": sa.BigInteger,
        "context": sa.Text,
        "recommendation": sa.Text,
        "scenario": sa.Text,
        "rank": sa.Integer,
        "component": sa.Text,
        "embedding": sa.LargeBinary,
    }
    filled = [columns.get(name, sa.cast(sa.null(), kept)).label(name) for name, kept in empty.items()]
    return sa.select(sa.literal_column(str(kind), sa.Integer).label("kind"), *filled)


_ids: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)

_after: sa.BindParameter[int] = sa.bindparam("after")

# Asked of each of a user's events, by the key of the items: very many may have changed. Deleted ones are among
# them for the further pages of an answer that began before.
_changed_item = sa.exists().where(items.c.item_id == events.c.item_id, items.c.changed_seq > _after)
_recently_shown = sa.and_(events.c.event_type == IMPRESSION, events.c.timestamp >= sa.bindparam("recent"))

_LOOK = sa.union_all(
    _branch(_CLOCK, seq=clock.c.seq, timestamp=clock.c.shared_seq),
    _branch(_EVENT, **events.c).where(events.c.user_id.in_(_ids), events.c.seq > _after),
    _branch(_EVENT, **events.c).where(
        events.c.user_id.in_(_ids), events.c.seq <= _after, sa.or_(_recently_shown, _changed_item)
    ),
    _branch(_USER, user_id=users.c.user_id, context=users.c.attributes).where(users.c.user_id.in_(_ids)),
    _branch(
        _ITEM,
        item_id=items.c.item_id,
        context=items.c.properties,
        rank=sa.cast(items.c.deleted, sa.Integer),
        seq=items.c.changed_seq,
        timestamp=items.c.scored_seq,
        embedding=items.c.embedding,
        event_type=items.c.encoder,
    ).where(items.c.changed_seq > sa.bindparam("items_after")),
)


def _item(row: sa.Row[tuple[object, ...]]) -> ItemRecord:
    return ItemRecord(
        row.item_id,
        json.loads(row.context),
        bool(row.rank),
        row.seq,
        row.timestamp,
        embedding_of(row.embedding),
        row.event_type,
    )
