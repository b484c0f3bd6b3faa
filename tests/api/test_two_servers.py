"""Two processes on one bundle and one live store: what one was told, the other knows at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import pytest
from api.hand_made import publish
from api.processes import uvicorn_process

from crossfade.bundle import BundleStore

ROUNDS = 60

Two = tuple[httpx2.Client, httpx2.Client]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> BundleStore:
    """What both serve."""
    made = BundleStore(tmp_path_factory.mktemp("two") / "bundle")
    publish(made)
    return made


@pytest.fixture(scope="module")
def two(store: BundleStore) -> Iterator[Two]:
    """Two servers that share nothing but the bundle's directory and a file of SQLite."""
    tmp_path = store.directory.parent
    environment = {
        "CROSSFADE_BUNDLE": str(store.directory),
        "CROSSFADE_LIVE": str(tmp_path / "live.sqlite"),
        "CROSSFADE_AUTH": "off",
    }
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(
                uvicorn_process(
                    "--factory",
                    "crossfade.api.app:from_environment",
                    folder=tmp_path,
                    environment=environment,
                    log=tmp_path / f"{name}.log",
                )
            )
            for name in ("first", "second")
        )
        yield first, second


def cold(client: httpx2.Client, user_id: str) -> bool:
    answer = client.post("/v1/recommendations", json={"user_id": user_id}).raise_for_status()
    return bool(answer.json()["cold_start"])


def test_what_one_process_acknowledged_the_other_answers_by(two: Two) -> None:
    item = two[0].post("/v1/recommendations", json={"limit": 1}).json()["items"][0]["item_id"]

    seen = 0
    for number in range(ROUNDS):
        told, asked = two[number % 2], two[(number + 1) % 2]
        user = f"somebody-{number}"
        assert cold(asked, user)
        told.post("/v1/events", json={"user_id": user, "item_id": item, "event_type": "like"}).raise_for_status()
        seen += not cold(asked, user)

    assert seen == ROUNDS


def test_an_item_a_scenario_and_an_erasure_are_known_to_the_other_process_at_once(two: Two) -> None:
    one, other = two

    one.put("/v1/items/brand-new", json={"title": "Brand New"}).raise_for_status()
    assert other.get("/v1/items/brand-new").json()["title"] == "Brand New"
    other.put("/v1/scenarios/short", json={"limit": 1}).raise_for_status()
    assert len(one.post("/v1/recommendations", json={"scenario": "short"}).raise_for_status().json()["items"]) == 1
    one.post("/v1/events", json={"user_id": "ann", "item_id": "brand-new", "event_type": "like"}).raise_for_status()
    assert other.get("/v1/users/ann/profile").json()["known"]
    one.delete("/v1/users/ann").raise_for_status()
    assert not other.get("/v1/users/ann/profile").json()["known"]
    other.delete("/v1/items/brand-new").raise_for_status()
    assert one.get("/v1/items/brand-new").status_code == 404


def test_a_swap_of_bundles_loses_no_event_and_counts_none_twice(two: Two, store: BundleStore) -> None:
    one, other = two
    item = one.post("/v1/recommendations", json={"limit": 1}).json()["items"][0]["item_id"]
    one.post("/v1/events", json={"user_id": "ann", "item_id": item, "event_type": "watch"}).raise_for_status()
    before = one.get("/v1/users/ann/profile").json()["items"]

    publish(store, seed=1)
    for client in two:
        client.post("/v1/bundle/reload").raise_for_status()
    after = [client.get("/v1/users/ann/profile").json()["items"] for client in two]

    assert len(before) == 1
    assert after == [before, before]
    assert not cold(other, "ann")
