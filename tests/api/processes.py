"""Run uvicorn as somebody would, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

__all__ = ["uvicorn_process"]

PATIENCE_S = 30.0


@contextmanager
def uvicorn_process(
    *arguments: str, folder: Path, environment: Mapping[str, str], log: Path
) -> Iterator[httpx2.Client]:
    """Serve until the block ends.

    Args:
        arguments: Of uvicorn, but for the port.
        folder: Where the process works.
        environment: Variables beside our own.
        log: Takes all that the process prints.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-W", "error", "-m", "uvicorn", *arguments, "--port", str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=output
        ) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        try:
            _wait(client, process, log)
            yield client
        finally:
            process.terminate()


def _wait(client: httpx2.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            client.get("/openapi.json").raise_for_status()
        except httpx2.TransportError:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
