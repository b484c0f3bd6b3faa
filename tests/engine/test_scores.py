"""Scores worked out by hand, on bundles small enough for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine.answers import answer, scores

from crossfade.engine import Exclude, Query
from crossfade.engine.view import View

ZERO = [[0.0]] * 4


def test_a_collaborative_score_is_the_fold_in_in_deviations_from_the_catalogue(
    make_view: Callable[..., View],
) -> None:
    # u had i0 (weight 2) and i1 (weight 1): q = 2 * 1 + 1 * 3 = 5, raw scores 5 * (1, 0, 2, 1) = 5, 0, 10, 5.
    # Mean 5, variance (0 + 25 + 25 + 0) / 4 = 12.5, so i2 stands at 5 / sqrt(12.5) = 1.41421 and i3 at 0.
    view = make_view([[1.0], [3.0], [0.0], [0.0]], [[1.0], [0.0], [2.0], [1.0]], ZERO, past={"u": {0: 2.0, 1: 1.0}})

    found = answer(view, Query(user_id="u", weights={"popularity": 0}))

    assert scores(found) == pytest.approx({"i2": 1.41421, "i3": 0.0}, abs=1e-4)


def test_a_content_score_is_the_squared_nearness_in_deviations_from_the_catalogue(
    make_view: Callable[..., View],
) -> None:
    # Cosines with i0 are 1, 0.6, 0, -0.6, raw scores 1, 0.36, 0, 0. The past item itself counts as the
    # mean of the others, 0.12: mean 0.12, variance (0.0144 + 0.1296) / 4 - 0.0144 = 0.0216.
    embeddings = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-0.6, 0.8]]
    view = make_view(ZERO, ZERO, embeddings, past={})

    found = answer(view, Query(item_ids=["i0"], weights={"popularity": 0}))

    assert scores(found) == pytest.approx({"i1": 1.63299, "i2": -0.81650, "i3": -0.81650}, abs=1e-4)


def test_a_component_without_evidence_adds_exactly_nothing(make_view: Callable[..., View]) -> None:
    view = make_view(ZERO, ZERO, ZERO, past={}, popularity=[3.0, 1.0, 1.0, 1.0])

    found = answer(view, Query(user_id="nobody", explain=True))

    explanation = found.items[0].explanation
    assert explanation is not None
    assert explanation.components["collaborative"] == explanation.components["content"] == 0.0
    # Mean 1.5, variance (2.25 + 3 * 0.25) / 4 = 0.75, so i0 stands at 1.5 / 0.86603.
    assert found.items[0].score == pytest.approx(1.73205, abs=1e-5)


def test_weights_scale_their_component_and_those_not_named_keep_the_default(make_view: Callable[..., View]) -> None:
    embeddings = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-0.6, 0.8]]
    view = make_view(ZERO, ZERO, embeddings, past={}, popularity=[4.0, 3.0, 2.0, 1.0])

    alone = answer(view, Query(item_ids=["i0"], weights={"popularity": 0}, explain=True))
    doubled = answer(view, Query(item_ids=["i0"], weights={"content": 2}, explain=True))

    before, after = alone.items[0].explanation, doubled.items[0].explanation
    assert before is not None
    assert after is not None
    assert after.components["content"] == pytest.approx(2 * before.components["content"])
    # Popularity 4, 3, 2, 1: mean 2.5, deviation 1.11803; i1 stands at 0.44721, times the default weight of 1.
    assert after.components["popularity"] == pytest.approx(0.44721, abs=1e-5)


def test_equal_scores_are_ordered_by_row(make_view: Callable[..., View]) -> None:
    view = make_view(ZERO, ZERO, ZERO, past={})

    found = answer(view, Query())

    assert list(scores(found)) == ["i0", "i1", "i2", "i3"]
    assert set(scores(found).values()) == {0.0}


def test_what_the_user_had_without_liking_it_is_left_out_and_says_nothing(make_view: Callable[..., View]) -> None:
    view = make_view([[1.0], [9.0], [1.0], [1.0]], [[1.0], [0.0], [2.0], [1.0]], ZERO, past={"u": {0: 1.0, 1: 0.0}})

    found = answer(view, Query(user_id="u", explain=True))

    assert "i1" not in scores(found)
    assert found.items[0].explanation is not None
    assert [one.item_id for one in found.items[0].explanation.because] == ["i0"]


def test_items_the_user_had_come_back_when_asked_for(make_view: Callable[..., View]) -> None:
    view = make_view(ZERO, ZERO, ZERO, past={"u": {0: 1.0}})

    found = answer(view, Query(user_id="u", exclude=Exclude(interacted=False, item_ids=["i3", "nothing"])))

    assert list(scores(found)) == ["i0", "i1", "i2"]


def test_an_empty_query_answers_what_is_popular_and_says_so(make_view: Callable[..., View]) -> None:
    view = make_view(ZERO, ZERO, ZERO, past={"u": {0: 1.0}}, popularity=[1.0, 3.0, 2.0, 0.0])

    found = answer(view, Query(explain=True))

    assert list(scores(found)) == ["i1", "i2", "i0", "i3"]
    assert found.cold_start
    assert found.items[0].explanation is not None
    assert found.items[0].explanation.text == "Popular with everyone."


def test_unknown_names_are_reported_as_missing_and_unlearned_context_as_ignored(
    make_view: Callable[..., View],
) -> None:
    view = make_view(ZERO, ZERO, ZERO, past={})

    found = answer(view, Query(user_id="who", item_ids=["i0", "what"], context={"device": "tv"}))

    assert found.missing.user_id == "who"
    assert found.missing.item_ids == ["what"]
    assert found.context.ignored == {"device": "tv"}
    assert found.context.applied == {}


def test_a_catalogue_of_one_item_can_be_asked_anything(make_view: Callable[..., View]) -> None:
    view = make_view([[1.0]], [[1.0]], [[1.0]], past={"u": {0: 1.0}})

    assert answer(view, Query()).items[0].item_id == "i0"
    assert answer(view, Query(user_id="u")).items == []
    assert answer(view, Query(item_ids=["i0"], exclude=Exclude(interacted=False))).items[0].score == 0.0


def test_properties_are_answered_in_the_order_asked_for(make_view: Callable[..., View]) -> None:
    view = make_view(ZERO, ZERO, ZERO, past={})

    found = answer(view, Query(include=["year", "title"], limit=1))

    assert found.items[0].properties == {"year": 2000, "title": "T0"}
    assert list(found.items[0].properties) == ["year", "title"]
