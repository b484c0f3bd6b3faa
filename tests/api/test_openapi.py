"""The OpenAPI document: committed, complete, and true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.asking import ask
from api.rewrite_openapi import document_of
from fastapi import FastAPI
from fastapi.testclient import TestClient

from crossfade import create_app
from crossfade.api.documentation import EXAMPLES
from crossfade.wire import PROBLEM_MEDIA_TYPE, PROBLEM_TYPES

Json = dict[str, Any]

REWRITE = (
    "docs/openapi.json is not what the code says; write it anew with: PYTHONPATH=tests python -m api.rewrite_openapi"
)

FIXED = {
    ("post", "/v1/recommendations"): "recommend",
    ("get", "/v1/users/{user_id}/recommendations"): "recommend_for_user",
    ("post", "/v1/search"): "search",
    ("post", "/v1/rank"): "rank",
    ("get", "/v1/items/{item_id}/similar"): "similar_items",
    ("get", "/v1/users/{user_id}/similar"): "similar_users",
    ("get", "/v1/bundle"): "get_bundle",
    ("post", "/v1/bundle/reload"): "reload_bundle",
    ("get", "/health/live"): "live",
    ("get", "/health/ready"): "ready",
}


@pytest.fixture(scope="module")
def document(app: FastAPI) -> Json:
    return app.openapi()


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_the_committed_document_is_what_the_code_says(app: FastAPI, repository: Path) -> None:
    committed = (repository / "docs" / "openapi.json").read_text(encoding="utf-8")

    assert committed == document_of(app), REWRITE


def test_paths_and_operation_ids_are_fixed(document: Json) -> None:
    found = {(method, path): operation["operationId"] for method, path, operation in operations(document)}

    assert found == FIXED


def test_every_operation_says_what_it_does_and_shows_an_example(document: Json) -> None:
    tags = {tag["name"] for tag in document["tags"]}

    for _, _, operation in operations(document):
        assert operation["summary"]
        assert len(operation["description"]) > 30
        assert set(operation["tags"]) <= tags
        assert len(operation["tags"]) == 1
        assert operation["responses"]["200"]["content"]["application/json"]["examples"]


def test_every_problem_is_shown_as_a_problem_document_with_an_example(document: Json) -> None:
    shown = set()

    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if status == "200":
                continue
            assert set(response["content"]) == {PROBLEM_MEDIA_TYPE}
            content = response["content"][PROBLEM_MEDIA_TYPE]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            for code, example in content["examples"].items():
                assert example["value"]["code"] == code
                assert example["value"]["status"] == PROBLEM_TYPES[code].status == int(status)
                shown.add(code)

    assert {"request_invalid", "query_invalid", "body_malformed", "overloaded", "bundle_not_found"} <= shown


def test_every_parameter_and_field_is_described(document: Json) -> None:
    parameters = [one for _, _, operation in operations(document) for one in operation.get("parameters", [])]
    fields = {
        f"{schema}.{name}": field
        for schema, one in document["components"]["schemas"].items()
        for name, field in one.get("properties", {}).items()
    }

    assert [one["name"] for one in parameters if not one.get("description")] == []
    assert [name for name, field in fields.items() if not (field.get("description") or "$ref" in field)] == []


def test_every_text_number_and_list_of_a_request_is_bounded(document: Json) -> None:
    schemas = document["components"]["schemas"]
    requests = [name for name in schemas if name.endswith(("Request", "Exclude")) or name == "Weights"]
    asked = [field for name in requests for field in schemas[name]["properties"].values()]
    asked += [one["schema"] for _, _, operation in operations(document) for one in operation.get("parameters", [])]

    assert len(requests) == 7
    assert [field for field in asked if not is_bounded(field)] == []


def is_bounded(schema: Json) -> bool:
    bounds = {"string": {"maxLength"}, "integer": {"minimum", "maximum"}, "number": {"minimum", "maximum"}}
    bounds |= {"array": {"maxItems"}, "object": {"maxProperties"}}
    parts = schema.get("anyOf", [schema]) + ([schema["items"]] if "items" in schema else [])
    return all(bounds.get(part.get("type", ""), set()) <= set(part) for part in parts)


def test_all_references_lead_somewhere(document: Json) -> None:
    text = json.dumps(document)
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert names == set(document["components"]["schemas"])


@pytest.fixture(scope="module")
def demo(sample_bundle: Path) -> Iterator[tuple[TestClient, FastAPI]]:
    """A service over the sample bundle."""
    app = create_app(sample_bundle)
    with TestClient(app) as client:
        yield client, app


def shape(value: object) -> object:
    """Reduce an answer to its names and types; of a list, to those of its first entry."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value[:1]]
    return type(value).__name__


@pytest.mark.parametrize(
    ("operation_id", "name"), [(operation_id, name) for operation_id, named in EXAMPLES.items() for name in named]
)
def test_every_example_works_on_the_demo_and_is_answered_in_the_shape_shown(
    demo: tuple[TestClient, FastAPI], operation_id: str, name: str
) -> None:
    client, app = demo
    example = EXAMPLES[operation_id][name]

    response = ask(client, app, operation_id, example)

    assert response.status_code == 200, response.text
    assert shape(response.json()) == shape(example["answer"])


def test_the_answers_shown_are_about_the_demos_own_items(demo: tuple[TestClient, FastAPI]) -> None:
    client, _ = demo
    shown = {
        item["item_id"]: item["properties"]["title"]
        for operation_id, named in EXAMPLES.items()
        if operation_id != "ready"  # whose "items" is their number
        for example in named.values()
        for item in example["answer"].get("items", [])
    }

    ranked = client.post("/v1/rank", json={"item_ids": list(shown)}).json()

    assert {item["item_id"]: item["properties"]["title"] for item in ranked["items"]} == shown


def test_every_example_id_is_known_to_the_demo_unless_it_is_there_to_be_unknown(
    demo: tuple[TestClient, FastAPI],
) -> None:
    client, app = demo
    to_be_unknown = {"nobody-yet", "not-made-yet"}

    for operation_id, named in EXAMPLES.items():
        for example in named.values():
            missing = ask(client, app, operation_id, example).json().get("missing", {})
            assert {missing.get("user_id"), *missing.get("item_ids", [])} <= {None, *to_be_unknown}
