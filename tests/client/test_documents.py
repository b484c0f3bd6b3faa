"""What is sent says all that was asked: the service reads the same query, event or item again."""

from __future__ import annotations

from collections import deque
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from client.queries import lists, single
from pydantic import ValidationError

from crossfade import Boost, Cap, Event, Exclude, Item, Pin, Promote, Query, QueryError
from crossfade.client.documents import event_document, item_document, json_of, path, query_document, target
from crossfade.engine import search_query
from crossfade.wire import (
    EventRequest,
    ItemRequest,
    RankRequest,
    RecommendationsParameters,
    RecommendationsRequest,
    SearchRequest,
    SimilarItemsParameters,
)

YEAR = {"all": [{"field": "year", "gte": 1990, "lt": 2000.5}, {"not": {"field": "genres", "any_of": ["a&b", "c=d"]}}]}
EVERYTHING = Query(
    user_id="Łódź",
    item_ids=["a,b", "c"],
    text="a b&c",
    limit=7,
    cursor="cursor",
    context={"device": "tv=wide", "part of day": "morning"},
    weights={"content": 0.5, "context": 2.0, "trend": 1e-7},
    filter=YEAR,
    exclude=Exclude(["x"], interacted=False, since=datetime(2026, 1, 1, tzinfo=UTC), event_types=["like"]),
    boost=[Boost(YEAR, -0.25), Boost({"field": "is_new", "eq": True}, 1.0)],
    pin=[Pin("a/b", 2)],
    promote=Promote(YEAR, 0.2),
    cap=Cap("director", 2),
    diversity=0.3,
    exploration=0.1,
    seed=7,
    explain=True,
    include=["title", "year"],
    scenario="homepage",
)
NOT_TOGETHER = {"blend"}  # with the weights it shares out
NOT_IN_A_BODY = {"among", "fallback"}  # told by the way it is asked


def parameters_of(query: Query) -> dict[str, list[str]]:
    return parse_qs(urlsplit(target("/", query_document(query))).query, keep_blank_values=True)


def test_the_example_gives_every_field_of_a_query() -> None:
    given = {one.name for one in fields(Query) if getattr(EVERYTHING, one.name) != getattr(Query(), one.name)}

    assert given == {one.name for one in fields(Query)} - NOT_TOGETHER - NOT_IN_A_BODY


def test_a_service_knows_every_field_of_a_query_and_no_other() -> None:
    known = RecommendationsRequest.model_fields.keys()

    assert known == {one.name for one in fields(Query)} - NOT_IN_A_BODY


@pytest.mark.parametrize("query", [EVERYTHING, Query(), Query(blend=0.0), Query(include=()), Query(explain=False)])
def test_a_query_is_read_again_from_its_body(query: Query) -> None:
    read = RecommendationsRequest.model_validate_json(json_of(query_document(query)))

    assert lists(read.to_engine()) == lists(query)


@pytest.mark.parametrize("query", [EVERYTHING, Query(user_id="u"), Query(user_id="u", blend=0.5, explain=False)])
def test_a_query_is_read_again_from_a_query_string(query: Query) -> None:
    document = {name: value for name, value in query_document(query).items() if name != "user_id"}
    found = parse_qs(urlsplit(target("/", document)).query)

    read = RecommendationsParameters.model_validate(single(found))

    assert lists(read.to_engine(str(query.user_id))) == lists(query)


@pytest.mark.parametrize("model", [SearchRequest, RankRequest])
def test_search_and_rank_take_what_a_query_has(model: type[SearchRequest | RankRequest]) -> None:
    assert model.model_fields.keys() <= {one.name for one in fields(Query)}


def test_neighbours_take_every_parameter_that_a_query_makes() -> None:
    query = Query(user_id="u", text="t", limit=3, exclude=Exclude(["x"], interacted=True), weights={"content": 1.0})

    read = SimilarItemsParameters.model_validate(single(parameters_of(query)))

    assert (read.user_id, read.text, read.limit, read.excluded, read.interacted) == ("u", "t", 3, ["x"], True)


@pytest.mark.parametrize("query", [Query(among=["a"]), search_query("a heist")])
def test_a_query_that_only_another_method_can_send_is_refused(query: Query) -> None:
    with pytest.raises(QueryError) as caught:
        query_document(query)

    assert caught.value.field == "among"


