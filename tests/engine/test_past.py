"""How past items count: the latest more, what was disliked against, and what was had may come again or not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine.answers import answer, explanation_of, scores

from crossfade.bundle.manifest import ProfileRules
from crossfade.engine import Exclude, Query, neighbours_query
from crossfade.engine.neighbours import find_similar_users
from crossfade.engine.view import View

ZERO = [[0.0]] * 4
# i0 speaks for what i2 is, i1 for what i3 is.
SOURCES = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
TARGETS = [[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]

MakeView = Callable[..., View]


def rules(*, recency: float = 0.0, against: float = 1.0, repeats: bool = False) -> ProfileRules:
    return ProfileRules(recency=recency, against=against, repeats=repeats)


@pytest.mark.parametrize(
    ("recency", "expected"),
    [
        # q = (1, 1), raw scores 0, 0, 1, 1: mean 1/2, deviation 1/2.
        (0.0, {"i2": 1.0, "i3": 1.0}),
        # i0 is one step back and counts 2^-1: raw 0, 0, 0.5, 1: mean 0.375, variance 0.171875.
        (1.0, {"i3": 1.50756, "i2": 0.30151}),
        # And 2^-2: raw 0, 0, 0.25, 1: mean 0.3125, variance 0.16796875.
        (2.0, {"i3": 1.67748, "i2": -0.15250}),
    ],
)
@pytest.mark.parametrize("query", [Query(user_id="u"), Query(item_ids=["i0", "i1"])])
def test_the_latest_past_item_counts_most(
    make_view: MakeView, query: Query, recency: float, expected: dict[str, float]
) -> None:
    view = make_view(SOURCES, TARGETS, ZERO, past={"u": {0: 1.0, 1: 1.0}}, profile=rules(recency=recency))

    found = answer(view, query)

    assert scores(found) == pytest.approx(expected, abs=1e-4)


def test_items_given_with_the_request_are_later_than_the_past(make_view: MakeView) -> None:
    view = make_view(SOURCES, TARGETS, ZERO, past={"u": {0: 1.0}, "v": {0: 1.0, 1: 1.0}}, profile=rules(recency=1.0))

    continued = answer(view, Query(user_id="u", item_ids=["i1"]))

    assert scores(continued) == scores(answer(view, Query(user_id="v")))


def test_a_dislike_pushes_down_who_likes_that_by_as_much_as_it_counts(make_view: MakeView) -> None:
    view = make_view(SOURCES, TARGETS, ZERO, past={"u": {0: 1.0, 1: -1.0}}, profile=rules(against=0.5))

    found = answer(view, Query(user_id="u", explain=True))

    # q = (1, -0.5), raw scores 0, 0, 1, -0.5: mean 0.125, variance 0.296875.
    assert scores(found) == pytest.approx({"i2": 1.60591, "i3": -1.14708}, abs=1e-4)
    # Of i3's -0.625 above the mean, i1 adds -0.5 * (1 - 0.25) and i0 adds -0.25.
    because = {one.item_id: one.contribution for one in explanation_of(found, "i3").because}
    assert because == pytest.approx({"i1": -0.375 / 0.544862, "i0": -0.25 / 0.544862}, abs=1e-4)


def test_a_dislike_that_does_not_count_leaves_its_item_out_and_says_nothing(make_view: MakeView) -> None:
    view = make_view(SOURCES, TARGETS, ZERO, past={"u": {0: 1.0, 1: -1.0}, "v": {0: 1.0}}, profile=rules(against=0.0))

    found = answer(view, Query(user_id="u"))

    assert scores(found) == {
        name: score for name, score in scores(answer(view, Query(user_id="v"))).items() if name != "i1"
    }


@pytest.fixture
def disliked(make_view: MakeView) -> View:
    """i1 is like i0, i2 has nothing to do with it, and i3 is its opposite; u did nothing but dislike i0."""
    factors = [[1.0], [0.9], [0.0], [-5.0]]
    embeddings = [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [-1.0, 0.0]]
    return make_view(factors, factors, embeddings, past={"u": {0: -1.0}, "v": {0: 1.0}})


def test_nothing_but_dislikes_leads_nobody_to_the_opposite_corner(disliked: View) -> None:
    found = answer(disliked, Query(user_id="u", explain=True))

    assert list(scores(found)) == ["i2", "i3", "i1"]
    assert scores(found)["i2"] == scores(found)["i3"]
    assert [item.explanation.components["collaborative"] for item in found.items if item.explanation] == [0.0] * 3
    assert explanation_of(found, "i1").components["content"] < 0


def test_nothing_but_dislikes_is_a_cold_start_of_a_known_user(disliked: View) -> None:
    found = answer(disliked, Query(user_id="u"))
    similar = find_similar_users(disliked, "u", 10, lambda _: {})

    assert found.cold_start
    assert found.missing.user_id is None
    assert similar.cold_start
    assert similar.users == []


@pytest.mark.parametrize(
    ("repeats", "interacted", "comes_back"),
    [
        (False, None, False),
        (True, None, True),
        (False, False, True),
        (True, False, True),
        (False, True, False),
        (True, True, False),
    ],
)
def test_what_the_user_had_comes_back_where_people_use_items_again_unless_the_request_says_otherwise(
    make_view: MakeView, repeats: bool, interacted: bool | None, comes_back: bool
) -> None:
    past = {"u": {0: 1.0, 1: 0.0, 2: -1.0}}
    view = make_view(ZERO, ZERO, ZERO, past=past, profile=rules(repeats=repeats))

    found = answer(view, Query(user_id="u", exclude=Exclude(interacted=interacted)))

    assert list(scores(found)) == (["i0", "i1", "i2", "i3"] if comes_back else ["i3"])


def test_an_item_is_no_neighbour_of_itself_where_people_use_items_again_either(make_view: MakeView) -> None:
    view = make_view(SOURCES, TARGETS, ZERO, profile=rules(repeats=True))

    found = answer(view, neighbours_query("i0"))

    assert sorted(scores(found)) == ["i1", "i2", "i3"]
