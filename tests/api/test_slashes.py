"""A slash at the end of a path: nothing is there, and nothing is redirected."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from api.reading import problem_of
from fastapi import FastAPI
from fastapi.testclient import TestClient

from crossfade import Recommender, create_app, create_router


def _itself(recommender: Recommender) -> tuple[FastAPI, str]:
    return create_app(recommender), ""


def _included(recommender: Recommender) -> tuple[FastAPI, str]:
    host = FastAPI()
    host.include_router(create_router(recommender), prefix="/shop")
    return host, "/shop"


def _mounted(recommender: Recommender) -> tuple[FastAPI, str]:
    host = FastAPI()
    host.mount("/mounted", create_app(recommender))
    return host, "/mounted"


@pytest.mark.parametrize("host", [_itself, _included, _mounted])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/items/"),
        ("GET", "/v1/items/i0/"),
        ("GET", "/v1/items/a%2Fb/similar/"),
        ("GET", "/v1/items/a%2Fb/similar//"),
        ("GET", "/v1/users/u0/why/i0/"),
        ("PUT", "/v1/scenarios/plain/"),
        ("POST", "/v1/recommendations/"),
        ("GET", "/v1/recommendations/"),
    ],
)
def test_a_path_that_ends_with_a_slash_leads_nowhere(
    recommender: Recommender, host: Callable[[Recommender], tuple[FastAPI, str]], method: str, path: str
) -> None:
    app, prefix = host(recommender)

    response = TestClient(app, follow_redirects=False).request(method, f"{prefix}{path}")

    problem = problem_of(response)
    assert (problem.status, problem.code) == (404, "route_not_found")
    assert "location" not in response.headers


@pytest.mark.parametrize("path", ["/health/live/", "/metrics/", "/docs/", "/openapi.json/"])
def test_nor_does_one_beside_the_operations(recommender: Recommender, path: str) -> None:
    response = TestClient(create_app(recommender), follow_redirects=False).get(path)

    assert problem_of(response).code == "route_not_found"


def test_a_slash_at_the_end_of_an_id_is_a_part_of_it(client: TestClient) -> None:
    problem = problem_of(client.get("/v1/items/a%2F"))

    assert (problem.code, "'a/'" in (problem.detail or "")) == ("not_found", True)
