"""API keys: kept elsewhere, as the hashes of 256 random bits, and looked up at most once a second."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, Protocol

from crossfade.live import ApiKey, LiveData

__all__ = ["ROLES", "KeyBook", "KeyRing", "LiveKeys", "Role"]

Role = Literal["read", "write", "admin"]

ROLES: tuple[Role, ...] = ("read", "write", "admin")
"""From the least to the most; each may do what those before it may."""

_FRESH_S = 1.0


class KeyBook(Protocol):
    """Where keys are kept."""

    def all(self) -> Sequence[ApiKey]:
        """Return all keys, revoked ones too; called in a thread, and may block.

        Raises:
            CrossfadeError: If it cannot be told.
        """
        ...


class LiveKeys:
    """The keys that ``crossfade keys`` makes and revokes.

    Args:
        live: The live data they lie with.
    """

    def __init__(self, live: LiveData) -> None:
        self._live = live

    def all(self) -> Sequence[ApiKey]:
        """Return all keys.

        Raises:
            LiveError: If the database cannot be read.
        """
        return self._live.call(self._live.store.list_api_keys())


class KeyRing:
    """The keys of a book, read again when what is known of them is a second old: so long a revoked key works on.

    Args:
        book: Where they are kept.
        clock: Seconds that never go back.
    """

    def __init__(self, book: KeyBook, clock: Callable[[], float] = time.monotonic) -> None:
        self._book = book
        self._clock = clock
        self._keys: Sequence[ApiKey] = ()
        self._read_at = -math.inf
        self._lock = threading.Lock()  # over the reading under way
        self._reading: Future[None] | None = None
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="crossfade-keys")

    async def find(self, key: str) -> ApiKey | None:
        """Return what is known of a key, None where it is not good; in the same time whichever it is.

        Raises:
            CrossfadeError: If the book cannot be read: then no key is known to be good any more.
        """
        if self._clock() - self._read_at >= _FRESH_S:
            await asyncio.shield(asyncio.wrap_future(self._read_once()))
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
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
        asked_at = self._clock()  # not when the answer came: a key may have been revoked in between
        self._keys = [key for key in self._book.all() if key.revoked_at is None]
        self._read_at = asked_at
