"""What must hold for every query; drawn queries on a drawn bundle."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invariants import assert_contributions_add_up, assert_ruled, assert_sound

from crossfade.engine import COMPONENTS, Boost, Cap, Exclude, Pin, Promote, Query, RetrievalSettings
from crossfade.engine.answering import answer_queries
from crossfade.engine.view import View

EXACT = RetrievalSettings(exact_up_to=10**9)
# The flat indexes of the drawn bundle answer all of its 300 items, so both ways must agree to the last item.
THROUGH_INDEXES = RetrievalSettings(exact_up_to=0, candidates_per_index=300)
NO_RULES = {
    "filter": None,
    "pin": (),
    "promote": None,
    "cap": None,
    "diversity": None,
    "exploration": None,
    "among": None,
    "exclude": Exclude(interacted=False),
}

item_ids = st.lists(st.integers(0, 310).map(lambda row: f"i{row}"), max_size=8)
weights = st.dictionaries(st.sampled_from(COMPONENTS), st.sampled_from([0.0, 0.5, 1.0, 3.0]))
# Users from 40 on have done nothing, those from 30 to 44 have told about themselves.
queries = st.builds(
    Query,
    user_id=st.none() | st.integers(0, 46).map(lambda user: f"u{user}"),
    item_ids=item_ids,
    text=st.none() | st.sampled_from(["north", "sea", "no word it knows"]),
    limit=st.integers(1, 400),
    context=st.dictionaries(
        st.sampled_from(["device", "part_of_day", "country"]), st.sampled_from(["tv", "phone", "night", "?"])
    ),
    weights=weights,
    exclude=st.builds(Exclude, item_ids=item_ids, interacted=st.none() | st.booleans()),
    among=st.none() | item_ids.filter(bool),
    explain=st.just(True),
)

RECENT = {"field": "year", "gte": 2250}
rules = st.fixed_dictionaries(
    {
        "filter": st.none() | st.just({"not": {"field": "year", "gte": 2280}}),
        "boost": st.sampled_from([[], [Boost(RECENT, 2.0)]]),
        "pin": st.sampled_from([[], [Pin("i5", 2), Pin("i299", 40), Pin("nothing", 1)]]),
        "promote": st.none() | st.builds(Promote, filter=st.just(RECENT), share=st.sampled_from([0.0, 0.25, 1.0])),
        "cap": st.none() | st.builds(Cap, field=st.sampled_from(["year", "title"]), most=st.integers(1, 3)),
        "diversity": st.none() | st.sampled_from([0.0, 0.4, 1.0]),
        "exploration": st.none() | st.sampled_from([0.0, 0.3, 1.0]),
        "seed": st.integers(0, 9),
    }
)


def excludes_what_was_had(query: Query) -> bool:
    """Whether it does on the drawn bundle, whose users do not use items again."""
    return query.exclude.interacted is not False


@given(query=queries)
def test_answers_are_sorted_bounded_without_repeats_and_hold_nothing_excluded(drawn_view: View, query: Query) -> None:
    (answer,) = answer_queries(drawn_view, [query], EXACT)

    had = query.item_ids if excludes_what_was_had(query) else ()
    assert_sound(answer.items, limit=query.limit or 10, excluded=[*query.exclude.item_ids, *had])
    if query.among is not None:
        assert {item.item_id for item in answer.items} <= set(query.among)


@given(query=queries, rules=rules)
@pytest.mark.parametrize("settings", ["exact", "through-indexes"])
def test_rules_change_the_order_and_no_score_and_let_nothing_excluded_in(
    drawn_view: View, settings: str, query: Query, rules: Mapping[str, object]
) -> None:
    ruled = Query(**{**vars(query), **rules})
    by_score = Query(**{**vars(ruled), **NO_RULES, "limit": 300})

    (answer,) = answer_queries(drawn_view, [ruled], EXACT if settings == "exact" else THROUGH_INDEXES)

    had = query.item_ids if excludes_what_was_had(query) else ()
    pinned = {pin.item_id for pin in ruled.pin or ()}  # an editor's pin stands over the filter, and what the user had
    excluded = {*query.exclude.item_ids, *(set(had) - pinned)}
    whole = answer_queries(drawn_view, [by_score], EXACT)[0].items
    exact = {item.item_id: item.score for item in whole}
    assert_ruled(answer.items, limit=query.limit or 10, excluded=excluded, exact=exact)


@given(query=queries)
def test_what_can_be_answered_is_answered(drawn_view: View, query: Query) -> None:
    (answer,) = answer_queries(drawn_view, [query], THROUGH_INDEXES)

    had = set()
    if excludes_what_was_had(query):
        past, row = drawn_view.bundle.past, drawn_view.bundle.past.row_of.get(query.user_id or "")
        had = {*query.item_ids, *(f"i{item}" for item in (past.of(row)[0] if row is not None else []))}
    catalogue = {f"i{row}" for row in range(300)}
    choice = (catalogue if query.among is None else catalogue & set(query.among)) - set(query.exclude.item_ids) - had
    assert len(answer.items) == min(query.limit or 10, len(choice))


@given(query=queries)
def test_looking_up_in_the_indexes_answers_what_scoring_everything_answers(drawn_view: View, query: Query) -> None:
    (exact,) = answer_queries(drawn_view, [query], EXACT)
    (looked_up,) = answer_queries(drawn_view, [query], THROUGH_INDEXES)

    assert [item.score for item in looked_up.items] == pytest.approx([item.score for item in exact.items], abs=1e-4)


@given(query=queries)
def test_components_and_contributions_both_add_up_to_the_score(drawn_view: View, query: Query) -> None:
    (answer,) = answer_queries(drawn_view, [query], EXACT)

    assert all(item.explanation is not None for item in answer.items)
    assert_contributions_add_up(answer.items)


@given(batch=st.lists(queries, min_size=1, max_size=5))
def test_a_batch_answers_what_its_queries_would_get_alone(drawn_view: View, batch: list[Query]) -> None:
    together = answer_queries(drawn_view, batch, EXACT)
    alone = [answer_queries(drawn_view, [query], EXACT)[0] for query in batch]

    for one, other in zip(together, alone, strict=True):
        assert (one.cold_start, one.missing) == (other.cold_start, other.missing)
        assert [item.score for item in one.items] == pytest.approx([item.score for item in other.items], abs=1e-4)
