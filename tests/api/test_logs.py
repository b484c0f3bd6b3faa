"""What the log holds, and above all what it never does: an id, a text, a key."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from api.locked import Book
from api.processes import uvicorn_process
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from crossfade import Recommender, create_app
from crossfade.bundle import BundleStore
from crossfade.settings import DoorSettings

SECRET = "s3cret"  # in every id, text and key sent below # noqa: S105 - it is none
BODIES: list[Any] = [
    {"user_id": f"{SECRET}-user", "item_ids": [f"{SECRET}-item"], "text": f"{SECRET} words", "limit": 3},
    {"text": f"{SECRET} words"},
    {"item_ids": [f"{SECRET}-item"], "user_id": f"{SECRET}-user"},
    {f"{SECRET}-field": f"{SECRET}-value", "include": [f"{SECRET}-property"]},
    {"user_id": f"{SECRET}-user", "item_id": f"{SECRET}-item", "title": f"{SECRET} title", "event_id": f"{SECRET}-1"},
    {"version": f"{SECRET}-version"},
    [SECRET],
]
HEADERS = {
    "X-API-Key": f"cf_{SECRET}",
    "Authorization": f"Bearer cf_{SECRET}",
    "X-Request-ID": f"{SECRET} with a space",
    "User-Agent": SECRET,
    "Cookie": f"session={SECRET}",
}


def requests(app: FastAPI) -> Iterator[dict[str, Any]]:
    """Return a request of each kind for every operation, and some for none; each holds the secret everywhere."""
    query = {"text": f"{SECRET} words", "user_id": f"{SECRET}-user", "limit": SECRET}
    for path, methods in app.openapi()["paths"].items():
        filled = re.sub(r"\{\w+\}", f"{SECRET}-id", path)
        for method in methods:
            yield {"method": method.upper(), "url": filled}
            yield {"method": method.upper(), "url": filled, "params": query}
            yield {"method": method.upper(), "url": filled, "content": f"{{{SECRET}", "headers": HEADERS}
            yield from ({"method": method.upper(), "url": filled, "json": body} for body in BODIES)
    yield {"method": "GET", "url": f"/{SECRET}"}
    yield {"method": f"{SECRET}", "url": "/v1/recommendations"}
    yield {"method": "GET", "url": f"/docs/{SECRET}"}


def ask_all(client: httpx2.Client, app: FastAPI) -> int:
    """Send all of them and return how many there were."""
    return len([client.request(**request) for request in requests(app)])


@pytest.mark.parametrize("auth", ["on", "off"])
def test_nothing_that_was_sent_is_logged(
    recommender: Recommender, caplog: pytest.LogCaptureFixture, auth: Literal["on", "off"]
) -> None:
    app = create_app(recommender, settings=DoorSettings(auth=auth), keys=Book())
    with caplog.at_level(logging.DEBUG), TestClient(app) as client:
        sent = ask_all(client, app)

    records = [record for record in caplog.records if not record.name.startswith("httpx")]  # the client's own
    assert sum(record.name == "crossfade.requests" for record in records) >= sent > 50
    assert not [record.getMessage() for record in records if SECRET in record.getMessage()]


def test_a_process_logs_nothing_that_was_sent_and_every_line_is_json(
    app: FastAPI, shared_store: BundleStore, tmp_path: Path
) -> None:
    environment = {
        "CROSSFADE_BUNDLE": str(shared_store.directory),
        "CROSSFADE_LIVE": str(tmp_path / "live.sqlite"),
        "CROSSFADE_AUTH": "off",
        "CROSSFADE_LOG_FORMAT": "json",
        "CROSSFADE_DRAIN_S": "0",
    }
    log = tmp_path / "log"
    with uvicorn_process(
        "--factory", "crossfade.api:from_environment", folder=tmp_path, environment=environment, log=log
    ) as client:
        sent = ask_all(client, app)
        client.get("/v1/bundle", headers={"X-Request-ID": "order-17"})

    text = log.read_text(encoding="utf-8")
    told = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    of_requests = [one for one in told if one["logger"] == "crossfade.requests"]
    assert SECRET not in text
    assert len(of_requests) > sent
    named = next(one for one in of_requests if one["request_id"] == "order-17")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", named.pop("time"))
    assert named.pop("duration_ms") > 0
    assert re.fullmatch(r"GET /v1/bundle 200 \d+\.\d ms request_id=order-17", named.pop("message"))
    assert named == {
        "level": "info",
        "logger": "crossfade.requests",
        "method": "GET",
        "route": "/v1/bundle",
        "status": 200,
        "request_id": "order-17",
    }


def test_the_line_of_a_request_names_the_key_by_its_id_and_the_problem_by_its_code(
    recommender: Recommender, caplog: pytest.LogCaptureFixture
) -> None:
    book = Book()
    headers = book.make("read")
    client = TestClient(create_app(recommender, settings=DoorSettings(auth="on"), keys=book))
    with caplog.at_level(logging.INFO, logger="crossfade.requests"):
        client.post("/v1/bundle/reload", headers=headers)

    (line,) = (record.getMessage() for record in caplog.records if record.name == "crossfade.requests")
    assert re.fullmatch(
        r"POST /v1/bundle/reload 403 \d+\.\d ms request_id=[0-9a-f]{16} key_id=read-0 problem=forbidden", line
    )


def test_a_defect_is_logged_by_where_it_arose_and_not_by_what_it_says(
    recommender: Recommender, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(queries: object) -> None:
        raise LookupError(queries) from KeyError(str(queries))

    monkeypatch.setattr(recommender, "recommend_many", fail)
    client = TestClient(create_app(recommender))
    with caplog.at_level(logging.DEBUG):
        response = client.post("/v1/recommendations", json=BODIES[0], headers={"X-Request-ID": "order-17"})

    (defect,) = (record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    assert (response.status_code, response.headers["x-request-id"]) == (500, "order-17")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "order-17" in defect
    assert "LookupError" in defect
    assert "from builtins.KeyError" in defect
    assert f"{Path(__file__).name}:" in defect
    assert not [record for record in caplog.records if SECRET in record.getMessage() + str(record.exc_text)]


def test_an_answer_that_breaks_off_closes_the_connection_without_a_word_of_what_was_sent(
    recommender: Recommender, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(recommender)

    def pieces() -> Iterator[str]:
        yield "a"
        raise LookupError(SECRET)

    @app.get("/broken")
    async def broken() -> StreamingResponse:
        return StreamingResponse(pieces())

    client = TestClient(app)
    with caplog.at_level(logging.DEBUG), pytest.raises(RuntimeError, match="broke off") as raised:
        client.get("/broken")

    assert raised.value.__suppress_context__
    assert SECRET not in caplog.text
