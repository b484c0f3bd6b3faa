"""A cursor leads on in the answer that gave it, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from engine.answers import answer
from engine.live_state import LiveState

from crossfade.engine import Exclude, Pin, Query
from crossfade.engine.asked import next_cursor, read_query
from crossfade.engine.view import View
from crossfade.errors import CrossfadeError, CursorExpiredError, QueryError

EVEN = {"field": "year", "any_of": list(range(2000, 2300, 2))}


@pytest.mark.parametrize(
    "other",
    [
        Query(user_id="u8"),
        Query(user_id="u7", limit=11),
        Query(user_id="u7", filter=EVEN),
        Query(user_id="u7", diversity=0.1),
        Query(user_id="u7", weights={"content": 2}),
        Query(user_id="u7", seed=1),
    ],
)
def test_a_cursor_of_another_query_is_refused_as_expired(drawn_view: View, other: Query) -> None:
    cursor = answer(drawn_view, Query(user_id="u7")).next_cursor

    with pytest.raises(CursorExpiredError, match="another query"):
        answer(drawn_view, replace(other, cursor=cursor))


def test_a_cursor_goes_on_whatever_is_to_be_seen_of_each_item(drawn_view: View) -> None:
    cursor = answer(drawn_view, Query(user_id="u7")).next_cursor

    page = answer(drawn_view, Query(user_id="u7", cursor=cursor, explain=True, include=["year"]))

    assert page.items[0].rank == 11
    assert page.items[0].explanation is not None
    assert "year" in page.items[0].properties


def test_a_cursor_of_another_version_of_the_bundle_is_refused_as_expired(drawn_view: View) -> None:
    cursor = answer(drawn_view, Query()).next_cursor
    bundle = replace(drawn_view.bundle, version="20260101T000000.000000Z-111111111111")
    other = replace(drawn_view, items=replace(drawn_view.items, bundle=bundle))

    with pytest.raises(CursorExpiredError, match="another version"):
        answer(other, Query(cursor=cursor))


@pytest.mark.parametrize("changed", ["merge", "forget", "attributes"])
def test_a_cursor_is_refused_as_expired_where_more_or_less_is_known_of_the_user_than_what_they_did(
    drawn_view: View, changed: str
) -> None:
    state = LiveState(drawn_view)
    cursor = answer(state.view, Query(user_id="u7")).next_cursor
    if changed == "merge":
        state.merge("u7", "u8")
    elif changed == "forget":
        state.forget("u7")
    else:
        state.attributes("u7", age="old")

    with pytest.raises(CursorExpiredError):
        answer(state.view, Query(user_id="u7", cursor=cursor))


@pytest.mark.parametrize("how", ["secret", "cut", "changed", "recommendation", "words", "empty"])
def test_what_is_no_cursor_of_ours_is_refused_by_name(drawn_view: View, how: str) -> None:
    found = answer(drawn_view, Query())
    assert found.next_cursor is not None
    flipped = "A" if found.next_cursor[20] != "A" else "B"
    token = {
        "secret": found.next_cursor,
        "cut": found.next_cursor[:-1],
        "changed": found.next_cursor[:20] + flipped + found.next_cursor[21:],
        "recommendation": found.recommendation_id,
        "words": "no cursor — at all",
        "empty": "",
    }[how]
    view = replace(drawn_view, secret=b"another") if how == "secret" else drawn_view

    with pytest.raises(QueryError, match="cursor") as refused:
        answer(view, Query(cursor=token))

    assert refused.value.field == "cursor"
    assert isinstance(refused.value, CrossfadeError)


def test_a_further_page_is_of_the_first_ones_moment_to_the_microsecond(drawn_view: View) -> None:
    query, first = Query(user_id="u7"), datetime(2026, 11, 22, 10, 30, 17, 123_456, tzinfo=UTC)
    asked = read_query(drawn_view, query, now=first)
    cursor = next_cursor(drawn_view, asked, 10)

    again = read_query(drawn_view, replace(query, cursor=cursor), now=first + timedelta(hours=1))

    assert (again.now, again.present, again.offset) == (first, first + timedelta(hours=1), 10)


@pytest.mark.parametrize("how", ["excluded", "hidden", "deleted"])
def test_a_pin_brings_in_nothing_that_is_excluded_by_its_id_hidden_or_gone(drawn_view: View, how: str) -> None:
    state = LiveState(drawn_view)
    if how == "hidden":
        state.put("i5", title="T5", is_hidden=True)
    elif how == "deleted":
        state.delete("i5")
    excluded = Exclude(item_ids=["i5"] if how == "excluded" else [])

    found = answer(state.view, Query(pin=[Pin("i5", 2), Pin("i6", 3)], exclude=excluded))

    ids = [item.item_id for item in found.items]
    assert "i5" not in ids
    assert (ids[2], len(ids)) == ("i6", 10)


def test_a_cursor_of_a_scenario_that_changed_is_refused_as_expired(drawn_view: View) -> None:
    state = LiveState(drawn_view)
    state.scenario("home", limit=5)
    cursor = answer(state.view, Query(scenario="home")).next_cursor
    state.scenario("home", limit=6)

    with pytest.raises(CursorExpiredError):
        answer(state.view, Query(scenario="home", cursor=cursor))


def test_a_cursor_goes_on_after_events_of_a_user_of_whom_nothing_was_known(drawn_view: View) -> None:
    state = LiveState(drawn_view)
    first = answer(state.view, Query(user_id="new"))
    state.event("new", "i1", "like")

    second = answer(state.view, Query(user_id="new", cursor=first.next_cursor))

    assert second.missing.user_id == "new"
    assert not {item.item_id for item in first.items} & {item.item_id for item in second.items}
