"""The live store: one database that all workers share, and everything that is asked of it."""

from __future__ import annotations

from typing import Self

from crossfade.live.database import Database
from crossfade.live.events import EventLog
from crossfade.live.files import OpenedFile
from crossfade.live.insights import Counting
from crossfade.live.items import ItemTable
from crossfade.live.look import Looking
from crossfade.live.scenarios import KeyTable, ScenarioTable
from crossfade.live.upkeep import Upkeep
from crossfade.live.users import UserTable

__all__ = ["LiveStore"]


class LiveStore(Looking, EventLog, ItemTable, UserTable, ScenarioTable, KeyTable, Counting, Upkeep):
    """Events, items, users, merges, erasures, scenarios and keys; each group of methods in a module of its own.

    All methods must run in one event loop. Writes are on the disk when they return. Each raises ``LiveError`` if the
    database cannot be used; then nothing of what was asked was written.

    Args:
        database: Open; closed with the store.
    """

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database, making its tables if it is new.

        Args:
            url: ``sqlite:///PATH``, a bare path, or ``postgresql://USER:PASSWORD@HOST:PORT/NAME``. The tables expect a
                database of their own; on PostgreSQL a schema of their own does, made before and named at the end of the
                URL: ``?options=-csearch_path%3Dcrossfade``.

        Raises:
            LiveError: If it cannot be reached, is no database of ours, holds tables of another program, or
                was made by a newer Crossfade.
        """
        return cls(await Database.open(url))

    async def close(self) -> None:
        """Write what waits, then close all connections."""
        await self.finish()
        await self._database.close()

    @property
    def store_id(self) -> str:
        """Drawn when the store was made; a copy of the database keeps it."""
        return self._database.store_id

    @property
    def file(self) -> OpenedFile | None:
        """The file of SQLite; None on a server."""
        return self._database.file

    @property
    def secret(self) -> bytes:
        """32 random bytes that only those who may read the database know."""
        return self._database.secret
