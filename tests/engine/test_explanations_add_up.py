"""Whatever goes into a score, its components and its contributions both add up to it, to 1 part in 10,000."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from engine.answers import WHOLE, answer, explanation_of, scores
from engine.live_state import NOW, LiveState
from hypothesis import given
from hypothesis import strategies as st
from invariants import assert_contributions_add_up, assert_ruled

from crossfade.bundle import ContextSpace
from crossfade.engine import (
    ADJUSTMENTS,
    COMPONENTS,
    Boost,
    Cap,
    Exclude,
    Explanation,
    Pin,
    Promote,
    Query,
    RetrievalSettings,
    neighbours_query,
    search_query,
)
from crossfade.engine.ready import Ready
from crossfade.engine.view import View

THROUGH_INDEXES = RetrievalSettings(exact_up_to=0, candidates_per_index=50)
EVEN = {"field": "year", "any_of": list(range(2000, 2300, 2))}


@dataclass(frozen=True)
class _Happening:
    """A call of a method of ``LiveState``, the item or user it is about first."""

    what: str
    one: str
    other: str = ""

    def to(self, state: LiveState) -> None:
        match self.what:
            case "delete":
                state.delete(self.one)
            case "put":
                state.put(self.one, title=self.other, year=2000)
            case "edit":
                state.put(self.one, title=f"T{self.one[1:]}", year=1990)
            case "merge":
                state.merge("u5", "u6")
            case "forget":
                state.forget("u7")
            case "tell":
                state.attributes(self.one, age=self.other)
            case kind:
                state.event(self.one, self.other, kind, at=NOW - timedelta(hours=state.seq))


item_ids = st.sampled_from([*(f"i{row}" for row in (0, 1, 2, 17, 34, 50, 299)), "new1", "new2", "never"])
users = st.sampled_from(["u0", "u5", "u6", "u7", "u39", "u41", "live"])
happenings = st.lists(
    st.builds(_Happening, st.sampled_from(["watch", "like", "dislike", "impression"]), users, item_ids)
    | st.builds(_Happening, st.just("put"), item_ids, st.sampled_from(["T5", "T6", "north", "", "no word it knows"]))
    | st.builds(_Happening, st.just("delete"), item_ids)
    | st.builds(_Happening, st.just("edit"), st.sampled_from(["i3", "i17", "i50"]))
    | st.builds(_Happening, st.just("tell"), users, st.sampled_from(["young", "old", "?"]))
    | st.builds(_Happening, st.sampled_from(["merge", "forget"]), st.just("")),
    max_size=12,
)
weights = st.dictionaries(st.sampled_from(COMPONENTS), st.sampled_from([0.0, 0.5, 1.0, 20.0]))
without_two = st.dictionaries(st.sampled_from(COMPONENTS[2:]), st.sampled_from([0.0, 0.5, 1.0]))
queries = st.builds(
    lambda balance, **fields: Query(**fields, **balance),
    balance=st.fixed_dictionaries({"weights": weights})
    | st.fixed_dictionaries({"weights": without_two, "blend": st.sampled_from([0.0, 0.3, 1.0])}),
    user_id=st.none() | users,
    item_ids=st.lists(item_ids, max_size=4),
    text=st.none() | st.sampled_from(["north", "sea", "no word it knows"]),
    limit=st.sampled_from([10, 500]),
    context=st.sampled_from([{}, {"device": "tv"}, {"device": "phone", "part_of_day": "night"}]),
    exclude=st.builds(Exclude, interacted=st.none() | st.booleans()),
    boost=st.sampled_from([[], [Boost(EVEN, 0.7)], [Boost(EVEN, -90.0), Boost({"field": "year", "lt": 2010}, 1.5)]]),
    pin=st.sampled_from([[], [Pin("i2", 4), Pin("new1", 1)]]),
    promote=st.none() | st.just(Promote(EVEN, 0.4)),
    cap=st.none() | st.just(Cap("year", 1)),
    diversity=st.sampled_from([None, 0.5]),
    exploration=st.sampled_from([None, 0.3]),
    seed=st.just(1),
    explain=st.just(True),
)


@given(happened=happenings, query=queries)
@pytest.mark.parametrize("settings", [WHOLE, THROUGH_INDEXES], ids=["whole", "looked-up"])
def test_every_score_is_the_sum_of_its_components_and_of_its_contributions(
    drawn_view: View, settings: RetrievalSettings, happened: Sequence[_Happening], query: Query
) -> None:
    state = LiveState(drawn_view)
    for one in happened:
        one.to(state)

    found = answer(state.view, query, settings)

    ready = Ready.alone(state.view, query)
    exact = dict(zip(map(ready.view.items.id_of, range(ready.view.items.n_rows)), everywhere(ready), strict=False))
    assert all(item.explanation is not None for item in found.items)
    assert_ruled(found.items, limit=query.limit or 10, exact=exact)


def everywhere(ready: Ready) -> list[float]:
    """Return the score of every row; of an item's rows the present one is the last."""
    (of_query,) = ready.fusion.scores_everywhere().tolist()
    return list(of_query)


@given(happened=happenings)
def test_neighbours_and_finds_of_a_search_add_up_as_well(drawn_view: View, happened: Sequence[_Happening]) -> None:
    state = LiveState(drawn_view)
    for one in happened:
        one.to(state)

    near = answer(state.view, neighbours_query("i17", user_id="u5", explain=True, limit=300))
    found = answer(state.view, search_query("sea", user_id="live", explain=True, limit=300))

    assert all(item.explanation is not None for item in (*near.items, *found.items))
    assert_contributions_add_up(near.items)
    assert_contributions_add_up(found.items)


