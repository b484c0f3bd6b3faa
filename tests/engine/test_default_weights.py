"""The crossfade: default weights go from a newcomer's to a regular's with the number of past items."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from engine.answers import answer, explanation_of

from crossfade.bundle.manifest import FusionWeights
from crossfade.engine import COMPONENTS, Query, RetrievalSettings
from crossfade.engine.answering import answer_queries
from crossfade.engine.view import View

ZERO = [[0.0]] * 4
SOURCES = [[1.0]] * 4
TARGETS = [[1.0], [0.0], [2.0], [1.0]]
POPULARITY = [4.0, 3.0, 2.0, 1.0]
# At n past items popularity weighs 2 + (10 - 2) * 4 / (4 + n).
FUSION = FusionWeights(
    newcomer=dict.fromkeys(COMPONENTS, 0.0) | {"popularity": 10.0},
    regular=dict.fromkeys(COMPONENTS, 0.0) | {"collaborative": 1.0, "popularity": 2.0},
    fade=4.0,
)
# Popularity 4, 3, 2, 1 has mean 2.5 and deviation 1.11803, so the last item stands at -1.34164.
LAST_STANDS_AT = -1.34164


@pytest.fixture
def view(make_view: Callable[..., View]) -> View:
    """A catalogue of four with users of one, two and three liked items, and one who disliked one of theirs."""
    past: Mapping[str, Mapping[int, float]] = {
        "one": {0: 1.0},
        "two": {0: 1.0, 1: 3.0},
        "three": {0: 1.0, 1: 1.0, 2: 1.0},
        "one liked": {0: 1.0, 1: -0.5, 2: 0.0},
    }
    return make_view(SOURCES, TARGETS, ZERO, past=past, popularity=POPULARITY, fusion=FUSION)


def popularity_weight(view: View, query: Query) -> float:
    """Return what popularity weighs, read off the last item."""
    return explanation_of(answer(view, query), "i3").components["popularity"] / LAST_STANDS_AT


@pytest.mark.parametrize(
    ("user_id", "weight"),
    [("nobody", 10.0), ("one", 8.4), ("two", 2 + 8 * 4 / 6), ("three", 2 + 8 * 4 / 7), ("one liked", 8.4)],
)
def test_a_weight_fades_with_the_number_of_liked_items(view: View, user_id: str, weight: float) -> None:
    assert popularity_weight(view, Query(user_id=user_id, explain=True)) == pytest.approx(weight, rel=1e-5)


def test_items_given_with_the_request_count_like_past_ones(view: View) -> None:
    query = Query(user_id="one", item_ids=["i1", "i2", "i1", "unknown"], explain=True)

    assert popularity_weight(view, query) == pytest.approx(2 + 8 * 4 / 7, rel=1e-5)


def test_a_weight_that_the_request_names_does_not_fade(view: View) -> None:
    query = Query(user_id="three", weights={"popularity": 5.0}, explain=True)

    found = answer(view, query)

    assert popularity_weight(view, query) == pytest.approx(5.0, rel=1e-5)
    # The others keep the default: collaborative weighs 0 + (1 - 0) * 3 / (4 + 3). Raw scores 3 * (1, 0, 2, 1) have
    # mean 3 and deviation 3 / sqrt(2): i3 stands at 0, and nothing but its popularity is left of its score.
    assert found.items[-1].score == pytest.approx(5.0 * LAST_STANDS_AT, rel=1e-4)


def test_whoever_brings_a_text_is_answered_like_a_newcomer(make_view: Callable[..., View]) -> None:
    view = make_view(
        SOURCES,
        TARGETS,
        ZERO,
        past={"two": {0: 1.0, 1: 1.0}},
        popularity=POPULARITY,
        fusion=FUSION,
        words={"sea": [1.0]},
    )

    assert popularity_weight(view, Query(user_id="two", text="sea", explain=True)) == pytest.approx(10.0, rel=1e-5)
    assert popularity_weight(view, Query(user_id="two", text="?", explain=True)) < 8


@pytest.mark.parametrize(("learned", "asked", "weighs"), [(0.0, None, 1.0), (3.0, None, 3.0), (0.0, 0.25, 0.25)])
def test_words_are_heard_however_little_content_is_worth_to_those_who_bring_none(
    make_view: Callable[..., View], learned: float, asked: float | None, weighs: float
) -> None:
    fusion = FUSION.model_copy(update={"newcomer": dict.fromkeys(COMPONENTS, 0.0) | {"content": learned}})
    content = [[1.0], [0.5], [0.0], [0.0]]
    view = make_view(SOURCES, TARGETS, content, fusion=fusion, words={"sea": [1.0]})
    weights = {} if asked is None else {"content": asked}

    found = answer(view, Query(text="sea", weights=weights, explain=True))

    alone = answer(view, Query(text="sea", weights={"content": 1.0}, explain=True))
    assert found.items[0].score == pytest.approx(weighs * alone.items[0].score, rel=1e-5)
    assert found.items[0].score > 0


def test_a_past_that_says_nothing_of_what_people_do_makes_no_regular(make_view: Callable[..., View]) -> None:
    view = make_view(ZERO, TARGETS, ZERO, past={"two": {0: 1.0, 1: 1.0}}, popularity=POPULARITY, fusion=FUSION)

    assert popularity_weight(view, Query(user_id="two", explain=True)) == pytest.approx(10.0, rel=1e-5)


def test_each_query_of_a_batch_fades_by_its_own_past(view: View) -> None:
    users = ["three", "nobody", "one"]

    found = answer_queries(view, [Query(user_id=user_id, explain=True) for user_id in users], RetrievalSettings())

    weights = [explanation_of(one, "i3").components["popularity"] / LAST_STANDS_AT for one in found]
    assert weights == pytest.approx([2 + 8 * 4 / 7, 10.0, 8.4], rel=1e-5)
