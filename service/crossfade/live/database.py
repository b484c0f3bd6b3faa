"""Connections to the database of live data: how it is opened, read and written, and what its failures are called."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from crossfade.errors import LiveError
from crossfade.live.addresses import Address
from crossfade.live.advice import reason
from crossfade.live.files import OpenedFile
from crossfade.live.migrating import is_current, migrate
from crossfade.live.schema import clock, meta

__all__ = ["Database", "Part", "Writing", "is_lost"]

LOCK_TIMEOUT_S = 10.0
"""How long a write waits for the writes of other processes."""

_MIGRATION_LOCK = 0x63726F7373666164  # "crossfad": PostgreSQL's advisory locks are numbers
_READERS = 4


class Writing:
    """A write transaction, the only one on the database while it is open.

    Attributes:
        connection: To write through.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def take(self, count: int, *marks: sa.Column[int]) -> int:
        """Take the next ``count`` places in the order of commits.

        Args:
            count: How many, > 0.
            marks: Columns of the clock that are to say that what they stand for changed here.

        Returns:
            The last of them.
        """
        after = clock.c.seq + count
        moved = {column.name: after for column in (clock.c.seq, *marks)}
        return int((await self.connection.execute(sa.update(clock).values(moved).returning(clock.c.seq))).scalar_one())


class Database:
    """An open database whose tables are in the present state.

    Attributes:
        address: Where it is.
        store_id: Drawn when the tables were made; a copy of the database has it too.
        secret: 32 random bytes, drawn at the same time.
        file: The file of SQLite; None on a server.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.store_id = ""
        self.secret = b""
        self.file: OpenedFile | None = None
        # A read is one statement and so one snapshot by itself: no transaction to begin and end around it.
        self._reader = _engine(address, pool_size=_READERS, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True)
        self._writer = _engine(address, pool_size=1, max_overflow=0)

    @classmethod
    async def open(cls, url: str) -> Database:
        """Open the database and bring its tables to the present state; any number of processes may do so at once.

        Raises:
            LiveError: If it cannot be reached, is no database of ours, holds tables of another program, or
                is of a newer Crossfade.
        """
        database = cls(Address.parse(url))
        try:
            await database._prepare()
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Close all connections."""
        await self._reader.dispose()
        await self._writer.dispose()

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of SQLite."""
        return self.address.path is not None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection outside any transaction: each statement sees what was committed before it began."""
        with self._failures("read"):
            self.check_file()
            async with self._reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection on which all statements see the same."""
        with self._failures("read"):
            self.check_file()
            async with self._reader.connect() as connection:
                begin = "BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                await connection.exec_driver_sql(begin)
                try:
                    yield connection
                finally:
                    await connection.exec_driver_sql("ROLLBACK")

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        """Begin a write; committed at the end of the block, undone if it fails.

        Nobody else writes meanwhile: the places it takes in the order of commits are in that order.
        """
        with self._failures("write"):
            self.check_file()
            async with self._writer.connect() as connection:
                if self.is_sqlite:  # reading first and writing later would fail at once where another has written
                    await connection.exec_driver_sql("BEGIN IMMEDIATE")
                else:
                    await connection.execute(sa.select(clock.c.seq).with_for_update())
                yield Writing(connection)
                self.check_file()
                await connection.commit()

    def check_file(self) -> None:
        """Make sure that the file is still the one that was opened; a server looks after its own.

        Raises:
            LiveError: If it was removed, or another lies in its place.
        """
        if self.file is not None:
            self.file.check()

    async def _prepare(self) -> None:
        with self._failures("open"):
            if self.address.path is not None:
                # Told by the plain driver, because the thread of aiosqlite outlives the loop when it fails at this.
                sqlite3.connect(self.address.path).close()
                self.file = OpenedFile.at(self.address.path)
            async with self._reader.connect() as connection:
                ready = await connection.run_sync(is_current, self.address.name)
            if self.is_sqlite:
                await self._switch_to_wal()
            if not ready:
                await self._migrate()
            async with self._reader.connect() as connection:
                known = {row.key: row.value for row in await connection.execute(sa.select(meta))}
            if self.address.path is not None:
                self.file = OpenedFile.at(self.address.path)
        self.store_id, self.secret = known["store_id"].decode(), known["secret"]

    async def _switch_to_wal(self) -> None:
        """Let readers and a writer not wait for each other; kept in the file, so it is news only once."""
        async with self._reader.connect() as connection:
            for attempt in range(100):
                try:
                    await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                except DBAPIError as error:  # two that switch at once: SQLite does not wait here, whatever its timeout
                    if "locked" not in str(error.orig) or attempt == 99:
                        raise
                    await asyncio.sleep(0.05)
                else:
                    return

    async def _migrate(self) -> None:
        async with self._writer.connect() as connection:
            if self.is_sqlite:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            if not await connection.run_sync(is_current, self.address.name):  # not done by whoever had the lock before
                await connection.run_sync(migrate)
            await connection.commit()

    @contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        """Turn trouble with the database into ``LiveError``; a defect of ours stays what it is."""
        try:
            yield
        except (DataError, IntegrityError):
            raise
        except (DBAPIError, PoolTimeoutError, sqlite3.Error, OSError) as error:
            raise LiveError(f"{self.address.name}: cannot {doing} the live data: {reason(error)}") from error


class Part:
    """A group of the store's methods.

    Args:
        database: That they work on.
    """

    def __init__(self, database: Database) -> None:
        self._database = database


def is_lost(error: LiveError) -> bool:
    """Return whether a connection was found dead, so that another one may do."""
    return isinstance(error.__cause__, DBAPIError) and error.__cause__.connection_invalidated


def _engine(address: Address, **options: object) -> AsyncEngine:
    """Make an engine; its errors show no parameters, since those hold ids of users."""
    # The Python driver must not begin transactions by itself (isolation_level None): it knows no BEGIN IMMEDIATE.
    sqlite = {"isolation_level": None, "timeout": LOCK_TIMEOUT_S}
    arguments = sqlite if address.path is not None else {"connect_timeout": 5}
    try:
        engine = create_async_engine(address.url, connect_args=arguments, hide_parameters=True, **options)
    except ModuleNotFoundError as error:
        raise LiveError(f"{address.name}: needs a driver; pip install 'crossfade[postgres]'") from error
    sa.event.listen(engine.sync_engine, "connect", _prepare_sqlite if address.path is not None else _prepare_postgresql)
    return engine


def _prepare_sqlite(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
    """Make a commit outlast a power cut, and leave no bytes of what is deleted."""
    _run(connection, ("PRAGMA synchronous=FULL", "PRAGMA secure_delete=ON", "PRAGMA foreign_keys=ON"))


def _prepare_postgresql(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
    _run(connection, (f"SET lock_timeout = '{LOCK_TIMEOUT_S:g}s'", "SET synchronous_commit = on"))
    connection.commit()


def _run(connection: sa.engine.interfaces.DBAPIConnection, statements: tuple[str, ...]) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