@pytest.mark.parametrize(
    "value",
    [(1, 2), deque([1, 2]), np.array([1, 2]), [np.int64(1), np.float32(2.0)], MappingProxyType({"a": 1}), {"a": 1}],
)
def test_values_that_behave_like_those_of_json_become_them(value: object) -> None:
    assert json_of(value) in {b"[1,2]", b"[1,2.0]", b'{"a":1}'}


@pytest.mark.parametrize("value", [object(), float("nan"), float("inf"), "\ud800"])
def test_a_value_that_json_does_not_have_is_the_callers_mistake(value: object) -> None:
    with pytest.raises((TypeError, ValueError), match=r"no form in JSON|not JSON compliant|surrogates not allowed"):
        json_of({"year": value})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (Query(filter={}), "filter"),
        (Query(filter={"field": "year", "gte": float("nan")}), "filter.gte"),
        (Query(boost=[Boost({"every": []}, 1)]), "boost.0.filter"),
        (Query(promote=Promote({"all": 3}, 0.5)), "promote.filter.all"),
    ],
)
def test_a_filter_that_is_none_is_refused_before_it_is_sent(query: Query, field: str) -> None:
    with pytest.raises(QueryError) as caught:
        query_document(query)

    assert caught.value.field == field


def test_a_value_that_is_no_number_is_left_to_the_service_to_refuse() -> None:
    with pytest.raises(ValidationError, match="value"):
        EventRequest.model_validate_json(json_of(event_document(Event("u", "i", value=float("nan")))))


@pytest.mark.parametrize(
    "event",
    [
        Event("u", "i"),
        Event(
            "u/1",
            "i 2",
            "rating",
            4.5,
            datetime(2026, 11, 21, 8, 15, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            "Asia/Kolkata",
            {"device": "tv"},
            "e",
            "r",
        ),
    ],
)
def test_an_event_is_read_again(event: Event) -> None:
    read = EventRequest.model_validate_json(json_of(event_document(event)))

    assert read.to_engine() == event


def test_a_service_knows_every_field_of_an_event_and_no_other() -> None:
    assert EventRequest.model_fields.keys() == {one.name for one in fields(Event)}


def test_the_zone_of_a_time_is_told_by_its_name() -> None:
    in_london = datetime(2026, 1, 5, 20, tzinfo=ZoneInfo("Europe/London"))  # at +00:00, as UTC is

    document = event_document(Event("u", "i", timestamp=in_london))

    assert document["timezone"] == "Europe/London"


def test_an_item_is_read_again() -> None:
    item = Item("a/b", {"title": "T", "categories": ["x"], "year": 1999, "place": {"latitude": 1.5, "longitude": 2}})

    read = ItemRequest.model_validate_json(json_of(item_document(item, 0)))

    assert read.to_item("a/b") == item


def test_a_property_cannot_have_the_name_of_the_id() -> None:
    with pytest.raises(QueryError) as caught:
        item_document(Item("a", {"item_id": "b"}), 3)

    assert caught.value.field == "items.3.item_id"


@pytest.mark.parametrize(
    ("item_id", "found"),
    [
        ("a/b", "/v1/items/a%2Fb/similar"),
        ("..", "/v1/items/%2E%2E/similar"),
        (".", "/v1/items/%2E/similar"),
        ("a.b", "/v1/items/a.b/similar"),
        ("100%", "/v1/items/100%25/similar"),
        ("é?#", "/v1/items/%C3%A9%3F%23/similar"),
    ],
)
def test_an_id_is_encoded_whole(item_id: str, found: str) -> None:
    assert path("items", "{item_id}", "similar", item_id=item_id) == found


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda: path("items", "{item_id}", item_id=""), "item_id"),
        (lambda: target("/", {"context": {"a=b": "c"}}), "context.a=b"),
        (lambda: target("/", {"limit": 3, "item_ids": ["x" * 500] * 200}), "item_ids"),
    ],
)
def test_what_an_address_cannot_say_is_refused(ask: object, field: str) -> None:
    with pytest.raises(QueryError) as caught:
        ask()  # type: ignore[operator]

    assert caught.value.field == field
