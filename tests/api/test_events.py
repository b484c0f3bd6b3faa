"""Events over HTTP: kept before they are acknowledged, and counted from the very next answer on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api.hand_made import ITEM_IDS, WORDS
from api.reading import answer_of, events_of, ids_of, problem_of
from fastapi.testclient import TestClient

Event = dict[str, Any]


def act(item_id: str, event_type: str = "watch", *, user_id: str = "new", **more: object) -> Event:
    return {"user_id": user_id, "item_id": item_id, "event_type": event_type, **more}


def recommended(client: TestClient, user_id: str = "new", **more: object) -> list[str]:
    return ids_of(client.post("/v1/recommendations", json={"user_id": user_id, **more}))


def words_of(item_ids: list[str]) -> set[str]:
    return {WORDS[ITEM_IDS.index(item_id) % len(WORDS)] for item_id in item_ids}


def scores_of(client: TestClient, **request: object) -> dict[str, float]:
    everything = {"limit": 500, "exclude": {"interacted": False}, **request}
    return {item.item_id: item.score for item in answer_of(client.post("/v1/recommendations", json=everything)).items}


def test_an_event_changes_the_very_next_answer(live: TestClient) -> None:
    before = answer_of(live.post("/v1/recommendations", json={"user_id": "new"}))

    told = events_of(live.post("/v1/events", json=act("i5")))
    after = answer_of(live.post("/v1/recommendations", json={"user_id": "new"}))

    assert (told.accepted, told.duplicates, told.rejected) == (1, 0, [])
    assert before.cold_start
    assert before.missing.user_id == "new"
    assert not after.cold_start
    assert after.missing.user_id is None
    assert "i5" not in {item.item_id for item in after.items}
    by_content = recommended(live, limit=3, weights={"content": 1, "collaborative": 0, "popularity": 0})
    assert words_of(by_content) == {"northern"}


def test_a_list_of_events_is_taken_whole(live: TestClient) -> None:
    response = live.post("/v1/events", json=[act(f"i{n}", user_id=f"someone {n}") for n in range(40)])

    assert response.status_code == 200
    assert events_of(response).accepted == 40
    assert "i3" not in recommended(live, "someone 3", limit=500)


def test_an_event_sent_again_changes_nothing(live: TestClient) -> None:
    event = act("i5", "like", event_id="e1")
    live.post("/v1/events", json=event)
    before = scores_of(live, user_id="new")

    told = events_of(live.post("/v1/events", json=[act("i6", event_id="e2"), event, act("i7", event_id="e2")]))
    live.post("/v1/events", json=event)

    assert (told.accepted, told.duplicates, told.duplicate_places) == (1, 2, [1, 2])
    profile = live.get("/v1/users/new/profile").json()
    assert [item["item_id"] for item in profile["items"]] == ["i6", "i5"]
    assert before != scores_of(live, user_id="new")


def test_a_wrong_event_does_not_keep_the_others_out(live: TestClient) -> None:
    sent = [act("i5"), act("i6", timestamp="yesterday"), {"user_id": "new"}, 3, act("i7", colour="red"), act("i8")]

    response = live.post("/v1/events", json=sent)

    told = events_of(response)
    assert response.status_code == 207
    assert told.accepted == 2
    assert [(one.place, one.field) for one in told.rejected] == [
        (1, "timestamp"),
        (2, "item_id"),
        (3, ""),
        (4, "colour"),
    ]
    assert not {"i5", "i8"} & set(recommended(live, limit=500))
    assert "i6" in recommended(live, limit=500)


@pytest.mark.parametrize("sent", [{"user_id": "new"}, [{"user_id": "new"}, {"item_id": "i5"}]])
def test_where_every_event_is_wrong_nothing_is_taken(live: TestClient, sent: object) -> None:
    response = live.post("/v1/events", json=sent)

    assert response.status_code == 422
    assert events_of(response).accepted == 0
    assert len(events_of(response).rejected) == (1 if isinstance(sent, dict) else 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_id", ""),
        ("user_id", "a\0b"),
        ("user_id", "x" * 513),
        ("item_id", 7),
        ("event_type", ""),
        ("event_type", "x" * 65),
        ("value", "5"),
        ("value", 1e301),
        ("timestamp", True),
        ("timestamp", "2026-13-01"),
        ("timestamp", 1e20),
        ("timestamp", "2026-11-21T20:15:00"),
        ("timezone", "Mars/Olympus"),
        ("context", {"device": 3}),
        ("context", {f"field {n}": "" for n in range(33)}),
        ("event_id", ""),
        ("event_id", "x" * 129),
        ("recommendation_id", "made up"),
    ],
)
def test_what_is_wrong_with_an_event_is_named(live: TestClient, field: str, value: object) -> None:
    (rejected,) = events_of(live.post("/v1/events", json=act("i5") | {field: value})).rejected

    assert rejected.field.partition(".")[0] == field
    assert rejected.message


def test_an_event_of_the_day_after_tomorrow_is_refused(live: TestClient) -> None:
    late = (datetime.now(UTC) + timedelta(days=2)).isoformat()

    (rejected,) = events_of(live.post("/v1/events", json=act("i5", timestamp=late))).rejected

    assert rejected.field == "timestamp"


@pytest.mark.parametrize(
    "more",
    [
        {"timestamp": "2026-03-21T20:15:00+01:00"},
        {"timestamp": "2026-03-21T19:15:00Z", "timezone": "Europe/Oslo"},
        {"timestamp": "2026-03-21T20:15:00", "timezone": "Europe/Oslo"},
        {"timestamp": 1774120500},
        {"timestamp": "1774120500000"},
    ],
)
def test_the_time_of_an_event_may_be_told_in_many_ways(live: TestClient, more: Event) -> None:
    live.post("/v1/events", json=act("i5", **more))

    (past,) = live.get("/v1/users/new/profile").json()["items"]
    assert past["last"] == "2026-03-21T19:15:00Z"


def test_an_event_on_an_item_nobody_knows_counts_once_it_is_there(live: TestClient) -> None:
    told = events_of(live.post("/v1/events", json=act("to come", "like")))
    before = answer_of(live.post("/v1/recommendations", json={"user_id": "new"}))

    live.put("/v1/items/to%20come", json={"title": "space"})
    after = answer_of(live.post("/v1/recommendations", json={"user_id": "new", "weights": {"popularity": 0}}))

    assert told.accepted == 1
    assert before.cold_start
    assert words_of([item.item_id for item in after.items[:3]]) == {"space"}


def test_likes_and_dislikes_push_in_both_directions(live: TestClient) -> None:
    content_alone = {"weights": {"content": 1, "collaborative": 0, "popularity": 0}}
    live.post("/v1/events", json=[act("i5", "like"), act("i6", "dislike")])

    scores = scores_of(live, user_id="new", **content_alone)

    assert min(scores["i9"], scores["i13"]) > max(scores["i8"], scores["i11"]) > max(scores["i10"], scores["i14"])


def test_what_is_shown_and_left_alone_fades_for_that_user(live: TestClient) -> None:
    first = answer_of(live.post("/v1/recommendations", json={"user_id": "u0", "limit": 1})).items[0].item_id
    other_before = scores_of(live, user_id="u1")
    live.post("/v1/events", json=[act(first, "impression", user_id="u0") for _ in range(5)])

    after = answer_of(live.post("/v1/recommendations", json={"user_id": "u0", "limit": 500, "explain": True})).items

    (faded,) = (item for item in after if item.item_id == first)
    assert faded.rank > 1
    assert faded.explanation is not None
    assert faded.explanation.components["impressions"] < 0
    assert scores_of(live, user_id="u1") == pytest.approx(other_before)


def test_what_was_done_lately_or_in_some_way_can_be_excluded(live: TestClient) -> None:
    old = act("i5", "like", timestamp="2026-01-01T00:00:00Z")
    new = act("i6", "watch", timestamp="2026-03-01T00:00:00Z")
    shown = act("i7", "impression", timestamp="2026-03-02T00:00:00Z")
    live.post("/v1/events", json=[old, new, shown])

    def left_out(**exclude: object) -> set[str]:
        return {"i5", "i6", "i7"} - set(recommended(live, limit=500, exclude=exclude))

    assert left_out() == {"i5", "i6"}
    assert left_out(interacted=False) == set()
    assert left_out(since="2026-02-01T00:00:00Z") == {"i6"}
    assert left_out(event_types=["like"]) == {"i5"}
    assert left_out(event_types=["impression", "watch"]) == {"i6", "i7"}
    by_query = ids_of(live.get("/v1/users/new/recommendations?limit=500&exclude.since=2026-02-01T00:00:00Z"))
    assert {"i5", "i6"} - set(by_query) == {"i6"}


def test_pages_do_not_repeat_while_events_keep_arriving(live: TestClient) -> None:
    request: dict[str, Any] = {"user_id": "u0", "limit": 2}
    seen: list[str] = []
    for n in range(20):
        answer = answer_of(live.post("/v1/recommendations", json=request))
        seen += [item.item_id for item in answer.items]
        live.post("/v1/events", json=[act(f"i{n + 15}", user_id="u0"), act("i1", user_id="u1")])
        request["cursor"] = answer.next_cursor

    assert len(seen) == len(set(seen)) == 40


@pytest.mark.parametrize("body", [[], "i5", None, 3, [{}] * 10_001])
def test_a_body_that_holds_no_events_is_refused(live: TestClient, body: object) -> None:
    problem = problem_of(live.post("/v1/events", json=body))

    assert (problem.status, problem.code) == (422, "request_invalid")


def test_ten_thousand_events_are_taken_at_once(live: TestClient) -> None:
    sent = [act(f"i{n % 40}", user_id=f"user {n % 100}", event_id=f"e{n}") for n in range(10_000)]

    first, again = (events_of(live.post("/v1/events", json=sent)) for _ in range(2))

    assert (first.accepted, first.duplicates) == (10_000, 0)
    assert (again.accepted, again.duplicates) == (0, 10_000)


def test_a_service_that_keeps_nothing_says_so(client: TestClient) -> None:
    problem = problem_of(client.post("/v1/events", json=act("i5")))

    assert (problem.status, problem.code) == (503, "live_unavailable")


def test_a_duplicate_among_wrong_events_is_no_error_of_the_whole(live: TestClient) -> None:
    live.post("/v1/events", json=act("i5", event_id="once"))

    answered = live.post("/v1/events", json=[act("i5", event_id="once"), act("")])
    told = events_of(answered)

    assert answered.status_code == 207
    assert (told.accepted, told.duplicates, [one.place for one in told.rejected]) == (0, 1, [1])
