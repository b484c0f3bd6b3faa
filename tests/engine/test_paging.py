"""Pages of one answer are slices of one order: that of the first page, whatever happens between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from engine.answers import WHOLE, answer
from engine.generated import THROUGH_INDEXES, expected, generated_view
from engine.live_state import NOW, LiveState
from hypothesis import given, settings
from hypothesis import strategies as st
from invariants import assert_pages

from crossfade.engine import Answer, Boost, Cap, Pin, Promote, Query, RetrievalSettings
from crossfade.engine.answering import answer_queries
from crossfade.engine.view import View

SMALL_POOL = RetrievalSettings(exact_up_to=10**9, candidates_per_index=30)
LOOKED_UP = RetrievalSettings(exact_up_to=0, candidates_per_index=30)
EVEN = {"field": "year", "any_of": list(range(2000, 2300, 2))}

Meanwhile = Callable[[LiveState, int], None]


def nothing(_: LiveState, __: int) -> None:
    """Let nothing happen between two pages."""


def walk(
    state: LiveState, query: Query, settings: RetrievalSettings, *, most: int = 1_000, meanwhile: Meanwhile = nothing
) -> list[Answer]:
    """Return all pages of a query, and let something happen after each."""
    pages = [answer(state.view, query, settings)]
    while (cursor := pages[-1].next_cursor) is not None and len(pages) < most:
        meanwhile(state, len(pages))
        pages.append(answer(state.view, replace(query, cursor=cursor), settings))
    return pages


def ids_of(pages: Sequence[Answer]) -> list[str]:
    return [item.item_id for page in pages for item in page.items]


RULES: Sequence[Mapping[str, object]] = [
    {},
    {"text": "north"},
    {"diversity": 0.5},
    {"cap": Cap("year", 1)},
    {"pin": [Pin("i250", 3), Pin("i251", 27)]},
    {"promote": Promote({"field": "year", "gte": 2250}, 0.25)},
    {"exploration": 0.3, "seed": 5},
    {"boost": [Boost(EVEN, 1.0)]},
    {"filter": EVEN},
    {
        "diversity": 0.3,
        "cap": Cap("title", 1),
        "pin": [Pin("i9", 12)],
        "promote": Promote({"field": "year", "gte": 2280}, 0.2),
        "exploration": 0.2,
        "seed": 8,
    },
]


@pytest.mark.parametrize("settings", [WHOLE, SMALL_POOL, LOOKED_UP], ids=["whole", "small-pool", "looked-up"])
@pytest.mark.parametrize("rules", RULES, ids=lambda rules: "-".join(rules) or "plain")
def test_all_pages_together_are_everything_that_may_be_answered_once(
    drawn_view: View, rules: Mapping[str, object], settings: RetrievalSettings
) -> None:
    query = Query(user_id="u7", limit=11, explain=True, **rules)  # type: ignore[arg-type]  # of a Query

    pages = walk(LiveState(drawn_view), query, settings)

    assert_pages([page.items for page in pages], limit=11)
    had = {f"i{row}" for row in drawn_view.bundle.past.of(7)[0]}
    chosen = [f"i{row}" for row in range(300) if "filter" not in rules or row % 2 == 0]
    assert set(ids_of(pages)) == set(chosen) - had
    assert pages[-1].items


@pytest.mark.parametrize("settings", [WHOLE, THROUGH_INDEXES], ids=["whole", "looked-up"])
def test_pages_without_rules_come_in_the_order_of_brute_force(drawn_view: View, settings: RetrievalSettings) -> None:
    query = Query(user_id="u7", limit=7)

    pages = walk(LiveState(drawn_view), query, settings)

    assert ids_of(pages) == [*expected(drawn_view, query).scores]


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: "-".join(rules) or "plain")
def test_pages_are_slices_of_one_longer_page_unless_something_is_drawn(
    drawn_view: View, rules: Mapping[str, object]
) -> None:
    if "exploration" in rules:  # what is drawn lies below the page
        rules = {**rules, "exploration": None}
    query = Query(user_id="u7", **rules)  # type: ignore[arg-type]  # of a Query

    pages = walk(LiveState(drawn_view), replace(query, limit=5), WHOLE, most=20)
    at_once = answer(drawn_view, replace(query, limit=100))

    assert ids_of(pages) == [item.item_id for item in at_once.items]


def test_the_last_page_says_that_there_is_no_other_one(drawn_view: View) -> None:
    whole = answer(drawn_view, Query(limit=300))
    capped = answer(drawn_view, Query(limit=20, cap=Cap("year", 1), filter={"field": "year", "lt": 2020}))
    none = answer(drawn_view, Query(filter={"field": "year", "eq": 1}))

    assert len(whole.items) == 300
    assert whole.next_cursor is capped.next_cursor is none.next_cursor is None


def test_a_page_that_a_cap_leaves_nothing_for_is_not_promised(make_view: Callable[..., View]) -> None:
    view = make_view([[0.0]] * 6, [[0.0]] * 6, [[0.0]] * 6, properties={"kind": ["a", "a", "b", "b", "a", "b"]})

    found = answer(view, Query(limit=2, cap=Cap("kind", 1)), RetrievalSettings(10, candidates_per_index=1))

    assert [item.item_id for item in found.items] == ["i0", "i2"]
    assert found.next_cursor is None


class _Changes:
    """Something of everything that can happen between two pages."""

    def __init__(self, order: Sequence[str]) -> None:
        self.order = order
        self.shown: set[str] = set()
        self.lost: set[str] = set()

    def __call__(self, state: LiveState, n_pages: int) -> None:
        # One item from the pages before and one from those to come, for each kind of change.
        before, after = self.order[n_pages : n_pages + 5], self.order[-5 * n_pages :][:5]
        for item_id in (before[0], after[0]):
            state.delete(item_id)
        for item_id in (before[1], after[1]):
            state.put(item_id, title="T2", year=2000)
        for item_id in (before[2], after[2]):
            state.put(item_id, title=state.title_of(item_id), year=2000, is_hidden=True)
        for item_id in (before[3], after[3]):
            state.put(item_id, title=state.title_of(item_id), year=1999 + n_pages, edited=n_pages)
        for place, gone in enumerate((*before[:3], *after[:3])):
            self.lost.add(gone)
            state.event("u7", f"i{(37 * n_pages + place) % 300}", "like")
        state.put(f"new{n_pages}", title="T1", year=2000 + n_pages)
        state.event("u7", f"new{n_pages}", "watch")
        state.event("u7", after[4], "impression")
        state.event("u8", "i3", "watch")


@pytest.mark.parametrize("settings", [WHOLE, SMALL_POOL, LOOKED_UP], ids=["whole", "small-pool", "looked-up"])
@pytest.mark.parametrize("rules", [*RULES[:8], RULES[-1]], ids=lambda rules: "-".join(rules) or "plain")
def test_twenty_pages_neither_repeat_nor_skip_anything_while_everything_happens(
    drawn_view: View, rules: Mapping[str, object], settings: RetrievalSettings
) -> None:
    query = Query(user_id="u7", limit=10, include=["edited"], explain=True, **rules)  # type: ignore[arg-type]
    state = LiveState(drawn_view)
    for step in range(3):  # what was added before the first page is as stable as what lies in the bundle
        state.put(f"early{step}", title=f"T{step}", year=2300 + step)
    state.put("i20", title="T20", year=2020, edited=0)
    before = walk(state, query, settings)
    changes = _Changes(ids_of(before))

    pages = walk(state, query, settings, most=20, meanwhile=changes)

    assert len(pages) == 20
    assert_pages([page.items for page in pages], limit=10)
    answered, of_first_page = ids_of(pages), ids_of(before)
    stable = [item_id for item_id in of_first_page if item_id not in changes.lost]
    end = stable.index(next(one for one in reversed(answered) if one in set(stable))) + 1
    assert [item_id for item_id in answered if item_id not in changes.lost] == stable[:end]
    scores = {item.item_id: item.score for page in before for item in page.items}
    for item in (item for page in pages for item in page.items):
        assert item.score == pytest.approx(scores[item.item_id], abs=1e-4)
    assert all(len(page.items) == 10 for page in pages)


def test_what_was_deleted_hidden_or_rewritten_meanwhile_is_on_no_further_page(drawn_view: View) -> None:
    state, query = LiveState(drawn_view), Query(limit=10)
    order = ids_of(walk(state, query, WHOLE))

    def happens(state: LiveState, n_pages: int) -> None:
        if n_pages == 1:
            state.delete(order[12])
            state.put(order[13], title=f"T{order[13][1:]}", is_hidden=True)
            state.put(order[14], title="T1")
            state.put(order[15], title=f"T{order[15][1:]}", available_until="2000-01-01")
            state.put(order[16], title=f"T{order[16][1:]}", available_until="2100-01-01")
            state.put("new", title="T1")

    pages = walk(state, query, WHOLE, meanwhile=happens)

    assert ids_of(pages) == [item_id for item_id in order if item_id not in order[12:16]]


def test_what_no_longer_matches_the_filter_is_on_no_further_page(drawn_view: View) -> None:
    state, query = LiveState(drawn_view), Query(limit=10, filter={"field": "year", "gte": 2000})
    order = ids_of(walk(state, query, WHOLE))

    def happens(state: LiveState, n_pages: int) -> None:
        if n_pages == 1:
            state.put(order[3], title=f"T{order[3][1:]}", year=1900)
            state.put(order[12], title=f"T{order[12][1:]}", year=1900)

    pages = walk(state, query, WHOLE, meanwhile=happens)

    assert ids_of(pages) == [*order[:12], *order[13:]]


def test_an_item_is_shown_as_it_is_now(drawn_view: View) -> None:
    state, query = LiveState(drawn_view), Query(limit=10, include=["year"])
    first = answer(state.view, query)
    following = answer(state.view, replace(query, cursor=first.next_cursor)).items[0].item_id
    state.put(following, title=state.title_of(following), year=1)

    second = answer(state.view, replace(query, cursor=first.next_cursor))

    assert second.items[0].item_id == following
    assert second.items[0].properties == {"year": 1}


def test_a_process_that_saw_only_the_outcome_of_changes_goes_on_with_the_same_pages(drawn_view: View) -> None:
    here, query = LiveState(drawn_view), Query(user_id="u7", limit=10)
    here.put("live", title="T1")
    here.put("i4", title="T2")
    first = answer(here.view, query)
    order = ids_of(walk(here, query, WHOLE))
    here.put("live", title="T1", edited=1)
    here.put("i4", title="T2", edited=1)
    here.put("i5", title="T5", edited=1)
    there = LiveState(drawn_view)
    for record in here.records.values():
        there.change(record)
    there.seq = here.seq

    cursor, rest = first.next_cursor, []
    while cursor is not None:
        page = answer(there.view, replace(query, cursor=cursor))
        rest += [item.item_id for item in page.items]
        cursor = page.next_cursor

    assert sorted([*(item.item_id for item in first.items), *rest]) == sorted(order)


@settings(max_examples=5)
@given(seed=st.integers(0, 2**63 - 1))
def test_pages_of_what_is_drawn_hold_everything_once_whatever_the_seed(drawn_view: View, seed: int) -> None:
    pages = walk(LiveState(drawn_view), Query(exploration=0.5, seed=seed, limit=50), WHOLE)

    assert sorted(ids_of(pages)) == sorted(f"i{row}" for row in range(300))


def test_pages_of_a_query_without_a_seed_keep_the_one_that_was_drawn_for_the_first(drawn_view: View) -> None:
    pages = walk(LiveState(drawn_view), Query(exploration=0.5, limit=20), WHOLE)

    assert sorted(ids_of(pages)) == sorted(f"i{row}" for row in range(300))
    assert any(item.placed_by == "exploration" for item in pages[1].items)


def test_cursors_lead_to_ten_thousand_items_and_no_further() -> None:
    state, query = LiveState(generated_view()), Query(text="north", limit=470)

    pages = walk(state, query, THROUGH_INDEXES)

    assert_pages([page.items for page in pages], limit=470)
    assert len(ids_of(pages)) == 10_000
    scores = [item.score for page in pages for item in page.items]
    assert all(one <= scores[0] for one in scores)


def test_nothing_is_skipped_on_pages_that_are_looked_up_in_graphs_while_items_come_and_go() -> None:
    state, query = LiveState(generated_view()), Query(user_id="u9", limit=50)
    order = ids_of(walk(state, query, THROUGH_INDEXES, most=30))

    def happens(state: LiveState, n_pages: int) -> None:
        state.put(f"new{n_pages}", title="north")
        state.delete(order[n_pages])
        state.event("u9", order[-1], "watch")

    pages = walk(state, query, THROUGH_INDEXES, most=20, meanwhile=happens)

    lost = set(order[1:20])
    kept = [item_id for item_id in ids_of(pages) if item_id not in lost]
    assert kept == [item_id for item_id in order if item_id not in lost][: len(kept)]
    assert len(ids_of(pages)) == 1_000


@pytest.mark.parametrize("settings", [WHOLE, LOOKED_UP], ids=["whole", "looked-up"])
def test_items_that_are_the_same_keep_their_places_whatever_else_a_page_is_computed_with(
    make_view: Callable[..., View], settings: RetrievalSettings
) -> None:
    random = np.random.default_rng(5)
    kind = np.arange(1_500) % 7
    vectors, texts = random.normal(size=(7, 48)), random.normal(size=(7, 48))
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    past = {f"u{user}": dict.fromkeys(random.integers(0, 1_500, 9).tolist(), 1.0) for user in range(20)}
    view = make_view(vectors[kind], vectors[kind], texts[kind], past=past, popularity=(kind % 3).tolist())
    found: list[str] = []
    query = Query(user_id="u3", limit=60)

    for n_others in range(100):
        others = [Query(user_id=f"u{4 + other}") for other in range(5 * n_others % 13)]
        page = answer_queries(view, [*others, query], settings)[-1]
        found += [item.item_id for item in page.items]
        if page.next_cursor is None:
            break
        query = replace(query, cursor=page.next_cursor)

    had = {f"i{row}" for row in past["u3"]}
    assert len(found) == 1_500 - len(had)
    assert set(found) == {f"i{row}" for row in range(1_500)} - had


def test_a_page_is_read_at_the_moment_of_the_first(make_view: Callable[..., View]) -> None:
    # Without the impression's fading, which the moment decides, all would be equal.
    state = LiveState(make_view([[0.0]] * 5, [[0.0]] * 5, [[0.0]] * 5))
    state.event("u", "i0", "impression", at=NOW - timedelta(days=1))
    query = Query(user_id="u", limit=2)

    pages = walk(state, query, WHOLE)

    assert ids_of(pages) == ["i1", "i2", "i3", "i4", "i0"]
