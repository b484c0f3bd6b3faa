"""A live store on each of the two databases: most tests here run once on a file, once on a server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from live.postgresql import Server, find_programs, running_server

from crossfade.live import LiveData


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real PostgreSQL server, started for these tests."""
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL on this machine")
    with running_server(programs) as running:
        yield running


_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, on either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'live.db'}"
    server: Server = request.getfixturevalue("server")
    return server.create_schema(f"live_{next(_numbers)}")


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
