"""Stored defaults of a request: every field, and what counts where several say something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from engine.answers import answer, scores
from engine.live_state import LiveState

from crossfade.engine import (
    Boost,
    Cap,
    Exclude,
    Pin,
    Promote,
    Query,
    neighbours_query,
    rank_query,
    search_query,
)
from crossfade.engine.asked import read_query
from crossfade.engine.scenarios import SCENARIO_FIELDS, query_of
from crossfade.engine.view import View
from crossfade.errors import QueryError

YEAR = {"field": "year", "gte": 2002}
EVERY_FIELD: Mapping[str, tuple[object, object]] = {
    "limit": (7, 7),
    "context": ({"device": "tv"}, {"device": "tv"}),
    "weights": ({"content": 2, "trend": None}, {"content": 2.0}),
    "blend": (0.25, 0.25),
    "filter": (YEAR, YEAR),
    "exclude": (
        {"item_ids": ["i1"], "interacted": True, "since": "2026-01-01T00:00:00Z", "event_types": ["like"]},
        Exclude(["i1"], interacted=True, since=datetime(2026, 1, 1, tzinfo=UTC), event_types=["like"]),
    ),
    "boost": ([{"filter": YEAR, "amount": -1}], [Boost(YEAR, -1.0)]),
    "pin": ([{"item_id": "i3", "position": 2}], [Pin("i3", 2)]),
    "promote": ({"filter": YEAR, "share": 0.5}, Promote(YEAR, 0.5)),
    "cap": ({"field": "year", "most": 1}, Cap("year", 1)),
    "diversity": (0.5, 0.5),
    "exploration": (0.1, 0.1),
    "explain": (True, True),
    "include": (["year"], ["year"]),
}


def test_every_field_that_a_scenario_has_is_tried_here() -> None:
    assert set(EVERY_FIELD) == set(SCENARIO_FIELDS)


@pytest.mark.parametrize("field", EVERY_FIELD)
def test_a_field_is_read_from_json(field: str) -> None:
    given, read = EVERY_FIELD[field]

    assert getattr(query_of({field: given}), field) == read


@pytest.fixture
def state(make_view: Callable[..., View]) -> LiveState:
    state = LiveState(make_view([[0.0]] * 6, [[0.0]] * 6, [[0.0]] * 6, popularity=[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]))
    state.scenario("home", **{field: given for field, (given, _) in EVERY_FIELD.items() if field != "weights"})
    return state


@pytest.mark.parametrize("field", [field for field in EVERY_FIELD if field != "weights"])
def test_a_field_counts_where_the_request_says_nothing(state: LiveState, field: str) -> None:
    asked = read_query(state.view, Query(scenario="home"))

    assert getattr(asked.query, field) == EVERY_FIELD[field][1]


@pytest.mark.parametrize("nothing", [(), []], ids=["tuple", "list"])
@pytest.mark.parametrize("field", ["boost", "pin", "include"])
def test_an_empty_list_says_none_of_these_whatever_the_scenario_says(
    state: LiveState, field: str, nothing: object
) -> None:
    asked = read_query(state.view, Query(scenario="home", **{field: nothing}))  # type: ignore[arg-type]  # of a Query

    assert getattr(asked.query, field) == nothing


def test_so_does_an_empty_list_of_types_whose_acts_are_left_out(state: LiveState) -> None:
    asked = read_query(state.view, Query(scenario="home", exclude=Exclude(event_types=())))

    assert asked.query.exclude.event_types == ()
    assert asked.query.exclude.interacted is True


def test_an_empty_list_in_a_scenario_counts_as_well(state: LiveState) -> None:
    state.scenario("bare", include=[])

    assert answer(state.view, Query(scenario="bare")).items[0].properties == {}


@pytest.mark.parametrize(
    ("field", "own"),
    [
        ("limit", 3),
        ("blend", 0.0),
        ("filter", {"field": "year", "eq": 2001}),
        ("boost", [Boost(YEAR, 2.0)]),
        ("pin", [Pin("i0", 1)]),
        ("promote", Promote(YEAR, 0.0)),
        ("cap", Cap("title", 3)),
        ("diversity", 0.0),
        ("exploration", 0.0),
        ("explain", False),
        ("include", ["title"]),
    ],
)
def test_what_the_request_says_counts_before_its_scenario(state: LiveState, field: str, own: object) -> None:
    asked = read_query(state.view, Query(scenario="home", **{field: own}))  # type: ignore[arg-type]  # of a Query

    assert getattr(asked.query, field) == own


def test_weights_and_context_are_filled_in_name_by_name(state: LiveState) -> None:
    state.scenario("named", weights={"content": 2, "trend": 3}, context={"device": "tv", "country": "DE"})

    asked = read_query(state.view, Query(scenario="named", weights={"trend": 0.0}, context={"device": "phone"})).query

    assert asked.weights == {"content": 2.0, "trend": 0.0}
    assert asked.context == {"device": "phone", "country": "DE"}


def test_of_blend_and_the_weights_it_stands_for_the_nearer_counts(state: LiveState) -> None:
    state.scenario("blended", blend=0.25, weights={"trend": 2})
    state.scenario("weighed", weights={"content": 2, "trend": 2})

    over_blend = read_query(state.view, Query(scenario="blended", weights={"content": 1.0})).query
    over_weights = read_query(state.view, Query(scenario="weighed", blend=0.5)).query
    over_search = read_query(state.view, search_query("crime", scenario="blended")).query

    assert (over_blend.blend, over_blend.weights) == (None, {"trend": 2.0, "content": 1.0})
    assert (over_weights.blend, over_weights.weights) == (0.5, {"trend": 2.0})
    assert over_search.blend == 0.25
    assert "collaborative" not in over_search.weights
    assert over_search.weights["trend"] == 2.0


def test_a_scenario_counts_before_the_way_it_is_asked_in(state: LiveState) -> None:
    state.scenario("popular", weights={"popularity": 1.0}, exclude={"interacted": True}, limit=2)

    found = read_query(state.view, search_query("crime", scenario="popular")).query
    ranked = read_query(state.view, rank_query(["i0", "i1", "i2"], scenario="popular")).query
    near = read_query(state.view, neighbours_query("i0", scenario="popular")).query

    assert (found.weights["popularity"], found.weights["collaborative"]) == (1.0, 0.1)
    assert found.exclude.interacted is True
    assert (ranked.limit, near.limit) == (2, 2)
    assert near.weights["popularity"] == 1.0
    assert near.exclude.item_ids == ["i0"]


def test_the_ids_that_both_exclude_are_left_out(state: LiveState) -> None:
    state.scenario("without", exclude={"item_ids": ["i0"]})

    found = answer(state.view, Query(scenario="without", exclude=Exclude(item_ids=["i1"])))

    assert list(scores(found)) == ["i2", "i3", "i4", "i5"]


def test_what_a_request_leaves_out_by_type_or_time_takes_the_place_of_all_that_its_scenario_leaves_out(
    state: LiveState,
) -> None:
    state.scenario("nothing again", exclude={"interacted": True})
    state.scenario("likes", exclude={"event_types": ["like"]})
    state.event("u", "i0", "watch")
    state.event("u", "i1", "like")
    liked = Exclude(event_types=["like"])

    everything = answer(state.view, Query(user_id="u", scenario="nothing again"))
    nearer = answer(state.view, Query(user_id="u", scenario="nothing again", exclude=liked))
    of_scenario = answer(state.view, Query(user_id="u", scenario="likes"))
    none = Exclude(interacted=False, event_types=[])
    nothing = answer(state.view, Query(user_id="u", scenario="likes", exclude=none))

    assert {"i0", "i1"} - scores(everything).keys() == {"i0", "i1"}
    assert {"i0", "i1"} - scores(nearer).keys() == {"i1"}
    assert {"i0", "i1"} - scores(of_scenario).keys() == {"i1"}
    assert {"i0", "i1"} <= scores(nothing).keys()


def test_a_scenario_changes_the_answer_and_its_change_the_next_one(state: LiveState) -> None:
    state.scenario("home", limit=2, boost=[{"filter": {"field": "year", "eq": 2005}, "amount": 50}])
    first = list(scores(answer(state.view, Query(scenario="home"))))
    state.scenario("home", limit=1)

    second = list(scores(answer(state.view, Query(scenario="home"))))

    assert (first, second) == (["i5", "i0"], ["i0"])


def test_a_scenario_that_does_not_exist_is_refused_and_those_there_are_named(state: LiveState) -> None:
    with pytest.raises(QueryError, match="no 'away'; there are: home") as refused:
        answer(state.view, Query(scenario="away"))

    assert refused.value.field == "scenario"


@pytest.mark.parametrize(
    ("defaults", "field"),
    [
        ({"user_id": "u"}, "user_id"),
        ({"limit": "ten"}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 0}, "limit"),
        ({"weights": {"magic": 1}}, "weights.magic"),
        ({"weights": {"content": "1"}}, "weights"),
        ({"weights": {"content": 1}, "blend": 0.5}, "blend"),
        ({"filter": []}, "filter"),
        ({"filter": {"field": "year", "is": 1}}, "filter"),
        ({"exclude": {"item_id": ["a"]}}, "exclude"),
        ({"exclude": {"since": "yesterday"}}, "exclude.since"),
        ({"exclude": {"since": "2026-01-01T00:00:00"}}, "exclude.since"),
        ({"exclude": {"item_ids": "i1"}}, "exclude"),
        ({"boost": [{"filter": YEAR}]}, "boost"),
        ({"boost": [{"filter": YEAR, "amount": 101}]}, "boost.0.amount"),
        ({"pin": [{"item_id": "i1", "position": 1.5}]}, "pin"),
        ({"cap": {"field": "year", "most": 0}}, "cap.most"),
        ({"promote": {"filter": {"field": 1}, "share": 0.1}}, "promote.filter.field"),
        ({"diversity": 2}, "diversity"),
        ({"explain": "yes"}, "explain"),
        ({"include": [1]}, "include"),
    ],
)
def test_defaults_that_no_request_can_hold_are_refused_and_the_field_named(
    defaults: Mapping[str, object], field: str
) -> None:
    with pytest.raises(QueryError) as refused:
        query_of(defaults)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("defaults", "same"),
    [
        ({"limit": 10.0}, {"limit": 10}),
        ({"pin": [{"item_id": "i1", "position": 2.0}]}, {"pin": [{"item_id": "i1", "position": 2}]}),
        ({"exclude": {"since": 1795245300}}, {"exclude": {"since": "2026-11-21T07:15:00Z"}}),
        ({"exclude": {"since": "20261121T071500Z"}}, {"exclude": {"since": "2026-11-21T07:15:00Z"}}),
        ({"context": {"timestamp": 1795245300}}, {"context": {"timestamp": "2026-11-21T07:15:00Z"}}),
    ],
)
def test_numbers_and_times_are_read_as_a_request_has_them(
    defaults: Mapping[str, object], same: Mapping[str, object]
) -> None:
    assert query_of(defaults) == query_of(same)


def test_null_stands_for_a_field_that_is_left_out() -> None:
    assert query_of({"limit": None, "pin": None, "exclude": {"interacted": None}}) == Query(exclude=Exclude([]))


@pytest.mark.parametrize("blend", [0.0, 0.25, 1.0])
def test_a_blend_keeps_the_sum_of_the_weights_of_a_search_and_of_a_scenario(drawn_view: View, blend: float) -> None:
    state = LiveState(drawn_view)
    state.scenario("evening", weights={"collaborative": 3.0, "content": 1.0})
    shared = {"collaborative": 4 * blend, "content": 4 * (1 - blend)}

    of_scenario = answer(state.view, Query(user_id="u5", scenario="evening", blend=blend, limit=50))
    found = answer(state.view, search_query("sea", user_id="u5", blend=blend, limit=50))
    weighed = {"collaborative": 1.1 * blend, "content": 1.1 * (1 - blend)}  # a search's own are 0.1 and 1

    assert scores(of_scenario) == pytest.approx(
        scores(answer(state.view, Query(user_id="u5", limit=50, weights=shared)))
    )
    assert scores(found) == pytest.approx(
        scores(answer(state.view, search_query("sea", user_id="u5", weights=weighed, limit=50)))
    )
