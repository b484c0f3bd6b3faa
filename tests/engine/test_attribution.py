"""The id of a recommendation tells where an item stood and what spoke for it, to nobody but us."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine.answers import answer
from engine.live_state import LiveState
from hypothesis import given
from hypothesis import strategies as st

from crossfade.engine import ADJUSTMENTS, COMPONENTS, Boost, Query
from crossfade.engine.attribution import MOST_ATTRIBUTED, attribution_of, recommendation_id
from crossfade.engine.view import View
from crossfade.errors import QueryError
from crossfade.live import Attribution

SECRET = b"of the store"
PARTS = (*COMPONENTS, *ADJUSTMENTS)


@given(
    ids=st.lists(st.text(max_size=20), unique=True, max_size=100),
    scenario=st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=60),
    first_rank=st.integers(1, 10_000),
    data=st.data(),
)
def test_every_item_of_an_answer_is_found_at_its_place(
    ids: list[str], scenario: str | None, first_rank: int, data: st.DataObject
) -> None:
    said = data.draw(st.lists(st.sampled_from(PARTS), min_size=len(ids), max_size=len(ids)))

    token = recommendation_id(SECRET, scenario, ids, said, first_rank=first_rank)

    for place, (item_id, part) in enumerate(zip(ids, said, strict=True)):
        found = attribution_of(SECRET, token, item_id)
        assert found is not None
        # Items are told apart by 24 bits; among so few, drawn ones do not meet.
        assert found == Attribution(found.recommendation, scenario or "", first_rank + place, part)


def test_two_answers_have_different_names_and_one_has_the_same_for_all_of_its_items() -> None:
    one, other = (recommendation_id(SECRET, None, ["a", "b"], ["trend"] * 2, first_rank=1) for _ in range(2))

    names = [attribution_of(SECRET, token, item_id) for token in (one, other) for item_id in ("a", "b")]

    assert len({found.recommendation for found in names if found is not None}) == 2


def test_the_first_hundred_items_are_told_and_acts_on_the_others_count_for_no_rank() -> None:
    ids = [f"i{place}" for place in range(500)]

    token = recommendation_id(SECRET, None, ids, ["content"] * 500, first_rank=1)

    last = attribution_of(SECRET, token, f"i{MOST_ATTRIBUTED - 1}")
    assert last is not None
    assert last.rank == MOST_ATTRIBUTED
    assert attribution_of(SECRET, token, f"i{MOST_ATTRIBUTED}") is None
    assert len(token) < 700


def refused(secret: bytes, token: str, item_id: str) -> bool:
    with pytest.raises(QueryError, match=r"^recommendation_id: not the id of an answer that holds this item") as error:
        attribution_of(secret, token, item_id)
    return error.value.field == "recommendation_id"


def test_an_item_that_was_not_answered_and_an_id_of_others_are_refused() -> None:
    token = recommendation_id(SECRET, "home", ["a"], ["trend"], first_rank=1)

    assert refused(SECRET, token, "b")
    assert refused(b"another", token, "a")
    assert refused(SECRET, f"{token}A", "a")
    assert refused(SECRET, "", "a")


def test_an_id_holds_neither_items_nor_users_in_plain_words() -> None:
    token = recommendation_id(SECRET, None, ["patient-4711"], ["trend"], first_rank=1)

    assert "4711" not in token


def test_a_cursor_is_no_recommendation(drawn_view: View) -> None:
    cursor = answer(drawn_view, Query()).next_cursor

    assert cursor is not None
    assert refused(drawn_view.secret, cursor, "i0")


def test_answers_name_the_scenario_the_rank_over_all_pages_and_what_said_most(make_view: Callable[..., View]) -> None:
    state = LiveState(make_view([[0.0]] * 4, [[0.0]] * 4, [[0.0]] * 4, popularity=[4.0, 3.0, 2.0, 1.0]))
    state.scenario("home", boost=[{"filter": {"field": "year", "eq": 2003}, "amount": 0.9}])
    first = answer(state.view, Query(scenario="home", limit=2))
    second = answer(state.view, Query(scenario="home", limit=2, cursor=first.next_cursor))

    # Popularity 4, 3, 2, 1: mean 2.5, deviation 1.11803; i3 stands at -1.34164 and 0.9, now above i2's -0.44721.
    told = [attribution_of(state.view.secret, second.recommendation_id, item_id) for item_id in ("i2", "i3")]

    assert [(one.scenario, one.rank, one.component) for one in told if one is not None] == [
        ("home", 4, "popularity"),
        ("home", 3, "boost"),
    ]


def test_what_is_silent_about_all_items_said_nothing_most(make_view: Callable[..., View]) -> None:
    view = make_view([[0.0]] * 2, [[0.0]] * 2, [[0.0]] * 2)

    found = answer(view, Query())

    told = attribution_of(view.secret, found.recommendation_id, "i1")
    assert told is not None
    assert told.component == "popularity"


@pytest.mark.parametrize("amount", [50.0, -50.0])
def test_what_speaks_against_an_item_is_not_what_said_most(make_view: Callable[..., View], amount: float) -> None:
    view = make_view([[0.0]] * 2, [[0.0]] * 2, [[0.0]] * 2, popularity=[2.0, 1.0])

    found = answer(view, Query(boost=[Boost({"field": "year", "eq": 2000}, amount)]))

    told = attribution_of(view.secret, found.recommendation_id, "i0")
    assert told is not None
    assert told.component == ("boost" if amount > 0 else "popularity")
