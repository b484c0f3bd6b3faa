"""Small promises that nothing else holds to: a foreign pin, a forgotten attribute, the end of a list."""

from __future__ import annotations

from engine.answers import answer
from engine.live_state import NOW, LiveState

from crossfade.engine import Pin, Query
from crossfade.engine.kept.keeper import page_of
from crossfade.engine.people import evidence_of
from crossfade.engine.view import View


def test_of_a_callers_own_list_a_pin_brings_in_nothing_that_is_not_in_it(drawn_view: View) -> None:
    found = answer(drawn_view, Query(among=["i1", "i2", "i3"], pin=[Pin("i5", 1), Pin("i2", 2)]))

    assert [item.item_id for item in found.items][1] == "i2"
    assert {item.item_id for item in found.items} == {"i1", "i2", "i3"}


def test_what_the_bundle_was_told_of_an_erased_user_is_forgotten_too(drawn_view: View) -> None:
    state = LiveState(drawn_view)
    before = evidence_of(state.view.items, state.view.person("u42"), now=NOW)
    state.forget("u42")
    after = evidence_of(state.view.items, state.view.person("u42"), now=NOW)

    assert dict(before.attributes) != {}
    assert (after.known, dict(after.attributes)) == (False, {})


def test_a_page_that_ends_the_list_has_no_cursor() -> None:
    assert page_of(["a", "b"], 2, None) == (["a", "b"], None)
    assert page_of(["a", "b", "c"], 2, None) == (["a", "b"], "b")
    assert page_of(["a", "b", "c"], 2, "b") == (["c"], None)
