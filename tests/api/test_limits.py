"""How much may be sent, how long it may take, and the headers of every answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from api.conftest import Serve
from api.reading import problem_of
from fastapi.testclient import TestClient
from starlette.types import Message, Scope

from crossfade import Recommender, create_app
from crossfade.api.doors.rules import RULES
from crossfade.engine import Answer, Query, User
from crossfade.settings import DoorSettings

JSON = {"Content-Type": "application/json"}


def test_bulk_operations_take_sixteen_times_the_body() -> None:
    assert {name for name, rule in RULES.items() if rule.largest_body > 1 << 20} == {
        "send_events",
        "put_items",
        "put_users",
    }
    assert RULES["send_events"].largest_body == 16 * RULES["recommend"].largest_body == 16 * 1024 * 1024


def test_a_body_that_declares_too_much_is_refused_before_any_of_it_is_read(client: TestClient) -> None:
    headers = {**JSON, "Content-Length": str((1 << 20) + 1)}
    messages = asyncio.run(asked(client, headers))

    assert messages[0]["status"] == 413


async def asked(client: TestClient, headers: dict[str, str]) -> list[Message]:
    """Ask for recommendations without ever sending a body."""
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/recommendations",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await client.app(scope, receive, send)
    return sent


@pytest.mark.parametrize("head", ["GET /v1/bundle?", "GET /v1/bundle HTTP/1.1\r\nX: "])
def test_a_head_without_end_is_refused(recommender: Recommender, serve: Serve, head: str) -> None:
    with serve(create_app(recommender)) as url, connect(url) as connection:
        connection.sendall(head.encode() + b"x" * (1 << 19))
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 400 ")


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def test_a_sender_slower_than_a_request_may_take_is_cut_off(recommender: Recommender, serve: Serve) -> None:
    app = create_app(recommender, settings=DoorSettings(auth="off", request_timeout_s=0.1))
    head = (
        b"POST /v1/recommendations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    )
    with serve(app) as url, connect(url) as connection:
        connection.sendall(head + b'{"limit')
        answer = b"".join(iter(lambda: connection.recv(4096), b""))  # until the service closes the connection

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"body_timed_out"' in answer


def test_an_answer_that_takes_too_long_is_given_up(recommender: Recommender, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    answer = recommender.recommend_many

    def held_up(queries: list[Query]) -> list[Answer]:
        assert go_on.wait(10)
        return answer(queries)

    monkeypatch.setattr(recommender, "recommend_many", held_up)
    with TestClient(create_app(recommender, settings=DoorSettings(auth="off", request_timeout_s=0.1))) as client:
        late = client.post("/v1/recommendations", json={"limit": 1})
        go_on.set()
        tries = (client.post("/v1/recommendations", json={"limit": 1}) for _ in range(100))
        in_time = next((one for one in tries if one.status_code == 200), late)  # at once, unless the machine is busy

    assert (late.status_code, problem_of(late).code) == (503, "timed_out")
    assert late.headers["retry-after"] == "1"
    assert in_time.status_code == 200


def test_a_time_out_of_something_else_is_a_defect_and_no_slow_answer(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(user_id: str) -> User:
        raise TimeoutError(user_id)

    monkeypatch.setattr(recommender, "get_user", fail)
    with TestClient(create_app(recommender), raise_server_exceptions=False) as client:
        failed = client.get("/v1/users/u0")

    assert (failed.status_code, problem_of(failed).code) == (500, "internal_error")


def test_a_hundred_queries_are_a_batch_and_one_more_is_none(client: TestClient) -> None:
    answered, refused = (
        client.post("/v1/recommendations/batch", json={"queries": [{"limit": 1}] * n}) for n in (100, 101)
    )

    assert (answered.status_code, refused.status_code) == (200, 422)


def test_only_so_many_requests_are_answered_at_once_and_each_that_ends_makes_room(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossfade.api.doors.doors._MOST_AT_ONCE", 2)
    go_on, reached = threading.Event(), threading.Semaphore(0)

    def held_up(user_id: str) -> User:
        reached.release()
        assert go_on.wait(10)
        return User(user_id)

    monkeypatch.setattr(recommender, "get_user", held_up)
    with TestClient(create_app(recommender)) as client, ThreadPoolExecutor() as pool:
        one_by_one = [client.get("/v1/bundle").status_code for _ in range(5)]
        wrong = [client.post("/v1/search", json={}).status_code for _ in range(5)]
        taken = [pool.submit(client.get, "/v1/users/u0") for _ in range(2)]
        try:
            assert all(reached.acquire(timeout=10) for _ in taken)
            refused = client.get("/v1/bundle")
            health = [client.get(path).status_code for path in ("/health/live", "/health/ready")]
        finally:
            go_on.set()
        done = [future.result().status_code for future in taken]
        afterwards = client.get("/v1/bundle").status_code

    assert (set(one_by_one), set(wrong)) == ({200}, {422})
    assert (refused.status_code, problem_of(refused).code) == (503, "overloaded")
    assert refused.headers["retry-after"] == "1"
    assert health == [200, 200]
    assert done == [200, 200]
    assert afterwards == 200


def test_every_answer_has_the_headers_that_keep_browsers_careful(client: TestClient) -> None:
    for path in ("/v1/bundle", "/v1/nothing", "/health/live", "/openapi.json", "/docs", "/metrics"):
        headers = client.get(path).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"]


def test_an_answer_that_may_be_kept_says_so_itself(client: TestClient) -> None:
    assert client.get("/docs/swagger-ui.css").headers["cache-control"] == "max-age=3600"


def test_a_page_of_another_origin_may_not_call_by_default(client: TestClient) -> None:
    preflight = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}

    assert "access-control-allow-origin" not in client.options("/v1/recommendations", headers=preflight).headers
    assert "access-control-allow-origin" not in client.get("/v1/bundle", headers=preflight).headers


def test_a_page_of_a_named_origin_may_call_and_others_still_not(recommender: Recommender) -> None:
    settings = DoorSettings(auth="on", cors_origins=("https://shop.example",))
    client = TestClient(create_app(recommender, settings=settings))
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}

    named = client.options("/v1/recommendations", headers={"Origin": "https://shop.example", **asks})
    other = client.options("/v1/recommendations", headers={"Origin": "https://elsewhere.example", **asks})

    assert (named.status_code, named.headers["access-control-allow-origin"]) == (200, "https://shop.example")
    assert (other.status_code, "access-control-allow-origin" in other.headers) == (400, False)
    assert "access-control-allow-credentials" not in named.headers  # keys come in headers, never in cookies
    assert named.headers["x-content-type-options"] == "nosniff"


def test_a_request_id_comes_back(client: TestClient) -> None:
    assert (
        client.get("/v1/bundle", headers={"X-Request-ID": "order-17.retry_2"}).headers["x-request-id"]
        == "order-17.retry_2"
    )


@pytest.mark.parametrize("sent", ["", "two words", "a\tb", "x" * 65, 'a"b', "{}"])
def test_a_request_id_that_looks_like_none_is_replaced(client: TestClient, sent: str) -> None:
    given = client.get("/v1/bundle", headers={"X-Request-ID": sent}).headers["x-request-id"]

    assert len(given) == 16
    assert int(given, 16) >= 0
