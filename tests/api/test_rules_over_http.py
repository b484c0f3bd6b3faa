"""Every field of the one call, on every way of asking."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from api.hand_made import ITEM_IDS, WORDS
from api.reading import answer_of, ids_of, problem_of
from api.ways import WAYS, Way, ask_all
from fastapi.testclient import TestClient
from invariants import assert_contributions_add_up, assert_no_repeats
from pydantic import ValidationError

from crossfade.wire import RecommendationsParameters

JSON = {"Content-Type": "application/json"}

every_way = pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))


def row_of(item_id: str) -> int:
    return ITEM_IDS.index(item_id)


def word_of(item_id: str) -> str:
    return WORDS[row_of(item_id) % len(WORDS)]


def year_of(item_id: str) -> int | None:
    return 1949 + row_of(item_id) if row_of(item_id) else None


@every_way
def test_a_filter_leaves_what_it_matches_and_nothing_else(client: TestClient, way: Way) -> None:
    old_or_crime = {"any": [{"field": "year", "lt": 1960}, {"field": "genres", "any_of": ["crime", "no such"]}]}
    both = {"all": [old_or_crime, {"not": {"field": "year", "gte": 1985, "lt": 1990}}]}

    filtered = ask_all(client, way, filter=both)

    def matches(item_id: str) -> bool:
        year = year_of(item_id)
        old = year is not None and year < 1960
        return (old or word_of(item_id) == "crime") and not (year is not None and 1985 <= year < 1990)

    assert set(filtered) == {item_id for item_id in ask_all(client, way) if matches(item_id)}
    assert 5 < len(filtered) < 30


@every_way
def test_a_selective_filter_still_finds_what_there_is(client: TestClient, way: Way) -> None:
    response = way(client, {"limit": 3, "filter": {"field": "title", "prefix": "Title of i39"}})

    assert ids_of(response) == ["i39"]


@every_way
def test_what_a_property_lacks_can_be_asked_for(client: TestClient, way: Way) -> None:
    assert ask_all(client, way, filter={"field": "year", "exists": False}, exclude={"interacted": False}) == ["i0"]


@every_way
def test_what_is_excluded_by_id_is_not_answered(client: TestClient, way: Way) -> None:
    everything = ask_all(client, way)

    left = ask_all(client, way, exclude={"item_ids": ["i9", "i10", "no such item"]})

    assert set(left) == set(everything) - {"i9", "i10"}


@every_way
def test_a_boost_lifts_by_exactly_its_amount_and_says_so(client: TestClient, way: Way) -> None:
    boost = [
        {"filter": {"field": "genres", "eq": "space"}, "amount": 50},
        {"filter": {"field": "year", "gte": 1970}, "amount": -20},
    ]

    items = answer_of(way(client, {"limit": 40, "boost": boost, "explain": True})).items

    assert_contributions_add_up(items)
    for item in items:
        assert item.explanation is not None
        year = year_of(item.item_id)
        expected = 50 * (word_of(item.item_id) == "space") - 20 * (year is not None and year >= 1970)
        assert item.explanation.components["boost"] == expected
    assert {word_of(item.item_id) for item in items[:5]} == {"space"}


@every_way
def test_a_pin_stands_where_it_is_told_to_and_says_why(client: TestClient, way: Way) -> None:
    request = {"limit": 5, "pin": [{"item_id": "i33", "position": 2}, {"item_id": "no such item", "position": 1}]}

    items = answer_of(way(client, request)).items

    assert (items[1].item_id, items[1].rank, items[1].placed_by) == ("i33", 2, "pin")
    assert [item.placed_by for item in items].count("pin") == 1
    assert_no_repeats(items)


@every_way
def test_promotion_keeps_its_share_of_the_places_from_the_top_on(client: TestClient, way: Way) -> None:
    recent = {"field": "year", "gte": 1980}

    items = answer_of(way(client, {"limit": 20, "promote": {"filter": recent, "share": 0.4}})).items

    years = [year_of(item.item_id) or 0 for item in items]
    for places in range(1, 21):
        assert sum(year >= 1980 for year in years[:places]) >= int(0.4 * places)


@every_way
def test_a_cap_holds_for_each_value_of_a_property(client: TestClient, way: Way) -> None:
    ids = ask_all(client, way, cap={"field": "genres", "most": 3})

    assert len(ids) == 3  # every item is of the genre "all"


@every_way
def test_caps_and_filters_together_fill_the_list_as_far_as_they_allow(client: TestClient, way: Way) -> None:
    no_crime = {"not": {"field": "genres", "eq": "crime"}}

    ids = ask_all(client, way, cap={"field": "year", "most": 1}, filter=no_crime)

    assert len(ids) == len([item_id for item_id in ask_all(client, way) if word_of(item_id) != "crime"])


@every_way
def test_diversity_mixes_what_is_alike_and_leaves_every_score(client: TestClient, way: Way) -> None:
    request = {"limit": 8, "weights": {"content": 1, "collaborative": 0, "popularity": 0}, "text": "crime"}
    if way is WAYS["search"]:
        del request["text"]

    def words(diversity: float) -> Counter[str]:
        return Counter(map(word_of, ids_of(way(client, {**request, "diversity": diversity}))))

    def scores(diversity: float) -> dict[str, float]:
        answer = answer_of(way(client, {**request, "limit": 500, "diversity": diversity}))
        return {item.item_id: item.score for item in answer.items}

    assert len(words(0.9)) > len(words(0.0))
    assert scores(0.9) == pytest.approx(scores(0.0), abs=1e-5)


@every_way
def test_exploration_is_bounded_marked_and_the_same_for_the_same_seed(client: TestClient, way: Way) -> None:
    request = {"limit": 10, "exploration": 0.3, "seed": 7}

    first, again = (answer_of(way(client, request)).items for _ in range(2))
    other = answer_of(way(client, {**request, "seed": 8})).items
    plain = ids_of(way(client, {"limit": 10}))

    assert [item.item_id for item in first] == [item.item_id for item in again]
    assert [item.item_id for item in first] != [item.item_id for item in other]
    marked = [item.item_id for item in first if item.placed_by == "exploration"]
    assert 1 <= len(marked) <= 3
    assert {item.item_id for item in first} - set(plain) <= set(marked)
    assert_no_repeats(first)


@every_way
def test_pages_follow_one_another_without_repeats_until_there_are_no_more(client: TestClient, way: Way) -> None:
    request = {"limit": 7, "exploration": 0.2, "diversity": 0.2, "cap": {"field": "title", "most": 1}}
    pages = [answer_of(way(client, request))]
    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(answer_of(way(client, {**request, "cursor": cursor})))

    items = [item for page in pages for item in page.items]
    assert_no_repeats(items)
    assert [item.rank for item in items] == list(range(1, len(items) + 1))
    assert {item.item_id for item in items} == set(ask_all(client, way))


@every_way
def test_a_cursor_of_another_query_has_expired_and_one_made_up_is_refused(client: TestClient, way: Way) -> None:
    cursor = answer_of(way(client, {"limit": 3})).next_cursor

    other_query = way(client, {"limit": 3, "filter": {"field": "year", "gte": 1960}, "cursor": cursor})
    made_up = way(client, {"limit": 3, "cursor": "abc"})

    assert (other_query.status_code, problem_of(other_query).code) == (410, "cursor_expired")
    assert (made_up.status_code, problem_of(made_up).code) == (422, "query_invalid")


@every_way
def test_context_counts_on_every_way(client: TestClient, way: Way) -> None:
    request = {"context": {"device": "phone", "country": "DE"}, "weights": {"context": 50}, "limit": 5}

    response = way(client, request)

    assert answer_of(response).context.applied == {"device": "phone"}
    assert answer_of(response).context.ignored == {"country": "DE"}
    assert {word_of(item_id) for item_id in ids_of(response)} == {"crime"}


@every_way
def test_blend_is_one_knob_between_content_and_people(client: TestClient, way: Way) -> None:
    def parts(blend: float) -> set[str]:
        items = answer_of(way(client, {"blend": blend, "explain": True, "limit": 5})).items
        explained = [item.explanation.components for item in items if item.explanation is not None]
        return {name for one in explained for name in ("content", "collaborative") if one[name]}

    assert "collaborative" not in parts(0)
    assert "content" not in parts(1)
    assert {"content"} <= parts(0)


@every_way
def test_properties_are_shown_on_every_way(client: TestClient, way: Way) -> None:
    items = answer_of(way(client, {"include": ["year", "genres"], "limit": 3})).items

    assert all(set(item.properties) == {"year", "genres"} for item in items)


@every_way
def test_a_stored_scenario_fills_in_what_the_request_leaves_out(live: TestClient, way: Way) -> None:
    crime = {"field": "genres", "eq": "crime"}
    defaults = {"limit": 4, "filter": crime, "include": ["year"], "exclude": {"item_ids": ["i12"]}}
    live.put("/v1/scenarios/shelf", json=defaults)

    by_scenario = answer_of(way(live, {"scenario": "shelf"}))
    told_otherwise = answer_of(way(live, {"scenario": "shelf", "limit": 2, "include": ["title"]}))

    assert len(by_scenario.items) == 4
    assert {word_of(item.item_id) for item in by_scenario.items} == {"crime"}
    assert "i12" not in {item.item_id for item in by_scenario.items}
    assert set(by_scenario.items[0].properties) == {"year"}
    assert len(told_otherwise.items) == 2
    assert set(told_otherwise.items[0].properties) == {"title"}


@every_way
def test_a_scenario_nobody_stored_is_refused(client: TestClient, way: Way) -> None:
    assert problem_of(way(client, {"scenario": "nowhere"})).field in {"scenario", "queries.1.scenario"}


@every_way
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"filter": {"all": [{"field": "year", "gte": 1990}, {"field": "year", "gte": "abc"}]}}, "filter.all.1.gte"),
        ({"filter": {"field": "no such"}}, "filter"),
        ({"filter": {"field": "no such", "eq": 1}}, "filter.field"),
        (
            {"filter": {"field": "genres", "within": {"latitude": 91, "longitude": 0, "km": 1}}},
            "filter.within.latitude",
        ),
        ({"boost": [{"filter": {"nor": []}, "amount": 1}]}, "boost.0.filter"),
        ({"promote": {"filter": {"any": [{}]}, "share": 0.5}}, "promote.filter.any.0"),
        ({"cap": {"field": "no such", "most": 2}}, "cap.field"),
        ({"include": ["no such"]}, "include"),
        ({"blend": 0.5, "weights": {"content": 1}}, "blend"),
        ({"pin": [{"item_id": "i1", "position": 1}, {"item_id": "i2", "position": 1}]}, "pin"),
        ({"context": {"timestamp": "yesterday"}}, "context.timestamp"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_answered_is_told_with_its_field(
    client: TestClient, way: Way, fields: dict[str, object], field: str
) -> None:
    problem = problem_of(way(client, fields))

    assert (problem.status, problem.code) == (422, "query_invalid")
    assert problem.field == (f"queries.1.{field}" if way is WAYS["batch"] else field)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"boost": [{"filter": {}, "amount": 101}]}, "boost.0.amount"),
        ({"boost": [{"amount": 1}]}, "boost.0.filter"),
        ({"boost": [{"filter": {}, "amount": 1}] * 21}, "boost"),
        ({"pin": [{"item_id": "i1", "position": 0}]}, "pin.0.position"),
        ({"pin": [{"item_id": "i1", "position": 501}]}, "pin.0.position"),
        ({"promote": {"filter": {}, "share": 1.01}}, "promote.share"),
        ({"cap": {"field": "year", "most": 0}}, "cap.most"),
        ({"diversity": -0.1}, "diversity"),
        ({"exploration": 1.1}, "exploration"),
        ({"blend": 2}, "blend"),
        ({"seed": -1}, "seed"),
        ({"filter": [1]}, "filter"),
        ({"scenario": "a/b"}, "scenario"),
        ({"cursor": ""}, "cursor"),
        ({"exclude": {"since": "yesterday"}}, "exclude.since"),
        ({"exclude": {"since": "2026-11-21T08:15:00"}}, "exclude.since"),
        ({"exclude": {"since": "20261121"}}, "exclude.since"),
        ({"exclude": {"event_types": ["", "like"]}}, "exclude.event_types.0"),
        ({"pin": [{"item_id": "i1", "position": 1.5}]}, "pin.0.position"),
        ({"include": ["title"] * 65}, "include"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("way", [WAYS["recommendations"], WAYS["query string"]], ids=["body", "query"])
def test_a_rule_out_of_its_bounds_is_named(client: TestClient, way: Way, fields: dict[str, object], field: str) -> None:
    problem = problem_of(way(client, fields))

    assert (problem.status, problem.code, problem.field) == (422, "request_invalid", field)


def test_a_whole_number_may_have_a_point(client: TestClient) -> None:
    pin = [{"item_id": "i7", "position": 2.0}]

    answer = answer_of(
        client.post(
            "/v1/recommendations", content=f'{{"limit": 3.0, "seed": 7e0, "pin": {json.dumps(pin)}}}', headers=JSON
        )
    )

    assert [item.item_id for item in answer.items] == ["i0", "i7", "i1"]


@pytest.mark.parametrize("limit", ["3.5", "true", '"3"', "1e400"])
def test_what_is_no_whole_number_is_none_with_a_point_either(client: TestClient, limit: str) -> None:
    problem = problem_of(client.post("/v1/recommendations", content=f'{{"limit": {limit}}}', headers=JSON))

    assert (problem.status, problem.field) == (422, "limit")


def test_json_that_no_address_can_hold_is_refused() -> None:
    too_long = json.dumps({"field": "title", "any_of": ["x" * 10_000] * 7})

    with pytest.raises(ValidationError, match="Expected at most 65,536 characters"):
        RecommendationsParameters.model_validate({"filter": too_long})  # no client sends so long an address


def test_null_is_the_same_as_leaving_a_field_out(client: TestClient) -> None:
    names = ("user_id", "text", "limit", "blend", "filter", "promote", "cap", "diversity", "exploration", "seed")
    rules = ("context", "weights", "exclude", "boost", "pin")
    nothing = dict.fromkeys((*names, *rules, "explain", "include", "scenario", "cursor"))

    assert ids_of(client.post("/v1/recommendations", json=nothing)) == ITEM_IDS[:10]


def test_a_batch_answers_each_query_in_its_place(client: TestClient) -> None:
    queries = [{"user_id": f"u{n % 3}", "limit": n % 5 + 1} for n in range(100)]

    answers = client.post("/v1/recommendations/batch", json={"queries": queries}).json()["answers"]

    assert [len(answer["items"]) for answer in answers] == [query["limit"] for query in queries]
    assert [item["item_id"] for item in answers[3]["items"]] == ids_of(
        client.post("/v1/recommendations", json=queries[3])
    )


@pytest.mark.parametrize(("n_queries", "field"), [(0, "queries"), (101, "queries")])
def test_a_batch_is_bounded(client: TestClient, n_queries: int, field: str) -> None:
    problem = problem_of(client.post("/v1/recommendations/batch", json={"queries": [{}] * n_queries}))

    assert (problem.code, problem.field) == ("request_invalid", field)
