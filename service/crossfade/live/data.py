"""The door to the live store from any thread; a look costs microseconds while nothing is committed."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Collection, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Self, TypeVar

from crossfade.errors import LiveError
from crossfade.live.files import OpenedFile
from crossfade.live.records import Changes, ItemRecord, Person, StoredEvent
from crossfade.live.store import LiveStore
from crossfade.live.upkeep import Dump

__all__ = ["LiveData"]

_PEOPLE_REMEMBERED = 10_000

Result = TypeVar("Result")


class LiveData:
    """A live store and the thread whose event loop it runs in.

    Open one in each process: neither threads nor connections outlive a fork. Close it, or use it in a ``with`` block.

    Attributes:
        store: For coroutines to hand to ``call`` and ``submit``, never to be awaited elsewhere.
    """

    store: LiveStore

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="crossfade-live", daemon=True)
        self._token: _Token | None = None
        self._seen = _Seen()
        self._lock = threading.Lock()

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the store; see ``LiveStore.open``."""
        data = cls()
        data._thread.start()
        try:
            data.store = data.call(LiveStore.open(url))
            data._token = _Token.of(data.store.file)
        except BaseException:
            data._stop()
            raise
        return data

    def close(self) -> None:
        """Write what waits and close all connections; a second call does nothing."""
        if self._thread.is_alive():
            self.call(self.store.close())
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, coroutine: Coroutine[object, object, Result]) -> Future[Result]:
        """Start a coroutine of the store; in an event loop, await ``asyncio.wrap_future`` of what this returns."""
        if self._loop.is_closed():
            coroutine.close()
            raise LiveError("the live data was closed")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def call(self, coroutine: Coroutine[object, object, Result]) -> Result:
        """Run a coroutine of the store and wait for its result; for threads that run no event loop."""
        return self.submit(coroutine).result()

    def look(self, user_ids: Collection[str], *, after: int, items_after: int) -> Changes:
        """Return what ``LiveStore.look`` does, without asking the database again where nothing was committed since.

        On PostgreSQL it is asked each time: it has no word for "something was committed" that costs less.
        """
        if self._token is None:
            return self.call(self.store.look(user_ids, after=after, items_after=items_after))
        with self._lock:  # read first: what is committed from here on is seen by the next look
            now = self._token.read()
            seen = self._seen
            if seen.token != now or seen.after != after:
                seen = self._seen = _Seen(now, after)
            known = seen.changes(user_ids, items_after)
        if known is not None:
            return known
        changes = self.call(self.store.look(user_ids, after=after, items_after=items_after))
        with self._lock:
            seen.remember(changes, items_after)
        return changes

    @contextmanager
    def dump(self, *, after: int = 0) -> Iterator[tuple[Dump, Iterator[list[StoredEvent]]]]:
        """Give what ``LiveStore.dump`` does, and its events chunk by chunk, to a thread without an event loop."""
        entered = self.store.dump(after=after)
        dump = self.call(_coroutine(entered.__aenter__()))
        try:
            yield dump, self._chunks(dump)
        finally:
            self.call(_coroutine(entered.__aexit__(None, None, None)))

    def _chunks(self, dump: Dump) -> Iterator[list[StoredEvent]]:
        chunks = dump.events()
        while (chunk := self.call(_coroutine(anext(chunks, None)))) is not None:
            yield chunk

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._token is not None:
            self._token.close()


async def _coroutine(awaitable: Awaitable[Result]) -> Result:
    return await awaitable


class _Token:
    """A number that is another after each commit of another connection, in whichever process."""

    def __init__(self, connection: sqlite3.Connection, file: OpenedFile) -> None:
        self._connection = connection
        self._file = file

    @classmethod
    def of(cls, file: OpenedFile | None) -> _Token | None:
        """Return one for a file of SQLite, None for a server."""
        if file is None:
            return None
        return cls(sqlite3.connect(file.path, check_same_thread=False, isolation_level=None), file)

    def read(self) -> int:
        try:
            self._file.check()
            return int(self._connection.execute("PRAGMA data_version").fetchall()[0][0])
        except (sqlite3.Error, OSError) as error:
            raise LiveError(f"{self._file.path}: cannot read the live data: {error}") from error

    def close(self) -> None:
        self._connection.close()


class _Seen:
    """What looks returned while the token was the same: all of one cut in the order of commits.

    A commit between the reading of the token and that of the data moves the token, so what was read after it is
    dropped at the next look; nothing of two cuts ever meets here.
    """

    def __init__(self, token: int | None = None, after: int = 0) -> None:
        self.token = token
        self.after = after
        self._last: Changes | None = None
        self._items_after = 0
        self._people: OrderedDict[str, Person] = OrderedDict()

    def changes(self, user_ids: Collection[str], items_after: int) -> Changes | None:
        """Return the answer of a look if all of it is here."""
        last = self._last
        if last is None or items_after < self._items_after or any(one not in self._people for one in user_ids):
            return None
        people = {}
        for user_id in user_ids:
            self._people.move_to_end(user_id)
            people[user_id] = self._people[user_id]
        return Changes(last.seq, people, _later(last.items, items_after), last.scenarios)

    def remember(self, changes: Changes, items_after: int) -> None:
        """Keep what a look returned, unless it is of a later cut than what is here."""
        if self._last is None:
            self._last, self._items_after = changes, items_after
        elif changes.seq != self._last.seq:
            return
        elif items_after < self._items_after:
            self._last, self._items_after = changes, items_after
        self._people.update(changes.people)
        while len(self._people) > _PEOPLE_REMEMBERED:
            self._people.popitem(last=False)


def _later(items: Sequence[ItemRecord], seq: int) -> Sequence[ItemRecord]:
    return [item for item in items if item.changed_seq > seq] if items else items
