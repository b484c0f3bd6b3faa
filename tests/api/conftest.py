"""A small service to talk to, and a client that knows what the OpenAPI document promises."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn
from api.hand_made import publish
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from crossfade import Recommender, create_app
from crossfade.bundle import BundleStore
from crossfade.wire import PROBLEM_MEDIA_TYPE, Problem

Serve = Callable[[ASGIApp], AbstractContextManager[str]]

# Any path or method may be refused this way; the introduction says so, not every operation.
ALWAYS_POSSIBLE = {"route_not_found", "method_not_allowed"}


@pytest.fixture
def store(tmp_path: Path) -> BundleStore:
    """A store of its own with one version, for tests that change it."""
    made = BundleStore(tmp_path / "bundle")
    publish(made)
    return made


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> BundleStore:
    """A store with one version, not to be changed."""
    made = BundleStore(tmp_path_factory.mktemp("served") / "bundle")
    publish(made)
    return made


@pytest.fixture(scope="session")
def recommender(shared_store: BundleStore) -> Recommender:
    """What answers in most tests."""
    return Recommender(shared_store)


@pytest.fixture(scope="session")
def app(recommender: Recommender) -> FastAPI:
    """The application over the hand-made bundle."""
    return create_app(recommender)


@pytest.fixture(scope="session")
def promises(app: FastAPI) -> Promises:
    """What the OpenAPI document promises, the same for every bundle."""
    return Promises(app)


@pytest.fixture(scope="session")
def client(app: FastAPI, promises: Promises) -> Iterator[TestClient]:
    """A client that fails where an answer is not one that the OpenAPI document promises."""
    with TestClient(app) as client:
        client.event_hooks = {"response": [promises.check]}
        yield client


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one version and a live database that holds nothing; to be copied."""
    directory = tmp_path_factory.mktemp("untouched") / "bundle"
    publish(BundleStore(directory))
    Recommender.open(directory).close()
    return directory


@pytest.fixture
def live_recommender(untouched: Path, tmp_path: Path) -> Iterator[Recommender]:
    """A recommender of a test's own, with nothing kept yet."""
    recommender = Recommender.open(shutil.copytree(untouched, tmp_path / "live"))
    yield recommender
    recommender.close()


@pytest.fixture
def live(live_recommender: Recommender, promises: Promises) -> Iterator[TestClient]:
    """A client of a service that keeps what it is told, and nobody else's."""
    with TestClient(create_app(live_recommender)) as client:
        client.event_hooks = {"response": [promises.check]}
        yield client


class Promises:
    """What the OpenAPI document says may be answered."""

    def __init__(self, app: FastAPI) -> None:
        paths = app.openapi()["paths"].items()
        # As the router does it: what lies below an id comes before the id alone.
        self._operations = {
            (method.upper(), re.compile(re.sub(r"\{\w+\}", ".*", path))): operation["responses"]
            for path, methods in sorted(paths, key=lambda one: -len(one[0]))
            for method, operation in methods.items()
        }

    def check(self, response: httpx2.Response) -> None:
        response.read()
        kind = response.headers.get("content-type", "")
        if kind == PROBLEM_MEDIA_TYPE:
            problem = Problem.model_validate_json(response.content)
            assert problem.status == response.status_code
            if problem.code in ALWAYS_POSSIBLE:
                return
        asked = response.request.url.raw_path.decode().partition("?")[0]  # with encoded slashes told from others
        for (method, path), responses in self._operations.items():
            if method == response.request.method and path.fullmatch(asked):
                promised = responses[str(response.status_code)]
                assert kind in promised.get("content", {""})  # 204 comes without
                return


@pytest.fixture(scope="session")
def serve() -> Serve:
    """Serves an application on a free port of this machine, with real uvicorn in a thread."""
    return _serve


@contextmanager
def _serve(app: ASGIApp) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
