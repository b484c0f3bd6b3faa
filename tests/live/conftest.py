"""A live store on each of the two databases: most tests here run once on a file, once on a server."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from crossfade.live import LiveData

_PASSWORD = "correct-horse"  # noqa: S105 - of a server that lives as long as the tests


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL."""

    port: int

    def url(self, name: str) -> str:
        return f"postgresql://crossfade:{_PASSWORD}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str) -> str:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real PostgreSQL server, started for these tests; never as root, which it refuses."""
    programs = _programs()
    unprivileged = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="crossfade-postgresql-"))
    try:
        if unprivileged is not None:
            os.chown(folder, pwd.getpwnam(unprivileged).pw_uid, -1)
        data, port = folder / "data", _free_port()

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), *arguments]
            subprocess.run(command, check=True, user=unprivileged, cwd=folder, stdout=subprocess.DEVNULL)

        (folder / "password").write_text(_PASSWORD)
        run("initdb", f"--pgdata={data}", "--username=crossfade", "--auth=scram-sha-256", "--encoding=UTF8",
            f"--pwfile={folder / 'password'}", "--no-sync", "--locale=C")  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", f"--pgdata={data}", f"--options={options}", f"--log={folder / 'log'}", "--wait", "start")
        try:
            yield Server(port)
        finally:
            run("pg_ctl", f"--pgdata={data}", "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder)


_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, on either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'live.db'}"
    server: Server = request.getfixturevalue("server")
    return server.create(f"live_{next(_numbers)}")


@pytest.fixture
def open_live(url: str) -> Iterator[Callable[[], LiveData]]:
    """Opens the same database again and again, as so many workers do."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(LiveData.open(url))


@pytest.fixture
def live(open_live: Callable[[], LiveData]) -> LiveData:
    """A store in use."""
    return open_live()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file of SQLite may be made."""
    return tmp_path / "live.db"


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs; Debian keeps it out of the search path."""
    found = shutil.which("pg_ctl")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda one: int(one.parts[-3]))
    if found is None and not debian:
        pytest.skip("no PostgreSQL on this machine")
    return debian[-1].parent if debian else Path(str(found)).resolve().parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
