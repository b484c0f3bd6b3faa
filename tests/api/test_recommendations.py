"""Recommendations over HTTP, by body and by query string."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from api.hand_made import HARD_IDS, ITEM_IDS, PAST
from api.reading import answer_of, ids_of, same_answer
from fastapi.testclient import TestClient
from invariants import assert_sound


def past_of(user_id: str) -> list[str]:
    return [ITEM_IDS[row] for row in PAST[user_id]]


def test_a_user_gets_items_they_have_not_had_best_first(client: TestClient) -> None:
    response = client.post("/v1/recommendations", json={"user_id": "u0", "limit": 7, "explain": True})

    answer = answer_of(response)
    assert len(answer.items) == 7
    assert_sound(answer.items, limit=7, excluded=past_of("u0"))
    assert not answer.cold_start
    assert answer.missing.user_id is None


def test_an_empty_request_is_answered_with_what_is_popular(client: TestClient) -> None:
    by_no_body = client.post("/v1/recommendations")
    by_empty_object = client.post("/v1/recommendations", json={})

    assert ids_of(by_no_body) == ids_of(by_empty_object) == ITEM_IDS[:10]
    assert answer_of(by_no_body).cold_start


def test_a_user_nobody_knows_is_named_and_gets_what_is_popular(client: TestClient) -> None:
    answer = answer_of(client.post("/v1/recommendations", json={"user_id": "nobody at all"}))

    assert answer.missing.user_id == "nobody at all"
    assert answer.cold_start
    assert [item.item_id for item in answer.items] == ITEM_IDS[:10]


def test_a_known_user_who_has_had_nothing_is_cold_but_not_missing(client: TestClient) -> None:
    answer = answer_of(client.post("/v1/recommendations", json={"user_id": "nobody's"}))

    assert answer.missing.user_id is None
    assert answer.cold_start


def test_items_nobody_knows_are_named_in_the_requests_order(client: TestClient) -> None:
    answer = answer_of(client.post("/v1/recommendations", json={"item_ids": ["zz", "i0", "aa"]}))

    assert answer.missing.item_ids == ["zz", "aa"]
    assert not answer.cold_start
    assert "i0" not in {item.item_id for item in answer.items}


def test_text_finds_what_is_about_it(client: TestClient) -> None:
    weights = {"popularity": 0}

    ids = ids_of(client.post("/v1/recommendations", json={"text": "Space", "limit": 5, "weights": weights}))

    assert {ITEM_IDS.index(item_id) % 4 for item_id in ids} == {3}


def test_weights_move_the_fader(client: TestClient) -> None:
    content_alone = {"content": 1, "collaborative": 0, "popularity": 0}

    answer = answer_of(
        client.post("/v1/recommendations", json={"user_id": "u0", "weights": content_alone, "explain": True})
    )

    explained = [item.explanation for item in answer.items]
    assert all(one is not None and one.components["collaborative"] == 0 for one in explained)
    assert all(one is not None and one.components["popularity"] == 0 for one in explained)
    assert_sound(answer.items, limit=10)


def test_what_is_excluded_is_not_answered(client: TestClient) -> None:
    exclude = {"item_ids": ["i0", "i2", "no such item"], "interacted": False}

    ids = ids_of(client.post("/v1/recommendations", json={"user_id": "u1", "exclude": exclude, "limit": 500}))

    assert set(ids) == set(ITEM_IDS) - {"i0", "i2"}


def test_properties_are_those_asked_for_with_null_where_there_is_none(client: TestClient) -> None:
    request = {"include": ["year", "genres", "share", "year"], "limit": 2}

    first, second = answer_of(client.post("/v1/recommendations", json=request)).items

    assert first.properties == {"year": None, "genres": ["crime", "all"], "share": None}
    assert second.properties == {"year": 1950, "genres": ["northern", "all"], "share": pytest.approx(1 / 49)}


def test_no_property_at_all_can_be_asked_for(client: TestClient) -> None:
    answer = answer_of(client.post("/v1/recommendations", json={"include": []}))

    assert answer.items[0].properties == {}


def test_context_the_bundle_learned_nothing_about_is_named(client: TestClient) -> None:
    context = {"device": "tv", "country": "DE"}

    answer = answer_of(client.post("/v1/recommendations", json={"context": context}))

    assert answer.context.ignored == context
    assert answer.context.applied == {}


@pytest.mark.parametrize("limit", [1, 500])
def test_both_ends_of_the_limit_are_allowed(client: TestClient, limit: int) -> None:
    ids = ids_of(client.post("/v1/recommendations", json={"limit": limit}))

    assert len(ids) == min(limit, len(ITEM_IDS))


@pytest.mark.parametrize("item_id", HARD_IDS)
def test_any_id_goes_through_a_body_unchanged(client: TestClient, item_id: str) -> None:
    ids = ids_of(client.post("/v1/rank", json={"item_ids": [item_id]}))

    assert ids == [item_id]


@pytest.mark.parametrize("user_id", ["x/y", "Jürgen", "nobody's"])
def test_any_id_goes_through_a_path_when_percent_encoded(client: TestClient, user_id: str) -> None:
    answer = answer_of(client.get(f"/v1/users/{quote(user_id, safe='')}/recommendations"))

    assert answer.missing.user_id is None


def test_the_query_string_asks_for_the_same_as_the_body(client: TestClient) -> None:
    query = (
        "limit=6&item_ids=i5&item_ids=c%2Cd&text=crime&weights.content=2&weights.popularity=0&exclude.item_ids=i9"
        "&exclude.interacted=false&explain=true&include=title&include=year&context=device=tv&context=a=b=c"
    )
    body = {
        "user_id": "u0",
        "limit": 6,
        "item_ids": ["i5", "c,d"],
        "text": "crime",
        "weights": {"content": 2, "popularity": 0},
        "exclude": {"item_ids": ["i9"], "interacted": False},
        "explain": True,
        "include": ["title", "year"],
        "context": {"device": "tv", "a": "b=c"},
    }

    by_query = client.get(f"/v1/users/u0/recommendations?{query}")
    by_body = client.post("/v1/recommendations", json=body)

    assert same_answer(by_query, by_body)


def test_the_query_string_can_be_empty(client: TestClient) -> None:
    by_query = client.get("/v1/users/u0/recommendations")
    by_body = client.post("/v1/recommendations", json={"user_id": "u0"})

    assert same_answer(by_query, by_body)
