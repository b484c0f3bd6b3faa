"""The OpenAPI document: committed, complete, and true."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from api.asking import ask, copy_of
from api.rewrite_openapi import document_of
from fastapi import FastAPI
from fastapi.testclient import TestClient

from crossfade import Recommender, create_app
from crossfade.api.documentation import EXAMPLES
from crossfade.api.doors.rules import RULES
from crossfade.wire import PROBLEM_MEDIA_TYPE, PROBLEM_TYPES

Json = dict[str, Any]

REWRITE = (
    "docs/openapi.json is not what the code says; write it anew with: PYTHONPATH=tests python -m api.rewrite_openapi"
)

FIXED = {
    ("post", "/v1/recommendations"): "recommend",
    ("post", "/v1/recommendations/batch"): "recommend_batch",
    ("get", "/v1/users/{user_id}/recommendations"): "recommend_for_user",
    ("get", "/v1/users/{user_id}/why/{item_id}"): "why",
    ("post", "/v1/search"): "search",
    ("post", "/v1/rank"): "rank",
    ("get", "/v1/items/{item_id}/similar"): "similar_items",
    ("get", "/v1/users/{user_id}/similar"): "similar_users",
    ("post", "/v1/events"): "send_events",
    ("post", "/v1/items"): "put_items",
    ("get", "/v1/items"): "list_items",
    ("put", "/v1/items/{item_id}"): "put_item",
    ("get", "/v1/items/{item_id}"): "get_item",
    ("patch", "/v1/items/{item_id}"): "patch_item",
    ("delete", "/v1/items/{item_id}"): "delete_item",
    ("post", "/v1/users"): "put_users",
    ("get", "/v1/users"): "list_users",
    ("put", "/v1/users/{user_id}"): "put_user",
    ("get", "/v1/users/{user_id}"): "get_user",
    ("patch", "/v1/users/{user_id}"): "patch_user",
    ("delete", "/v1/users/{user_id}"): "delete_user",
    ("get", "/v1/users/{user_id}/profile"): "profile",
    ("get", "/v1/users/{user_id}/export"): "export_user",
    ("post", "/v1/users/{user_id}/merge"): "merge_users",
    ("put", "/v1/scenarios/{name}"): "put_scenario",
    ("get", "/v1/scenarios/{name}"): "get_scenario",
    ("delete", "/v1/scenarios/{name}"): "delete_scenario",
    ("get", "/v1/scenarios"): "list_scenarios",
    ("get", "/v1/insights"): "insights",
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


def test_the_limit_of_a_list_of_ones_own_is_described_as_it_is(app: FastAPI, client: TestClient) -> None:
    described = app.openapi()["components"]["schemas"]["RankRequest"]["properties"]["limit"]["description"]

    answer = client.post("/v1/rank", json={"item_ids": [f"i{row}" for row in range(30)]})

    assert described == "How many of them to answer at most; all, if nothing says less."
    assert len(answer.json()["items"]) == 30


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
        if "204" not in operation["responses"]:
            assert operation["responses"]["200"]["content"]["application/json"]["examples"]


def test_every_operation_has_a_rule_at_the_door(document: Json) -> None:
    assert {operation["operationId"] for _, _, operation in operations(document)} <= set(RULES)


def test_every_operation_that_takes_a_body_shows_one(document: Json) -> None:
    for _, _, operation in operations(document):
        if "requestBody" in operation:
            assert operation["requestBody"]["content"]["application/json"]["examples"]


def test_every_problem_is_shown_as_a_problem_document_with_an_example(document: Json) -> None:
    shown = set()

    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) < 300:
                continue
            assert set(response["content"]) - {"application/json"} == {PROBLEM_MEDIA_TYPE}
            content = response["content"][PROBLEM_MEDIA_TYPE]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            for code, example in content.get("examples", {}).items():
                assert example["value"]["code"] == code
                assert example["value"]["status"] == PROBLEM_TYPES[code].status == int(status)
                shown.add(code)

    assert {"request_invalid", "query_invalid", "body_malformed", "overloaded", "bundle_not_found"} <= shown
    assert {"not_found", "cursor_expired", "live_unavailable"} <= shown


def test_only_events_are_refused_in_a_document_of_their_own(document: Json) -> None:
    found = {
        (operation["operationId"], status): response["content"]["application/json"]["schema"]
        for _, _, operation in operations(document)
        for status, response in operation["responses"].items()
        if status != "200" and "application/json" in response.get("content", {})
    }

    answer = {"$ref": "#/components/schemas/EventsAnswer"}
    assert found == {("send_events", "207"): answer, ("send_events", "422"): answer}


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
    sent = {
        reference
        for _, _, operation in operations(document)
        if "requestBody" in operation
        for reference in references(operation["requestBody"])
    }
    while (below := {one for name in sent for one in references(document["components"]["schemas"][name])}) - sent:
        sent |= below
    asked = {
        f"{name}.{field}": schema
        for name in sent
        for field, schema in document["components"]["schemas"][name].get("properties", {}).items()
    }
    for _, _, operation in operations(document):
        asked |= {f"{operation['operationId']}.{one['name']}": one["schema"] for one in operation.get("parameters", [])}

    assert {"RecommendationsRequest", "EventRequest", "ItemRequest", "Condition", "Exclude", "Weights"} <= sent
    assert [name for name, schema in asked.items() if not is_bounded(schema)] == []


def references(schema: object) -> Iterator[str]:
    for part in json.dumps(schema).split("#/components/schemas/")[1:]:
        yield part.partition('"')[0]


def is_bounded(schema: Json) -> bool:
    bounds = {"string": {"maxLength"}, "integer": {"minimum", "maximum"}, "number": {"minimum", "maximum"}}
    bounds |= {"array": {"maxItems"}, "object": {"maxProperties"}}
    parts = schema.get("anyOf", [schema])
    return all(
        bounds.get(part.get("type", ""), set()) <= set(part) and ("items" not in part or is_bounded(part["items"]))
        for part in parts
    )


def test_all_references_lead_somewhere(document: Json) -> None:
    text = json.dumps(document)
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert names == set(document["components"]["schemas"])


Replies = Mapping[tuple[str, str], httpx2.Response]


@pytest.fixture(scope="module")
def replies(sample_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replies]:
    """What a service over a copy of the sample bundle replies to all examples, one after the other."""
    recommender = Recommender.open(copy_of(sample_bundle, tmp_path_factory.mktemp("demo")))
    app = create_app(recommender)
    with TestClient(app) as client:
        yield {
            (operation_id, name): ask(client, app, operation_id, example)
            for operation_id, named in EXAMPLES.items()
            for name, example in named.items()
        }
    recommender.close()


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
    replies: Replies, operation_id: str, name: str
) -> None:
    example, response = EXAMPLES[operation_id][name], replies[operation_id, name]

    assert response.status_code == example.get("status", 200 if "answer" in example else 204), response.text
    if "answer" in example:
        assert shape(response.json()) == shape(example["answer"])


def test_the_answers_shown_are_about_the_demos_own_items(replies: Replies) -> None:
    for asked, response in replies.items():
        shown = EXAMPLES[asked[0]][asked[1]].get("answer", {})
        if isinstance(shown.get("items"), list):
            assert ids_and_titles(response.json()) == ids_and_titles(shown)


def ids_and_titles(answer: Json) -> dict[str, object]:
    return {item["item_id"]: item.get("properties", item).get("title") for item in answer["items"]}


def test_every_example_id_is_known_to_the_demo_unless_it_is_there_to_be_unknown(replies: Replies) -> None:
    for response in replies.values():
        missing = response.json().get("missing", {}) if response.content else {}
        assert {missing.get("user_id"), *missing.get("item_ids", [])} <= {None, "nobody-yet", "not-made-yet"}
