"""Getting deleted rows out of the files, not only out of the tables."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from crossfade.errors import LiveError
from crossfade.live.database import Database
from crossfade.live.schema import TABLES
from crossfade.live.searching import found_in

__all__ = ["prune", "write_anew"]

PATIENCE_S = 30.0
"""How long to wait for a moment in which nobody reads the log."""

_MOMENT_MS = 20


async def prune(database: Database, traces: Iterable[str]) -> None:
    """Make sure that no file of SQLite holds what was deleted; on PostgreSQL, free the space of it.

    ``secure_delete`` writes zeros over deleted rows, but not over copies that stayed where SQLite had moved rows from
    one page to another: of 300 users deleted from 16 MB, 6 were still to be found. The file is searched, therefore, and
    written anew where something is found; a text as short as ``42`` is found in most.

    Args:
        database: Where rows were deleted.
        traces: Texts that were in those rows.

    Raises:
        LiveError: If somebody has been reading the file's log for half a minute.
    """
    async with database.reading() as connection:
        if database.address.path is None:
            await _vacuum_tables(connection)
            return
        await _empty_log(connection, database)
        if await asyncio.to_thread(found_in, database.address.path, list(traces)):
            await _vacuum_file(connection, database)


async def write_anew(database: Database) -> None:
    """Give the space of all that was deleted back.

    Raises:
        LiveError: As for ``prune``.
    """
    async with database.reading() as connection:
        if database.is_sqlite:
            await _vacuum_file(connection, database)
        else:
            await _vacuum_tables(connection)


async def _vacuum_tables(connection: AsyncConnection) -> None:
    for table in TABLES.sorted_tables:
        await connection.exec_driver_sql(f"VACUUM {table.name}")


async def _vacuum_file(connection: AsyncConnection, database: Database) -> None:
    await connection.exec_driver_sql("VACUUM")
    await _empty_log(connection, database)


async def _empty_log(connection: AsyncConnection, database: Database) -> None:
    """Move what is in SQLite's log into its file, and cut the log to nothing; waits for a moment without a reader.

    Writers wait while SQLite does, so it waits for moments only.
    """
    patience_ms = (await connection.exec_driver_sql("PRAGMA busy_timeout")).scalar_one()
    await connection.exec_driver_sql(f"PRAGMA busy_timeout={_MOMENT_MS}")
    try:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            busy = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
            if not busy:
                return
            await asyncio.sleep(_MOMENT_MS / 1000)
    finally:
        await connection.exec_driver_sql(f"PRAGMA busy_timeout={patience_ms}")
    raise LiveError(
        f"{database.address.name}: deleted, but still in the file's log, which somebody has been reading for "
        f"{PATIENCE_S:g} s (an indexing run?); ask again when that is done"
    )
