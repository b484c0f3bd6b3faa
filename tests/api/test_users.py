"""Users over HTTP: what they told, what they did, why they get what they get, and how they are forgotten."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from api.hand_made import ITEM_IDS, PAST, WORDS
from api.reading import answer_of, ids_of, problem_of, why_of
from fastapi.testclient import TestClient
from invariants import assert_contributions_add_up


def words_of(item_ids: list[str]) -> set[str]:
    return {WORDS[ITEM_IDS.index(item_id) % len(WORDS)] for item_id in item_ids}


def recommended(client: TestClient, user_id: str, **more: object) -> list[str]:
    return ids_of(client.post("/v1/recommendations", json={"user_id": user_id, **more}))


def act(client: TestClient, user_id: str, item_id: str, event_type: str = "watch") -> None:
    client.post("/v1/events", json={"user_id": user_id, "item_id": item_id, "event_type": event_type})


def test_what_a_user_told_counts_from_the_next_answer_on(live: TestClient) -> None:
    before = recommended(live, "new")

    answered = live.put("/v1/users/new", json={"attributes": {"age": "child"}})

    assert answered.json() == {"user_id": "new", "attributes": {"age": "child"}}
    assert live.get("/v1/users/new").json() == answered.json()
    assert words_of(before) == set(WORDS)
    assert words_of(recommended(live, "new")) == {"family"}


def test_a_change_leaves_the_other_attributes(live: TestClient) -> None:
    live.put("/v1/users/new", json={"attributes": {"age": "child", "country": "NO", "plan": "basic"}})

    answered = live.patch("/v1/users/new", json={"attributes": {"country": "SE", "plan": None}})

    assert answered.json()["attributes"] == {"age": "child", "country": "SE"}
    assert live.get("/v1/users/new").json() == answered.json()


def test_what_the_bundle_knows_of_a_user_can_be_read_and_changed(live: TestClient) -> None:
    assert live.get("/v1/users/a%20child").json() == {"user_id": "a child", "attributes": {"age": "child"}}

    live.patch("/v1/users/a%20child", json={"attributes": {"age": None}})

    assert words_of(recommended(live, "a child")) == set(WORDS)


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PATCH", {"attributes": {"a": "b"}})])
def test_a_user_nobody_knows_is_not_found(live: TestClient, method: str, body: object) -> None:
    problem = problem_of(live.request(method, "/v1/users/nobody", json=body))

    assert (problem.status, problem.code) == (404, "not_found")


def test_many_users_are_put_at_once(live: TestClient) -> None:
    users = [{"user_id": f"new {n}", "attributes": {"age": "child"}} for n in range(1_000)]

    assert live.post("/v1/users", json={"users": users}).json() == {"count": 1_000}
    assert words_of(recommended(live, "new 999")) == {"family"}


@pytest.mark.parametrize(
    ("users", "field"),
    [
        ([], "users"),
        ([{"user_id": "x"}] * 1_001, "users"),
        ([{"user_id": "x"}, {"attributes": {}}], "users.1.user_id"),
        ([{"user_id": "x", "attributes": {"age": 7}}], "users.0.attributes.age"),
        ([{"user_id": "x"}, {"user_id": "x"}], "users"),
    ],
    ids=["none", "too many", "no id", "no text", "twice"],
)
def test_of_many_users_all_are_taken_or_none(live: TestClient, users: list[object], field: str) -> None:
    problem = problem_of(live.post("/v1/users", json={"users": users}))

    assert (problem.status, problem.field) == (422, field)
    assert live.get("/v1/users/x").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"attributes": {"age": 7}}, "attributes.age"),
        ({"attributes": {"age": "x" * 257}}, "attributes.age"),
        ({"attributes": {"": "x"}}, "attributes."),
        ({"attributes": {f"attribute {n}": "" for n in range(65)}}, "attributes"),
        ({"attributes": {"age": "a\0b"}}, "attributes.age"),
        ({"age": "child"}, "age"),
        ({"user_id": "other", "attributes": {}}, "user_id"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_an_attribute_out_of_its_bounds_is_named(live: TestClient, body: dict[str, object], field: str) -> None:
    problem = problem_of(live.put("/v1/users/new", json=body))

    assert problem.status == 422
    assert problem.field is not None
    assert problem.field.startswith(field)


def test_users_can_be_read_page_by_page(live: TestClient) -> None:
    live.put("/v1/users/zz", json={"attributes": {"age": "child"}})
    act(live, "by act alone", "i1")
    users: list[dict[str, object]] = []
    parameters: dict[str, Any] = {"limit": 3}
    while True:
        page = live.get("/v1/users", params=parameters).json()
        users += page["users"]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]

    ids = [str(user["user_id"]) for user in users]
    assert ids == sorted(ids)
    assert {"zz", "by act alone", "u0", "u1", "x/y"} <= set(ids)
    assert {"user_id": "zz", "attributes": {"age": "child"}} in users


def test_a_profile_says_what_counts_how_much_and_since_when(live: TestClient) -> None:
    live.post(
        "/v1/events",
        json=[
            {"user_id": "u0", "item_id": "i5", "event_type": "like", "timestamp": "2026-03-01T10:00:00Z"},
            {"user_id": "u0", "item_id": "i6", "event_type": "dislike", "timestamp": "2026-03-02T10:00:00Z"},
        ],
    )

    profile = live.get("/v1/users/u0/profile").json()

    assert profile["known"]
    latest, before, *others = profile["items"]
    assert (latest["item_id"], latest["event_types"], latest["last"]) == ("i6", ["dislike"], "2026-03-02T10:00:00Z")
    assert latest["weight"] < 0 < before["weight"]
    assert (before["item_id"], before["title"]) == ("i5", "Title of i5")
    assert {item["item_id"] for item in others} == {ITEM_IDS[row] for row in PAST["u0"]}
    assert {item["last"] for item in others} == {None}
    assert profile["weights"]["popularity"] == pytest.approx(0.1)


def test_a_profile_of_nobody_is_no_error(live: TestClient) -> None:
    profile = live.get("/v1/users/nobody/profile").json()

    assert (profile["known"], profile["items"], profile["attributes"]) == (False, [], {})


def test_why_tells_the_place_the_parts_and_the_sentence_of_what_is_recommended(live: TestClient) -> None:
    request = "limit=5&weights.popularity=0.5&include=year"
    recommended_items = answer_of(live.get(f"/v1/users/u0/recommendations?{request}&explain=true")).items

    why = why_of(live.get(f"/v1/users/u0/why/{recommended_items[2].item_id}?{request}"))

    assert (why.rank, why.removed_by) == (3, None)
    assert why.score == pytest.approx(recommended_items[2].score)
    assert why.explanation is not None
    assert recommended_items[2].explanation is not None
    assert why.explanation.components == pytest.approx(recommended_items[2].explanation.components)
    assert set(why.properties) == {"year"}
    assert why.text


@pytest.mark.parametrize(
    ("item_id", "query", "rule"),
    [
        ("no such item", "", "unknown"),
        ("i4", "", "interacted"),
        ("i2", "exclude.item_ids=i2", "excluded"),
        ("i2", "filter=%7B%22field%22%3A%22genres%22%2C%22eq%22%3A%22space%22%7D", "filter"),
        ("i49", "limit=1", "below_limit"),
    ],
)
def test_why_names_the_rule_that_keeps_an_item_out(client: TestClient, item_id: str, query: str, rule: str) -> None:
    item_id = ITEM_IDS[-1] if item_id == "i49" else item_id
    why = why_of(client.get(f"/v1/users/u0/why/{quote(item_id, safe='')}?{query}"))

    assert why.removed_by == rule
    assert why.text
    if rule != "unknown":
        assert why.rank is not None
        assert why.score is not None


def test_a_cap_is_told_as_the_rule_that_removed_an_item(client: TestClient) -> None:
    request = {"user_id": "u0", "limit": 10, "cap": {"field": "genres", "most": 1}}
    (answered,) = ids_of(client.post("/v1/recommendations", json=request))
    second = ids_of(client.post("/v1/recommendations", json={"user_id": "u0", "limit": 2}))[1]

    cap = quote('{"field": "genres", "most": 1}')
    assert why_of(client.get(f"/v1/users/u0/why/{quote(second, safe='')}?cap={cap}")).removed_by == "cap"
    assert why_of(client.get(f"/v1/users/u0/why/{quote(answered, safe='')}?cap={cap}")).removed_by is None


def test_a_pin_and_an_earlier_page_are_told_as_what_removed_an_item(client: TestClient) -> None:
    first = answer_of(client.get("/v1/users/u0/recommendations?limit=2"))
    best, second = (item.item_id for item in first.items)
    pin = quote(json.dumps({"item_id": best, "position": 9}))

    pinned = why_of(client.get(f"/v1/users/u0/why/{quote(best, safe='')}?limit=2&pin={pin}"))
    earlier = why_of(client.get(f"/v1/users/u0/why/{quote(second, safe='')}?limit=2&cursor={first.next_cursor}"))

    assert (pinned.removed_by, pinned.rank) == ("pin", 1)
    assert (earlier.removed_by, earlier.rank) == ("earlier_page", 2)


def test_an_anonymous_session_joins_a_user(live: TestClient) -> None:
    act(live, "session-1", "i5", "like")
    act(live, "u0", "i6", "like")

    merged = live.post("/v1/users/u0/merge", json={"from": "session-1"})
    act(live, "session-1", "i7", "like")

    assert (merged.status_code, merged.content) == (204, b"")
    for user_id in ("u0", "session-1"):
        past = {item["item_id"] for item in live.get(f"/v1/users/{user_id}/profile").json()["items"]}
        assert past == {"i0", "i4", "i8", "i5", "i6", "i7"}
    assert recommended(live, "u0", limit=30) == recommended(live, "session-1", limit=30)


def test_a_user_whose_whole_past_came_by_a_merge_is_listed_under_the_account_alone(live: TestClient) -> None:
    act(live, "session-9", "i5")

    live.post("/v1/users/new account/merge", json={"from": "session-9"})

    ids = [user["user_id"] for user in live.get("/v1/users?limit=500").json()["users"]]
    assert "new account" in ids
    assert "session-9" not in ids
    assert live.get("/v1/users/new account").json()["user_id"] == "new account"


def test_a_change_of_a_merged_user_answers_what_is_known_of_the_user_from_then_on(live: TestClient) -> None:
    live.put("/v1/users/session-1", json={"attributes": {"country": "SE", "plan": "x"}})
    live.put("/v1/users/u1", json={"attributes": {"country": "NO"}})
    live.post("/v1/users/u1/merge", json={"from": "session-1"})

    for method, user_id, attributes, now in (
        ("PATCH", "u1", {"plan": None}, {"country": "NO"}),
        ("PATCH", "session-1", {"plan": "y"}, {"country": "NO", "plan": "y"}),
        ("PUT", "session-1", {"country": "DE"}, {"country": "DE"}),
        ("PUT", "u1", {}, {}),
    ):
        answered = live.request(method, f"/v1/users/{user_id}", json={"attributes": attributes})

        assert answered.json() == {"user_id": user_id, "attributes": now}
        for one in ("u1", "session-1"):
            assert live.get(f"/v1/users/{one}").json()["attributes"] == now


def test_a_change_takes_a_user_to_64_attributes_and_no_further(live: TestClient) -> None:
    live.put("/v1/users/new", json={"attributes": {f"attribute {n}": "x" for n in range(64)}})

    problem = problem_of(live.patch("/v1/users/new", json={"attributes": {"more": "x"}}))

    assert (problem.status, problem.code, problem.field) == (422, "query_invalid", "attributes")
    assert "at most 64" in problem.detail


@pytest.mark.parametrize(
    ("body", "field"), [({}, "from"), ({"from": ""}, "from"), ({"from": "u0"}, "from"), ({"into": "x"}, "from")]
)
def test_a_merge_needs_another_user(live: TestClient, body: dict[str, str], field: str) -> None:
    problem = problem_of(live.post("/v1/users/u0/merge", json=body))

    assert (problem.status, problem.field) == (422, field)
    assert "from_id" not in problem.detail


def test_all_that_is_kept_of_a_user_is_handed_over_as_a_file(live: TestClient) -> None:
    live.put("/v1/users/u0", json={"attributes": {"age": "child"}})
    live.post("/v1/events", json={"user_id": "u0", "item_id": "i5", "event_type": "like", "context": {"device": "tv"}})

    response = live.get("/v1/users/u0/export")

    assert response.headers["content-disposition"] == 'attachment; filename="user.json"'
    assert response.headers["content-type"] == "application/json"
    text = response.text
    assert all(word in text for word in ('"i5"', '"like"', '"device"', '"child"', '"i4"'))


def test_an_erased_user_is_a_stranger_at_once_and_may_come_back(live: TestClient) -> None:
    act(live, "u0", "i5", "like")
    live.put("/v1/users/u0", json={"attributes": {"age": "child"}})

    response = live.delete("/v1/users/u0")

    assert (response.status_code, response.content) == (204, b"")
    assert answer_of(live.post("/v1/recommendations", json={"user_id": "u0"})).missing.user_id == "u0"
    assert recommended(live, "u0") == recommended(live, "somebody else")
    assert not live.get("/v1/users/u0/profile").json()["known"]
    assert live.get("/v1/users/u0").status_code == 404
    assert "u0" not in {user["user_id"] for user in live.get("/v1/users").json()["users"]}
    assert "u0" not in {user["user_id"] for user in live.get("/v1/users/u1/similar?limit=500").json()["users"]}
    act(live, "u0", "i6")
    assert [item["item_id"] for item in live.get("/v1/users/u0/profile").json()["items"]] == ["i6"]


def test_to_erase_a_user_nobody_knows_is_no_error(live: TestClient) -> None:
    assert live.delete("/v1/users/nobody").status_code == 204


@pytest.mark.parametrize(
    "user_id", ["a/recommendations", "a/why/b", "x/y", "profile", "Ł ✓", "a\nb", "end\n", "a/b\n/why", "\ufffd"]
)
def test_any_id_may_stand_in_a_path_percent_encoded(live: TestClient, user_id: str) -> None:
    path = f"/v1/users/{quote(user_id, safe='')}"
    live.put(path, json={"attributes": {"age": "child"}})

    assert live.get(path).json()["user_id"] == user_id
    assert live.get(f"{path}/profile").json()["user_id"] == user_id
    assert answer_of(live.get(f"{path}/recommendations")).missing.user_id is None
    assert why_of(live.get(f"{path}/why/i3")).item_id == "i3"
    assert live.post(f"{path}/merge", json={"from": "session"}).status_code == 204
    assert user_id in live.get(f"{path}/export").json()["user_ids"]
    assert live.get(f"{path}/similar").status_code == 200
    assert live.delete(path).status_code == 204
    assert live.get(path).status_code == 404


def test_explanations_hold_for_what_happened_a_moment_ago(live: TestClient) -> None:
    live.put("/v1/items/brand-new", json={"title": "space crime"})
    act(live, "new", "brand-new", "like")
    act(live, "new", "i6", "dislike")
    boost = [{"filter": {"field": "year", "gte": 1980}, "amount": 0.5}]

    request = {"user_id": "new", "text": "crime", "limit": 500, "explain": True, "boost": boost}
    items = answer_of(live.post("/v1/recommendations", json=request)).items

    assert_contributions_add_up(items)
    origins = {one.item_id for item in items if item.explanation for one in item.explanation.because}
    assert origins == {"brand-new", "i6"}
