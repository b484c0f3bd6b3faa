"""Keeping named request defaults, and the keys of the doors."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from crossfade.errors import NotFoundError
from crossfade.live.database import Part
from crossfade.live.records import ApiKey, Scenario
from crossfade.live.rows import from_microseconds, require_keepable, to_microseconds, write_json
from crossfade.live.schema import api_keys, clock, scenarios
from crossfade.live.upsert import upsert

__all__ = ["KeyTable", "ScenarioTable"]


class ScenarioTable(Part):
    """The part of the store that keeps scenarios."""

    async def put_scenario(self, scenario: Scenario) -> None:
        """Keep a scenario, in the place of the one of its name if there is one.

        Raises:
            LiveError: If it could not be written.
            QueryError: If the name holds what no database can keep.
        """
        require_keepable("name", scenario.name)
        async with self._database.writing() as writing:
            await writing.take(1, clock.c.shared_seq)
            row = {"name": scenario.name, "defaults": write_json(dict(scenario.defaults))}
            await upsert(writing.connection, scenarios, [row])

    async def get_scenario(self, name: str) -> Scenario | None:
        """Return the scenario of a name, None if there is none."""
        async with self._database.reading() as connection:
            row = (await connection.execute(sa.select(scenarios).where(scenarios.c.name == name))).one_or_none()
        return None if row is None else Scenario(row.name, json.loads(row.defaults))

    async def list_scenarios(self) -> list[Scenario]:
        """Return all scenarios by name."""
        async with self._database.reading() as connection:
            found = await connection.execute(sa.select(scenarios))
        return sorted((Scenario(row.name, json.loads(row.defaults)) for row in found), key=lambda one: one.name)

    async def delete_scenario(self, name: str) -> None:
        """Delete a scenario.

        Raises:
            LiveError: If it could not be written.
            NotFoundError: If there is none of this name.
        """
        async with self._database.writing() as writing:
            gone = sa.delete(scenarios).where(scenarios.c.name == name).returning(scenarios.c.name)
            if await writing.connection.scalar(gone) is None:
                raise NotFoundError(f"no scenario is called {name!r}")
            await writing.take(1, clock.c.shared_seq)


class KeyTable(Part):
    """The part of the store that keeps API keys."""

    async def create_api_key(self, name: str, role: Literal["read", "write", "admin"]) -> tuple[ApiKey, str]:
        """Make a key of 256 random bits.

        Args:
            name: Whose it is, in words.
            role: What it allows.

        Returns:
            What is kept of it, and the key itself, which is kept nowhere.

        Raises:
            LiveError: If it could not be written.
            QueryError: If the name holds what no database can keep.
        """
        require_keepable("name", name)
        key = f"cf_{secrets.token_urlsafe(32)}"
        digest = hashlib.sha256(key.encode()).hexdigest()
        kept = ApiKey(uuid.uuid4().hex[:12], name, role, digest, datetime.now(UTC))
        async with self._database.writing() as writing:
            made = to_microseconds(kept.created_at)
            row = sa.insert(api_keys).values(id=kept.key_id, name=name, role=role, sha256=digest, created_at=made)
            await writing.connection.execute(row)
        return kept, key

    async def list_api_keys(self) -> list[ApiKey]:
        """Return all keys, revoked ones among them, the oldest first."""
        async with self._database.reading() as connection:
            found = await connection.execute(sa.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))
        return [_key(row) for row in found]

    async def revoke_api_key(self, key_id: str) -> ApiKey:
        """Let a key open nothing any more; revoking again changes nothing.

        Raises:
            LiveError: If it could not be written.
            NotFoundError: If there is no such key.
        """
        mine = api_keys.c.id == key_id
        async with self._database.writing() as writing:
            now = to_microseconds(datetime.now(UTC))
            revoked = sa.update(api_keys).where(mine, api_keys.c.revoked_at.is_(None)).values(revoked_at=now)
            await writing.connection.execute(revoked)
            row = (await writing.connection.execute(sa.select(api_keys).where(mine))).one_or_none()
            if row is None:
                raise NotFoundError(f"no API key has the id {key_id!r}")
        return _key(row)


def _key(row: sa.Row[tuple[object, ...]]) -> ApiKey:
    revoked = None if row.revoked_at is None else from_microseconds(row.revoked_at)
    return ApiKey(row.id, row.name, row.role, row.sha256, from_microseconds(row.created_at), revoked)
