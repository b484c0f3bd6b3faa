"""A list that the caller brings: nothing is answered that is not in it."""

from __future__ import annotations

from engine.answers import answer

from crossfade.engine import Pin, Query, rank_query
from crossfade.engine.view import View


def test_a_pin_that_is_not_in_the_list_is_none(drawn_view: View) -> None:
    found = answer(drawn_view, rank_query(["i1", "i2"], pin=[Pin("i7", 1), Pin("i2", 2)]))

    assert [(item.item_id, item.placed_by) for item in found.items] == [("i1", "score"), ("i2", "pin")]


def test_what_is_unknown_is_named_once_whether_liked_listed_or_pinned(drawn_view: View) -> None:
    pins = [Pin("not there", 1), Pin("i7", 2), Pin("gone", 3)]

    ranked = answer(drawn_view, rank_query(["gone", "i1", "gone", "lost"], pin=pins))
    liked = answer(drawn_view, Query(item_ids=["lost", "i1", "gone", "lost"], pin=pins))

    assert ranked.missing.item_ids == ["gone", "lost", "not there"]
    assert liked.missing.item_ids == ["lost", "gone", "not there"]


def test_of_a_callers_own_list_a_pin_brings_in_nothing_that_is_not_in_it(drawn_view: View) -> None:
    found = answer(drawn_view, Query(among=["i1", "i2", "i3"], pin=[Pin("i5", 1), Pin("i2", 2)]))

    assert [item.item_id for item in found.items][1] == "i2"
    assert {item.item_id for item in found.items} == {"i1", "i2", "i3"}
