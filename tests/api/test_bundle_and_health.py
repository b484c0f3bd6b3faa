"""What is being served, and whether it is."""

from __future__ import annotations

from api.hand_made import ITEM_IDS, PAST
from api.reading import problem_of
from fastapi.testclient import TestClient

from crossfade import Recommender
from crossfade.engine import COMPONENTS


def test_the_bundle_is_described(client: TestClient, recommender: Recommender) -> None:
    bundle = client.get("/v1/bundle").json()

    assert bundle["version"] == recommender.bundle.version
    assert bundle["counts"]["items"] == len(ITEM_IDS)
    assert bundle["properties"] == ["genres", "share", "title", "year"]
    assert set(bundle["fusion"]["newcomer"]) == set(bundle["fusion"]["regular"]) == set(COMPONENTS)
    assert bundle["fusion"]["regular"]["popularity"] == 0.1
    assert bundle["fusion"]["fade"] > 0
    assert bundle["profile"] == {"recency": 0.0, "against": 1.0, "age_half_life_days": None, "repeats": False}
    assert {name: field["component"] for name, field in bundle["fields"].items()} == {
        "device": "context",
        "part_of_day": "context",
        "user.age": "attributes",
    }
    assert bundle["indexes"]["embeddings"]["kind"] == "flat"
    assert bundle["encoder"]["languages"] == ["en"]
    assert "files" not in bundle


def test_properties_that_only_live_items_have_are_listed_and_can_be_included(live: TestClient) -> None:
    live.put("/v1/items/new", json={"title": "space", "tempo": 120})

    properties = live.get("/v1/bundle").json()["properties"]
    answer = live.post("/v1/rank", json={"item_ids": ["new"], "include": properties})

    assert properties == ["genres", "share", "tempo", "title", "year"]
    assert answer.json()["items"][0]["properties"]["tempo"] == 120


def test_a_running_process_is_live(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "live"}


def test_a_service_that_answers_is_ready_and_says_with_what(client: TestClient, recommender: Recommender) -> None:
    ready = client.get("/health/ready").json()

    expected = {"status": "ready", "bundle": recommender.bundle.version, "items": len(ITEM_IDS), "users": len(PAST)}
    assert ready == expected


def test_a_reload_takes_no_other_fields(client: TestClient) -> None:
    problem = problem_of(client.post("/v1/bundle/reload", json={"versoin": "x"}))

    assert (problem.code, problem.field) == ("request_invalid", "versoin")
