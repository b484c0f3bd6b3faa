"""The live catalogue over HTTP."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from api.hand_made import HARD_IDS, ITEM_IDS
from api.reading import answer_of, ids_of, problem_of, why_of
from api.ways import WAYS, Way, ask_all
from fastapi.testclient import TestClient
from invariants import assert_contributions_add_up

SPACE = {"title": "space", "year": 2026, "genres": ["space", "all"]}


def found(client: TestClient, **request: object) -> list[str]:
    return ids_of(client.post("/v1/search", json={"text": "space", "limit": 500, **request}))


def test_a_new_item_is_recommended_found_and_explained_at_once(live: TestClient) -> None:
    answered = live.put("/v1/items/brand-new", json=SPACE)

    assert answered.json() == {"item_id": "brand-new", **SPACE}
    assert live.get("/v1/items/brand-new").json() == answered.json()
    assert "brand-new" in found(live, limit=13)  # of thirteen about space
    assert "brand-new" in ids_of(live.get("/v1/items/i3/similar?limit=13&weights.collaborative=0"))
    assert ids_of(live.post("/v1/rank", json={"item_ids": ["brand-new"]})) == ["brand-new"]
    filtered = live.post(
        "/v1/recommendations",
        json={"user_id": "u0", "filter": {"field": "year", "gte": 2026}, "explain": True, "include": ["year"]},
    )
    (item,) = answer_of(filtered).items
    assert (item.item_id, item.properties) == ("brand-new", {"year": 2026})
    assert_contributions_add_up([item])


def test_an_edited_item_is_another_at_once(live: TestClient) -> None:
    live.put("/v1/items/i0", json={"title": "space", "year": 2000})

    about_space = live.post("/v1/search", json={"text": "space", "limit": 13, "include": ["year", "genres"]})

    (edited,) = (item for item in answer_of(about_space).items if item.item_id == "i0")
    assert edited.properties == {"year": 2000, "genres": None}
    assert "i0" not in ids_of(live.post("/v1/search", json={"text": "crime", "limit": 12}))


def test_a_change_leaves_the_other_properties(live: TestClient) -> None:
    answered = live.patch("/v1/items/i1", json={"year": 2030, "genres": None, "colour": "red"})

    assert answered.json() == {"item_id": "i1", "title": "Title of i1", "share": pytest.approx(1 / 49)} | {
        "year": 2030,
        "colour": "red",
    }
    assert live.get("/v1/items/i1").json() == answered.json()
    assert ids_of(live.post("/v1/recommendations", json={"filter": {"field": "colour", "eq": "red"}})) == ["i1"]


def test_a_deleted_item_is_gone_at_once(live: TestClient) -> None:
    response = live.delete("/v1/items/i3")

    assert (response.status_code, response.content) == (204, b"")
    assert "i3" not in found(live)
    assert problem_of(live.get("/v1/items/i3")).code == "not_found"
    assert why_of(live.get("/v1/users/u0/why/i3")).removed_by == "deleted"
    assert answer_of(live.post("/v1/rank", json={"item_ids": ["i3", "i4"]})).missing.item_ids == ["i3"]
    live.put("/v1/items/i3", json={"title": "space"})
    assert "i3" in found(live)


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("PATCH", {"year": 1}), ("DELETE", None)], ids=["GET", "PATCH", "DELETE"]
)
def test_an_item_that_is_not_there_is_not_found(live: TestClient, method: str, body: object) -> None:
    problem = problem_of(live.request(method, "/v1/items/no%20such%20item", json=body))

    assert (problem.status, problem.code) == (404, "not_found")


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
@pytest.mark.parametrize(
    "hidden", [{"is_hidden": True}, {"available_until": "2026-01-01T00:00:00Z"}, {"available_from": "2099-01-01"}]
)
def test_what_is_hidden_or_not_available_is_in_no_answer(live: TestClient, way: Way, hidden: dict[str, object]) -> None:
    assert "i21" in ask_all(live, way)
    live.patch("/v1/items/i21", json=hidden)

    answered = ask_all(live, way)
    pinned = ask_all(live, way, pin=[{"item_id": "i21", "position": 1}])

    assert "i21" not in answered
    assert "i21" not in pinned
    assert live.get("/v1/items/i21").status_code == 200
    live.patch("/v1/items/i21", json=dict.fromkeys(hidden))
    assert "i21" in ask_all(live, way)


@pytest.mark.parametrize(
    "item_id",
    [
        "a/similar",
        "similar",
        "a/b/c",
        "/",
        "two\nlines",
        "end\n",
        "100% ?#",
        "ünï ✓",
        *(one for one in HARD_IDS if one != ".."),
    ],
)
def test_any_id_may_stand_in_a_path_percent_encoded(live: TestClient, item_id: str) -> None:
    path = f"/v1/items/{quote(item_id, safe='')}"

    live.put(path, json={"title": "space"})

    assert live.get(path).json() == {"item_id": item_id, "title": "space"}
    assert live.patch(path, json={"year": 1}).json()["item_id"] == item_id
    neighbours = answer_of(live.get(f"{path}/similar?limit=3"))
    assert neighbours.missing.item_ids == []
    assert why_of(live.get(f"/v1/users/u0/why/{quote(item_id, safe='')}")).item_id == item_id
    assert live.delete(path).status_code == 204


def test_an_encoded_slash_is_part_of_the_id_and_a_plain_one_is_not(live: TestClient) -> None:
    encoded = live.get("/v1/items/i1%2Fsimilar")
    plain = live.get("/v1/items/i1/similar")

    assert problem_of(encoded).detail == "there is no item 'i1/similar'"
    assert "i1" not in ids_of(plain)


def test_the_body_may_repeat_the_id_but_not_say_another(live: TestClient) -> None:
    same = live.put("/v1/items/x", json={"item_id": "x", "title": "space"})
    other = live.put("/v1/items/x", json={"item_id": "y", "title": "space"})

    assert same.json() == {"item_id": "x", "title": "space"}
    assert (problem_of(other).status, problem_of(other).field) == (422, "item_id")


def test_many_items_are_put_at_once(live: TestClient) -> None:
    items = [{"item_id": f"new {n}", "title": "space", "number": n} for n in range(100)]

    answered = live.post("/v1/items", json={"items": items})

    assert answered.json() == {"count": 100}
    assert set(found(live, filter={"field": "number", "exists": True})) == {f"new {n}" for n in range(100)}
    assert ids_of(live.post("/v1/recommendations", json={"filter": {"field": "number", "eq": 12}})) == ["new 12"]


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([], "items"),
        ([{"item_id": "x"}] * 101, "items"),
        ([{"item_id": "x"}, {"title": "space"}], "items.1.item_id"),
        ([{"item_id": "x", "title": 3}], "items.0.title"),
        ([{"item_id": "x"}, {"item_id": "x"}], "items"),
    ],
    ids=["none", "too many", "no id", "no text", "twice"],
)
def test_of_many_items_all_are_taken_or_none(live: TestClient, items: list[object], field: str) -> None:
    problem = problem_of(live.post("/v1/items", json={"items": items}))

    assert (problem.status, problem.field) == (422, field)
    assert live.get("/v1/items/x").status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", 3),
        ("title", "a\0b"),
        ("description", "x" * 20_001),
        ("categories", "crime"),
        ("categories", [1]),
        ("is_hidden", "yes"),
        ("available_from", "soon"),
        ("year", 2**53),
        ("tags", ["x"] * 1_001),
        ("tags", [["nested"]]),
        ("tags", [None]),
        ("place", {"latitude": {"degrees": 1}}),
        ("place", {str(n): n for n in range(17)}),
        ("text", "x" * 20_001),
        ("n" * 129, 1),
        ("", 1),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_property_out_of_its_bounds_is_named(live: TestClient, name: str, value: object) -> None:
    for response in (live.put("/v1/items/x", json={name: value}), live.patch("/v1/items/i1", json={name: value})):
        problem = problem_of(response)

        assert (problem.status, problem.code) == (422, "request_invalid")
        assert problem.field is not None
        assert name[:80] in problem.field or problem.field == "body"


def test_an_item_has_at_most_64_properties(live: TestClient) -> None:
    many = {f"property {n}": n for n in range(65)}

    just_enough = dict(list(many.items())[:64])

    assert problem_of(live.put("/v1/items/x", json=many)).code == "request_invalid"
    assert live.put("/v1/items/x", json=just_enough).status_code == 200
    assert live.post("/v1/items", json={"items": [{"item_id": "y", **just_enough}]}).status_code == 200
    problem = problem_of(live.patch("/v1/items/x", json={"property 64": 64}))

    assert (problem.status, problem.code, problem.field) == (422, "query_invalid", "properties")
    assert "at most 64" in problem.detail
    assert live.get("/v1/items/x").json() == {"item_id": "x", **just_enough}
    assert live.patch("/v1/items/x", json={"property 0": None, "property 64": 64}).status_code == 200


def test_properties_come_back_as_they_were_put(live: TestClient) -> None:
    properties: dict[str, Any] = {
        "title": "space",
        "description": "",
        "categories": ["a", "ł ✓"],
        "flag": False,
        "whole": 2**53 - 1,
        "part": 0.1,
        "list": [1, 2.5, True, "x"],
        "place": {"latitude": 59.9, "longitude": 10.7, "name": None},
        "nothing": None,
    }

    live.put("/v1/items/x", json=properties)

    del properties["nothing"]
    got = live.get("/v1/items/x")
    assert got.json() == {"item_id": "x", **properties}
    assert json.loads(got.content)["whole"] == 2**53 - 1


def test_the_catalogue_can_be_read_page_by_page(live: TestClient) -> None:
    live.put("/v1/items/zz", json={"title": "space"})
    live.delete("/v1/items/i5")
    items: list[dict[str, object]] = []
    parameters: dict[str, Any] = {"limit": 7}
    while True:
        page = live.get("/v1/items", params=parameters).json()
        items += page["items"]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]

    assert [item["item_id"] for item in items] == sorted({*ITEM_IDS, "zz"} - {"i5"})
    assert {"item_id": "zz", "title": "space"} in items


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "cursor=", "offset=3"])
def test_a_page_out_of_its_bounds_is_refused(live: TestClient, query: str) -> None:
    assert problem_of(live.get(f"/v1/items?{query}")).code == "request_invalid"
    assert problem_of(live.get(f"/v1/users?{query}")).code == "request_invalid"


def test_a_put_item_that_does_not_fit_is_refused_with_the_property_named(live: TestClient) -> None:
    live.put("/v1/items/first", json={"size": 3})

    refused = live.put("/v1/items/second", json={"size": "large"})

    assert refused.status_code == 422
    assert refused.json()["field"] == "size"
    assert refused.json()["detail"].startswith("size: expected a number")
