"""More is asked than can be answered: refused early, and health stays quick."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx2
import pytest
from api.conftest import Serve
from api.reading import problem_of

from crossfade import Recommender, create_app
from crossfade.api.problem_route import ProblemError
from crossfade.api.readiness import Readiness
from crossfade.api.service import Service
from crossfade.engine import Answer, Query
from crossfade.errors import BundleCorruptError
from crossfade.settings import DoorSettings

PATIENCE_S = 10.0


class Gate:
    """Holds the recommender's worker up while it is closed."""

    def __init__(self, recommender: Recommender, monkeypatch: pytest.MonkeyPatch) -> None:
        self._open = threading.Event()
        self._open.set()
        self.reached = threading.Event()
        self._answer = recommender.recommend_many
        monkeypatch.setattr(recommender, "recommend_many", self._pass)

    def close(self) -> None:
        self.reached.clear()
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def _pass(self, queries: list[Query]) -> list[Answer]:
        self.reached.set()
        assert self._open.wait(PATIENCE_S)
        return self._answer(queries)


@pytest.fixture
def gate(recommender: Recommender, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(recommender, monkeypatch)
    yield gate
    gate.open()


@pytest.fixture
def crowded(recommender: Recommender, serve: Serve, gate: Gate) -> Iterator[httpx2.Client]:
    """A service, ready, that takes no question which anybody waits before."""
    app = create_app(recommender, settings=DoorSettings(auth="off", max_wait_s=1e-9))
    with serve(app) as url, httpx2.Client(base_url=url, timeout=PATIENCE_S) as client:
        client.get("/health/ready").raise_for_status()
        yield client


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def crowd(client: httpx2.Client, gate: Gate, pool: ThreadPoolExecutor) -> list[Future[httpx2.Response]]:
    """Have one question answered, which takes until the gate opens, and another wait."""
    gate.close()
    first = pool.submit(client.post, "/v1/recommendations", json={"limit": 1})
    assert gate.reached.wait(PATIENCE_S)
    second = pool.submit(client.post, "/v1/recommendations", json={"limit": 2})
    deadline = time.monotonic() + PATIENCE_S
    while "crossfade_questions_waiting 1.0" not in client.get("/metrics").text:
        assert time.monotonic() < deadline
    return [first, second]


def test_a_question_that_would_wait_too_long_is_refused_at_once_and_the_others_are_answered(
    crowded: httpx2.Client, gate: Gate, pool: ThreadPoolExecutor
) -> None:
    taken = crowd(crowded, gate, pool)

    refused = crowded.post("/v1/recommendations", json={"limit": 3})
    gate.open()

    assert (refused.status_code, problem_of(refused).code) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) >= 1
    assert [future.result().status_code for future in taken] == [200, 200]
    assert "crossfade_overloaded_total 1.0" in crowded.get("/metrics").text


def test_health_is_quick_while_questions_wait(crowded: httpx2.Client, gate: Gate, pool: ThreadPoolExecutor) -> None:
    taken = crowd(crowded, gate, pool)

    began = time.monotonic()
    answers = [crowded.get(path).status_code for path in ("/health/live", "/health/ready") for _ in range(5)]
    took = time.monotonic() - began
    gate.open()

    assert answers == [200] * 10
    assert took < 5.0  # of a worker that answers nothing at all meanwhile
    assert [future.result().status_code for future in taken] == [200, 200]


def test_a_check_is_made_once_a_second_however_often_it_is_asked_for(recommender: Recommender, gate: Gate) -> None:
    now = [0.0]
    readiness = Readiness(Service(recommender), clock=lambda: now[0])

    async def check() -> bool:
        gate.reached.clear()
        await asyncio.gather(*(readiness.check() for _ in range(20)))
        return gate.reached.is_set()

    first, again = asyncio.run(check()), asyncio.run(check())
    now[0] = 1.0
    later = asyncio.run(check())

    assert (first, again, later) == (True, False, True)


def test_a_worker_that_hangs_is_not_ready_in_the_end(
    recommender: Recommender, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    readiness = Readiness(Service(recommender), clock=lambda: now[0])
    asyncio.run(readiness.check())
    monkeypatch.setattr("crossfade.api.readiness._PATIENCE_S", 0.01)
    monkeypatch.setattr("crossfade.api.readiness._FIRST_PATIENCE_S", 0.01)
    gate.close()

    now[0] = 29.0
    asyncio.run(readiness.check())  # the last check still counts
    now[0] = 30.0
    with pytest.raises(ProblemError, match="does not come to an end") as hung:
        asyncio.run(readiness.check())

    assert hung.value.code == "timed_out"


def test_a_check_that_fails_when_nobody_waits_any_more_is_told_to_the_next_who_asks(
    recommender: Recommender, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    readiness = Readiness(Service(recommender), clock=lambda: now[0])

    async def check_while_it_hangs() -> None:
        await readiness.check()
        monkeypatch.setattr("crossfade.api.readiness._PATIENCE_S", 0.01)
        monkeypatch.setattr(gate, "_answer", broken)
        gate.close()
        now[0] = 2.0
        await readiness.check()
        gate.open()
        await readiness.check()

    def broken(queries: list[Query]) -> list[Answer]:
        raise BundleCorruptError("encoder/model.onnx: not readable")

    with pytest.raises(BundleCorruptError):
        asyncio.run(check_while_it_hangs())


def test_a_process_that_goes_away_is_not_ready(recommender: Recommender) -> None:
    readiness = Readiness(Service(recommender))
    readiness.draining = True

    with pytest.raises(ProblemError) as away:
        asyncio.run(readiness.check())

    assert (away.value.code, away.value.status_code) == ("shutting_down", 503)
