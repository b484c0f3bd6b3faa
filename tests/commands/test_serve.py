"""``crossfade serve`` as a process of its own, on the sample bundle."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import pytest

from crossfade.api.server import _resolved

PATIENCE_S = 60.0
STARTS = 3
MOST_IMPORTS = 2.2  # 1.6 as measured
# What any service of this kind imports: the part of a start that is not ours.
LIBRARIES = "import aiosqlite, faiss, fastapi, onnxruntime, polars, prometheus_client, pydantic_settings, tokenizers"
ENGINES = "import sqlalchemy.ext.asyncio, uvicorn"
TRAINING = ("torch", "sklearn", "sentence_transformers", "transformers", "scipy", "crossfade_indexing")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def serving(
    bundle: Path, errors: Path, *interpreter: str, options: Sequence[str] = (), **environment: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the service until the block ends, and give its address; its standard error goes to a file."""
    port = free_port()
    others = {name: value for name, value in os.environ.items() if not name.startswith("CROSSFADE_")}
    variables = {**others, "CROSSFADE_LIVE": str(errors.with_suffix(".sqlite")), **environment}
    command = [sys.executable, *interpreter, "-m", "crossfade", "serve", "--bundle", str(bundle), "--port", str(port)]
    with (
        errors.open("wb") as stderr,
        # A process group of its own, as a terminal's foreground job is: Ctrl-C goes to all of it.
        subprocess.Popen([*command, *options], stderr=stderr, env=variables, start_new_session=True) as process,
    ):
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.terminate()  # of several processes the first one ends the others
            try:
                process.wait(timeout=PATIENCE_S)
            finally:
                process.kill()


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def status_of(address: str, path: str) -> int:
    try:
        with urllib.request.urlopen(f"{address}{path}", timeout=PATIENCE_S) as response:  # noqa: S310 - our own server
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


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


def test_a_service_is_ready_in_little_more_than_its_libraries_take_to_import(
    sample_bundle: Path, tmp_path: Path
) -> None:
    starts, imports = [], []
    for start in range(STARTS):  # in turns, and the best of each: other work on the machine is no slow service
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", f"{LIBRARIES}\n{ENGINES}"], check=True)
        imports.append(time.monotonic() - began)
        began = time.monotonic()
        with serving(sample_bundle, tmp_path / f"{start}.txt") as (address, process):
            wait_until_ready(address, process)
            starts.append(time.monotonic() - began)

    assert min(starts) < MOST_IMPORTS * min(imports), (starts, imports)


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


def test_sigterm_first_says_so_then_answers_what_it_has_and_ends_with_zero(sample_bundle: Path, tmp_path: Path) -> None:
    errors = tmp_path / "errors.txt"
    head = (
        "POST /v1/recommendations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n"
    )

    with serving(sample_bundle, errors, CROSSFADE_DRAIN_S="1") as (
        address,
        process,
    ):
        wait_until_ready(address, process)
        host, _, port = address.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as under_way:
            under_way.sendall(head.encode() + b'{"limit"')
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: status_of(address, "/health/ready") == 503, "ready says 503")
            live, new = status_of(address, "/health/live"), ask(address, "/v1/recommendations", {"limit": 1})
            wait_until(lambda: not listens(host, int(port)), "it stops listening")
            under_way.sendall(b": 1}")
            answer = b"".join(iter(lambda: under_way.recv(65_536), b""))
        code = process.wait(timeout=PATIENCE_S)

    assert (live, len(new["items"]), code) == (200, 1, 0)  # type: ignore[arg-type]
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert "Traceback" not in errors.read_text()


