"""Items that are put, changed and deleted while the service runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from live.acts import act, add

from crossfade.errors import QueryError
from crossfade.live import ItemRecord, LiveData

Open = Callable[[], LiveData]


def put(live: LiveData, *records: ItemRecord, unmoved: tuple[str, ...] = ()) -> int | None:
    return live.call(live.store.put_items(records, unmoved=unmoved))


def changed(live: LiveData, after: int = 0) -> list[ItemRecord]:
    return list(live.look([], after=0, items_after=after).items)


def test_an_item_is_read_back_as_it_was_put(live: LiveData) -> None:
    properties = {
        "title": "Ünïcode \x00\ud800 🎬",
        "year": 1990,
        "genres": ["a", "b"],
        "rating": None,
        "nested": {"x": 0.1},
    }
    record = ItemRecord("a", properties, embedding=np.array([0.1, -2.0], dtype=np.float32), encoder="f1")

    put(live, record)
    kept = live.call(live.store.get_item("a"))

    assert kept is not None
    assert (kept.properties, kept.encoder, kept.deleted) == (properties, "f1", False)
    assert kept.embedding is not None
    assert kept.embedding.dtype == np.float32
    assert kept.embedding.tolist() == np.array([0.1, -2.0], dtype=np.float32).tolist()
    assert live.call(live.store.get_item("b")) is None


def test_a_look_brings_what_changed_since_the_last_in_the_order_of_the_changes(live: LiveData, open_live: Open) -> None:
    other = open_live()
    assert put(live, ItemRecord("a", {}), ItemRecord("b", {})) == 2
    assert put(live, ItemRecord("a", {"n": 1})) == 3

    assert [(item.item_id, item.changed_seq) for item in changed(other)] == [("b", 2), ("a", 3)]
    assert [item.item_id for item in changed(other, 2)] == ["a"]
    assert changed(other, 3) == []
    assert [item.item_id for item in changed(other)] == ["b", "a"]  # asked from further back than before
    assert live.call(live.store.all_items()) == changed(live)
    assert live.call(live.store.items_after(2)) == changed(live, 2)


def test_a_deleted_item_is_told_of_whether_it_was_put_here_or_not(live: LiveData) -> None:
    put(live, ItemRecord("a", {"title": "T"}))

    live.call(live.store.delete_items(["a", "of the bundle"]))

    assert [(item.item_id, item.deleted, item.properties) for item in changed(live)] == [
        ("a", True, {}),
        ("of the bundle", True, {}),
    ]


def test_only_what_moves_a_score_moves_its_place(live: LiveData) -> None:
    put(live, ItemRecord("a", {"title": "T", "price": 1}))
    put(live, ItemRecord("a", {"title": "T", "price": 2}))
    price = live.call(live.store.get_item("a"))
    put(live, ItemRecord("a", {"title": "U", "price": 2}))
    title = live.call(live.store.get_item("a"))
    live.call(live.store.delete_items(["a"]))
    gone = live.call(live.store.get_item("a"))
    put(live, ItemRecord("a", {"title": "U"}))
    back = live.call(live.store.get_item("a"))

    records = [record for record in (price, title, gone, back) if record is not None]
    assert [(record.changed_seq, record.scored_seq) for record in records] == [(2, 1), (3, 3), (4, 4), (5, 5)]


def test_an_embedding_stays_as_long_as_its_text(live: LiveData) -> None:
    put(live, ItemRecord("a", {"title": "T"}, embedding=np.ones(2, np.float32), encoder="e"))
    put(live, ItemRecord("a", {"title": "T", "price": 1}))
    same = live.call(live.store.get_item("a"))
    put(live, ItemRecord("a", {"title": "U"}))
    other = live.call(live.store.get_item("a"))

    assert same is not None
    assert same.embedding is not None
    assert (same.embedding.tolist(), same.encoder) == ([1.0, 1.0], "e")
    assert other is not None
    assert (other.embedding, other.encoder) == (None, "")


def test_an_item_of_the_bundle_whose_text_stays_has_not_moved(live: LiveData) -> None:
    put(live, ItemRecord("old", {"title": "T"}), ItemRecord("new", {"title": "T"}), unmoved=("old",))

    assert [(item.item_id, item.scored_seq) for item in changed(live)] == [("old", 0), ("new", 2)]


def test_of_two_changes_made_from_the_same_state_one_has_to_be_made_again(live: LiveData, open_live: Open) -> None:
    other = open_live()
    put(live, ItemRecord("a", {"n": 0}))
    mine, theirs = live.call(live.store.get_item("a")), other.call(other.store.get_item("a"))
    assert mine is not None
    assert theirs is not None

    first = live.call(live.store.put_items([mine], only_if_unchanged=True))
    second = other.call(other.store.put_items([theirs, ItemRecord("b", {})], only_if_unchanged=True))

    assert (first, second) == (2, None)
    assert [item.item_id for item in changed(live)] == ["a"]
    assert live.call(live.store.put_items([ItemRecord("c", {})], only_if_unchanged=True)) == 3


def test_events_and_items_share_one_order(live: LiveData) -> None:
    add(live, act())
    put(live, ItemRecord("a", {}))
    add(live, act())

    changes = live.look(["ann"], after=0, items_after=0)

    assert [stored.seq for stored in changes.people["ann"].events] == [1, 3]
    assert [item.changed_seq for item in changes.items] == [2]
    assert changes.seq == 3


def test_an_id_that_no_database_can_keep_is_refused_with_all_that_came_with_it(live: LiveData) -> None:
    with pytest.raises(QueryError, match=r"item_id.*U\+0000"):
        put(live, ItemRecord("a", {}), ItemRecord("b\x00", {}))

    assert changed(live) == []
