"""Items that come, change and go while a bundle is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from engine.answers import WHOLE, answer, explanation_of, scores
from engine.live_state import NOW, LiveState
from hypothesis import given
from hypothesis import strategies as st

from crossfade.bundle import ContextSpace
from crossfade.engine import Boost, Query, RetrievalSettings, neighbours_query, search_query
from crossfade.engine.added import AddedItems
from crossfade.engine.filters import parse_filter
from crossfade.engine.overlay import Overlay
from crossfade.engine.view import View
from crossfade.errors import QueryError
from crossfade.live import ItemRecord
from crossfade.types import FloatArray

LOOKED_UP = RetrievalSettings(exact_up_to=0, candidates_per_index=20)
CONTENT_ONLY = dict.fromkeys(("popularity", "trend", "context", "attributes"), 0.0)

MakeView = Callable[..., View]


def vector(*values: float) -> FloatArray:
    return np.array(values, np.float32)


@pytest.fixture
def view(make_view: MakeView, make_context_space: Callable[..., ContextSpace]) -> View:
    """Texts lie in three directions; who is for the first axis has factors of its own there.

    The cold map sends the first axis of the texts to the first of the factors. i0 to i2 were learned, i3 is of its
    text alone.
    """
    return make_view(
        [[1.0, 0.0], [0.0, 1.0], [0.0, 2.0], [0.6, 0.0]],
        [[2.0, 0.0], [0.0, 1.0], [0.0, 3.0], [1.2, 0.0]],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.6, 0.8, 0.0]],
        cold_map=np.array([[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]], np.float32),
        past={"u": {0: 1.0}, "v": {1: 1.0, 2: 1.0}},
        words={"first": vector(1, 0, 0), "second": vector(0, 1, 0), "third": vector(0, 0, 1)},
        popularity=[4.0, 3.0, 2.0, 1.0],
        context=make_context_space({"device": ("tv",)}, [[1.0, -1.0, 2.0, 0.0]]),
    )


@pytest.fixture
def state(view: View) -> LiveState:
    return LiveState(view)


@pytest.mark.parametrize("settings", [WHOLE, LOOKED_UP], ids=["whole", "looked-up"])
def test_an_item_that_was_just_put_is_recommended_found_by_its_text_and_explained(
    state: LiveState, settings: RetrievalSettings
) -> None:
    state.put("new", title="first", year=2030)

    recommended = answer(state.view, Query(user_id="u", weights=CONTENT_ONLY, explain=True, limit=1), settings)
    found = answer(state.view, search_query("first", explain=True, limit=2), settings)
    near = answer(state.view, neighbours_query("new", limit=1), settings)

    assert list(scores(recommended)) == ["new"]
    explanation = explanation_of(recommended, "new")
    assert [one.item_id for one in explanation.because] == ["i0"]
    assert explanation.components["collaborative"] > 0
    assert explanation.components["content"] > 0
    assert set(scores(found)) == {"new", "i0"}
    assert explanation_of(found, "new").query_text > 0
    assert list(scores(near)) == ["i0"]


def test_the_factors_of_an_item_that_nobody_touched_are_those_of_its_text(view: View, state: LiveState) -> None:
    state.put("new", title="first")

    added = state.view.items.overlay.added

    # (1, 0, 0) times the cold map is (1, 0 | 2, 0).
    assert added.sources.tolist() == [[1.0, 0.0]]
    assert added.targets.tolist() == [[2.0, 0.0]]
    assert added.popularity.tolist() == [2.5]
    assert not added.context.any()
    assert scores(answer(state.view, Query(limit=9)))["new"] == 0.0


def test_an_item_without_text_is_there_and_says_nothing(state: LiveState) -> None:
    state.put("new", year=2030)

    found = answer(state.view, Query(user_id="u", include=["title", "year"], limit=9))

    (new,) = [item for item in found.items if item.item_id == "new"]
    assert new.properties == {"title": None, "year": 2030}


def test_a_text_that_was_edited_moves_the_item_and_what_was_learned_of_it_stays(view: View, state: LiveState) -> None:
    before = answer(view, Query(user_id="v", context={"device": "tv"}, explain=True, limit=9))
    state.put("i0", title="third")

    after = answer(state.view, Query(user_id="v", context={"device": "tv"}, explain=True, limit=9))

    old, new = explanation_of(before, "i0").components, explanation_of(after, "i0").components
    assert new["content"] > old["content"]
    assert {name: new[name] for name in new if name != "content"} == {
        name: pytest.approx(old[name]) for name in old if name != "content"
    }
    assert next(iter(scores(answer(state.view, search_query("third", limit=2))))) in {"i0", "i2"}


def test_an_item_of_its_text_alone_gets_the_factors_of_its_new_text(state: LiveState) -> None:
    state.put("i3", title="second")

    added = state.view.items.overlay.added

    assert not added.targets.any()
    assert added.vectors.tolist() == [[0.0, 1.0, 0.0]]
    assert added.popularity.tolist() == [1.0]


def test_a_property_that_was_edited_moves_no_score_and_counts_for_filters_at_once(view: View, state: LiveState) -> None:
    before = scores(answer(view, Query(user_id="u", text="second", limit=9)))
    state.put("i2", title="T2", year=1900, mood="calm")

    now = state.view

    assert scores(answer(now, Query(user_id="u", text="second", limit=9))) == pytest.approx(before, abs=1e-5)
    assert list(scores(answer(now, Query(filter={"field": "year", "lt": 2000})))) == ["i2"]
    assert list(scores(answer(now, Query(filter={"field": "mood", "eq": "calm"})))) == ["i2"]
    assert answer(now, Query(filter={"field": "year", "eq": 2002})).items == []
    assert answer(now, Query(include=["mood"], limit=1)).items[0].properties == {"mood": None}


def test_a_property_that_no_item_has_yet_is_refused(view: View) -> None:
    with pytest.raises(QueryError, match="mood"):
        answer(view, Query(filter={"field": "mood", "eq": "calm"}))


@pytest.mark.parametrize("item_id", ["i2", "new"])
@pytest.mark.parametrize("settings", [WHOLE, LOOKED_UP], ids=["whole", "looked-up"])
def test_what_was_deleted_or_hidden_or_is_not_available_is_gone_everywhere_at_once(
    state: LiveState, item_id: str, settings: RetrievalSettings
) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    state.put("new", title="third")

    def asked() -> set[str]:
        queries = [
            Query(user_id="u", limit=9),
            search_query("third", limit=9),
            neighbours_query("i0", limit=9),
            Query(among=[item_id, "i3"]),
            Query(boost=[Boost({"field": "year", "exists": False}, 90.0)], limit=9),
        ]
        return {item for query in queries for item in scores(answer(state.view, query, settings))}

    assert item_id in asked()
    for gone in ({"is_hidden": True}, {"available_from": tomorrow.isoformat()}, {"available_until": "2020-01-01"}):
        state.put(item_id, title="third", **gone)
        assert item_id not in asked()
    state.put(item_id, title="third", is_hidden=False)
    assert item_id in asked()
    state.delete(item_id)
    assert item_id not in asked()
    state.put(item_id, title="third")
    assert item_id in asked()


def test_a_deleted_item_is_no_past_item_and_missing_by_name(state: LiveState) -> None:
    state.delete("i0")

    found = answer(state.view, Query(user_id="u", item_ids=["i0"], among=["i0", "i1"]))

    assert found.cold_start
    assert found.missing.item_ids == ["i0"]
    assert list(scores(found)) == ["i1"]


def test_a_past_item_whose_text_was_edited_speaks_for_what_it_says_now(state: LiveState) -> None:
    state.put("i0", title="third")

    found = answer(state.view, Query(user_id="u", weights=CONTENT_ONLY | {"collaborative": 0.0}, explain=True))

    assert next(iter(scores(found))) == "i2"
    assert explanation_of(found, "i2").because[0].title == "third"


def test_an_embedding_of_another_encoder_is_made_again(view: View) -> None:
    record = ItemRecord(
        "new", {"title": "third"}, changed_seq=1, scored_seq=1, embedding=vector(1, 0, 0), encoder="another"
    )
    own = replace(record, encoder=view.bundle.manifest.encoder.fingerprint)

    again, kept = (
        view.items.overlay.extended(view.bundle, view.encoder.encode, [one], 1).added.vectors for one in (record, own)
    )

    assert again.tolist() == [[0.0, 0.0, 1.0]]
    assert kept.tolist() == [[1.0, 0.0, 0.0]]


def test_a_view_made_before_a_change_goes_on_answering_as_it_did(state: LiveState) -> None:
    state.put("new", title="first")
    before = state.view
    old = scores(answer(before, Query(user_id="u", limit=9)))
    for number in range(200):
        state.put(f"more{number}", title="second")
    state.delete("i1")
    state.put("new", title="third")
    newest = state.view

    assert scores(answer(before, Query(user_id="u", limit=9))) == old
    assert len(scores(answer(newest, Query(limit=500)))) == 4 - 1 + 1 + 200


texts = st.sampled_from(["T0", "T3", "first", "third", "", "no word it knows"])
changes = st.lists(
    st.tuples(st.sampled_from(["i0", "i2", "i3", "a", "b"]), st.none() | texts, st.sampled_from([1990, 2000])),
    max_size=12,
)


@given(changed=changes, cuts=st.sets(st.integers(0, 12)), gone_kept=st.none() | st.integers(0, 2))
def test_an_overlay_made_step_by_step_is_the_one_made_at_once_whatever_is_dropped_of_what_is_gone(
    drawn_view: View, changed: Sequence[tuple[str, str | None, int]], cuts: set[int], gone_kept: int | None
) -> None:
    by_step, at_once = LiveState(drawn_view, gone_kept=gone_kept), LiveState(drawn_view)
    for step, (item_id, title, year) in enumerate(changed):
        for state in (by_step, at_once):
            if title is None:
                state.delete(item_id)
            else:
                state.put(item_id, title=title, year=year)
        if step in cuts:
            assert by_step.view.seq == step + 1

    one, other = by_step.view, at_once.view

    assert present_items(one).keys() == present_items(other).keys()
    for item_id, row in present_items(one).items():
        assert of_row(one, row) == pytest.approx(of_row(other, present_items(other)[item_id]), abs=1e-5)
    assert one.items.ids_in_order == other.items.ids_in_order
    query = Query(user_id="u7", text="north", filter={"field": "year", "gte": 1995}, limit=400)
    assert scores(answer(one, query)) == pytest.approx(scores(answer(other, query)), abs=1e-4)


kept = st.sampled_from([1, 2.5, "x", "1,2", True, [1], [2.5], ["x", 1], {"lat": 1, "lon": 2}, {"a": 1}, "", None])
puts = st.lists(
    st.tuples(st.sampled_from(["i0", "a", "b"]), st.none() | st.dictionaries(st.sampled_from("xyz"), kept)), max_size=12
)


@given(changed=puts, cuts=st.sets(st.integers(0, 12)), gone_kept=st.none() | st.integers(0, 2))
def test_what_properties_hold_is_the_same_step_by_step_and_at_once(
    drawn_view: View,
    changed: Sequence[tuple[str, Mapping[str, object] | None]],
    cuts: set[int],
    gone_kept: int | None,
) -> None:
    by_step, at_once = LiveState(drawn_view, gone_kept=gone_kept), LiveState(drawn_view)
    for step, (item_id, properties) in enumerate(changed):
        for state in (by_step, at_once):
            if properties is None:
                state.delete(item_id)
            else:
                state.put(item_id, **properties)
        if step in cuts:
            assert by_step.view.seq == step + 1

    one, other = by_step.view.items, at_once.view.items

    assert one.overlay.table.schema == one.overlay.kinds.schema
    assert one.overlay.table.schema == other.overlay.table.schema
    assert one.property_names == other.property_names
    present = [item.properties for item in at_once.records.values()]
    assert one.property_names - drawn_view.items.property_names == {
        name for properties in present for name, value in properties.items() if value is not None
    }
    for name in one.property_names:
        there = parse_filter({"field": name, "exists": True})
        found, expected = (
            {items.id_of(row) for row in np.flatnonzero(items.matching(there, now=NOW) & ~items.overlay.gone).tolist()}
            for items in (one, other)
        )
        assert found == expected


def present_items(view: View) -> Mapping[str, int]:
    return view.items.overlay.row_of


def of_row(view: View, row: int) -> list[float]:
    """Return everything a row is scored with."""
    overlay, place = view.items.overlay, row - view.items.n_base
    parts = [np.atleast_1d(getattr(overlay.added, name)[place]) for name in AddedItems.__dataclass_fields__]
    return [float(value) for part in parts for value in part]


def test_a_text_that_changes_and_changes_back_leaves_the_item_as_the_bundle_has_it(make_view: MakeView) -> None:
    # What an encoder says of a text now need not be to the last bit what lies in the bundle.
    view = make_view([[1.0, 0.0]] * 2, [[1.0, 0.0]] * 2, [[0.8, 0.6], [1.0, 0.0]], words={"T0": vector(0.6, 0.8)})
    there_and_back, fresh = LiveState(view), LiveState(view)
    there_and_back.put("i0", title="T1")
    between = scores(answer(there_and_back.view, search_query("T0")))
    for state in (there_and_back, fresh):
        state.put("i0", title="T0")

    found, expected = (scores(answer(state.view, search_query("T0"))) for state in (there_and_back, fresh))

    assert found == expected != between


@pytest.mark.parametrize("deletes", [False, True])
def test_rows_that_are_gone_do_not_gather(drawn_view: View, deletes: bool) -> None:
    state = LiveState(drawn_view, gone_kept=5)

    for year in range(50):
        for item_id in ("i0", "new", "newer"):
            state.put(item_id, title="north", year=year)
        if deletes:
            state.delete("new")
        view = state.view

        assert len(view.items.overlay.added) <= 3 + 2 * 5
        assert view.items.all_properties(view.items.rows_of(["newer"])[0]) == {"title": "north", "year": year}


def test_pages_begun_before_find_what_went_lately(drawn_view: View) -> None:
    state = LiveState(drawn_view, gone_kept=5)
    state.put("new", title="north", year=2000)
    for year in range(11):
        state.put("newer", title="north", year=year)
        assert state.view.seq == year + 2
    begun = state.view
    state.put("new", title="south", year=1999)
    view = state.view

    assert len(view.items.overlay.added) < len(begun.items.overlay.added)
    as_begun = view.items.as_of(begun.seq)
    assert [as_begun.all_properties(row)["year"] for row in as_begun.rows_of(["new", "newer"])] == [2000, 10]


@given(changed=changes, cut=st.integers(0, 12))
def test_an_overlay_as_of_a_point_says_of_every_item_what_it_said_then(
    drawn_view: View, changed: Sequence[tuple[str, str | None, int]], cut: int
) -> None:
    state, then = LiveState(drawn_view), drawn_view.items
    for step, (item_id, title, year) in enumerate(changed):
        if title is None:
            state.delete(item_id)
        else:
            state.put(item_id, title=title, year=year)
        if step < cut:
            then = state.view.items
        else:
            assert state.view.items.n_rows >= then.n_rows

    again = state.view.items.as_of(cut)

    assert again.ids_in_order == then.ids_in_order
    assert [again.row_of(item_id) for item_id in then.ids_in_order] == [
        then.row_of(item_id) for item_id in then.ids_in_order
    ]
    assert np.flatnonzero(~again.overlay.gone).tolist() == np.flatnonzero(~then.overlay.gone).tolist()


def test_an_overlay_to_which_nothing_happened_since_is_its_own_past(drawn_view: View) -> None:
    overlay = Overlay.over(drawn_view.bundle, 7)

    assert overlay.as_of(drawn_view.bundle, 7) is overlay
