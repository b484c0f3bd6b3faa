"""What looks remember while nothing is committed is what the database would say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from live.acts import act, add, items_of, person

from crossfade.live import Changes, ItemRecord, LiveData, Person, data


def test_a_look_at_the_same_users_asks_the_database_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LiveData.open(str(path)) as live:
        add(live, act("ann"), act("bob"))
        first = live.look(["ann", "bob"], after=0, items_after=0)
        monkeypatch.setattr(live, "call", None)  # it cannot ask any more

        again = live.look(["bob"], after=0, items_after=0)

        assert again.people["bob"] is first.people["bob"]
        assert again.seq == first.seq
        monkeypatch.undo()


def test_items_are_those_after_the_place_asked_from_whatever_was_asked_before(live: LiveData) -> None:
    live.call(live.store.put_items([ItemRecord("a", {}), ItemRecord("b", {})]))
    asked = (1, 2, 0, 1, 0, 2)

    found = [[item.item_id for item in live.look(["ann"], after=0, items_after=place).items] for place in asked]

    assert found == [["b"], [], ["a", "b"], ["b"], ["a", "b"], []]


def test_more_users_than_are_remembered_are_all_answered(live: LiveData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_PEOPLE_REMEMBERED", 3)
    users = [f"u{number}" for number in range(5)]
    add(live, *(act(user_id, f"film of {user_id}") for user_id in users))

    for _ in range(2):
        for user_id in users:
            assert items_of(person(live, user_id).events) == [f"film of {user_id}"]
    together = live.look(users, after=0, items_after=0)
    assert all(items_of(together.people[user_id].events) == [f"film of {user_id}"] for user_id in users)
    assert len(live._seen._people) <= 3


def test_another_place_to_begin_after_is_another_question(live: LiveData) -> None:
    add(live, act(item_id="a"), act(item_id="b"))

    assert [items_of(person(live, after=place).events) for place in (0, 1, 0)] == [["a", "b"], ["b"], ["a", "b"]]


def test_nothing_of_two_cuts_meets_in_what_is_remembered() -> None:
    seen = data._Seen(1, 0)
    ann, bob = Person(("ann",)), Person(("bob",))

    seen.remember(Changes(1, {"ann": ann}), 0)
    seen.remember(Changes(2, {"bob": bob}), 0)  # of a commit between the reading of the token and that of the data

    remembered = seen.changes(["ann"], 0)
    assert remembered is not None
    assert remembered.people == {"ann": ann}
    assert seen.changes(["bob"], 0) is None
    assert seen.changes(["ann", "bob"], 0) is None


def put(live: LiveData, item_id: str, *, deleted: bool = False) -> None:
    live.call(live.store.put_items([ItemRecord(item_id, {}, deleted=deleted)]))


def test_what_was_done_with_an_item_is_told_again_once_the_item_is_put_or_deleted(live: LiveData) -> None:
    put(live, "old")
    add(live, act(item_id="old"), act(item_id="unknown"), act(item_id="later"), act("bob", "later"))
    seen = 5
    add(live, act(item_id="new"))
    put(live, "later")
    at_first = items_of(person(live, after=seen).events)
    put(live, "later", deleted=True)

    assert at_first == ["later", "new"]
    assert items_of(person(live, after=seen).events) == ["later", "new"]  # for the further pages of an earlier answer
    assert items_of(person(live, after=8).events) == []


def test_recent_impressions_are_told_whatever_was_seen(live: LiveData) -> None:
    now = datetime.now(UTC)
    add(
        live,
        act(item_id="lately", event_type="impression", at=now - timedelta(days=29)),
        act(item_id="long ago", event_type="impression", at=now - timedelta(days=31)),
        act(item_id="watched", at=now),
    )

    assert items_of(person(live, after=0).events) == ["lately", "long ago", "watched"]
    assert items_of(person(live, after=3).events) == ["lately"]


def test_what_all_share_is_told_as_it_is_now(live: LiveData, url: str) -> None:
    with LiveData.open(url) as other:
        assert other.call(other.store.shared()).into == {}

        live.call(live.store.merge_users("ann", "visitor"))

        assert other.call(other.store.shared()).into == {"visitor": "ann"}
        assert other.call(other.store.shared()).group("visitor") == ("ann", "visitor")
