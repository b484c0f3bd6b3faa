"""The ways of asking for items over HTTP, each with the same fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
from api.hand_made import ITEM_IDS
from fastapi.testclient import TestClient

from crossfade.wire import RecommendationsAnswer

__all__ = ["WAYS", "Fields", "Way", "as_parameters", "ask_all"]

Fields = Mapping[str, Any]
Way = Callable[[TestClient, Fields], httpx2.Response]

_AS_JSON = {"filter", "promote", "cap"}
_AS_LIST_OF_JSON = {"boost", "pin"}


def as_parameters(fields: Fields) -> dict[str, Any]:
    """Return the fields of a body as a query string has them."""
    parameters: dict[str, Any] = {}
    for name, value in fields.items():
        if name in _AS_JSON:
            parameters[name] = json.dumps(value)
        elif name in _AS_LIST_OF_JSON:
            parameters[name] = [json.dumps(one) for one in value]
        elif name == "context":
            parameters[name] = [f"{field}={one}" for field, one in value.items()]
        elif isinstance(value, dict):
            parameters |= {f"{name}.{part}": one for part, one in value.items()}
        else:
            parameters[name] = value
    return parameters


def _by_body(client: TestClient, fields: Fields) -> httpx2.Response:
    return client.post("/v1/recommendations", json={"user_id": "u0", **fields})


def _by_query(client: TestClient, fields: Fields) -> httpx2.Response:
    return client.get("/v1/users/u0/recommendations", params=as_parameters(fields))


def _in_a_batch(client: TestClient, fields: Fields) -> httpx2.Response:
    """Ask in the middle of others, and return the answer as if it had come alone."""
    queries = [{"limit": 1}, {"user_id": "u0", **fields}, {"user_id": "u1"}]
    response = client.post("/v1/recommendations/batch", json={"queries": queries})
    if response.status_code != 200:
        return response
    return httpx2.Response(200, json=response.json()["answers"][1])


def _similar(client: TestClient, fields: Fields) -> httpx2.Response:
    return client.get("/v1/items/i2/similar", params=as_parameters(fields))


def _search(client: TestClient, fields: Fields) -> httpx2.Response:
    return client.post("/v1/search", json={"text": "crime", **fields})


def _rank(client: TestClient, fields: Fields) -> httpx2.Response:
    return client.post("/v1/rank", json={"item_ids": ITEM_IDS, "user_id": "u1", **fields})


WAYS: dict[str, Way] = {
    "recommendations": _by_body,
    "query string": _by_query,
    "batch": _in_a_batch,
    "similar": _similar,
    "search": _search,
    "rank": _rank,
}


def ask_all(client: TestClient, way: Way, **fields: Any) -> list[str]:  # noqa: ANN401 - any field of a request
    """Return the ids of all items that one way of asking answers."""
    response = way(client, {"limit": 500, **fields})
    assert response.status_code == 200, response.text
    return [item.item_id for item in RecommendationsAnswer.model_validate_json(response.content).items]
