"""A PostgreSQL server that lives as long as the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

_PASSWORD = "correct-horse"  # noqa: S105 - of a server that lives as long as the tests


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL."""

    port: int

    def url(self, name: str) -> str:
        return f"postgresql://crossfade:{_PASSWORD}@127.0.0.1:{self.port}/{name}"

    def create_schema(self, name: str) -> str:
        """Make room for tables; some hundred times quicker than a database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return self._url_of_schema(name)

    def copy_schema(self, of: str, name: str) -> str:
        """Make a schema with the tables of another and what is in them."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [of]).fetchall()
            copied = [
                f"CREATE TABLE {name}.{table} (LIKE {of}.{table} INCLUDING ALL);"
                f"INSERT INTO {name}.{table} TABLE {of}.{table};"
                for (table,) in tables
            ]
            connection.execute(f"CREATE SCHEMA {name}; {' '.join(copied)}".encode())
        return self._url_of_schema(name)

    def _url_of_schema(self, name: str) -> str:
        return f"{self.url('postgres')}?options=-csearch_path%3D{name}"

    def create(self, name: str) -> str:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@contextmanager
def running_server(programs: Path) -> Iterator[Server]:
    """Start a server from a folder of PostgreSQL's programs; never as root, which it refuses."""
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


def find_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs; Debian keeps it out of the search path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda one: int(one.parts[-3]))
    found = debian[-1] if debian else shutil.which("pg_ctl")
    return None if found is None else Path(found).resolve().parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
