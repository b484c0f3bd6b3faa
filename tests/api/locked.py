"""A book of API keys that lies in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from crossfade.api.doors import Role
from crossfade.live import ApiKey

__all__ = ["Book"]

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Book:
    """Keys that a test makes and revokes."""

    def __init__(self) -> None:
        self.readings = 0
        self._keys: dict[str, ApiKey] = {}

    def make(self, role: Role) -> dict[str, str]:
        """Make a key and return the headers that carry it; its id is the role and how many keys there were."""
        key = f"cf_{role}-{len(self._keys)}"
        digest = hashlib.sha256(key.encode()).hexdigest()
        self._keys[key] = ApiKey(f"{role}-{len(self._keys)}", f"The {role} key", role, digest, NOW)
        return {"Authorization": f"Bearer {key}"}

    def revoke(self, headers: dict[str, str]) -> None:
        """Revoke the key in some headers."""
        key = headers["Authorization"].removeprefix("Bearer ")
        self._keys[key] = replace(self._keys[key], revoked_at=NOW)

    def all(self) -> Sequence[ApiKey]:
        """Return the keys that were made."""
        self.readings += 1
        return tuple(self._keys.values())
