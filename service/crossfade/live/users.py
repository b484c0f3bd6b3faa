"""Keeping what is known of users: attributes, who was merged into whom, and that some were erased."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import sqlalchemy as sa

from crossfade.errors import QueryError
from crossfade.live.database import Part, Writing
from crossfade.live.pruning import prune
from crossfade.live.records import StoredEvent, UserRecord
from crossfade.live.rows import require_keepable, row_to_event, user_hash, write_json
from crossfade.live.schema import clock, erased, events, merges, users
from crossfade.live.upsert import upsert

__all__ = ["UserTable"]

_A_STATEMENT = 10_000  # SQLite takes 32,766 parameters


class UserTable(Part):
    """The part of the store that keeps users."""

    async def put_users(self, records: Sequence[UserRecord], *, only_if_unchanged: bool = False) -> int | None:
        """Keep the attributes of users as they are given, in the place of all that was put for each; all or none.

        They are kept for the id that the others were merged into, and those of the others are deleted.

        Args:
            records: Distinct ids, at least one; of several that are one user the last counts.
            only_if_unchanged: Whether to write only if each user's ``last_change`` still is the ``changed_seq`` of the
                record.

        Returns:
            The place of the last of them in the order of commits; None where one had changed and nothing was written.

        Raises:
            LiveError: If they could not be written.
            QueryError: If an id holds what no database can keep.
        """
        ids = [record.user_id for record in records]
        require_keepable("user_id", *ids)
        async with self._database.writing() as writing:
            if only_if_unchanged:
                for record in records:
                    if await self._last_change(writing, record.user_id) != record.changed_seq:
                        return None
            into = await _merged(writing, ids)
            roots = sorted(set(into.values()))
            put = {into.get(record.user_id, record.user_id): record.attributes for record in records}
            last = await writing.take(len(put))
            rows = [
                {"user_id": user_id, "attributes": write_json(dict(attributes)), "changed_seq": seq}
                for seq, (user_id, attributes) in enumerate(put.items(), last - len(put) + 1)
            ]
            await upsert(writing.connection, users, rows)
            await _unsay(writing, roots)
        return last

    async def last_change(self, user_id: str) -> int:
        """Return the place of the last change to who a user is and what was put for them, 0 for none.

        Such are attributes put for any of the user's ids, merges and erasures; after each of them it is another one.

        Raises:
            QueryError: If the id holds what no database can keep.
        """
        require_keepable("user_id", user_id)
        async with self._database.snapshot() as connection:
            return await self._last_change(Writing(connection), user_id)

    async def _last_change(self, writing: Writing, user_id: str) -> int:
        group = await _group(writing, user_id)
        hashes = [user_hash(self._database.secret, one) for one in group]
        asked = (
            sa.select(sa.func.max(users.c.changed_seq)).where(users.c.user_id.in_(group)),
            sa.select(sa.func.max(merges.c.seq)).where(merges.c.into_id == group[0]),
            sa.select(sa.func.max(erased.c.seq)).where(erased.c.user_hash.in_(hashes)),
        )
        return max([await writing.connection.scalar(one) or 0 for one in asked])

    async def user_ids(self, *, limit: int, after: str = "") -> list[str]:
        """Return ids that the store knows, by code points, those after ``after``.

        Known are those that attributes were put for, that events came under and that others were merged into.
        """
        async with self._database.reading() as connection:
            found: set[str] = set()
            for column in (users.c.user_id, events.c.user_id, merges.c.into_id):
                # SQLite compares bytes of UTF-8, whose order is that of code points; PostgreSQL does if told to.
                by_code = sa.collate(column, "C") if connection.dialect.name == "postgresql" else column
                page = sa.select(column).where(by_code > after).group_by(column).order_by(by_code).limit(limit)
                found.update(await connection.scalars(page))
        return sorted(found)[:limit]

    async def merge_users(self, into_id: str, from_id: str) -> None:
        """Let two ids be one user from now on, with the past and the attributes of both.

        Where ``into_id`` was itself merged into another, that one gets ``from_id``; what had been merged into
        ``from_id`` goes along. Merging again what is merged changes nothing.

        Raises:
            LiveError: If it could not be written.
            QueryError: If both are the same user, if ``into_id`` was merged into ``from_id``, or if ``from_id``
                was merged into somebody else before.
        """
        require_keepable("user_id", into_id)
        require_keepable("from_id", from_id)
        if into_id == from_id:
            raise QueryError("from_id: a user cannot be merged into itself", field="from_id")
        async with self._database.writing() as writing:
            into_root, from_root = await _root(writing, into_id), await _root(writing, from_id)
            if into_root == from_root and from_root != from_id:
                return
            if into_root == from_id:
                raise QueryError("from_id: the other user was merged into this one before", field="from_id")
            if from_root != from_id:
                raise QueryError("from_id: this user was merged into another one before", field="from_id")
            seq = await writing.take(1, clock.c.shared_seq)
            moved = sa.update(merges).where(merges.c.into_id == from_id).values(into_id=into_root, seq=seq)
            await writing.connection.execute(moved)
            await upsert(writing.connection, merges, [{"from_id": from_id, "into_id": into_root, "seq": seq}])

    async def erase_user(self, user_id: str) -> tuple[str, ...]:
        """Delete all that is kept of a user and of all that were merged with it, but for keyed hashes of the ids.

        On SQLite nothing of it is in any byte of the files when this returns. On PostgreSQL the rows are gone and
        their space is free to be written over; its log of writes and its backups forget by their own rules.

        Returns:
            The ids that were erased.

        Raises:
            LiveError: If it could not be written; or if it was, but a reader kept SQLite from pruning its files. Then
                erase again.
        """
        require_keepable("user_id", user_id)
        async with self._database.writing() as writing:
            group = await _group(writing, user_id)
            seq = await writing.take(1, clock.c.shared_seq, clock.c.erased_seq)
            for column in (events.c.user_id, users.c.user_id, merges.c.from_id, merges.c.into_id):
                await writing.connection.execute(sa.delete(column.table).where(column.in_(group)))
            hashes = [{"user_hash": user_hash(self._database.secret, one), "seq": seq} for one in group]
            await upsert(writing.connection, erased, hashes)
        await prune(self._database, group)
        return group

    async def export_user(self, user_id: str) -> dict[str, object]:
        """Return all that is kept of a user and of those merged with it, as JSON values.

        Returns:
            ``user_ids``; ``attributes`` by id; ``events`` in the order of commits, times in ISO 8601.
        """
        async with self._database.snapshot() as connection:
            group = await _group(Writing(connection), user_id)
            put = await connection.execute(sa.select(users).where(users.c.user_id.in_(group)))
            attributes = {row.user_id: json.loads(row.attributes) for row in put}
            mine = sa.select(events).where(events.c.user_id.in_(group)).order_by(events.c.seq)
            acts = [_plain(row_to_event(row)) for row in await connection.execute(mine)]
        return {"user_ids": list(group), "attributes": attributes, "events": acts}


async def _merged(writing: Writing, user_ids: Sequence[str]) -> dict[str, str]:
    """Return, of those among some ids that share a user with others, the id that the others were merged into."""
    found: dict[str, str] = {}
    for start in range(0, len(user_ids), _A_STATEMENT):
        some = user_ids[start : start + _A_STATEMENT]
        from_these = sa.select(merges.c.from_id, merges.c.into_id).where(merges.c.from_id.in_(some))
        into_these = sa.select(merges.c.into_id).where(merges.c.into_id.in_(some)).distinct()
        found.update({row.from_id: row.into_id for row in await writing.connection.execute(from_these)})
        found.update({root: root for root in await writing.connection.scalars(into_these)})
    return found


async def _unsay(writing: Writing, roots: Sequence[str]) -> None:
    """Delete what was put for the ids that were merged into some."""
    for start in range(0, len(roots), _A_STATEMENT):
        some = roots[start : start + _A_STATEMENT]
        members = sa.select(merges.c.from_id).where(merges.c.into_id.in_(some))
        await writing.connection.execute(sa.delete(users).where(users.c.user_id.in_(members)))


async def _root(writing: Writing, user_id: str) -> str:
    """Return the id that an id was merged into, itself if none."""
    into = await writing.connection.scalar(sa.select(merges.c.into_id).where(merges.c.from_id == user_id))
    return user_id if into is None else into


async def _group(writing: Writing, user_id: str) -> tuple[str, ...]:
    """Return all ids of the user who has this one, the one that the others were merged into first."""
    root = await _root(writing, user_id)
    merged = (
        sa.select(merges.c.from_id)
        .where(merges.c.into_id == root)
        .order_by(merges.c.seq.desc(), merges.c.from_id.desc())
    )
    return (root, *await writing.connection.scalars(merged))


def _plain(stored: StoredEvent) -> Mapping[str, object]:
    event = stored.event
    return {
        "seq": stored.seq,
        "event_id": event.event_id,
        "user_id": event.user_id,
        "item_id": event.item_id,
        "event_type": event.event_type,
        "value": event.value,
        "timestamp": None if event.timestamp is None else event.timestamp.isoformat(),
        "local_time": None if stored.local_time is None else stored.local_time.isoformat(),
        "context": dict(event.context),
        "attribution": None if stored.attribution is None else asdict(stored.attribution),
    }
