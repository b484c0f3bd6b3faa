"""A service that is asked for more than it can answer: who is answered, who is refused, and how soon each is told?

    python benchmarks/overload.py BUNDLE [--connections 64] [--seconds 10]

Each connection asks again as soon as it was answered: plain questions, or the most expensive ones (500 places,
diversity, an explanation of each). Refused, a patient caller waits as ``Retry-After`` says, an impatient one asks again
at once. Besides, one connection asks for ``/health/live`` and ``/health/ready`` every 50 ms. The callers share the
machine with the service.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import httpx

_PORT = 8471
_PLAIN = {"user_id": "p0042", "limit": 10}
_EXPENSIVE = {"user_id": "p0042", "limit": 500, "diversity": 0.5, "explain": True}


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="such as crossfade-demo/bundle")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    for what, body in (("plain", _PLAIN), ("expensive", _EXPENSIVE)):
        for how in ("patient", "impatient"):
            load = _Load(json.dumps(body).encode(), how == "patient", options.connections, options.seconds)
            _report(f"{what}, {how}", _overload(options.bundle, load))


@dataclass(frozen=True)
class _Load:
    body: bytes
    is_patient: bool
    connections: int
    seconds: float


def _overload(bundle: Path, load: _Load) -> dict[tuple[str, int], list[float]]:
    """Return what was answered with which status: seconds of each exchange."""
    command = [sys.executable, "-m", "crossfade", "serve", "--bundle", str(bundle), "--port", str(_PORT)]
    variables = {**os.environ, "CROSSFADE_LOG_LEVEL": "warning"}
    with tempfile.TemporaryDirectory() as scratch:
        live = str(Path(scratch) / "live.sqlite")
        process = subprocess.Popen([*command, "--live", live], env=variables)  # noqa: S603 - our own command
        try:
            _wait_until_ready()
            return asyncio.run(_ask_for(load))
        finally:
            process.terminate()
            process.wait()


def _report(name: str, took: dict[tuple[str, int], list[float]]) -> None:
    for (what, status), times in sorted(took.items()):
        ordered = sorted(times)
        print(
            f"{name:<20} {what:<13} {status}: {len(times):6} times, {1e3 * statistics.median(times):7.1f} ms median, "
            f"{1e3 * ordered[int(0.99 * len(ordered))]:7.1f} ms 99th percentile, {1e3 * ordered[-1]:7.1f} ms worst"
        )


def _wait_until_ready() -> None:
    for _ in range(300):
        try:
            httpx.get(f"http://127.0.0.1:{_PORT}/health/ready").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the service did not become ready")


async def _ask_for(load: _Load) -> dict[tuple[str, int], list[float]]:
    until = time.perf_counter() + load.seconds
    took: dict[tuple[str, int], list[float]] = defaultdict(list)

    async def ask() -> None:
        head = (
            f"POST /v1/recommendations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(load.body)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", _PORT, limit=1 << 24)
        while time.perf_counter() < until:
            began = time.perf_counter()
            status, retry_after_s = await _exchange(reader, writer, head.encode() + load.body)
            took["asked", status].append(time.perf_counter() - began)
            await asyncio.sleep(retry_after_s if load.is_patient else 0)
        writer.close()

    async def ask_for_health() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", _PORT)
        while time.perf_counter() < until:
            for path in ("/health/live", "/health/ready"):
                began = time.perf_counter()
                status, _ = await _exchange(reader, writer, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                took[path, status].append(time.perf_counter() - began)
            await asyncio.sleep(0.05)
        writer.close()

    await asyncio.gather(ask_for_health(), *(ask() for _ in range(load.connections)))
    return took


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[int, float]:
    """Send a request, read the whole answer, and return its status and Retry-After, in seconds, else 0."""
    writer.write(request)
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).lower().splitlines()
    headers = dict(line.split(b": ", 1) for line in lines if line)
    await reader.readexactly(int(headers[b"content-length"]))
    return int(status.split()[1]), float(headers.get(b"retry-after", 0))


if __name__ == "__main__":
    main()
