"""Two servers on one bundle and one live store: does each see at once what the other was told, and does a swap cost?

    python benchmarks/live_workers.py BUNDLE [--rounds 1000] [--reloads 50] [--live URL]

*Read your writes*: in each round one server acknowledges an event of somebody new, and the other is asked for them. The
event was seen if the answer is no cold start. The delay is the time from the acknowledgement to that answer.

*Reload under load*: eight connections ask without a pause while the bundle's pointer moves to and fro between two
versions. Anything but an answer of status 200 counts as failed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from crossfade.bundle import BundleStore

_CONNECTIONS = 8
_PORTS = (8461, 8462)


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="such as crossfade-demo/bundle; it is copied, not changed")
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--reloads", type=int, default=50)
    parser.add_argument("--live", help="where live data is kept; by default a file of SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        bundle = Path(scratch) / "bundle"
        shutil.copytree(options.bundle, bundle)
        live = options.live or str(Path(scratch) / "live.sqlite")
        clients = [stack.enter_context(_server(bundle, port, live)) for port in _PORTS]
        _read_your_writes(clients, options.rounds)
        _reload_under_load(clients, bundle, options.reloads)


@contextmanager
def _server(bundle: Path, port: int, live: str) -> Iterator[httpx.Client]:
    command = [sys.executable, "-m", "crossfade", "serve", "--bundle", str(bundle), "--port", str(port), "--live", live]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - our own command
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            for _ in range(300):
                try:
                    client.get("/health/ready").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield client
    finally:
        process.terminate()
        process.wait()


def _read_your_writes(clients: Sequence[httpx.Client], rounds: int) -> None:
    item = clients[0].post("/v1/recommendations", json={"limit": 1}).json()["items"][0]["item_id"]
    seen, delays = 0, []
    for number in range(rounds):
        told, asked = clients[number % 2], clients[(number + 1) % 2]
        user = f"somebody-{number}"
        told.post("/v1/events", json={"user_id": user, "item_id": item, "event_type": "watch"}).raise_for_status()
        acknowledged = time.perf_counter()
        answer = asked.post("/v1/recommendations", json={"user_id": user}).raise_for_status().json()
        delays.append(time.perf_counter() - acknowledged)
        seen += not answer["cold_start"]
    worst = max(delays)
    print(
        f"read your writes: {seen} of {rounds} events seen by the other server; from acknowledgement to answer "
        f"{statistics.median(delays) * 1e3:.1f} ms median, {worst * 1e3:.1f} ms worst"
    )


def _reload_under_load(clients: Sequence[httpx.Client], bundle: Path, reloads: int) -> None:
    versions = _two_versions(bundle)
    ended = threading.Event()
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()

    def ask(base_url: httpx.URL) -> None:
        with httpx.Client(base_url=base_url, timeout=30) as client:
            while not ended.is_set():
                try:
                    outcome = str(client.post("/v1/recommendations", json={"user_id": "p0042"}).status_code)
                except httpx.HTTPError as error:
                    outcome = type(error).__name__
                with lock:
                    outcomes[outcome] += 1

    threads = [threading.Thread(target=ask, args=(clients[n % 2].base_url,)) for n in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    durations = []
    for number in range(reloads):
        started = time.perf_counter()
        clients[number % 2].post("/v1/bundle/reload", json={"version": versions[number % 2]}).raise_for_status()
        durations.append(time.perf_counter() - started)
        time.sleep(0.6)  # the other server follows the pointer within half a second
    ended.set()
    for thread in threads:
        thread.join()
    failed = sum(outcomes.values()) - outcomes["200"]
    print(
        f"reload under load: {reloads} swaps of {statistics.median(durations) * 1e3:.0f} ms median while "
        f"{sum(outcomes.values())} requests were answered, {failed} failed: {dict(outcomes)}"
    )


def _two_versions(bundle: Path) -> tuple[str, str]:
    """Return a second version of the same bundle and the one there is."""
    store = BundleStore(bundle)
    first = store.current()
    source = store.versions_directory / first
    unnamed = store.versions_directory / "unnamed"
    shutil.copytree(source, unnamed)
    manifest = json.loads((unnamed / "manifest.json").read_bytes())
    manifest["half_life_days"] = (manifest["half_life_days"] or 1.0) + 1.0  # another digest, so another name
    raw = json.dumps(manifest).encode()
    (unnamed / "manifest.json").write_bytes(raw)
    second = f"{first.rpartition('-')[0]}-{hashlib.sha256(raw).hexdigest()[:12]}"
    unnamed.rename(store.versions_directory / second)
    return second, first


if __name__ == "__main__":
    main()
