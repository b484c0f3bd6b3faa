"""The router and the application inside somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from api.hand_made import publish
from api.reading import answer_of, problem_of, same_answer
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from crossfade import Recommender, create_app, create_router
from crossfade.bundle import BundleStore
from crossfade.wire import PROBLEM_MEDIA_TYPE


@pytest.fixture(scope="module")
def other_recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    store = BundleStore(tmp_path_factory.mktemp("other") / "bundle")
    publish(store, seed=9)
    return Recommender(store)


@pytest.fixture
def host() -> FastAPI:
    """An application with its own operation and its own ways with errors."""
    app = FastAPI(title="Host")

    @app.get("/teapots/{number}")
    async def teapot(number: int) -> dict[str, int]:
        if number > 1:
            raise HTTPException(418, "short and stout")
        return {"number": number}

    @app.exception_handler(HTTPException)
    async def told_plainly(request: Request, error: HTTPException) -> Response:
        return PlainTextResponse(f"host: {error.detail}", error.status_code)

    @app.exception_handler(RequestValidationError)
    async def refused_plainly(request: Request, error: RequestValidationError) -> Response:
        return PlainTextResponse("host: invalid", 400)

    return app


@pytest.fixture
def including(host: FastAPI, recommender: Recommender) -> Iterator[TestClient]:
    host.include_router(create_router(recommender), prefix="/shop")
    with TestClient(host) as client:
        yield client


def test_an_included_router_answers_below_its_prefix(including: TestClient) -> None:
    answer = answer_of(including.post("/shop/v1/recommendations", json={"user_id": "u0"}))

    assert len(answer.items) == 10


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/shop/v1/recommendations", b'{"limit": 0}', "request_invalid"),
        ("POST", "/shop/v1/recommendations", b'{"include": ["x"]}', "query_invalid"),
        ("POST", "/shop/v1/recommendations", b"{", "body_malformed"),
        ("POST", "/shop/v1/search", b" " * (1 << 20) + b"{}", "body_too_large"),
        ("GET", "/shop/v1/search", b"", "method_not_allowed"),
        ("POST", "/shop/v1/bundle/reload", b'{"version": "x"}', "bundle_not_found"),
    ],
)
def test_an_included_routers_errors_stay_problem_documents(
    including: TestClient, method: str, path: str, body: bytes, code: str
) -> None:
    response = including.request(method, path, content=body, headers={"Content-Type": "application/json"})

    assert problem_of(response).code == code


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/teapots/1", 200, '{"number":1}'),
        ("/teapots/2", 418, "host: short and stout"),
        ("/teapots/x", 400, "host: invalid"),
        ("/nowhere", 404, "host: Not Found"),
    ],
)
def test_the_hosts_own_operations_keep_the_hosts_ways(including: TestClient, path: str, status: int, text: str) -> None:
    response = including.get(path)

    assert (response.status_code, response.text) == (status, text)


def test_a_login_that_the_host_asks_for_is_refused_in_the_hosts_way(host: FastAPI, recommender: Recommender) -> None:
    def login(token: Annotated[str | None, Depends(lambda: None)]) -> None:
        raise HTTPException(401, "who are you?")

    host.include_router(create_router(recommender), dependencies=[Depends(login)])
    with TestClient(host) as client:
        response = client.post("/v1/recommendations")

    assert (response.status_code, response.text) == (401, "host: who are you?")


def test_the_hosts_document_holds_our_operations_and_no_broken_reference(including: TestClient) -> None:
    document = including.get("/openapi.json").json()

    search = document["paths"]["/shop/v1/search"]["post"]
    assert search["operationId"] == "search"
    assert "$ref" not in str(search["responses"]["422"]["content"][PROBLEM_MEDIA_TYPE]["schema"])


def test_two_routers_over_two_bundles_do_not_see_each_other(
    host: FastAPI, recommender: Recommender, other_recommender: Recommender
) -> None:
    host.include_router(create_router(recommender), prefix="/one")
    host.include_router(create_router(other_recommender), prefix="/other")
    with TestClient(host) as client:
        one = answer_of(client.post("/one/v1/recommendations", json={"user_id": "u0"}))
        other = answer_of(client.post("/other/v1/recommendations", json={"user_id": "u0"}))

    assert one.bundle == recommender.bundle.version
    assert other.bundle == other_recommender.bundle.version
    assert one.items != other.items


def test_a_mounted_application_works_although_its_lifespan_never_runs(host: FastAPI, shared_store: BundleStore) -> None:
    host.mount("/recommender", create_app(shared_store.directory))
    with TestClient(host) as client:
        ready = client.get("/recommender/health/ready")
        answer = answer_of(client.post("/recommender/v1/recommendations", json={"text": "space"}))
        missing = problem_of(client.get("/recommender/nowhere"))
        ours = client.get("/nowhere")

    assert ready.json()["status"] == "ready"
    assert len(answer.items) == 10
    assert missing.code == "route_not_found"
    assert ours.text == "host: Not Found"


def test_a_mounted_applications_document_names_its_prefix(host: FastAPI, recommender: Recommender) -> None:
    host.mount("/recommender", create_app(recommender))
    with TestClient(host) as client:
        document = client.get("/recommender/openapi.json").json()

    assert document["servers"] == [{"url": "/recommender"}]


def test_the_router_and_the_application_can_share_a_recommender(host: FastAPI, recommender: Recommender) -> None:
    host.include_router(create_router(recommender))
    host.mount("/recommender", create_app(recommender))
    with TestClient(host) as client:
        included = client.post("/v1/recommendations", json={"user_id": "u1"})
        mounted = client.post("/recommender/v1/recommendations", json={"user_id": "u1"})

    assert same_answer(included, mounted)


def test_an_operation_added_to_the_application_keeps_fastapis_errors(recommender: Recommender) -> None:
    app = create_app(recommender)

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "short and stout")

    with TestClient(app) as client:
        response = client.get("/teapot")

    assert (response.status_code, response.json()) == (418, {"detail": "short and stout"})


def test_an_application_over_no_bundle_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no bundle here"):
        create_app(tmp_path)
