"""Whatever can be asked arrives as it was asked, in a body and in a query string."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from client.queries import lists, single
from hypothesis import given
from hypothesis import strategies as st

from crossfade import Boost, Cap, Event, Exclude, Pin, Promote, Query
from crossfade.client.documents import event_document, json_of, query_document, target
from crossfade.engine import COMPONENTS
from crossfade.wire import EventRequest, RecommendationsParameters, RecommendationsRequest

LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
IDS = st.text(LETTERS, min_size=1, max_size=20)
NUMBERS = st.floats(-1e6, 1e6)
SHARES = st.floats(0, 1)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds have none
CONDITIONS = st.one_of(
    st.builds(lambda name, value: {"field": name, "eq": value}, IDS, IDS | NUMBERS | st.booleans()),
    st.builds(lambda name, low: {"field": name, "gte": low, "exists": True}, IDS, NUMBERS),
    st.builds(lambda name, values: {"field": name, "any_of": values}, IDS, st.lists(IDS, min_size=1, max_size=3)),
)
FILTERS = st.recursive(
    CONDITIONS,
    lambda parts: (
        st.builds(lambda all_of: {"all": all_of}, st.lists(parts, max_size=3))
        | st.builds(lambda part: {"not": part}, parts)
    ),
    max_leaves=4,
)
CONTEXT_NAMES = st.text(LETTERS.filter(lambda letter: letter != "="), min_size=1, max_size=8)
QUERIES = st.builds(
    Query,
    user_id=st.none() | IDS,
    item_ids=st.lists(IDS, max_size=3),
    text=st.none() | IDS,
    limit=st.none() | st.integers(1, 500),
    context=st.dictionaries(CONTEXT_NAMES, st.text(LETTERS, max_size=9), max_size=3),
    weights=st.dictionaries(st.sampled_from(COMPONENTS), st.floats(0, 100), max_size=3),
    filter=st.none() | FILTERS,
    exclude=st.builds(
        Exclude,
        st.lists(IDS, max_size=2),
        st.none() | st.booleans(),
        st.none() | MOMENTS,
        st.none() | st.lists(IDS, max_size=2),
    ),
    boost=st.none() | st.lists(st.builds(Boost, FILTERS, st.floats(-100, 100)), max_size=2),
    pin=st.none()
    | st.lists(
        st.builds(Pin, IDS, st.integers(1, 500)),
        max_size=3,
        unique_by=(lambda one: one.item_id, lambda one: one.position),
    ),
    promote=st.none() | st.builds(Promote, FILTERS, SHARES),
    cap=st.none() | st.builds(Cap, IDS, st.integers(1, 500)),
    diversity=st.none() | SHARES,
    exploration=st.none() | SHARES,
    seed=st.none() | st.integers(0, 2**53 - 1),
    explain=st.none() | st.booleans(),
    include=st.none() | st.lists(IDS, max_size=3, unique=True),
)


@given(QUERIES)
def test_any_query_is_read_again_from_its_body(query: Query) -> None:
    read = RecommendationsRequest.model_validate_json(json_of(query_document(query)))

    assert lists(read.to_engine()) == lists(query)


@given(QUERIES)
def test_any_query_is_read_again_from_a_query_string(query: Query) -> None:
    asked = replace(query, user_id=None)
    found = parse_qs(urlsplit(target("/", query_document(asked))).query, keep_blank_values=True)

    read = RecommendationsParameters.model_validate(single(found))

    assert lists(read.to_engine("u")) == lists(replace(query, user_id="u"))


@given(
    st.builds(
        Event,
        user_id=IDS,
        item_id=IDS,
        event_type=IDS,
        value=st.none() | NUMBERS,
        timestamp=st.none() | MOMENTS,
        timezone=st.none() | st.sampled_from(["Europe/Oslo", "Asia/Kolkata"]),
        context=st.dictionaries(IDS, st.text(LETTERS, max_size=9), max_size=3),
        event_id=st.none() | IDS,
        recommendation_id=st.none() | IDS,
    )
)
def test_any_event_is_read_again(event: Event) -> None:
    read = EventRequest.model_validate_json(json_of(event_document(event)))

    assert read.to_engine() == event
