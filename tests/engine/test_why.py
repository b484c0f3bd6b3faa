"""Why an item is recommended, or what keeps it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

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
    return explain_why(Ready.alone(view, query), item_id, settings)


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
        ({"promote": Promote({"field": "genre", "eq": "drama"}, 1.0)}, "i4", "promote"),
        ({"promote": Promote({"field": "genre", "eq": "drama"}, 1.0)}, "i9", None),
        ({"pin": [Pin("i0", 1)]}, "i0", None),
        ({"pin": [Pin("i0", 1)]}, "i5", "pin"),
        ({"boost": [Boost({"field": "year", "eq": 2009}, 50.0)]}, "i9", None),
        ({"exclude": Exclude(interacted=False)}, "i0", None),
    ],
)
def test_what_a_rule_brings_in_is_recommended_and_what_it_pushes_out_names_the_rule(
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


def assert_true_of(found: Why, item: RecommendedItem) -> None:
    """What is said of an answered item is what the answer says."""
    assert found.removed_by is None
    assert (found.score, found.rank) == (item.score, item.rank)
    assert f"number {item.rank} of {found.of}." in found.text


@pytest.mark.parametrize("text", [None, "north"])
@pytest.mark.parametrize("user_id", ["u2", "u7", "u24", "u39", "nobody"])
def test_the_rank_of_every_answered_item_is_that_of_the_answer(
    drawn_view: View, user_id: str, text: str | None
) -> None:
    query = Query(user_id=user_id, text=text, limit=50)

    for item in answer(drawn_view, query).items:
        assert_true_of(why(drawn_view, item.item_id, query), item)


CRIME, DRAMA = ({"field": "genre", "eq": genre} for genre in ("crime", "drama"))


@pytest.mark.parametrize(
    ("rules", "item_id", "removed_by", "said"),
    [
        ({"exploration": 1.0, "seed": 0}, "i4", "exploration", "Items drawn from further down take its place"),
        ({"promote": Promote(DRAMA, 0.5)}, "i5", "promote", "Items that the request promotes take its place."),
        ({"pin": [Pin("i9", 1), Pin("i0", 2)]}, "i4", "pin", "Pinned items take its place."),
        ({"pin": [Pin("i5", 4)]}, "i5", "pin", "It is pinned to place 4, further down than is answered."),
        ({"pin": [Pin("i8", 4)], "filter": CRIME}, "i8", "pin", "It is pinned to place 4, further down"),
        ({"pin": [Pin("i0", 4)]}, "i0", "pin", "It is pinned to place 4, further down than is answered."),
        ({"pin": [Pin("i4", 4)], "cap": Cap("genre", 1)}, "i5", "cap", "Enough items of its kind have places"),
        ({"exploration": 1.0, "seed": 0}, "i6", "below_limit", "number 3 of 6. 2 are answered."),
        ({"pin": [Pin("i9", 1)]}, "i6", "below_limit", "number 3 of 6. 2 are answered."),
        ({"pin": [Pin("i9", 1)]}, "i9", None, "the request pins it. The nearest"),
        ({"promote": Promote(DRAMA, 0.5)}, "i8", None, "the request promotes it. The nearest"),
        ({"exploration": 0.5, "seed": 0}, "i4", None, "It is recommended. Popular with everyone."),
    ],
)
def test_the_rule_that_takes_an_items_place_is_named(
    state: LiveState, rules: Mapping[str, object], item_id: str, removed_by: str | None, said: str
) -> None:
    query = Query(user_id="u", limit=2, **rules)  # type: ignore[arg-type]  # of a Query
    seen = {item.item_id for item in answer(state.view, query).items}

    found = why(state.view, item_id, query)

    assert (item_id in seen, found.removed_by) == (removed_by is None, removed_by)
    assert said in found.text


def test_an_item_that_is_drawn_is_said_to_be(state: LiveState) -> None:
    query = Query(user_id="u", limit=2, exploration=1.0, seed=0)
    drawn = answer(state.view, query).items[0].item_id

    assert "drawn from further down" in why(state.view, drawn, query).text


def test_diversity_is_named_where_less_like_items_take_an_items_place(make_view: MakeView) -> None:
    like_the_first = make_view(
        [[0.0]] * 3, [[0.0]] * 3, [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], popularity=[3.0, 2.0, 1.0]
    )

    found = why(like_the_first, "i1", Query(limit=2, diversity=1.0))

    assert found.removed_by == "diversity"
    assert found.text.startswith("Items more unlike those above take its place")


def test_where_it_takes_two_rules_the_last_one_to_go_is_named(state: LiveState) -> None:
    query = Query(user_id="u", limit=1, pin=[Pin("i9", 1)], promote=Promote(DRAMA, 1.0))

    assert why(state.view, "i4", query).removed_by == "promote"


def test_what_stands_on_an_earlier_page_is_told_so(state: LiveState) -> None:
    query = Query(user_id="u", limit=2)
    second = replace(query, cursor=answer(state.view, query).next_cursor)

    removed_by = {item_id: why(state.view, item_id, second) for item_id in ("i4", "i6", "i8")}

    assert [one.removed_by for one in removed_by.values()] == ["earlier_page", None, "below_limit"]
    assert removed_by["i4"].text == "It stands on an earlier page. By its score it is number 1 of 6."
    assert "The page ends with place 4." in removed_by["i8"].text


def test_what_was_deleted_or_hidden_since_the_first_page_is_told_so(state: LiveState) -> None:
    query = Query(user_id="u", limit=2)
    second = replace(query, cursor=answer(state.view, query).next_cursor)
    state.delete("i6")
    state.put("i7", title="T7", is_hidden=True)

    assert why(state.view, "i6", second).removed_by == "deleted"
    assert why(state.view, "i7", second).removed_by == "hidden"


@pytest.mark.parametrize(
    "rules",
    [
        {"exploration": 0.5, "seed": 3},
        {"diversity": 0.7, "pin": [Pin("i290", 2), Pin("i8", 40)]},
        {"promote": Promote({"field": "year", "gte": 2100}, 0.6), "cap": Cap("year", 1), "exploration": 0.2, "seed": 1},
    ],
)
def test_on_every_page_what_is_said_of_an_item_agrees_with_the_pages(
    drawn_view: View, rules: Mapping[str, object]
) -> None:
    query, earlier = Query(user_id="u9", limit=7, **rules), set[str]()  # type: ignore[arg-type]  # of a Query
    best = [item.item_id for item in answer(drawn_view, Query(user_id="u9", limit=25)).items]
    for _ in range(3):
        page = answer(drawn_view, query)
        here = {item.item_id for item in page.items}
        for item_id in best:
            found = why(drawn_view, item_id, query)
            assert (found.removed_by is None) == (item_id in here)
            assert (found.removed_by == "earlier_page") == (item_id in earlier)
            assert found.rank is not None
            assert found.removed_by != "below_limit" or found.rank > len(earlier) + len(here)
        earlier |= here
        query = replace(query, cursor=page.next_cursor)


def test_an_item_that_only_a_pin_brings_in_counts_among_those_that_may_be_answered(state: LiveState) -> None:
    nothing = {"field": "genre", "eq": "opera"}

    found = why(state.view, "i4", Query(user_id="u", filter=nothing, pin=[Pin("i4", 1)]))

    assert (found.rank, found.of, found.removed_by) == (1, 1, None)
    assert found.text.endswith("By its score it is number 1 of 1.")


def test_what_an_approximate_search_passes_over_is_told_so(drawn_view: View) -> None:
    settings = RetrievalSettings(exact_up_to=0, candidates_per_index=1)
    query = Query(user_id="u7", limit=1, weights={"trend": 0.7, "popularity": 0.7})
    best = answer(drawn_view, query).items[0].item_id
    assert answer(drawn_view, query, settings).items[0].item_id != best

    found = why(drawn_view, best, query, settings)

    assert (found.rank, found.removed_by) == (1, "below_limit")
    assert "Looking for candidates among so many items, it was not found." in found.text


def test_what_was_left_alone_is_said_where_it_took_an_item_down(state: LiveState) -> None:
    state.event("u", "i4", "impression", at=datetime.now(UTC))
    state.event("u", "i9", "impression", at=datetime.now(UTC))
    query = Query(user_id="u", limit=2)

    assert "What speaks against it: it was shown to the user and left alone." in why(state.view, "i4", query).text
    assert "left alone" not in why(state.view, "i9", query).text  # the last one anyway
    assert "left alone" not in why(state.view, "i5", query).text


def test_what_the_user_did_not_like_is_said_where_it_took_an_item_down(make_view: MakeView) -> None:
    apart = [[1.0, 0.0, 0.0], [0.9, 0.4, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    view = make_view([[0.0]] * 4, [[0.0]] * 4, apart, past={"u": {0: -1.0}}, popularity=[4.0, 3.0, 2.0, 1.0])
    query = Query(user_id="u", limit=1, exclude=Exclude(interacted=False))

    assert why(view, "i1", query).text.endswith("What speaks against it: the user did not like “T0”.")
    assert why(view, "i0", query).text.endswith("What speaks against it: the user did not like it.")


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


def test_of_items_of_one_score_the_number_is_that_of_the_order_that_is_answered(make_view: MakeView) -> None:
    view, query = make_view([[0.0]] * 5, [[0.0]] * 5, [[0.0]] * 5), Query(limit=2)
    in_order = [item.item_id for item in answer(view, Query(limit=5)).items]

    assert [why(view, item_id, query).rank for item_id in in_order] == [1, 2, 3, 4, 5]
