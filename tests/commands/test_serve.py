"""``crossfade serve`` as a process of its own, on the sample bundle."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 60.0
READY_WITHIN_S = 3.0
STARTS = 3
TRAINING = ("torch", "sklearn", "sentence_transformers", "transformers", "scipy", "crossfade_indexing")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def serving(bundle: Path, errors: Path, *interpreter: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the service until the block ends, and give its address; its standard error goes to a file."""
    port = free_port()
    command = [sys.executable, *interpreter, "-m", "crossfade", "serve", "--bundle", str(bundle), "--port", str(port)]
    with errors.open("wb") as stderr, subprocess.Popen(command, stderr=stderr) as process:
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


def wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=PATIENCE_S):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise AssertionError(f"not ready; exit status {process.poll()}")


def ask(address: str, path: str, body: dict[str, object]) -> dict[str, object]:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{address}{path}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:  # noqa: S310 - the same
        answer: dict[str, object] = json.load(response)
    return answer


def test_a_service_is_ready_within_three_seconds(sample_bundle: Path, tmp_path: Path) -> None:
    seconds = []
    for start in range(STARTS):
        started = time.monotonic()
        with serving(sample_bundle, tmp_path / f"{start}.txt") as (address, process):
            wait_until_ready(address, process)
            seconds.append(time.monotonic() - started)

    assert min(seconds) < READY_WITHIN_S, seconds  # the best of three: a busy machine is no slow service


def test_a_service_that_answers_everything_imports_nothing_that_only_training_needs(
    sample_bundle: Path, tmp_path: Path
) -> None:
    errors = tmp_path / "imports.txt"

    with serving(sample_bundle, errors, "-X", "importtime") as (address, process):
        wait_until_ready(address, process)
        assert ask(address, "/v1/recommendations", {"user_id": "p0042", "text": "crime at sea", "explain": True})[
            "items"
        ]
        assert ask(address, "/v1/search", {"text": "heist that goes wrong"})["items"]
        assert ask(address, "/v1/rank", {"item_ids": ["eleven-minutes-of-rain"], "user_id": "p0042"})["items"]

    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in errors.read_text().splitlines()}
    assert "faiss" in imported
    assert not imported & set(TRAINING)


def test_ctrl_c_ends_a_service_quietly(sample_bundle: Path, tmp_path: Path) -> None:
    errors = tmp_path / "errors.txt"

    with serving(sample_bundle, errors) as (address, process):
        wait_until_ready(address, process)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=PATIENCE_S)

    assert code == 0
    assert "Traceback" not in errors.read_text()
