"""A list that the caller brings: nothing is answered that is not in it."""

from __future__ import annotations

from engine.answers import answer

from crossfade.engine import Pin, rank_query
from crossfade.engine.view import View


def test_a_pin_that_is_not_in_the_list_is_none(drawn_view: View) -> None:
    found = answer(drawn_view, rank_query(["i1", "i2"], pin=[Pin("i7", 1), Pin("i2", 2)]))

    assert [(item.item_id, item.placed_by) for item in found.items] == [("i1", "score"), ("i2", "pin")]
