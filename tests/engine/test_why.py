"""Why an item is recommended, or what keeps it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from engine.answers import WHOLE, answer
from engine.generated import THROUGH_INDEXES, expected, generated_view
from engine.live_state import NOW, LiveState
from invariants import assert_contributions_add_up

from crossfade.engine import Boost, Cap, Exclude, Pin, Promote, Query, RecommendedItem, RetrievalSettings, Why
from crossfade.engine.ready import Ready
from crossfade.engine.view import View
from crossfade.engine.why import explain_why

MakeView = Callable[..., View]


def why(view: View, item_id: str, query: Query, settings: RetrievalSettings = WHOLE) -> Why:
    """Ask as ``Recommender.why`` does."""
    return explain_why(Ready.alone(view, query), item_id, answer(view, query, settings))


@pytest.fixture
def state(make_view: MakeView) -> LiveState:
    """Ten items, the first the most popular; u had i0 and only watched i1."""
    tomorrow = (NOW + timedelta(days=365)).isoformat()
    return LiveState(
        make_view(
            [[0.0]] * 10,
            [[0.0]] * 10,
            [[0.0]] * 10,
            past={"u": {0: 1.0, 1: 0.0}},
            popularity=[float(10 - row) for row in range(10)],
            properties={
                "is_hidden": [row == 2 for row in range(10)],
                "available_from": [tomorrow if row == 3 else None for row in range(10)],
                "genre": ["crime" if row < 8 else "drama" for row in range(10)],
            },
        )
    )


@pytest.mark.parametrize(
    ("item_id", "removed_by", "said"),
    [
        ("nothing", "unknown", "There is no such item."),
        ("i9", "deleted", "It was deleted."),
        ("i2", "hidden", "It is hidden"),
        ("i3", "not_available", "not available at this moment"),
        ("i4", "excluded", "by its id"),
        ("i0", "interacted", "The user has had it"),
        ("i1", "interacted", "The user has had it"),
        ("i8", "filter", "filter does not match it"),
        ("i7", "below_limit", "Others score better|number 3 of 3"),
        ("i5", None, "It is recommended."),
    ],
)
def test_the_rule_that_keeps_an_item_out_is_named(
    state: LiveState, item_id: str, removed_by: str | None, said: str
) -> None:
    state.delete("i9")
    query = Query(
        user_id="u", limit=2, filter={"field": "genre", "eq": "crime"}, exclude=Exclude(item_ids=["i4"]), explain=True
    )

    found = why(state.view, item_id, query)

    assert found.removed_by == removed_by
    assert any(words in found.text for words in said.split("|"))
    assert found.of == 3


def test_the_first_rule_that_holds_is_named(state: LiveState) -> None:
    query = Query(user_id="u", exclude=Exclude(item_ids=["i0", "i2"]), filter={"field": "genre", "eq": "drama"})

    assert why(state.view, "i2", query).removed_by == "hidden"
    assert why(state.view, "i0", query).removed_by == "excluded"


@pytest.mark.parametrize(
    ("item_id", "removed_by"),
    [("i4", None), ("i5", None), ("i6", "cap"), ("i7", "cap"), ("i8", None), ("i9", None)],
)
def test_a_cap_is_named_where_the_item_would_be_there_without_it(
    state: LiveState, item_id: str, removed_by: str | None
) -> None:
    query = Query(user_id="u", limit=4, cap=Cap("genre", 2))

    assert why(state.view, item_id, query).removed_by == removed_by


def test_a_cap_is_named_even_where_more_items_stand_above_than_are_answered(state: LiveState) -> None:
    # By score i4 to i7 and then i8: of the crimes one comes, so that the second item answered is a drama.
    query = Query(user_id="u", limit=2, cap=Cap("genre", 1))

    assert why(state.view, "i7", query).removed_by == "cap"
    assert why(state.view, "i9", query).removed_by == "below_limit"


@pytest.mark.parametrize(
    ("rules", "item_id", "removed_by"),
    [
        ({"promote": Promote({"field": "genre", "eq": "drama"}, 1.0)}, "i4", "below_limit"),
        ({"promote": Promote({"field": "genre", "eq": "drama"}, 1.0)}, "i9", None),
        ({"pin": [Pin("i0", 1)]}, "i0", None),
        ({"pin": [Pin("i0", 1)]}, "i5", "below_limit"),
        ({"boost": [Boost({"field": "year", "eq": 2009}, 50.0)]}, "i9", None),
        ({"exclude": Exclude(interacted=False)}, "i0", None),
    ],
)
def test_what_a_rule_brings_in_is_recommended_and_what_it_pushes_out_is_below(
    state: LiveState, rules: Mapping[str, object], item_id: str, removed_by: str | None
) -> None:
    query = Query(user_id="u", limit=2, **rules)  # type: ignore[arg-type]  # of a Query

    assert why(state.view, item_id, query).removed_by == removed_by


def test_what_happened_a_moment_ago_counts(state: LiveState) -> None:
    before = why(state.view, "i4", Query(user_id="u"))
    state.event("u", "i4")

    after = why(state.view, "i4", Query(user_id="u"))

    assert (before.removed_by, after.removed_by) == (None, "interacted")


def test_the_explanation_of_an_item_that_is_kept_out_adds_up_to_its_score(drawn_view: View) -> None:
    state = LiveState(drawn_view)
    state.event("u7", "i3", "dislike")
    state.put("new", title="T1")
    state.event("u7", "new", "impression")

    for item_id in ("i3", "new", "i200"):
        found = why(state.view, item_id, Query(user_id="u7", text="north", limit=1))
        assert found.explanation is not None
        assert found.score is not None
        assert_contributions_add_up([RecommendedItem(item_id, 1, found.score, {}, found.explanation)])


@pytest.mark.parametrize("fields", [{"user_id": "u9"}, {"user_id": "u3", "filter": {"field": "genre", "eq": "drama"}}])
def test_the_rank_is_that_of_brute_force_over_all_that_may_be_answered(fields: Mapping[str, object]) -> None:
    view, query = generated_view(), Query(**fields, limit=5)  # type: ignore[arg-type]  # of a Query
    right = [*expected(view, query).scores]

    for place in (0, 4, 5, 1_000, len(right) - 1):
        found = why(view, right[place], query, THROUGH_INDEXES)
        assert (found.rank, found.of) == (place + 1, len(right))
        assert found.removed_by == (None if place < 5 else "below_limit")


def test_the_rank_of_an_item_that_is_kept_out_is_the_place_it_would_have(state: LiveState) -> None:
    found = why(state.view, "i0", Query(user_id="u"))

    assert (found.rank, found.of) == (1, 6)
    assert found.text.endswith("By its score it would be number 1 of 7.")


def test_an_unknown_item_has_neither_rank_nor_score(state: LiveState) -> None:
    found = why(state.view, "nothing", Query(user_id="u"))

    assert (found.rank, found.score, found.explanation, found.properties) == (None, None, None, {})
