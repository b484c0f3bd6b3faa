"""Stored defaults of requests, and what came of the answers."""

from __future__ import annotations

from typing import Any

import pytest
from api.reading import answer_of, ids_of, problem_of
from fastapi.testclient import TestClient

DEFAULTS: dict[str, Any] = {
    "limit": 3,
    "context": {"device": "phone"},
    "weights": {"context": 2.0},
    "filter": {"not": {"field": "year", "lt": 1960}},
    "exclude": {
        "item_ids": ["i20"],
        "interacted": False,
        "since": "2026-01-01T00:00:00+00:00",
        "event_types": ["like"],
    },
    "boost": [{"filter": {"field": "genres", "eq": "space"}, "amount": 0.5}],
    "pin": [{"item_id": "i30", "position": 2}],
    "promote": {"filter": {"field": "genres", "eq": "family"}, "share": 0.2},
    "cap": {"field": "year", "most": 2},
    "diversity": 0.3,
    "exploration": 0.1,
    "explain": True,
    "include": ["year"],
}


def test_a_scenario_is_kept_as_it_was_put(live: TestClient) -> None:
    answered = live.put("/v1/scenarios/homepage", json=DEFAULTS)

    assert answered.json() == {"name": "homepage", "defaults": DEFAULTS}
    assert live.get("/v1/scenarios/homepage").json() == answered.json()
    assert live.get("/v1/scenarios").json() == {"scenarios": [answered.json()]}
    assert len(ids_of(live.post("/v1/recommendations", json={"scenario": "homepage"}))) == 3


def test_a_scenario_put_again_takes_the_place_of_the_old_one(live: TestClient) -> None:
    live.put("/v1/scenarios/homepage", json=DEFAULTS)

    live.put("/v1/scenarios/homepage", json={"limit": 4})

    assert live.get("/v1/scenarios/homepage").json()["defaults"] == {"limit": 4}
    assert len(ids_of(live.post("/v1/recommendations", json={"scenario": "homepage"}))) == 4


def test_scenarios_are_listed_by_name(live: TestClient) -> None:
    for name in ("b", "a", "C-1.2_x"):
        live.put(f"/v1/scenarios/{name}", json={})

    assert [one["name"] for one in live.get("/v1/scenarios").json()["scenarios"]] == ["C-1.2_x", "a", "b"]


def test_a_deleted_scenario_is_gone_at_once(live: TestClient) -> None:
    live.put("/v1/scenarios/homepage", json={"limit": 4})

    assert live.delete("/v1/scenarios/homepage").status_code == 204

    assert problem_of(live.get("/v1/scenarios/homepage")).code == "not_found"
    assert problem_of(live.delete("/v1/scenarios/homepage")).code == "not_found"
    assert problem_of(live.post("/v1/recommendations", json={"scenario": "homepage"})).field == "scenario"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user_id": "u0"}, "user_id"),
        ({"cursor": "x"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"blend": 0.5, "weights": {"content": 1}}, "blend"),
        ({"filter": {"field": "year", "nearly": 3}}, "filter"),
        ({"boost": [{"filter": {"field": "year"}, "amount": 1}]}, "boost.0.filter"),
        ({"promote": {"filter": {"any": 3}, "share": 1}}, "promote.filter.any"),
    ],
)
def test_what_no_request_could_use_is_refused(live: TestClient, body: dict[str, object], field: str) -> None:
    problem = problem_of(live.put("/v1/scenarios/homepage", json=body))

    assert (problem.status, problem.field) == (422, field)
    assert live.get("/v1/scenarios/homepage").status_code == 404


@pytest.mark.parametrize("name", ["a%20b", "-a", "x" * 65, "%C5%81"])
def test_a_scenarios_name_is_plain(live: TestClient, name: str) -> None:
    assert problem_of(live.put(f"/v1/scenarios/{name}", json={})).field == "name"


def test_insights_count_what_was_shown_and_taken_by_scenario_rank_and_component(live: TestClient) -> None:
    live.put("/v1/scenarios/homepage", json={"limit": 4})
    answer = answer_of(live.post("/v1/recommendations", json={"user_id": "u0", "scenario": "homepage"}))
    shown = [item.item_id for item in answer.items]

    def about(item_id: str, event_type: str) -> dict[str, str]:
        told = {"user_id": "u0", "item_id": item_id, "event_type": event_type}
        return told | {"recommendation_id": answer.recommendation_id}

    live.post("/v1/events", json=[about(item_id, "impression") for item_id in shown])
    live.post("/v1/events", json=[about(shown[1], "watch"), about(shown[1], "like")])

    insights = live.get("/v1/insights").json()
    assert insights["total"] == {"impressions": 4, "clicks": 1, "rate": 0.25}
    assert insights["by_scenario"] == {"homepage": insights["total"]}
    assert insights["by_rank"]["1"] == {"impressions": 1, "clicks": 0, "rate": 0.0}
    assert insights["by_rank"]["2"] == {"impressions": 1, "clicks": 1, "rate": 1.0}
    assert sum(one["impressions"] for one in insights["by_component"].values()) == 4
    assert live.get("/v1/insights?since=2099-01-01T00:00:00Z").json()["total"]["impressions"] == 0


def test_insights_of_nothing_are_nothing(live: TestClient) -> None:
    insights = live.get("/v1/insights").json()

    assert insights["total"] == {"impressions": 0, "clicks": 0, "rate": None}
    assert insights["since"] is None


@pytest.mark.parametrize("since", ["yesterday", "2026-01-01T00:00:00", ""])
def test_since_needs_a_moment_with_an_offset(live: TestClient, since: str) -> None:
    assert problem_of(live.get("/v1/insights", params={"since": since})).field == "since"


def test_a_recommendation_id_of_another_item_is_refused_with_the_event(live: TestClient) -> None:
    answer = answer_of(live.post("/v1/recommendations", json={"limit": 2}))
    event = {"user_id": "u0", "item_id": "i40", "recommendation_id": answer.recommendation_id}

    response = live.post("/v1/events", json=event)

    assert response.status_code == 422
    assert response.json()["rejected"][0]["field"] == "recommendation_id"
