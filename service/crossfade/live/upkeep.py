"""How large the store is, and what an operator does about it: back it up, make it smaller, read all of it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from crossfade.errors import LiveError
from crossfade.live.database import Part
from crossfade.live.pruning import write_anew
from crossfade.live.records import IMPRESSION, ItemRecord, Statistics, StoredEvent, UserRecord
from crossfade.live.rows import from_microseconds, row_to_event, row_to_item, row_to_user, to_microseconds
from crossfade.live.schema import REVISIONS, TABLES, clock, erased, events, items, merges, users

__all__ = ["Dump", "Upkeep"]


@dataclass(frozen=True)
class Dump:
    """All that the store holds, as of one place in the order of commits.

    Attributes:
        store_id: Of the store.
        secret: Of the store, for ``user_hash``.
        seq: That place.
        items: Those changed after the place asked from, in the order of their last change, deleted ones among them.
        users: All that attributes were put for, by id.
        merges: From a merged id to the one that it belongs to now, in the order of the merges.
        erased: From ``user_hash(secret, user_id)`` of each erased id to the place of the erasure in that order.
    """

    store_id: str
    secret: bytes = field(repr=False)
    seq: int
    items: Sequence[ItemRecord]
    users: Sequence[UserRecord]
    merges: Mapping[str, str]
    erased: Mapping[str, int]
    _after: int
    _connection: AsyncConnection = field(repr=False)

    async def events(self, *, chunk: int = 10_000) -> AsyncIterator[list[StoredEvent]]:
        """Go through the events after the place asked from, in the order of commits.

        Args:
            chunk: How many to give at a time.
        """
        after = self._after
        while True:
            page = sa.select(events).where(events.c.seq > after).order_by(events.c.seq).limit(chunk)
            found = [row_to_event(row) for row in await self._connection.execute(page)]
            if not found:
                return
            yield found
            after = found[-1].seq


class Upkeep(Part):
    """The part of the store that operators and the indexing job use."""

    async def statistics(self) -> Statistics:
        """Return how much the store holds."""
        async with self._database.snapshot() as connection:
            rows = {}
            for table in TABLES.sorted_tables:
                rows[table.name] = int(await connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
            seq = (await connection.scalars(sa.select(clock.c.seq))).one()
            oldest = await connection.scalar(sa.select(sa.func.min(events.c.timestamp)))
            newest = await connection.scalar(sa.select(sa.func.max(events.c.timestamp)))
            size = await self._size(connection)
        return Statistics(
            self._database.store_id,
            seq,
            REVISIONS[-1],
            rows,
            size,
            None if oldest is None else from_microseconds(oldest),
            None if newest is None else from_microseconds(newest),
        )

    async def newest_event(self) -> datetime | None:
        """Return the time of the latest event, UTC; None without events."""
        async with self._database.reading() as connection:
            newest = await connection.scalar(sa.select(sa.func.max(events.c.timestamp)))
        return None if newest is None else from_microseconds(newest)

    async def catch_up(self, seq: int) -> int:
        """Let the order of commits go on behind a place that was taken already, by the store that this is a copy of.

        Otherwise what is written next would pass for what a bundle made from that store has seen.

        Args:
            seq: What the bundle has seen.

        Returns:
            The last place that was taken here before; at least ``seq`` where nothing had to be done.

        Raises:
            LiveError: If it could not be written.
        """
        async with self._database.reading() as connection:
            last = int((await connection.scalars(sa.select(clock.c.seq))).one())
        if last < seq:
            async with self._database.writing() as writing:
                await writing.connection.execute(sa.update(clock).where(clock.c.seq < seq).values(seq=seq))
        return last

    async def backup(self, path: Path) -> None:
        """Copy the database into a new file while it is in use; whole or not at all, readable by its owner alone.

        The copy has the ids of users that are erased later.

        Raises:
            LiveError: If the file exists, cannot be written, or the database is PostgreSQL, which has ``pg_dump``.
        """
        if self._database.address.path is None:
            raise LiveError(f"{self._database.address.name}: back up a PostgreSQL database with pg_dump")
        self._database.check_file()
        await asyncio.to_thread(_copy, self._database.address.path, path)

    async def compact(self, *, impressions_older_than_days: float) -> int:
        """Delete old impressions, then give the space of all that was deleted back; writes wait meanwhile.

        Insights of those days lose their impressions; no answer changes where only recent impressions count.

        Returns:
            How many impressions were deleted.

        Raises:
            LiveError: If it could not be written.
        """
        until = to_microseconds(datetime.now(UTC) - timedelta(days=impressions_older_than_days))
        old = sa.delete(events).where(events.c.event_type == IMPRESSION, events.c.timestamp < until)
        async with self._database.writing() as writing:
            await writing.take(1)
            deleted = (await writing.connection.execute(old)).rowcount
        await write_anew(self._database)
        return deleted

    @asynccontextmanager
    async def dump(self, *, after: int = 0) -> AsyncIterator[Dump]:
        """Give all that the store holds, all of one moment, for as long as the block lasts.

        SQLite cannot shrink its log, and so no erasure can end, before the block does.

        Args:
            after: Events and item changes up to this place in the order of commits are left out.
        """
        async with self._database.snapshot() as connection:
            changed = sa.select(items).where(items.c.changed_seq > after).order_by(items.c.changed_seq)
            merged = sa.select(merges).order_by(merges.c.seq, merges.c.from_id)
            yield Dump(
                store_id=self._database.store_id,
                secret=self._database.secret,
                seq=(await connection.scalars(sa.select(clock.c.seq))).one(),
                items=[row_to_item(row) for row in await connection.execute(changed)],
                users=[
                    row_to_user(row) for row in await connection.execute(sa.select(users).order_by(users.c.user_id))
                ],
                merges={row.from_id: row.into_id for row in await connection.execute(merged)},
                erased={row.user_hash: row.seq for row in await connection.execute(sa.select(erased))},
                _after=after,
                _connection=connection,
            )

    async def _size(self, connection: AsyncConnection) -> int:
        path = self._database.address.path
        if path is None:
            names = [table.name for table in TABLES.sorted_tables]
            sizes = [await connection.scalar(sa.select(sa.func.pg_total_relation_size(name))) for name in names]
            return sum(int(size or 0) for size in sizes)
        log = path.with_name(path.name + "-wal")
        return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _copy(source: Path, path: Path) -> None:
    """Copy a database of SQLite; under another name until it is whole."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(source)) as mine, closing(sqlite3.connect(unfinished)) as copy:
            mine.backup(copy)
        os.link(unfinished, path)  # fails where something is, as a renaming would not
    except FileExistsError:
        raise LiveError(f"{path}: is there already; name a new file") from None
    except (OSError, sqlite3.Error) as error:
        raise LiveError(f"{path}: cannot write a backup: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