def test_scores_near_zero_of_large_components_add_up_as_well(drawn_view: View) -> None:
    heavy = dict.fromkeys(("collaborative", "content", "context", "popularity"), 100.0)

    found = [answer(drawn_view, Query(user_id=f"u{n}", weights=heavy, explain=True, limit=300)) for n in range(20)]

    items = [item for one in found for item in one.items]
    assert min(abs(item.score) / large(item.explanation) for item in items) < 1e-3
    assert_contributions_add_up(items)


def large(explanation: Explanation | None) -> float:
    assert explanation is not None
    return sum(map(abs, explanation.components.values()))


def test_only_rounding_is_made_up_for(drawn_view: View) -> None:
    ready, rows = Ready.alone(drawn_view, Query(user_id="u5")), np.arange(20)
    scores_and_more = ready.scores(rows) * np.float32(1.001)

    sums = [sum(one.components.values()) for one in ready.explain(rows, scores_and_more)]

    assert sums == pytest.approx(ready.scores(rows).tolist(), rel=1e-5, abs=1e-5)


def test_every_explanation_names_every_component_and_adjustment(drawn_view: View) -> None:
    found = answer(drawn_view, Query(explain=True, limit=1))

    assert tuple(explanation_of(found, found.items[0].item_id).components) == (*COMPONENTS, *ADJUSTMENTS)


def test_a_boost_stands_in_the_explanation_with_its_amount(drawn_view: View) -> None:
    boosts = [Boost(EVEN, 0.75), Boost({"field": "year", "eq": 2004}, -0.25)]

    found = answer(drawn_view, Query(boost=boosts, explain=True, limit=300))

    assert explanation_of(found, "i4").components["boost"] == 0.5
    assert explanation_of(found, "i6").components["boost"] == 0.75
    assert explanation_of(found, "i7").components["boost"] == 0.0


def test_an_impression_stands_in_the_explanation_with_what_it_takes_off(drawn_view: View) -> None:
    state = LiveState(drawn_view)
    before = scores(answer(state.view, Query(user_id="live", limit=300)))
    state.event("live", "i9", "impression", at=NOW)

    found = answer(state.view, Query(user_id="live", explain=True, limit=300))

    taken_off = explanation_of(found, "i9").components["impressions"]
    assert taken_off < 0
    assert scores(found)["i9"] == pytest.approx(before["i9"] + taken_off, abs=1e-4)


def test_weights_of_zero_leave_boosts_alone(make_view: Callable[..., View]) -> None:
    view = make_view([[1.0], [2.0]], [[1.0], [2.0]], [[1.0], [0.5]], popularity=[2.0, 1.0])
    query = Query(weights=dict.fromkeys(COMPONENTS, 0.0), boost=[Boost({"field": "year", "eq": 2001}, 3.0)])

    assert scores(answer(view, query)) == {"i1": 3.0, "i0": 0.0}


@pytest.mark.parametrize("what", ["context", "attributes"])
def test_only_a_lift_of_the_items_own_is_given_as_a_reason(
    make_view: Callable[..., View], make_context_space: Callable[..., ContextSpace], what: str
) -> None:
    # The mean of the lifts is -0.625: i0, which nobody used, and i3 stand above it, i1 and i2 below.
    space = make_context_space({"device": ("tv",)}, [[0.0, -1.0, -2.0, 0.5]])
    view = make_view([[0.0]] * 4, [[0.0]] * 4, [[0.0]] * 4, users={"u": {"device": "tv"}}, **{what: space})

    found = answer(view, Query(user_id="u", context={"device": "tv"}, explain=True))

    assert [item.item_id for item in found.items] == ["i3", "i0", "i1", "i2"]
    assert explanation_of(found, "i0").components[what] == pytest.approx(0.625)
    assert explanation_of(found, "i0").text == "The nearest of what is left."
    said = {"context": "Right for the moment.", "attributes": "Liked by people like you."}[what]
    assert explanation_of(found, "i3").text == said


def test_what_is_used_less_than_before_is_not_said_to_be_used_more(make_view: Callable[..., View]) -> None:
    view = make_view([[0.0]] * 3, [[0.0]] * 3, [[0.0]] * 3, trend=[-0.5, 0.5, -2.0])

    found = answer(view, Query(explain=True))

    assert explanation_of(found, "i0").components["trend"] > 0
    assert explanation_of(found, "i0").text == "The nearest of what is left."
    assert explanation_of(found, "i1").text == "Used more than before."


def test_what_a_user_dislikes_is_no_reason_for_anything(make_view: Callable[..., View]) -> None:
    # i2 is like neither: what speaks against i0 lifts it above the others, and what speaks for i1 does not.
    view = make_view(
        [[0.0]] * 5,
        [[0.0]] * 5,
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.8, 0.0, 0.6], [0.0, 0.8, 0.6]],
        past={"u": {0: -1.0, 1: 1.0}},
    )

    found = answer(view, Query(user_id="u", explain=True))

    of_disliked = {one.item_id: one.contribution for one in explanation_of(found, "i2").because}["i0"]
    assert of_disliked > 0
    assert explanation_of(found, "i2").text == "The nearest of what is left."
    assert explanation_of(found, "i4").text == "Because of “T1”."
