"""What comes from no past item: the moment, who asks, and what is used more than before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine.answers import answer, explanation_of, scores

from crossfade.bundle import ContextSpace
from crossfade.engine import Query
from crossfade.engine.view import View
from crossfade.errors import QueryError

ZERO = [[0.0]] * 4
MakeView = Callable[..., View]
MakeSpace = Callable[..., ContextSpace]


@pytest.fixture
def moments(make_view: MakeView, make_context_space: MakeSpace) -> View:
    """The television is for i0 and not for i2, the phone for i3, the evening for i2."""
    lifts = [[1.0, 0.0, -1.0, 0.0], [-2.0, 0.0, 0.0, 2.0], [0.0, 0.0, 4.0, 0.0]]
    fields = {"device": ("tv", "phone"), "part_of_day": ("evening",)}
    space = make_context_space(fields, lifts, weights=[1.0, 0.5], scale=2.0)
    return make_view(ZERO, ZERO, ZERO, context=space, timezone="Europe/Berlin")


def test_context_that_was_learned_is_applied_and_scored_and_the_rest_is_ignored_by_name(moments: View) -> None:
    found = answer(moments, Query(context={"device": "tv", "country": "DE", "part_of_day": "noon"}))

    assert found.context.applied == {"device": "tv"}
    assert found.context.ignored == {"country": "DE", "part_of_day": "noon"}
    # The lifts of the television, 1, 0, -1, 0, have mean 0; over a scale of 2.
    assert scores(found) == pytest.approx({"i0": 0.5, "i1": 0.0, "i3": 0.0, "i2": -0.5})


def test_another_context_makes_another_list(moments: View) -> None:
    at_noon = {"part_of_day": "noon"}  # whatever hour the clock shows where the test runs
    on_television = answer(moments, Query(context={"device": "tv", **at_noon}))
    on_the_phone = answer(moments, Query(context={"device": "phone", **at_noon}))

    assert list(scores(on_television)) == ["i0", "i1", "i3", "i2"]
    assert list(scores(on_the_phone)) == ["i3", "i1", "i2", "i0"]


@pytest.mark.parametrize(
    "context",
    [
        {"timestamp": "2026-11-21T20:15:00-05:00"},
        {"timestamp": "2026-11-21T19:15:00Z"},
        {"timestamp": "2026-11-21T01:15:00Z", "timezone": "America/New_York"},
        {"part_of_day": "evening", "timestamp": "2026-11-21T08:15:00+01:00"},
    ],
)
def test_the_evening_is_known_by_the_users_clock_or_by_name(moments: View, context: dict[str, str]) -> None:
    found = answer(moments, Query(context=context, explain=True))

    assert found.context.applied == {"part_of_day": "evening"}
    # The lifts of the evening, 0, 0, 4, 0, have mean 1: i2 stands 3 above, by the field's weight of 0.5, over 2.
    assert explanation_of(found, "i2").components["context"] == pytest.approx(0.75)
    assert explanation_of(found, "i2").text == "Right for the moment."


@pytest.mark.parametrize(
    ("context", "field"),
    [({"timestamp": "yesterday"}, "context.timestamp"), ({"timezone": "Mars/Olympus"}, "context.timezone")],
)
def test_a_time_that_cannot_be_read_is_refused_and_its_field_named(
    moments: View, context: dict[str, str], field: str
) -> None:
    with pytest.raises(QueryError, match=next(iter(context.values()))) as refused:
        answer(moments, Query(context=context))

    assert refused.value.field == field


def test_a_context_of_weight_zero_counts_for_nothing(moments: View) -> None:
    found = answer(moments, Query(context={"device": "tv"}, weights={"context": 0}))

    assert set(scores(found).values()) == {0.0}


@pytest.fixture
def people(make_view: MakeView, make_context_space: MakeSpace) -> View:
    """Children like i3. "child" and "secretive" have done nothing yet, "viewer" is a child who had i0."""
    space = make_context_space({"age": ("child", "adult")}, [[0.0, 0.0, 0.0, 2.0], [0.0, 1.0, 0.0, -1.0]])
    users = {"child": {"age": "child"}, "secretive": {"age": None}, "ageless": {"age": "?"}, "viewer": {"age": "child"}}
    return make_view(ZERO, ZERO, ZERO, past={"viewer": {0: 1.0}}, attributes=space, users=users)


def test_what_is_known_of_a_user_who_did_nothing_yet_changes_the_answer(people: View) -> None:
    found = answer(people, Query(user_id="child", explain=True))

    assert found.missing.user_id is None
    assert found.cold_start
    # The lifts of children, 0, 0, 0, 2, have mean 0.5.
    assert scores(found) == pytest.approx({"i3": 1.5, "i0": -0.5, "i1": -0.5, "i2": -0.5})
    assert explanation_of(found, "i3").text == "Liked by people like you."


def test_attributes_count_for_a_user_with_a_past_as_well(people: View) -> None:
    found = answer(people, Query(user_id="viewer"))

    assert scores(found) == pytest.approx({"i3": 1.5, "i1": -0.5, "i2": -0.5})


@pytest.mark.parametrize("user_id", ["secretive", "ageless"])
def test_a_user_of_whom_nothing_telling_is_known_is_not_missing(people: View, user_id: str) -> None:
    found = answer(people, Query(user_id=user_id))

    assert found.missing.user_id is None
    assert set(scores(found).values()) == {0.0}


def test_attributes_are_no_context_and_context_no_attribute(people: View) -> None:
    found = answer(people, Query(context={"age": "child"}))

    assert found.context.ignored == {"age": "child"}
    assert set(scores(found).values()) == {0.0}


def test_what_is_used_more_than_before_stands_out_in_deviations(make_view: MakeView) -> None:
    view = make_view(ZERO, ZERO, ZERO, trend=[0.0, 0.0, 0.0, 4.0])

    found = answer(view, Query(explain=True))

    # Mean 1, variance (3 * 1 + 9) / 4 = 3: i3 stands at 3 / 1.73205 and the others at -1 / 1.73205.
    assert scores(found) == pytest.approx({"i3": 1.73205, "i0": -0.57735, "i1": -0.57735, "i2": -0.57735}, abs=1e-4)
    assert explanation_of(found, "i3").components["trend"] == pytest.approx(1.73205, abs=1e-4)
    assert explanation_of(found, "i3").text == "Used more than before."


def test_a_trend_that_says_nothing_adds_exactly_nothing(make_view: MakeView) -> None:
    found = answer(make_view(ZERO, ZERO, ZERO, trend=[0.25] * 4), Query(explain=True))

    assert [explanation_of(found, f"i{row}").components["trend"] for row in range(4)] == [0.0] * 4


def test_the_sentence_names_the_strongest_first_and_leaves_out_what_adds_less_than_a_quarter(
    make_view: MakeView, make_context_space: MakeSpace
) -> None:
    # For i0 the context says 3, its popularity of 4 among 4, 3, 2, 1 says 1.34164, and the trend half of 1.
    view = make_view(
        ZERO,
        ZERO,
        ZERO,
        popularity=[4.0, 3.0, 2.0, 1.0],
        trend=[1.0, 0.0, 0.0, 1.0],
        context=make_context_space({"device": ("tv",)}, [[3.0, -1.0, -1.0, -1.0]]),
    )

    found = answer(view, Query(context={"device": "tv"}, weights={"trend": 0.5}, explain=True))

    assert found.items[0].score == pytest.approx(4.84164, abs=1e-4)
    assert explanation_of(found, "i0").text == "Right for the moment; popular with everyone."
