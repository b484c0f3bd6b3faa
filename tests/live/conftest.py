"""A live store on each of the two databases: most tests here run once on a file, once on a server."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from live.postgresql import Server

from crossfade.live import LiveData

_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each of the two."""
    return str(request.param)


@pytest.fixture
def new_url(kind: str, request: pytest.FixtureRequest, path: Path) -> str:
    """A database without tables, on either kind."""
    if kind == "sqlite":
        return f"sqlite:///{path}"
    server: Server = request.getfixturevalue("server")
    return server.create_schema(f"live_{next(_numbers)}")


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, path: Path) -> str:
    """A store with nothing in it, on either kind: a copy, as making the tables takes most of the time of a test."""
    if kind == "sqlite":
        shutil.copyfile(request.getfixturevalue("empty_file"), path)
        return f"sqlite:///{path}"
    server: Server = request.getfixturevalue("server")
    return server.copy_schema(request.getfixturevalue("empty_schema"), f"live_{next(_numbers)}")


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of SQLite to be copied."""
    path = tmp_path_factory.mktemp("live") / "empty.db"
    LiveData.open(str(path)).close()
    return path


@pytest.fixture(scope="session")
def empty_schema(server: Server) -> str:
    """The same on the server."""
    name = "empty"
    LiveData.open(server.create_schema(name)).close()
    return name


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
