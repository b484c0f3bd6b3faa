"""API keys: drawn here, kept elsewhere as hashes, looked up at most once a second."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, NamedTuple, Protocol

__all__ = ["ROLES", "KeyBook", "KeyRing", "KnownKey", "Role", "digest_of", "draw_key"]

Role = Literal["read", "write", "admin"]

ROLES: tuple[Role, ...] = ("read", "write", "admin")
"""From the least to the most; each may do what those before it may."""

_PREFIX = "cf_"  # by which people and secret scanners know one of ours
_FRESH_S = 1.0


class KnownKey(NamedTuple):
    """A key that is good, as it is kept.

    Attributes:
        id: Names it in logs; tells nothing of the key.
        name: For people.
        role: What it may do.
        sha256: Hex digest of the key, as ``digest_of`` makes it.
    """

    id: str
    name: str
    role: Role
    sha256: str


class KeyBook(Protocol):
    """Where keys are kept."""

    def all(self) -> Sequence[KnownKey]:
        """Return the keys that are good now, the revoked ones left out; called in a thread, and may block.

        Raises:
            CrossfadeError: If it cannot be told.
        """
        ...


def draw_key() -> str:
    """Return a new key of 256 random bits."""
    return _PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """Return what is kept of a key; without salt or stretching, which guard words, not 256 random bits."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class KeyRing:
    """The keys of a book, read again when what is known of them is a second old: so long a revoked key works on.

    Args:
        book: Where they are kept.
    """

    def __init__(self, book: KeyBook) -> None:
        self._book = book
        self._keys: Sequence[KnownKey] = ()
        self._read_at = -_FRESH_S
        self._lock = threading.Lock()  # over the reading under way
        self._reading: Future[None] | None = None
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="crossfade-keys")

    async def find(self, key: str) -> KnownKey | None:
        """Return what is known of a key, None where it is not good; in the same time whichever it is.

        Raises:
            CrossfadeError: If the book cannot be read: then no key is known to be good any more.
        """
        if time.monotonic() - self._read_at >= _FRESH_S:
            await asyncio.shield(asyncio.wrap_future(self._read_once()))
        digest = digest_of(key)
        found = None
        for known in self._keys:
            if hmac.compare_digest(known.sha256, digest):
                found = known
        return found

    def _read_once(self) -> Future[None]:
        """Have the book read, once for all who wait."""
        with self._lock:
            if self._reading is None or self._reading.done():
                self._reading = self._reader.submit(self._read)
            return self._reading

    def _read(self) -> None:
        asked_at = time.monotonic()  # not when the answer came: a key may have been revoked in between
        self._keys = self._book.all()
        self._read_at = asked_at
