"""Who is let in, and how often."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from api.locked import Book
from api.reading import problem_of
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from crossfade import Recommender, create_app
from crossfade.api.doors import KeyRing, LiveKeys, Role
from crossfade.api.doors.rate import RateLimit
from crossfade.api.doors.rules import RULES
from crossfade.errors import LiveError
from crossfade.live import ApiKey, LiveData
from crossfade.settings import DoorSettings

LOCKED = DoorSettings(auth="on")
OPEN = {"live", "ready"}


@pytest.fixture
def book() -> Book:
    """No keys yet."""
    return Book()


@pytest.fixture
def locked(recommender: Recommender, book: Book) -> Iterator[TestClient]:
    """A service that asks for keys."""
    with TestClient(create_app(recommender, settings=LOCKED, keys=book)) as client:
        yield client


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), re.sub(r"\{\w+\}", "x", path), operation


def test_every_operation_has_a_rule(app: FastAPI) -> None:
    ids = {operation["operationId"] for _, _, operation in operations(app)}

    assert ids | {"metrics"} == set(RULES)


def test_nothing_but_health_and_the_documentation_answers_without_a_key(app: FastAPI, locked: TestClient) -> None:
    answered = {
        operation["operationId"]
        for method, path, operation in operations(app)
        if locked.request(method, path).status_code != 401
    }

    assert answered == OPEN
    assert locked.get("/metrics").status_code == 401
    assert locked.get("/docs").status_code == locked.get("/openapi.json").status_code == 200


def test_an_operation_without_a_rule_is_for_admins_alone(
    locked: TestClient, book: Book, recommender: Recommender
) -> None:
    app = create_app(recommender, settings=LOCKED, keys=book)
    route = next(route for route in _api_routes(app) if route.operation_id == "live")
    route.operation_id = "something_new"
    with TestClient(app) as client:
        without = client.get("/health/live")
        writer = client.get("/health/live", headers=book.make("write"))

    assert (without.status_code, writer.status_code) == (401, 403)


def _api_routes(app: FastAPI) -> Iterator[APIRoute]:
    for route in app.routes:
        for inner in getattr(getattr(route, "original_router", None), "routes", (route,)):
            if isinstance(inner, APIRoute):
                yield inner


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic Y2Y6eA=="}, {"Authorization": "Bearer "}])
def test_whoever_sends_no_key_is_told_how(locked: TestClient, headers: dict[str, str]) -> None:
    response = locked.post("/v1/recommendations", headers=headers)

    assert (response.status_code, problem_of(response).code) == (401, "unauthorized")
    assert response.headers["www-authenticate"] == 'Bearer realm="crossfade"'
    assert "Authorization: Bearer" in problem_of(response).detail


@pytest.mark.parametrize("key", ["cf_wrong", "x" * 5_000, "ключ".encode().decode("latin-1"), "\x7f"])
def test_a_key_that_is_not_good_is_refused_without_repeating_it(locked: TestClient, book: Book, key: str) -> None:
    book.make("admin")
    response = locked.post("/v1/recommendations", headers={b"X-API-Key": key.encode("latin-1")})

    assert (response.status_code, problem_of(response).code) == (401, "unauthorized")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert key not in response.text


def test_a_key_is_asked_for_before_anything_else_is_wrong(locked: TestClient) -> None:
    response = locked.post("/v1/recommendations", content=b"{" * (1 << 21), headers={"Content-Type": "text/plain"})

    assert response.status_code == 401


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_key_may_be_sent_in_either_header(locked: TestClient, book: Book, header: str) -> None:
    bearer = book.make("read")["Authorization"]
    sent = {header: bearer if header == "Authorization" else bearer.removeprefix("Bearer ")}

    assert locked.post("/v1/recommendations", json={"limit": 1}, headers=sent).status_code == 200


@pytest.mark.parametrize(("role", "status"), [("read", 403), ("write", 403), ("admin", 200)])
def test_each_role_may_do_what_the_lesser_ones_may_and_more(
    locked: TestClient, book: Book, role: Role, status: int
) -> None:
    headers = book.make(role)

    assert locked.get("/v1/bundle", headers=headers).status_code == 200
    assert locked.get("/metrics", headers=headers).status_code == 200
    assert locked.post("/v1/bundle/reload", headers=headers).status_code == status


def test_a_key_of_too_small_a_role_is_told_the_role_it_needs(locked: TestClient, book: Book) -> None:
    response = locked.post("/v1/bundle/reload", headers=book.make("read"))

    assert (response.status_code, problem_of(response).code) == (403, "forbidden")
    assert "role admin" in problem_of(response).detail
    assert 'scope="admin"' in response.headers["www-authenticate"]


def test_a_service_without_keys_starts_and_says_how_to_make_one(
    recommender: Recommender, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="crossfade"):
        client = TestClient(create_app(recommender, settings=LOCKED))

    assert "crossfade keys create --live URL --role admin" in caplog.text
    assert client.post("/v1/recommendations", headers={"X-API-Key": "cf_made-up"}).status_code == 401
    assert client.get("/health/ready").status_code == 200


def test_an_application_in_a_host_asks_for_no_keys_unless_it_is_told_to(recommender: Recommender) -> None:
    assert TestClient(create_app(recommender)).get("/v1/bundle").status_code == 200


def test_a_mounted_application_keeps_its_doors(recommender: Recommender, book: Book) -> None:
    host = FastAPI()
    host.mount("/shop", create_app(recommender, settings=LOCKED, keys=book))
    with TestClient(host) as client:
        without = client.get("/shop/v1/bundle")
        reader = client.get("/shop/v1/bundle", headers=book.make("read"))

    assert (without.status_code, reader.status_code) == (401, 200)


def test_a_key_that_the_command_makes_opens_until_it_is_revoked(recommender: Recommender, tmp_path: Path) -> None:
    with LiveData.open(str(tmp_path / "live.sqlite")) as live:
        kept, key = live.call(live.store.create_api_key("the shop", "read"))
        headers = {"Authorization": f"Bearer {key}"}
        with_key = TestClient(create_app(recommender, settings=LOCKED, keys=LiveKeys(live)))
        good = with_key.get("/v1/bundle", headers=headers)
        live.call(live.store.revoke_api_key(kept.key_id))
        without = TestClient(create_app(recommender, settings=LOCKED, keys=LiveKeys(live)))
        revoked = without.get("/v1/bundle", headers=headers)

    assert (good.status_code, revoked.status_code) == (200, 401)


def test_a_revoked_key_stops_within_a_second(book: Book) -> None:
    now = [0.0]
    headers = book.make("read")
    key = headers["Authorization"].removeprefix("Bearer ")
    ring = KeyRing(book, clock=lambda: now[0])

    async def good() -> bool:
        return await ring.find(key) is not None

    before = asyncio.run(good())
    book.revoke(headers)
    now[0] = 0.5
    meanwhile = asyncio.run(good())
    now[0] = 1.0
    after = asyncio.run(good())

    assert (before, meanwhile, after) == (True, True, False)


def test_what_was_read_is_as_old_as_the_moment_it_was_asked_for(book: Book) -> None:
    now = [0.0]
    headers = book.make("read")

    class Slow(Book):
        def all(self) -> Sequence[ApiKey]:
            found = book.all()
            now[0] += 0.9  # on its way here; the key is revoked meanwhile
            book.revoke(headers)
            return found

    ring = KeyRing(Slow(), clock=lambda: now[0])
    key = headers["Authorization"].removeprefix("Bearer ")

    async def good() -> bool:
        return await ring.find(key) is not None

    before = asyncio.run(good())
    now[0] = 1.0
    after = asyncio.run(good())

    assert (before, after) == (True, False)


def test_every_key_is_compared_in_constant_time_whichever_was_sent(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def compare(known: str, sent: str) -> bool:
        compared.append(known)
        return known == sent

    keys = [book.make("read")["Authorization"].removeprefix("Bearer ") for _ in range(3)]
    ring = KeyRing(book, clock=lambda: 0.0)
    monkeypatch.setattr("crossfade.api.doors.keys.hmac.compare_digest", compare)
    for key in (*keys, "cf_made-up"):
        compared.clear()
        asyncio.run(ring.find(key))

        assert compared == [one.sha256 for one in book.all()]


def test_the_book_is_read_once_for_all_who_ask_together(book: Book) -> None:
    ring = KeyRing(book, clock=lambda: 0.0)

    async def ask_together() -> list[ApiKey | None]:
        return await asyncio.gather(*(ring.find("x") for _ in range(50)))

    asyncio.run(ask_together())

    assert book.readings == 1


def test_no_key_is_good_when_the_book_cannot_be_read(recommender: Recommender, book: Book) -> None:
    class Torn(Book):
        torn = False

        def all(self) -> Sequence[ApiKey]:
            if self.torn:
                raise LiveError("the database is gone")
            return super().all()

    torn = Torn()
    headers = torn.make("admin")
    client = TestClient(create_app(recommender, settings=LOCKED, keys=torn))
    torn.torn = True

    response = client.get("/v1/bundle", headers=headers)

    assert (response.status_code, problem_of(response).code) == (503, "live_unavailable")


def test_a_bucket_holds_a_seconds_worth_and_fills_evenly() -> None:
    now = [0.0]
    limit = RateLimit(4.0, clock=lambda: now[0])

    at_once = [limit.wait_s("a") for _ in range(5)]
    another = limit.wait_s("b")
    now[0] = 0.25
    later = [limit.wait_s("a") for _ in range(2)]
    now[0] = 100.0
    much_later = [limit.wait_s("a") for _ in range(5)]

    assert at_once == [0.0, 0.0, 0.0, 0.0, 0.25]
    assert another == 0.0
    assert later == [0.0, 0.25]
    assert much_later == [0.0, 0.0, 0.0, 0.0, 0.25]


def test_less_than_one_request_a_second_can_be_allowed() -> None:
    now = [0.0]
    limit = RateLimit(0.1, clock=lambda: now[0])

    assert [limit.wait_s("a"), limit.wait_s("a")] == [0.0, 10.0]


def test_a_key_that_comes_too_often_is_told_when_to_come_back_and_disturbs_no_other(
    recommender: Recommender, book: Book
) -> None:
    one, other = book.make("read"), book.make("read")
    client = TestClient(create_app(recommender, settings=DoorSettings(auth="on", rate_limit_per_s=0.01), keys=book))

    first = client.get("/v1/bundle", headers=one)
    second = client.get("/v1/bundle", headers=one)
    others = client.get("/v1/bundle", headers=other)
    health = [client.get("/health/live").status_code for _ in range(3)]

    assert (first.status_code, second.status_code, others.status_code) == (200, 429, 200)
    assert problem_of(second).code == "rate_limited"
    assert 90 <= int(second.headers["retry-after"]) <= 100
    assert health == [200, 200, 200]


def test_without_keys_all_callers_share_the_rate(recommender: Recommender) -> None:
    client = TestClient(create_app(recommender, settings=DoorSettings(auth="off", rate_limit_per_s=0.01)))

    assert [client.get("/v1/bundle").status_code for _ in range(2)] == [200, 429]


def test_the_document_tells_of_keys_roles_and_what_they_are_answered(app: FastAPI) -> None:
    document = app.openapi()

    assert set(document["components"]["securitySchemes"]) == {"bearer", "header"}
    for _, _, operation in operations(app):
        needs_a_key = operation["operationId"] not in OPEN
        assert ("security" in operation) == needs_a_key
        assert ({"401", "403", "429", "503"} <= set(operation["responses"])) == needs_a_key