def test_ctrl_c_in_a_terminal_loses_nothing_that_several_workers_have_under_way(
    sample_bundle: Path, tmp_path: Path
) -> None:
    errors = tmp_path / "errors.txt"
    head = (
        "POST /v1/recommendations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
        "Connection: close\r\n\r\n"
    )

    with (
        ExitStack() as connections,
        # The machine may be busy, and whether all twenty are answered within a second is not asked here.
        serving(sample_bundle, errors, options=("--workers", "2"), CROSSFADE_MAX_WAIT_S="30") as (address, process),
    ):
        wait_until_ready(address, process)
        host, _, port = address.removeprefix("http://").partition(":")
        under_way = [
            connections.enter_context(socket.create_connection((host, int(port)), timeout=PATIENCE_S))
            for _ in range(20)
        ]
        for connection in under_way:
            connection.sendall(head.encode() + b'{"limit"')
        wait_until(lambda: in_flight(address) == len(under_way) + 1, "all have been begun")
        os.killpg(process.pid, signal.SIGINT)
        wait_until(lambda: status_of(address, "/health/ready") == 503, "it says that it goes away")
        for connection in under_way:
            connection.sendall(b": 1}")
        answers = [b"".join(iter(lambda of=connection: of.recv(65_536), b"")) for connection in under_way]  # type: ignore[misc]
        code = process.wait(timeout=PATIENCE_S)

    assert [answer.partition(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 20
    assert code == 0
    assert "Traceback" not in errors.read_text()


def in_flight(address: str) -> float:
    with urllib.request.urlopen(f"{address}/metrics", timeout=PATIENCE_S) as response:  # noqa: S310 - our own server
        found = re.search(r"^crossfade_requests_in_flight (\S+)", response.read().decode(), re.MULTILINE)
    assert found is not None
    return float(found[1])


def listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=PATIENCE_S).close()
    except ConnectionRefusedError:
        return False
    return True


def test_several_workers_count_together_and_leave_nothing_behind(sample_bundle: Path, tmp_path: Path) -> None:
    requests = 40
    errors, temporary = tmp_path / "errors.txt", tmp_path / "temporary"
    temporary.mkdir()

    with serving(
        sample_bundle,
        errors,
        options=("--workers", "2"),
        CROSSFADE_DRAIN_S="0",
        TMPDIR=str(temporary),
    ) as (
        address,
        process,
    ):
        wait_until_ready(address, process)
        wait_until(lambda: len(list(temporary.glob("*/gauge_livesum_*.db"))) == 2, "both have begun to count")
        for _ in range(requests):
            ask(address, "/v1/recommendations", {"limit": 1})
        with urllib.request.urlopen(f"{address}/metrics", timeout=PATIENCE_S) as response:  # noqa: S310 - our own server
            metrics = response.read().decode()
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=PATIENCE_S)

    counted = re.search(r'requests_total\{method="POST",route="/v1/recommendations",status="200"\} (\S+)', metrics)
    assert counted is not None
    assert float(counted[1]) == requests
    assert "crossfade_requests_in_flight 1.0" in metrics
    assert "crossfade_bundle_age_seconds " in metrics
    assert code == 0, errors.read_text()
    assert not list(temporary.glob("crossfade-*"))


@pytest.mark.parametrize(
    ("auth", "host", "resolved"),
    [
        ("auto", "127.0.0.1", "off"),
        ("auto", "127.9.9.9", "off"),
        ("auto", "::1", "off"),
        ("auto", "localhost", "off"),
        ("auto", "0.0.0.0", "on"),  # noqa: S104 - that is the case
        ("auto", "::", "on"),
        ("auto", "192.168.0.7", "on"),
        ("auto", "localhost.example", "on"),
        ("on", "127.0.0.1", "on"),
        ("off", "0.0.0.0", "off"),  # noqa: S104 - that is the case
    ],
)
def test_keys_are_asked_for_unless_only_this_machine_can_call(
    auth: Literal["auto", "on", "off"], host: str, resolved: str
) -> None:
    assert _resolved(auth, host) == resolved


@pytest.mark.parametrize(
    ("options", "status"),
    [(("--host", "0.0.0.0"), 401), (("--host", "0.0.0.0", "--auth", "off"), 200)],  # noqa: S104 - that is the case
)
def test_a_service_that_others_can_reach_asks_for_a_key_unless_told_not_to(
    sample_bundle: Path, tmp_path: Path, options: Sequence[str], status: int
) -> None:
    errors, live = tmp_path / "errors.txt", tmp_path / "live.sqlite"

    with serving(sample_bundle, errors, options=(*options, "--live", str(live)), CROSSFADE_DRAIN_S="0") as (
        address,
        process,
    ):
        wait_until_ready(address, process)
        answered = status_of(address, "/v1/bundle")

    assert answered == status
    assert ("make one with: crossfade keys create" in errors.read_text()) == (status == 401)


def test_a_wrong_setting_is_one_line_that_names_it(sample_bundle: Path, tmp_path: Path) -> None:
    errors = tmp_path / "errors.txt"

    with serving(sample_bundle, errors, CROSSFADE_MAX_WAIT_S="soon") as (_, process):
        code = process.wait(timeout=PATIENCE_S)

    assert code == 2
    assert "CROSSFADE_MAX_WAIT_S: Input should be a valid number" in errors.read_text()
    assert "Traceback" not in errors.read_text()
