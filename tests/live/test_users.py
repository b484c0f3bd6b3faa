"""Users: their attributes, being one with another, being forgotten."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from live.acts import act, add, items_of, person, with_context

from crossfade.errors import LiveError, QueryError
from crossfade.live import Attribution, LiveData, UserRecord, pruning, user_hash

Open = Callable[[], LiveData]


def put(live: LiveData, user_id: str, **attributes: str) -> None:
    live.call(live.store.put_users([UserRecord(user_id, attributes)]))


def merge(live: LiveData, into_id: str, from_id: str) -> None:
    live.call(live.store.merge_users(into_id, from_id))


def erase(live: LiveData, user_id: str) -> tuple[str, ...]:
    return live.call(live.store.erase_user(user_id))


def test_attributes_are_in_the_next_look_of_every_worker(live: LiveData, open_live: Open) -> None:
    other = open_live()
    assert person(other).attributes is None

    put(live, "ann", country="DE", age="30")
    assert person(other).attributes == {"country": "DE", "age": "30"}
    put(live, "ann", country="FR")

    assert person(other).attributes == {"country": "FR"}


def test_users_are_listed_page_by_page_in_the_same_order_on_every_database(live: LiveData) -> None:
    live.call(live.store.put_users([UserRecord(user_id, {}) for user_id in ("b", "B", "é")]))
    add(live, act("🎬"), act("b"), act("a"), act("a"))
    merge(live, "a b", "a")

    first = live.call(live.store.user_ids(limit=4))
    second = live.call(live.store.user_ids(limit=4, after=first[-1]))

    assert (first, second) == (["B", "a", "a b", "b"], ["é", "🎬"])


def test_of_two_changes_made_from_the_same_state_one_has_to_be_made_again(live: LiveData) -> None:
    put(live, "ann", country="DE")
    change = UserRecord("ann", {"country": "FR"}, live.call(live.store.last_change("ann")))

    first = live.call(live.store.put_users([change], only_if_unchanged=True))
    second = live.call(live.store.put_users([change], only_if_unchanged=True))

    assert (first, second) == (2, None)


@pytest.mark.parametrize(
    "happens",
    [
        lambda live: put(live, "ann", country="FR"),
        lambda live: put(live, "visitor", country="FR"),
        lambda live: merge(live, "ann", "tablet"),
        lambda live: merge(live, "bob", "ann"),
        lambda live: erase(live, "ann"),
    ],
    ids=["put", "put for a merged id", "merged", "merged into another", "erased"],
)
def test_a_change_made_from_before_another_of_the_same_user_has_to_be_made_again(
    live: LiveData, happens: Callable[[LiveData], object]
) -> None:
    merge(live, "ann", "visitor")
    change = UserRecord("visitor", {"country": "DE"}, live.call(live.store.last_change("visitor")))

    happens(live)

    assert live.call(live.store.put_users([change], only_if_unchanged=True)) is None
    assert live.call(live.store.last_change("visitor")) > change.changed_seq


def test_what_is_put_for_any_id_of_a_merged_user_is_in_the_place_of_what_all_of_them_said(
    live: LiveData, open_live: Open
) -> None:
    other = open_live()
    for user_id in ("ann", "visitor", "tablet"):
        put(live, user_id, country="DE", **{user_id: "yes"})
    merge(live, "ann", "visitor")
    merge(live, "ann", "tablet")
    assert person(other).attributes == {"country": "DE", "ann": "yes", "visitor": "yes", "tablet": "yes"}

    put(live, "visitor", country="FR")

    for user_id in ("ann", "visitor", "tablet"):
        assert person(other, user_id).attributes == {"country": "FR"}
    assert live.call(live.store.export_user("tablet"))["attributes"] == {"ann": {"country": "FR"}}
    merge(live, "bob", "ann")
    assert person(other, "bob").attributes == {"country": "FR"}


def test_of_what_is_put_for_several_ids_of_one_user_the_last_counts(live: LiveData) -> None:
    merge(live, "ann", "visitor")

    records = [UserRecord("ann", {"country": "DE"}), UserRecord("bob", {}), UserRecord("visitor", {"country": "FR"})]
    last = live.call(live.store.put_users(records))

    assert last == live.look([], after=0, items_after=0).seq
    assert person(live).attributes == {"country": "FR"}
    assert person(live, "bob").attributes == {}


def test_merged_ids_are_one_user_whichever_is_asked_for(live: LiveData, open_live: Open) -> None:
    other = open_live()
    add(live, act("visitor", "a"), act("ann", "b"), act("visitor", "c"))
    put(live, "visitor", country="DE", age="30")
    put(live, "ann", country="FR")
    assert items_of(person(other, "ann").events) == ["b"]

    merge(live, "ann", "visitor")

    for user_id in ("ann", "visitor"):
        for worker in (live, other):
            found = person(worker, user_id)
            assert found.user_ids == ("ann", "visitor")
            assert items_of(found.events) == ["a", "b", "c"]
            assert found.attributes == {"country": "FR", "age": "30"}


def test_who_is_merged_brings_those_merged_before_and_follows_where_the_other_went(
    live: LiveData, open_live: Open
) -> None:
    other = open_live()
    merge(live, "b", "a")
    assert person(other, "a").user_ids == ("b", "a")
    merge(live, "d", "c")

    merge(live, "c", "b")  # c is d by now

    assert set(person(other, "a").user_ids) == {"a", "b", "c", "d"}
    assert person(other, "a").user_ids[0] == "d"
    assert person(open_live(), "a").user_ids == person(other, "a").user_ids == person(live, "d").user_ids


def test_merging_again_what_is_merged_changes_nothing(live: LiveData) -> None:
    merge(live, "ann", "visitor")
    before = live.look([], after=0, items_after=0).seq

    merge(live, "ann", "visitor")

    assert live.look([], after=0, items_after=0).seq == before


@pytest.mark.parametrize(
    ("into_id", "from_id", "reason"),
    [
        ("ann", "ann", "itself"),
        ("visitor", "ann", "into this one"),
        ("tablet", "ann", "into this one"),
        ("bob", "visitor", "another one"),
    ],
)
def test_a_merge_that_makes_a_circle_or_tears_another_apart_is_refused(
    live: LiveData, into_id: str, from_id: str, reason: str
) -> None:
    merge(live, "ann", "visitor")
    merge(live, "visitor", "tablet")

    with pytest.raises(QueryError, match=reason) as refused:
        merge(live, into_id, from_id)

    assert refused.value.field == "from_id"


def test_an_erased_user_is_gone_from_the_next_look_of_every_worker(live: LiveData, open_live: Open) -> None:
    other = open_live()
    add(live, act("ann"), act("visitor"), act("bob"))
    put(live, "ann", country="DE")
    merge(live, "ann", "visitor")
    assert len(person(other, "ann").events) == 2

    assert set(erase(live, "visitor")) == {"ann", "visitor"}

    for user_id in ("ann", "visitor"):
        found = person(other, user_id)
        assert found.user_ids == (user_id,)
        assert found.forgotten == {user_id}
        assert (list(found.events), found.attributes) == ([], None)
    assert len(person(other, "bob").events) == 1
    assert person(other, "bob").forgotten == frozenset()


def test_an_erased_user_who_returns_is_somebody_new(live: LiveData) -> None:
    add(live, act("ann", "before"))
    erase(live, "ann")

    add(live, act("ann", "after"))
    merge(live, "bob", "ann")

    found = person(live, "bob")
    assert items_of(found.events) == ["after"]
    assert found.forgotten == {"ann"}


def test_a_bundle_that_was_indexed_with_the_erasure_may_know_the_user_again(live: LiveData) -> None:
    add(live, act("ann"))
    erase(live, "ann")
    erased_at = live.look([], after=0, items_after=0).seq

    assert person(live, "ann", after=erased_at - 1).forgotten == {"ann"}
    assert person(live, "ann", after=erased_at).forgotten == frozenset()


def test_only_a_keyed_hash_of_an_erased_id_is_kept(live: LiveData) -> None:
    erase(live, "never seen here")

    with live.dump() as (dump, _):
        assert dump.erased == {user_hash(live.store.secret, "never seen here"): 1}
    assert user_hash(b"k" * 32, "ann") != user_hash(live.store.secret, "ann")
    assert len(live.store.secret) == 32


def test_no_byte_of_an_erased_user_stays_in_the_files_while_others_have_them_open(path: Path) -> None:
    with LiveData.open(str(path)) as live, LiveData.open(str(path)) as other:
        crowd = [f"{number:04}-of-the-crowd" for number in range(200)]
        for _ in range(10):  # written in turns, so that SQLite moves rows between its pages
            add(live, *(act(user_id, f"film-{user_id}") for user_id in crowd))
            add(live, *(with_context(act("forget-me"), note="forget-me") for _ in range(20)))
        put(live, "forget-me", name="forget-me-attribute")
        add(live, act("forget-me-too", event_id="forget-me-42", of=Attribution("r", "s", 1, "c")))
        merge(live, "forget-me", "forget-me-too")
        person(other, "forget-me")
        assert any(b"forget-me" in file.read_bytes() for file in path.parent.iterdir())

        erase(live, "forget-me")

        assert not any(b"forget-me" in file.read_bytes() for file in path.parent.iterdir())
        assert len(person(other, crowd[0]).events) == 10
    assert not any(b"forget-me" in file.read_bytes() for file in path.parent.iterdir())


def test_copies_that_sqlite_left_behind_go_with_the_user(path: Path) -> None:
    with LiveData.open(str(path)) as live:
        add(live, *(act("forget-me") for _ in range(100)), *(act("bob") for _ in range(100)))
        with closing(sqlite3.connect(path, isolation_level=None)) as careless:  # as SQLite is when it moves rows
            careless.execute("PRAGMA secure_delete=OFF")
            careless.execute("DELETE FROM events WHERE user_id = 'forget-me'")
            careless.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert b"forget-me" in path.read_bytes()

        erase(live, "forget-me")

        assert not any(b"forget-me" in file.read_bytes() for file in path.parent.iterdir())
        assert len(person(live, "bob").events) == 100


def test_an_erasure_that_a_long_reading_keeps_from_ending_says_so_and_stops_no_writer(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PATIENCE_S", 0.3)
    with LiveData.open(str(path)) as live, LiveData.open(str(path)) as other:
        add(live, act("forget-me"))
        with other.dump():
            erasing = live.submit(live.store.erase_user("forget-me"))
            for _ in range(10):
                add(other, act("bob"))
            with pytest.raises(LiveError, match=r"deleted, but.*ask again"):
                erasing.result()
        assert list(person(other, "forget-me").events) == []

        erase(live, "forget-me")

        assert not any(b"forget-me" in file.read_bytes() for file in path.parent.iterdir())


def test_all_that_is_kept_of_a_user_can_be_taken_home(live: LiveData) -> None:
    add(live, with_context(act("visitor", "a", of=Attribution("r", "home", 2, "content")), device="tv"), act("bob"))
    put(live, "ann", country="DE")
    merge(live, "ann", "visitor")

    taken = json.loads(json.dumps(live.call(live.store.export_user("ann"))))

    event_id = person(live).events[0].event.event_id
    assert taken == {
        "user_ids": ["ann", "visitor"],
        "attributes": {"ann": {"country": "DE"}},
        "events": [
            {
                "seq": 1,
                "event_id": event_id,
                "user_id": "visitor",
                "item_id": "a",
                "event_type": "watch",
                "value": None,
                "timestamp": "2026-03-01T12:00:00+00:00",
                "local_time": None,
                "context": {"device": "tv"},
                "attribution": {"recommendation": "r", "scenario": "home", "rank": 2, "component": "content"},
            }
        ],
    }
    assert [stored.seq for stored in live.call(live.store.user_events("visitor"))] == [1]
