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
from crossfade.live.rows import require_keepable, row_to_event, row_to_user, user_hash, write_json
from crossfade.live.schema import clock, erased, events, merges, users
from crossfade.live.upsert import upsert

__all__ = ["UserTable"]


class UserTable(Part):
    """The part of the store that keeps users."""

    async def put_users(self, records: Sequence[UserRecord], *, only_if_unchanged: bool = False) -> int | None:
        """Keep the attributes of users as they are given, each in the place of those of the same id; all or none.

        Args:
            records: Distinct ids, at least one.
            only_if_unchanged: Whether to write only if each id's last change in the store, 0 for none, still is the
                ``changed_seq`` of its record.

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
                asked = sa.select(users.c.user_id, users.c.changed_seq).where(users.c.user_id.in_(ids))
                before = {row.user_id: row.changed_seq for row in await writing.connection.execute(asked)}
                if any(before.get(record.user_id, 0) != record.changed_seq for record in records):
                    return None
            last = await writing.take(len(records))
            rows = [
                {"user_id": record.user_id, "attributes": write_json(dict(record.attributes)), "changed_seq": seq}
                for seq, record in enumerate(records, last - len(records) + 1)
            ]
            await upsert(writing.connection, users, rows)
        return last

    async def get_user(self, user_id: str) -> UserRecord | None:
        """Return what was put for exactly this id, None if nothing was."""
        async with self._database.reading() as connection:
            row = (await connection.execute(sa.select(users).where(users.c.user_id == user_id))).one_or_none()
        return None if row is None else row_to_user(row)

    async def user_ids(self, *, limit: int, after: str = "") -> list[str]:
        """Return ids that attributes were put for or events came under, by code points, those after ``after``."""
        async with self._database.reading() as connection:
            found: set[str] = set()
            for column in (users.c.user_id, events.c.user_id):
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
