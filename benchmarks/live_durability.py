"""Kill a writer of events again and again, and look for what it was told is kept.

Each round starts a process that writes events one to a call, with many calls under way at once, and prints the id of
each event once it is acknowledged. It is killed (SIGKILL) at a random moment of its run. Then every id it printed must
be in the store exactly once. Used by::

    python benchmarks/live_durability.py [--rounds 20] [--events 20000] [--live URL]

The exit status is 1 if an event is missing or there twice. A killed process is not a power cut: that is what
``synchronous=FULL`` is for.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from crossfade.live import Event, LiveData, StoredEvent

CALLERS = 64
SEED = 1


@dataclass
class Round:
    """What one writer left behind.

    Attributes:
        acknowledged: The ids it printed.
        kept: How often each of its ids is in the store.
        killed: Whether it was killed before its end.
    """

    acknowledged: set[str]
    kept: Counter[str]
    killed: bool

    @property
    def lost(self) -> int:
        """How many were acknowledged and are not in the store."""
        return sum(self.kept[event_id] == 0 for event_id in self.acknowledged)

    @property
    def doubled(self) -> int:
        """How many are in the store more than once."""
        return sum(times > 1 for times in self.kept.values())


def write(url: str, name: str, events: int) -> None:
    """Write events and print the id of each as soon as it is acknowledged."""

    async def call(live: LiveData, numbers: range) -> None:
        for number in numbers:
            event = Event(f"user-{number % 100}", "item", event_id=f"{name}-{number}")
            (outcome,) = await live.store.add_events([StoredEvent(0, event)])
            sys.stdout.write(f"{outcome.event_id}\n")
            sys.stdout.flush()

    async def calls(live: LiveData) -> None:
        await asyncio.gather(*(call(live, range(first, events, CALLERS)) for first in range(CALLERS)))

    with LiveData.open(url) as live:
        live.call(calls(live))


def run_round(url: str, name: str, events: int, kill_at: int) -> Round:
    """Run a writer and kill it at once when so many are acknowledged."""
    command = [sys.executable, __file__, "--write", name, "--events", str(events), "--live", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - this very script
        lines = []
        for line in process.stdout or ():
            lines.append(line)
            if len(lines) == kill_at:
                process.kill()
    acknowledged = {line.strip() for line in lines if line.endswith("\n")}  # the last may have been cut
    return Round(acknowledged, kept_ids(url, f"{name}-"), process.returncode != 0)


def kept_ids(url: str, prefix: str) -> Counter[str]:
    """Return how often each event id of a round is in the store."""
    with LiveData.open(url) as live, live.dump() as (_, chunks):
        ids = (str(stored.event.event_id) for chunk in chunks for stored in chunk)
        return Counter(event_id for event_id in ids if event_id.startswith(prefix))


def main() -> int:
    """Run all rounds and print what they left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--live", help="default: a file of SQLite that is deleted at the end")
    parser.add_argument("--write", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        write(asked.live, asked.write, asked.events)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return kill_and_look(asked.live or str(Path(folder) / "live.db"), asked.rounds, asked.events)


def kill_and_look(url: str, rounds: int, events: int) -> int:
    """Return the exit status: 0 if nothing was lost or doubled."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    done = []
    for number in range(rounds):
        done.append(run_round(url, f"round{number}", events, chance.randint(1, events * 9 // 10)))
        last = done[-1]
        print(
            f"round {number + 1}: {'killed' if last.killed else 'ended'}, {len(last.acknowledged):,} acknowledged, "
            f"{last.kept.total():,} kept, {last.lost} lost, {last.doubled} twice",
            flush=True,
        )
    lost, doubled = (sum(getattr(one, what) for one in done) for what in ("lost", "doubled"))
    print(
        f"{sum(one.killed for one in done)} of {rounds} killed; "
        f"{sum(len(one.acknowledged) for one in done):,} acknowledged, {lost} lost, {doubled} kept twice"
    )
    return int(lost + doubled > 0)


if __name__ == "__main__":
    sys.exit(main())
