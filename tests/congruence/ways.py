"""The ways in: each takes steps, and tells what they returned or raised."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
from client.serving import serving
from congruence.steps import Step, Told
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from crossfade import AsyncCrossfadeClient, CrossfadeClient, Recommender, create_app, create_router
from crossfade.engine import Answer, Insights, Item, ItemPage, Profile, Query, SimilarUsers, User, UserPage, Why
from crossfade.errors import CrossfadeError, QueryError
from crossfade.live import EventOutcome, Scenario
from crossfade.wire import ERROR_STATUS, PROBLEM_MEDIA_TYPE

__all__ = ["WAYS", "Ask"]

Ask = Callable[[Step, Told], object]
"""Takes a step and what the steps before told; returns what it returned, or the exception of ours that it raised."""


@contextmanager
def _library(recommender: Recommender) -> Iterator[Ask]:
    yield lambda step, told: _caught(lambda: getattr(recommender, step.method)(*step.arguments(told), **step.fields))


@contextmanager
def _client(recommender: Recommender) -> Iterator[Ask]:
    with serving(create_app(recommender)) as url, CrossfadeClient(url) as client:
        yield lambda step, told: _caught(lambda: getattr(client, step.method)(*step.arguments(told), **step.fields))


@contextmanager
def _async_client(recommender: Recommender) -> Iterator[Ask]:
    with serving(create_app(recommender)) as url, asyncio.Runner() as runner:
        client = AsyncCrossfadeClient(url)

        async def awaited(step: Step, told: Told) -> object:
            return await getattr(client, step.method)(*step.arguments(told), **step.fields)

        yield lambda step, told: _caught(lambda: runner.run(awaited(step, told)))
        runner.run(client.close())


@contextmanager
def _included(recommender: Recommender) -> Iterator[Ask]:
    host = FastAPI()
    host.include_router(create_router(recommender), prefix="/shop")
    with TestClient(host) as http:
        yield lambda step, told: _caught(lambda: _by_hand(http, "/shop", step, told))


@contextmanager
def _mounted(recommender: Recommender) -> Iterator[Ask]:
    host = FastAPI()
    host.mount("/recommender", create_app(recommender))
    with TestClient(host) as http:
        yield lambda step, told: _caught(lambda: _by_hand(http, "/recommender", step, told))


WAYS = {
    "library": _library,
    "router in a host": _included,
    "mounted application": _mounted,
    "client": _client,
    "async client": _async_client,
}


def _caught(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except CrossfadeError as error:
        return error


# What each method is over HTTP: written out here, so that it is not the client's own code that is compared with itself.
_ROUTES: Mapping[str, tuple[str, str, Any]] = {
    "recommend": ("POST", "/v1/recommendations", Answer),
    "recommend_many": ("POST", "/v1/recommendations/batch", list[Answer]),
    "search": ("POST", "/v1/search", Answer),
    "rank": ("POST", "/v1/rank", Answer),
    "similar_items": ("GET", "/v1/items/{}/similar", Answer),
    "similar_users": ("GET", "/v1/users/{}/similar", SimilarUsers),
    "why": ("GET", "/v1/users/{}/why/{}", Why),
    "profile": ("GET", "/v1/users/{}/profile", Profile),
    "add_events": ("POST", "/v1/events", None),
    "put_items": ("POST", "/v1/items", None),
    "patch_item": ("PATCH", "/v1/items/{}", Item),
    "delete_item": ("DELETE", "/v1/items/{}", None),
    "get_item": ("GET", "/v1/items/{}", Item),
    "list_items": ("GET", "/v1/items", ItemPage),
    "put_users": ("POST", "/v1/users", None),
    "patch_user": ("PATCH", "/v1/users/{}", User),
    "delete_user": ("DELETE", "/v1/users/{}", None),
    "get_user": ("GET", "/v1/users/{}", User),
    "list_users": ("GET", "/v1/users", UserPage),
    "merge_users": ("POST", "/v1/users/{}/merge", None),
    "export_user": ("GET", "/v1/users/{}/export", dict[str, object]),
    "put_scenario": ("PUT", "/v1/scenarios/{}", Scenario),
    "get_scenario": ("GET", "/v1/scenarios/{}", Scenario),
    "list_scenarios": ("GET", "/v1/scenarios", list[Scenario]),
    "delete_scenario": ("DELETE", "/v1/scenarios/{}", None),
    "insights": ("GET", "/v1/insights", Insights),
    "reload": ("POST", "/v1/bundle/reload", bool),
    "use": ("POST", "/v1/bundle/reload", None),
}


def _by_hand(http: TestClient, prefix: str, step: Step, told: Told) -> object:
    verb, path, kind = _ROUTES[step.method]
    arguments = () if step.body is not None else step.arguments(told)
    ids = [quote(one, safe="").replace(".", "%2E") for one in arguments[: path.count("{}")]]
    body = step.body
    if body is None and step.method in _BODIES:
        body = _BODIES[step.method](*arguments[len(ids) :], **step.fields)
    response = http.request(verb, f"{prefix}{path.format(*ids)}?{urlencode(step.parameters)}", json=body)
    if response.headers.get("content-type") == PROBLEM_MEDIA_TYPE:
        raise _error(response)
    if step.method == "add_events":
        return _outcomes(response, len(arguments[0]))
    document = response.json() if kind is not None else None
    return None if kind is None else TypeAdapter[Any](kind).validate_python(_reshaped(step.method, document))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of a query
    if isinstance(value, Query):
        value = {name: one for name, one in vars(value).items() if one is not None and name != "fallback"}
    return to_jsonable_python(value)


_BODIES: Mapping[str, Callable[..., object]] = {
    "recommend": _plain,
    "recommend_many": lambda queries: {"queries": [_plain(query) for query in queries]},
    "search": lambda text, **fields: {**_all_plain(fields), "text": text},
    "rank": lambda item_ids, **fields: {**_all_plain(fields), "item_ids": item_ids},
    "add_events": lambda events: [_plain(event) for event in events],
    "put_items": lambda items: {"items": [{"item_id": item.item_id, **item.properties} for item in items]},
    "patch_item": lambda changes: changes,
    "put_users": lambda users: {"users": [asdict(user) for user in users]},
    "patch_user": lambda changes: {"attributes": changes},
    "merge_users": lambda from_id: {"from": from_id},
    "put_scenario": lambda defaults: defaults,
    "reload": dict,
    "use": lambda version: {"version": version},
}


def _all_plain(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: _plain(value) for name, value in fields.items()}


def _reshaped(method: str, document: Any) -> Any:  # noqa: ANN401 - JSON is any of its types
    """Return a document in the shape of the value that a recommender returns."""
    match method:
        case "get_item" | "patch_item":
            return _item(document)
        case "list_items":
            return {**document, "items": [_item(one) for one in document["items"]]}
        case "recommend_many":
            return document["answers"]
        case "list_scenarios":
            return document["scenarios"]
        case "reload":
            return document["changed"]
    return document


def _item(flat: dict[str, Any]) -> dict[str, Any]:
    return {"item_id": flat.pop("item_id"), "properties": flat}


def _outcomes(response: httpx2.Response, count: int) -> list[EventOutcome]:
    answer = response.json()
    rejected = {one["place"]: one["field"] for one in answer["rejected"]}
    duplicates = set(answer["duplicate_places"])
    assert answer["accepted"] == count - len(rejected) - len(duplicates)
    return [EventOutcome("", place in duplicates, rejected.get(place)) for place in range(count)]


def _error(response: httpx2.Response) -> CrossfadeError:
    """Return the exception a problem stands for; to a caller it is one whether the door or the engine found it."""
    problem = json.loads(response.content)
    if problem["code"] in {"query_invalid", "request_invalid"}:
        # Over HTTP the field says in which of many queries it is.
        field = re.sub(r"^queries\.\d+\.", "", problem["field"])
        return QueryError(problem["detail"], field={"from": "from_id"}.get(field, field))
    kinds = {kind.code: kind for kind in ERROR_STATUS}
    return kinds[problem["code"]](problem["detail"])
