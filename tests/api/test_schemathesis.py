"""Thousands of requests made from the OpenAPI document alone: no fault, and no answer that it does not promise."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crossfade import Recommender, create_app
from crossfade.api.documentation import EXAMPLES

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

# Nothing of these is the caller's to say; and of those with an id alone, nothing that does not fit can be made up.
WITHOUT_INPUT = {"list_scenarios", "get_bundle", "live", "ready"}
WITH_AN_ID_ALONE = {"get_item", "delete_item", "get_user", "delete_user", "profile", "export_user"}
OPERATIONS = sorted(EXAMPLES.keys() - WITHOUT_INPUT)

# How many requests of each that fit the document. To make one up is most of its cost, up to fifty times as much for a
# large body as for an id; what is written waits for the disk, and to reload reads the bundle.
LARGE = {
    *("recommend", "recommend_batch", "recommend_for_user", "why", "search", "rank", "similar_items"),
    *("send_events", "put_items", "put_item", "patch_item", "put_users", "put_scenario"),
}
SMALL = {"get_item", "get_user", "get_scenario", "export_user", "insights", "delete_item", "delete_scenario"}
FITTING = {one: 30 if one in LARGE else 480 if one in SMALL else 140 for one in OPERATIONS}
# A batch is as wrong as one of its queries, and takes seconds to make up.
UNFITTING = {one: 6 for one in OPERATIONS if one not in WITH_AN_ID_ALONE | {"recommend_batch"}}


# All of them take a core for a minute and a half: `make fuzz` sends all, `make test` a sixth.
SHARE = 1.0 if os.environ.get("FUZZ") == "all" else 1 / 6


def test_all_are_five_thousand_requests() -> None:
    assert sum(FITTING.values()) + sum(UNFITTING.values()) >= 5_000


@pytest.fixture(scope="module")
def application(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """A service that keeps whatever it is told."""
    directory = tmp_path_factory.mktemp("fuzzed") / "bundle"
    recommender = Recommender.open(shutil.copytree(untouched, directory))
    yield create_app(recommender)
    recommender.close()


@pytest.fixture(scope="module")
def document(application: FastAPI) -> Any:  # noqa: ANN401 - schemathesis names no type for it
    """The document, its bounds on requests drawn nearer, because to make up a list of 1,001 entries takes seconds."""
    drawn = json.loads(json.dumps(application.openapi()))
    draw_nearer({name: one for name, one in drawn["components"]["schemas"].items() if name != "Problem"})
    loaded = schemathesis.openapi.from_dict(drawn)
    loaded.app = application
    return loaded


def draw_nearer(schema: object) -> None:
    if isinstance(schema, dict):
        for name, most in (("maxLength", 32), ("maxItems", 3), ("maxProperties", 4)):
            if isinstance(schema.get(name), int):
                schema[name] = min(schema[name], most)
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        draw_nearer(part)


@pytest.mark.parametrize(("operation_id", "n_requests"), FITTING.items())
def test_what_fits_the_document_is_answered_as_it_promises(
    document: Any,  # noqa: ANN401
    application: FastAPI,
    operation_id: str,
    n_requests: int,
) -> None:
    n_requests = math.ceil(SHARE * n_requests)
    assert send_many(document, application, operation_id, GenerationMode.POSITIVE, n_requests) >= n_requests


@pytest.mark.parametrize(("operation_id", "n_requests"), UNFITTING.items())
def test_what_does_not_fit_is_answered_as_it_promises_too(
    document: Any,  # noqa: ANN401
    application: FastAPI,
    operation_id: str,
    n_requests: int,
) -> None:
    n_requests = math.ceil(SHARE * n_requests)
    assert send_many(document, application, operation_id, GenerationMode.NEGATIVE, n_requests) >= n_requests


def send_many(document: Any, application: FastAPI, operation_id: str, mode: GenerationMode, n_requests: int) -> int:  # noqa: ANN401
    """Send requests, each of which must be answered as the document promises; return how many were sent."""
    operation = document.find_operation_by_id(operation_id)
    sent = 0
    with asgi.get_client(application) as client:  # type: ignore[arg-type]  # its own idea of what ASGI is

        @settings(max_examples=n_requests, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: schemathesis.Case[Any]) -> None:
            nonlocal sent
            sent += 1
            case.call_and_validate(session=client, checks=CHECKS)

        send()
    return sent
