"""Context, attributes and trend over HTTP: what they did to the answer, and what of them was ignored."""

from __future__ import annotations

import pytest
from api.hand_made import ITEM_IDS, WORDS
from api.reading import answer_of, ids_of, problem_of, same_answer
from fastapi.testclient import TestClient
from invariants import assert_sound

EVENING = "2026-11-21T20:15:00+01:00"


def words_of(item_ids: list[str]) -> set[str]:
    return {WORDS[ITEM_IDS.index(item_id) % len(WORDS)] for item_id in item_ids}


def test_context_changes_the_list_and_the_answer_says_what_of_it_counted(client: TestClient) -> None:
    context = {"device": "phone", "timestamp": "2026-11-21T08:15:00Z", "country": "DE"}

    by_context = client.post("/v1/recommendations", json={"context": context, "explain": True})

    answer = answer_of(by_context)
    assert answer.context.applied == {"device": "phone"}
    assert answer.context.ignored == {"country": "DE", "timestamp": "2026-11-21T08:15:00Z"}
    assert words_of(ids_of(by_context)) == {"crime"}
    assert_sound(answer.items, limit=10)
    assert words_of(ids_of(client.post("/v1/recommendations"))) == set(WORDS)


@pytest.mark.parametrize(
    "context",
    [
        {"timestamp": EVENING},
        {"timestamp": "2026-11-21T19:15:00Z", "timezone": "Europe/Berlin"},
        {"timestamp": "20261121T201500+0100"},
        {"timestamp": 1795288500, "timezone": "Europe/Berlin"},
        {"timestamp": 1795288500.5, "timezone": "Europe/Berlin"},
        {"timestamp": "1795288500", "timezone": "Europe/Berlin"},
        {"part_of_day": "evening"},
    ],
)
def test_in_the_evening_the_list_is_another(client: TestClient, context: dict[str, object]) -> None:
    response = client.post("/v1/recommendations", json={"context": context})

    assert answer_of(response).context.applied == {"part_of_day": "evening"}
    assert answer_of(response).context.ignored == {}
    assert words_of(ids_of(response)) == {"space"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timestamp", "yesterday"),
        ("timestamp", ""),
        ("timestamp", "9" * 40),
        ("timestamp", "1_795_245_300"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "localtime"),
    ],
)
def test_a_time_that_cannot_be_read_is_refused_and_its_field_named(client: TestClient, field: str, value: str) -> None:
    by_body = problem_of(client.post("/v1/recommendations", json={"context": {field: value}}))
    by_query = problem_of(client.get("/v1/users/u0/recommendations", params={"context": f"{field}={value}"}))

    for problem in (by_body, by_query):
        assert (problem.status, problem.code, problem.field) == (422, "query_invalid", f"context.{field}")


@pytest.mark.parametrize("number", [-1, 99_999_999_999, 1e30, 10**400])
def test_a_number_that_is_no_time_is_refused_in_the_same_way(client: TestClient, number: float) -> None:
    problem = problem_of(client.post("/v1/recommendations", json={"context": {"timestamp": number}}))

    assert (problem.status, problem.field) == (422, "context.timestamp")


def test_what_a_user_told_counts_before_they_did_anything(client: TestClient) -> None:
    response = client.post("/v1/recommendations", json={"user_id": "a child", "explain": True})

    answer = answer_of(response)
    assert answer.missing.user_id is None
    assert answer.cold_start
    assert words_of(ids_of(response)) == {"family"}
    assert_sound(answer.items, limit=10)


def test_the_weight_of_every_component_can_be_set(client: TestClient) -> None:
    everything = {"collaborative": 0, "content": 0, "context": 0, "attributes": 0, "popularity": 0, "trend": 0}
    query = "&".join(f"weights.{name}=0" for name in everything if name != "trend") + "&weights.trend=2"

    by_body = client.post(
        "/v1/recommendations", json={"user_id": "a child", "weights": everything | {"trend": 2}, "explain": True}
    )
    by_query = client.get(f"/v1/users/a%20child/recommendations?{query}&explain=true")

    assert same_answer(by_query, by_body)
    best = answer_of(by_body).items[0]
    assert best.item_id == ITEM_IDS[-1]
    assert best.explanation is not None
    assert {name for name, value in best.explanation.components.items() if value} == {"trend"}
    assert best.explanation.text == "Used more than before."


def test_neighbours_can_be_asked_for_by_what_is_used_more_than_before(client: TestClient) -> None:
    url = "/v1/items/i0/similar?weights.collaborative=0&weights.content=0&weights.trend=1"

    assert ids_of(client.get(url))[0] == ITEM_IDS[-1]


@pytest.mark.parametrize("exclude", [{"interacted": None}, {}, {"item_ids": ["i9"], "interacted": None}])
def test_to_leave_out_what_the_user_had_follows_the_data_where_the_request_says_null(
    client: TestClient, exclude: dict[str, object]
) -> None:
    ids = ids_of(client.post("/v1/recommendations", json={"user_id": "u0", "limit": 500, "exclude": exclude}))

    assert not {"i0", "i4", "i8"} & set(ids)
    assert "i1" in ids


def test_a_search_keeps_what_the_user_had_unless_it_is_told_to_leave_it_out(client: TestClient) -> None:
    def found(exclude: dict[str, object]) -> set[str]:
        request = {"text": "crime", "user_id": "u0", "limit": 500, "exclude": exclude}
        return set(ids_of(client.post("/v1/search", json=request)))

    assert {"i0", "i4", "i8"} <= found({})
    assert {"i0", "i4", "i8"} <= found({"interacted": None})
    assert not {"i0", "i4", "i8"} & found({"interacted": True})
