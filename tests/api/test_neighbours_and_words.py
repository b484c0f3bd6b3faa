"""Similar items and users, search, and the caller's own list."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from api.hand_made import HARD_IDS, ITEM_IDS
from api.reading import answer_of, ids_of, problem_of, users_of
from fastapi.testclient import TestClient
from invariants import assert_sound


# ".." is a step up in any path, encoded or not: such an id can only go in a body.
@pytest.mark.parametrize("item_id", ["i0", *(hard for hard in HARD_IDS if hard != "..")])
def test_an_items_neighbours_are_about_the_same_and_never_itself(client: TestClient, item_id: str) -> None:
    query = "?limit=5&weights.collaborative=0&explain=true"

    answer = answer_of(client.get(f"/v1/items/{quote(item_id, safe='')}/similar{query}"))

    assert answer.missing.item_ids == []
    assert_sound(answer.items, limit=5, excluded=[item_id])
    about = ITEM_IDS.index(item_id) % 4
    assert {ITEM_IDS.index(item.item_id) % 4 for item in answer.items} == {about}


def test_neighbours_can_be_excluded_and_shown_with_properties(client: TestClient) -> None:
    first, *others = ids_of(client.get("/v1/items/i0/similar?limit=4"))

    answer = answer_of(client.get(f"/v1/items/i0/similar?limit=3&exclude.item_ids={first}&include=year"))

    assert [item.item_id for item in answer.items] == others
    assert all(set(item.properties) == {"year"} for item in answer.items)


def test_an_unknown_items_neighbours_are_what_is_popular(client: TestClient) -> None:
    answer = answer_of(client.get("/v1/items/no%20such%20item/similar?weights.popularity=1"))

    assert answer.missing.item_ids == ["no such item"]
    assert [item.item_id for item in answer.items] == ITEM_IDS[:10]


def test_users_of_like_taste_come_most_similar_first_without_the_user(client: TestClient) -> None:
    answer = users_of(client.get("/v1/users/u0/similar"))

    similarities = [user.similarity for user in answer.users]
    assert similarities == sorted(similarities, reverse=True)
    assert answer.users[0].user_id == "u1"  # who had two of the same three items
    assert "u0" not in {user.user_id for user in answer.users}


def test_similar_users_are_at_most_limit(client: TestClient) -> None:
    answer = users_of(client.get("/v1/users/x%2Fy/similar?limit=1"))

    assert len(answer.users) == 1


@pytest.mark.parametrize(("user_id", "missing"), [("nobody%27s", None), ("who", "who")])
def test_without_past_items_there_are_no_similar_users(client: TestClient, user_id: str, missing: str | None) -> None:
    answer = users_of(client.get(f"/v1/users/{user_id}/similar"))

    assert answer.users == []
    assert answer.cold_start
    assert answer.missing.user_id == missing


def test_search_finds_meaning_and_keeps_what_the_user_has_had(client: TestClient) -> None:
    answer = answer_of(client.post("/v1/search", json={"text": "crime", "user_id": "u0", "limit": 12, "explain": True}))

    ids = [item.item_id for item in answer.items]
    assert_sound(answer.items, limit=12)
    assert {"i0", "i4", "i8"} <= set(ids)
    assert {ITEM_IDS.index(item_id) % 4 for item_id in ids[:6]} == {0}


def test_search_leaves_out_what_it_is_told_to(client: TestClient) -> None:
    exclude = {"item_ids": ["i12"], "interacted": True}

    ids = ids_of(client.post("/v1/search", json={"text": "crime", "user_id": "u0", "limit": 20, "exclude": exclude}))

    assert not {"i0", "i4", "i8", "i12"} & set(ids)


def test_exclusions_alone_keep_what_the_user_has_had_in_a_search(client: TestClient) -> None:
    request = {"text": "crime", "user_id": "u0", "limit": 20, "exclude": {"item_ids": ["i12"]}}

    ids = ids_of(client.post("/v1/search", json=request))

    assert "i0" in ids
    assert "i12" not in ids


def test_search_needs_a_word(client: TestClient) -> None:
    problem = problem_of(client.post("/v1/search", json={"text": "  \n"}))

    assert (problem.code, problem.field) == ("query_invalid", "text")


def test_rank_orders_the_given_items_and_names_the_unknown(client: TestClient) -> None:
    request = {"item_ids": ["i7", "zz", "i0", "i7", "i3"], "text": "space", "explain": True}

    answer = answer_of(client.post("/v1/rank", json=request))

    ids = [item.item_id for item in answer.items]
    assert_sound(answer.items, limit=3)
    assert set(ids) == {"i7", "i0", "i3"}
    assert ids[-1] == "i0"  # the one that is not about space
    assert answer.missing.item_ids == ["zz"]


def test_rank_keeps_what_the_user_has_had(client: TestClient) -> None:
    ids = ids_of(client.post("/v1/rank", json={"item_ids": ["i0", "i4"], "user_id": "u0"}))

    assert set(ids) == {"i0", "i4"}
