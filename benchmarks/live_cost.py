"""What a look at the live data costs, and how many events are written a second.

Printed for SQLite, and with ``--live postgresql://...`` for that server: the median and the 90th percentile of one look
at a user with 50 events when nothing was committed since the last, and when something was; events written by 1, 16 and
64 callers at once, one event to a call. Used by ``python benchmarks/live_cost.py [--live URL]``; an URL is that of an
empty database.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from crossfade.live import Event, LiveData, StoredEvent

LOOKS = 1_000
WRITE_S = 3.0


def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--live", help="of a PostgreSQL database to measure, too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", str(Path(folder) / "live.db"))
    if asked.live:
        measure("PostgreSQL", asked.live)


def measure(name: str, url: str) -> None:
    """Print what one database does."""
    with LiveData.open(url) as live, LiveData.open(url) as other:
        live.call(live.store.add_events([StoredEvent(0, Event("ann", f"film-{number}")) for number in range(50)]))

        def nothing() -> None:
            pass

        def something() -> None:
            other.call(other.store.add_events([StoredEvent(0, Event("bob", "film"))]))

        print(f"{name}: a look, nothing committed since {microseconds(live, nothing, LOOKS)}")
        print(f"{name}: a look, something committed since {microseconds(live, something, LOOKS // 5)}")
        for callers in (1, 16, 64):
            print(f"{name}: {callers} callers at once write {events_a_second(live, callers):,.0f} events/s")


def microseconds(live: LiveData, before: Callable[[], None], looks: int) -> str:
    """Return the median and 90th percentile of looks, with something done before each."""
    took = []
    for _ in range(looks):
        before()
        start = time.perf_counter()
        live.look(["ann"], after=0, items_after=0)
        took.append((time.perf_counter() - start) * 1e6)
    return f"{statistics.median(took):,.0f} us, 90 % within {statistics.quantiles(took, n=10)[-1]:,.0f} us"


def events_a_second(live: LiveData, callers: int) -> float:
    """Return how many acknowledged events a second so many callers get, each waiting for its last."""
    end = time.monotonic() + WRITE_S

    async def call() -> int:
        count = 0
        while time.monotonic() < end:
            await live.store.add_events([StoredEvent(0, Event("carl", "film"))])
            count += 1
        return count

    async def all_calls() -> int:
        return sum(await asyncio.gather(*(call() for _ in range(callers))))

    return live.call(all_calls()) / WRITE_S


if __name__ == "__main__":
    main()
