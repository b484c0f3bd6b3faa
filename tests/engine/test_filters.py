"""Each operator of a filter, each thing that is refused, and what is visible at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from crossfade.engine.filters import (
    MAX_DEPTH,
    MAX_LEAVES,
    MAX_NAME,
    MAX_VALUES,
    AddedKinds,
    FilterTable,
    check_filter,
    parse_filter,
    visible_mask,
)
from crossfade.errors import QueryError

NOW = datetime(2026, 11, 22, 10, 30, 17, tzinfo=UTC)


@pytest.fixture(scope="module")
def films() -> FilterTable:
    """Four films; the last one is known by its id alone."""
    return FilterTable(
        pl.DataFrame(
            {
                "item_id": ["fjord", "heist", "harbour", "blank"],
                "title": ["Fjord", "The Heist", "the Harbour", ""],
                "year": [1994, 2021, 2026, None],
                "rating": [7.5, float("nan"), 9.0, None],
                "is_new": [False, None, True, None],
                "genres": [["Crime", "Drama"], ["Crime"], ["Drama", "", None], []],
                "added": [datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC), None, None],
                "premiere": [date(1994, 5, 1), date(2021, 1, 2), date(2026, 12, 24), None],
                "released": ["1994-05-01", "2021-01-02T08:00:00+01:00", "soon", None],
                "set_in": [{"lat": 60.39, "lng": 5.32}, {"lat": 48.85, "lng": 2.35}, {"lat": 95.0, "lng": 5.0}, None],
                "shot_in": ["60.39,5.32", " 48.85 , 2.35 ", "Oslo", None],
                "pair": [[60.39, 5.32], [48.85], [48.85, 2.35], None],
                "kind": pl.Series(["film", "film", "series", None], dtype=pl.Categorical),
                "crew": [[{"name": "A"}], [], None, [{"name": "B"}]],
                "unknown": [None, None, None, None],
            },
            schema_overrides={"added": pl.Datetime("ms", "Europe/Berlin")},
        )
    )


def found(table: FilterTable, raw: Mapping[str, Any], now: datetime = NOW) -> list[str]:
    node = parse_filter(raw)
    check_filter(node, table.schema)
    mask = table.mask(node, now=now)
    return [name for name, hit in zip(["fjord", "heist", "harbour", "blank"], mask, strict=True) if hit]


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        ({"field": "title", "eq": "Fjord"}, ["fjord"]),
        ({"field": "title", "eq": "fjord"}, []),
        ({"field": "title", "eq": ""}, []),
        ({"field": "kind", "eq": "film"}, ["fjord", "heist"]),
        ({"field": "year", "eq": 2021}, ["heist"]),
        ({"field": "year", "eq": 2021.0}, ["heist"]),
        ({"field": "year", "eq": 2021.5}, []),
        ({"field": "is_new", "eq": False}, ["fjord"]),
        ({"field": "genres", "eq": "Drama"}, ["fjord", "harbour"]),
        ({"field": "added", "eq": "2026-11-20T01:00:00+01:00"}, ["heist"]),
        ({"field": "premiere", "eq": "2021-01-02"}, ["heist"]),
        ({"field": "title", "any_of": ["Fjord", "the Harbour", "nothing"]}, ["fjord", "harbour"]),
        ({"field": "year", "any_of": [1994, 2026.0, 2021.5, 10**30]}, ["fjord", "harbour"]),
        ({"field": "genres", "any_of": ["Comedy", "Crime"]}, ["fjord", "heist"]),
        ({"field": "added", "any_of": ["2026-11-22"]}, ["fjord"]),
        ({"field": "title", "any_of": []}, []),
        ({"field": "year", "gt": 1994}, ["heist", "harbour"]),
        ({"field": "year", "gte": 1994}, ["fjord", "heist", "harbour"]),
        ({"field": "year", "gte": 1994.5, "lt": 2026}, ["heist"]),
        ({"field": "year", "lte": 10**30}, ["fjord", "heist", "harbour"]),
        ({"field": "year", "gt": 10**30}, []),
        ({"field": "rating", "lt": 8}, ["fjord"]),
        ({"field": "released", "lt": "2000"}, ["fjord"]),
        ({"field": "premiere", "gt": "2021-01-02"}, ["harbour"]),
        ({"field": "added", "gte": "2026-11-21"}, ["fjord"]),
        ({"field": "added", "lte": "2026-11-20T00:00:00"}, ["heist"]),
        ({"field": "title", "prefix": "The"}, ["heist"]),
        ({"field": "title", "prefix": ""}, ["fjord", "heist", "harbour"]),
        ({"field": "genres", "prefix": "Cr"}, ["fjord", "heist"]),
        ({"field": "added", "newer_than_days": 1}, ["fjord"]),
        ({"field": "added", "older_than_days": 1}, ["heist"]),
        # To the minute: NOW without its seconds is 10 h 30 min after one of them, and 2 d 10 h 30 min after the other.
        ({"field": "added", "newer_than_days": 0.4375}, ["fjord"]),
        ({"field": "added", "older_than_days": 2.4375}, []),
        ({"field": "premiere", "newer_than_days": 0}, ["harbour"]),
        ({"field": "released", "older_than_days": 3650}, ["fjord"]),
        ({"field": "released", "newer_than_days": 3650}, ["heist"]),
        ({"field": "set_in", "within": {"latitude": 60.39, "longitude": 5.32, "km": 0}}, ["fjord"]),
        ({"field": "set_in", "within": {"latitude": 51.5, "longitude": -0.12, "km": 350}}, ["heist"]),
        ({"field": "shot_in", "within": {"latitude": 51.5, "longitude": -0.12, "km": 350}}, ["heist"]),
        ({"field": "pair", "within": {"latitude": 51.5, "longitude": -0.12, "km": 350}}, ["harbour"]),
        ({"field": "pair", "within": {"latitude": 60, "longitude": 5, "km": 99}, "gt": 60}, ["fjord"]),
        ({"field": "title", "exists": True}, ["fjord", "heist", "harbour"]),
        ({"field": "title", "exists": False}, ["blank"]),
        ({"field": "rating", "exists": False}, ["heist", "blank"]),
        ({"field": "genres", "exists": False}, ["blank"]),
        ({"field": "crew", "exists": True}, ["fjord", "blank"]),
        ({"field": "set_in", "exists": False}, ["blank"]),
        ({"field": "unknown", "exists": False}, ["fjord", "heist", "harbour", "blank"]),
        ({"field": "unknown", "gte": "what it would hold nobody knows"}, []),
        ({"field": "year", "exists": True, "gt": 2000}, ["heist", "harbour"]),
        ({"field": "year", "exists": False, "gt": 2000}, []),
    ],
)
def test_a_leaf_matches(films: FilterTable, leaf: Mapping[str, Any], expected: list[str]) -> None:
    assert found(films, leaf) == expected


def test_one_element_of_a_list_must_satisfy_all_of_a_leaf() -> None:
    table = FilterTable(pl.DataFrame({"sizes": [[1, 9], [5], [1, 5], []]}))

    mask = table.mask(parse_filter({"field": "sizes", "gt": 3, "lt": 7}), now=NOW)

    assert mask.tolist() == [False, True, True, False]


def test_groups_combine_and_not_keeps_what_is_missing(films: FilterTable) -> None:
    crime, old = {"field": "genres", "eq": "Crime"}, {"field": "year", "lt": 2000}

    assert found(films, {"all": [crime, old]}) == ["fjord"]
    assert found(films, {"any": [crime, {"field": "year", "gt": 2025}]}) == ["fjord", "heist", "harbour"]
    assert found(films, {"not": old}) == ["heist", "harbour", "blank"]
    assert found(films, {"all": [crime, {"not": {"any": [old]}}]}) == ["heist"]


def test_all_of_nothing_holds_everywhere_and_any_of_nothing_nowhere(films: FilterTable) -> None:
    assert found(films, {"all": []}) == ["fjord", "heist", "harbour", "blank"]
    assert found(films, {"any": []}) == []


def test_the_order_of_operators_makes_no_other_filter() -> None:
    one = parse_filter({"field": "year", "gte": 1, "lt": 5})
    other = parse_filter({"lt": 5, "gte": 1, "field": "year"})

    assert one == other
    assert hash(one) == hash(other)


def test_one_and_true_are_two_filters() -> None:
    assert parse_filter({"field": "x", "eq": 1}) != parse_filter({"field": "x", "eq": True})


def _nested(depth: int) -> dict[str, Any]:
    leaf: dict[str, Any] = {"field": "year", "gt": 1}
    for _ in range(depth - 1):
        leaf = {"not": leaf}
    return leaf


LEAF = {"field": "year", "gt": 1}


@pytest.mark.parametrize(
    ("raw", "field", "message"),
    [
        ([], "filter", "expected an object with all, any, not or field, got []"),
        ({}, "filter", "expected all, any, not or field, got null"),
        ({"al": []}, "filter", 'expected all, any, not or field, got "al"'),
        ({"all": [], "any": []}, "filter", 'expected all alone, got "any" beside it'),
        ({"all": LEAF}, "filter.all", "expected a list of filters, got {"),
        ({"any": "year"}, "filter.any", 'expected a list of filters, got "year"'),
        ({"not": [LEAF]}, "filter.not", "expected an object with all, any, not or field, got ["),
        ({"all": [LEAF, 5]}, "filter.all.1", "expected an object"),
        (_nested(MAX_DEPTH + 1), "filter" + MAX_DEPTH * ".not", "expected at most 8 levels"),
        ({"all": [LEAF] * (MAX_LEAVES + 1)}, "filter.all.100", "expected at most 100 leaves"),
        ({"all": [{"any": []}] * (MAX_LEAVES + 1)}, "filter.all.100", "expected at most 100 leaves"),
        ({"field": "year"}, "filter", "expected an operator beside field; there are eq, any_of"),
        ({"field": "year", "gtt": 1}, "filter", 'no operator "gtt"; did you mean gt?'),
        ({"field": "year", "between": 1}, "filter", 'no operator "between"; there are eq, any_of'),
        ({"field": 5, "eq": 1}, "filter.field", "expected a name of 1 to 128 characters, got 5"),
        ({"field": "", "eq": 1}, "filter.field", "expected a name"),
        ({"field": "y" * (MAX_NAME + 1), "eq": 1}, "filter.field", "expected a name"),
        ({"field": "\ud800", "eq": 1}, "filter.field", "half of a surrogate pair"),
        ({"field": "year", "eq": None}, "filter.eq", "got null; exists: false asks for what is missing"),
        ({"field": "year", "eq": [1]}, "filter.eq", "expected text, a number, true or false, got [1]"),
        ({"field": "year", "eq": float("nan")}, "filter.eq", "expected a finite number"),
        ({"field": "year", "lt": float("inf")}, "filter.lt", "expected a finite number"),
        ({"field": "year", "lt": 1.1e300}, "filter.lt", "expected a finite number, at most 1e300"),
        ({"field": "year", "lt": -(10**400)}, "filter.lt", "expected a finite number, at most 1e300"),
        ({"field": "title", "eq": "x" * 20_001}, "filter.eq", "expected at most 20,000 characters, got 20,001"),
        ({"field": "year", "lt": 10**400}, "filter.lt", "expected a finite number"),
        ({"field": "year", "lt": True}, "filter.lt", "expected a number, a time or text, got true"),
        ({"field": "title", "eq": "\ud800"}, "filter.eq", r'half of a surrogate pair in "\ud800"'),
        ({"field": "year", "any_of": 5}, "filter.any_of", "expected a list of values, got 5"),
        ({"field": "year", "any_of": [5, {}]}, "filter.any_of.1", "expected text, a number, true or false, got {}"),
        ({"field": "year", "any_of": [1] * (MAX_VALUES + 1)}, "filter.any_of", "at most 1000 values, got 1001"),
        ({"field": "year", "exists": 1}, "filter.exists", "expected true or false, got 1"),
        ({"field": "title", "prefix": 1}, "filter.prefix", "expected text, got 1"),
        ({"field": "added", "newer_than_days": -1}, "filter.newer_than_days", "from 0 to 1e+06, got -1"),
        ({"field": "added", "older_than_days": "1"}, "filter.older_than_days", 'from 0 to 1e+06, got "1"'),
        ({"field": "set_in", "within": 5}, "filter.within", "expected an object with latitude, longitude, km, got 5"),
        ({"field": "set_in", "within": {"latitude": 5, "longitude": 5}}, "filter.within", "expected an object"),
        (
            {"field": "set_in", "within": {"latitude": 91, "longitude": 5, "km": 1}},
            "filter.within.latitude",
            "expected a number from -90 to 90, got 91",
        ),
        (
            {"field": "set_in", "within": {"latitude": 9, "longitude": 5, "km": -1}},
            "filter.within.km",
            "expected a number of at least 0, got -1",
        ),
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(raw: Any, field: str, message: str) -> None:  # noqa: ANN401 - anything may come
    with pytest.raises(QueryError) as refused:
        parse_filter(raw)

    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")
    assert message in str(refused.value)


def added(rows: Sequence[Mapping[str, object]], others: FilterTable) -> FilterTable:
    """Return a table of items that came after others."""
    return FilterTable.of_rows(rows, AddedKinds(others.schema).changed(came=rows))


def test_what_is_just_within_the_limits_is_read() -> None:
    parse_filter(_nested(MAX_DEPTH))
    parse_filter({"all": [LEAF] * MAX_LEAVES})
    parse_filter({"field": "y" * MAX_NAME, "any_of": [1] * MAX_VALUES})


@pytest.mark.parametrize(
    ("leaf", "field", "message"),
    [
        ({"field": "yeer", "eq": 1}, "field", 'no property "yeer"; did you mean year?'),
        ({"field": "zzz", "eq": 1}, "field", 'no property "zzz"; there are added, crew, genres, is_new'),
        ({"field": "year", "gte": "abc"}, "gte", "expected a number, because 'year' holds numbers, got \"abc\""),
        ({"field": "year", "eq": True}, "eq", "expected a number, because 'year' holds numbers, got true"),
        ({"field": "is_new", "eq": 1}, "eq", "expected true or false, because 'is_new' holds true and false, got 1"),
        ({"field": "title", "eq": 1}, "eq", "expected text, because 'title' holds text, got 1"),
        ({"field": "genres", "any_of": ["a", 1]}, "any_of.1", "because 'genres' holds lists of text, got 1"),
        ({"field": "added", "lt": "soon"}, "lt", "expected an ISO 8601 date or time, because 'added' holds times, got"),
        ({"field": "added", "lt": 5}, "lt", "expected an ISO 8601 date or time, because 'added' holds times, got 5"),
        ({"field": "year", "prefix": "1"}, "prefix", "expected eq, any_of, gt, gte, lt, lte, exists, because 'year'"),
        ({"field": "is_new", "gt": 1}, "gt", "expected eq, any_of, exists, because 'is_new' holds true and false"),
        ({"field": "year", "newer_than_days": 1}, "newer_than_days", "because 'year' holds numbers"),
        ({"field": "set_in", "eq": "x"}, "eq", "expected within, exists, because 'set_in' holds places"),
        ({"field": "crew", "eq": "x"}, "eq", "expected exists, because 'crew' holds values that cannot be compared"),
        (
            {"field": "genres", "within": {"latitude": 0, "longitude": 0, "km": 1}},
            "within",
            "because 'genres' holds lists of text",
        ),
    ],
)  # fmt: skip
def test_what_a_property_cannot_be_asked_is_refused(
    films: FilterTable, leaf: Mapping[str, Any], field: str, message: str
) -> None:
    node = parse_filter({"all": [LEAF, leaf]})

    with pytest.raises(QueryError) as refused:
        check_filter(node, films.schema, where="boost.0.filter")

    assert refused.value.field == f"boost.0.filter.all.1.{field}"
    assert str(refused.value).startswith(f"boost.0.filter.all.1.{field}: ")
    assert message in str(refused.value)


def test_many_properties_are_not_all_named() -> None:
    schema = {f"p{number:02}": pl.Int64() for number in range(35)}

    with pytest.raises(QueryError, match=r"p29 and 5 more$"):
        check_filter(parse_filter({"field": "zzz", "eq": 1}), schema)


def test_a_mask_refuses_what_the_property_cannot_be_asked(films: FilterTable) -> None:
    with pytest.raises(QueryError, match=r"^promote\.filter\.eq: expected a number"):
        films.mask(parse_filter({"field": "year", "eq": "1994"}), now=NOW, where="promote.filter")


def test_a_property_that_only_other_items_have_is_missing_here(films: FilterTable) -> None:
    assert not films.mask(parse_filter({"field": "studio", "eq": "A"}), now=NOW).any()
    assert films.mask(parse_filter({"field": "studio", "exists": False}), now=NOW).all()


def test_a_mask_cannot_be_changed_by_who_asks(films: FilterTable) -> None:
    mask = films.mask(parse_filter(LEAF), now=NOW)

    with pytest.raises(ValueError, match="read-only"):
        mask[0] = False


def test_a_filter_is_evaluated_once_and_its_ages_once_a_minute(films: FilterTable) -> None:
    plain = parse_filter({"field": "year", "gt": 1})
    aged = parse_filter({"all": [{"field": "added", "newer_than_days": 2.5}, {"field": "year", "gt": 1}]})
    first, first_aged = films.mask(plain, now=NOW), films.mask(aged, now=NOW)

    assert films.mask(plain, now=NOW + timedelta(days=1)) is first
    assert films.mask(aged, now=NOW + timedelta(seconds=42)) is first_aged
    assert first_aged.tolist() == [True, True, False, False]
    assert films.mask(aged, now=NOW + timedelta(hours=2)).tolist() == [True, False, False, False]


def test_an_age_inside_a_not_is_evaluated_once_a_minute_too(films: FilterTable) -> None:
    not_new = parse_filter({"not": {"field": "added", "newer_than_days": 2.5}})

    assert films.mask(not_new, now=NOW).tolist() == [False, False, True, True]
    assert films.mask(not_new, now=NOW + timedelta(hours=2)).tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"not": {"field": "year", "eq": "x"}}, "filter.not.eq"),
        ({"all": [{"not": {"any": [LEAF, {"field": "year", "eq": "x"}]}}]}, "filter.all.0.not.any.1.eq"),
    ],
)
def test_what_a_property_cannot_be_asked_is_refused_inside_a_not_too(
    films: FilterTable, raw: Mapping[str, Any], field: str
) -> None:
    with pytest.raises(QueryError) as checked:
        check_filter(parse_filter(raw), films.schema)
    with pytest.raises(QueryError) as asked:
        films.mask(parse_filter(raw), now=NOW)

    assert checked.value.field == asked.value.field == field


def test_only_the_masks_used_last_are_kept() -> None:
    table = FilterTable(pl.DataFrame({"year": [1]}))
    nodes = [parse_filter({"field": "year", "gt": bound}) for bound in range(300)]
    first = table.mask(nodes[0], now=NOW)

    for node in nodes:
        table.mask(node, now=NOW)
        assert table.mask(nodes[0], now=NOW) is first

    assert len(table._masks) == 256


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (pl.Int8(), [1, 2]),
        (pl.UInt64(), [1, 2**64 - 1]),
        (pl.Float32(), [1.0, 2.5]),
        (pl.Decimal(10, 2), [1, 2]),
    ],
)
def test_numbers_of_every_type_can_be_compared(dtype: pl.DataType, values: list[float]) -> None:
    table = FilterTable(pl.DataFrame({"n": pl.Series(values, dtype=dtype)}))

    assert table.mask(parse_filter({"field": "n", "gt": 1.5}), now=NOW).tolist() == [False, True]
    assert table.mask(parse_filter({"field": "n", "any_of": [1, 300]}), now=NOW).tolist() == [True, False]


def test_a_32_bit_number_is_what_was_written() -> None:
    table = FilterTable(pl.DataFrame({"n": pl.Series([0.1], dtype=pl.Float32)}))

    assert table.mask(parse_filter({"field": "n", "eq": 0.1}), now=NOW).tolist() == [True]
    assert table.mask(parse_filter({"field": "n", "lte": 0.1}), now=NOW).tolist() == [True]


def test_arrays_of_fixed_length_are_lists() -> None:
    table = FilterTable(pl.DataFrame({"at": pl.Series([[60.0, 5.0], None], dtype=pl.Array(pl.Float64, 2))}))
    circle = {"latitude": 60, "longitude": 5, "km": 1}

    assert table.mask(parse_filter({"field": "at", "within": circle}), now=NOW).tolist() == [True, False]
    assert table.mask(parse_filter({"field": "at", "eq": 5}), now=NOW).tolist() == [True, False]


@pytest.mark.parametrize(
    ("row", "leaf"),
    [
        ({"title": 1984}, {"field": "title", "eq": "1984"}),
        ({"title": True}, {"field": "title", "eq": "true"}),
        ({"year": 2021.5}, {"field": "year", "gt": 2021}),
        ({"year": 10**30}, {"field": "year", "gt": 2021}),
        ({"is_new": "True"}, {"field": "is_new", "eq": True}),
        ({"genres": "Crime"}, {"field": "genres", "eq": "Crime"}),
        ({"added": "2026-11-22T01:00:00+01:00"}, {"field": "added", "eq": "2026-11-22"}),
        ({"premiere": "2026-11-22"}, {"field": "premiere", "eq": "2026-11-22"}),
        ({"set_in": [1, 2]}, {"field": "set_in", "within": {"latitude": 1, "longitude": 2, "km": 1}}),
        ({"shot_in": {"lat": 1, "lon": 2}}, {"field": "shot_in", "within": {"latitude": 1, "longitude": 2, "km": 1}}),
        ({"pair": "1,2"}, {"field": "pair", "within": {"latitude": 1, "longitude": 2, "km": 1}}),
        ({"studio": ["A", "B"]}, {"field": "studio", "eq": "B"}),
        ({"unknown": 5}, {"field": "unknown", "eq": 5}),
        ({"crew": [{"name": "C"}]}, {"field": "crew", "exists": True}),
        ({"year": "2021"}, {"field": "year", "exists": False}),
        ({"title": ["no", "text"]}, {"field": "title", "exists": False}),
        ({"added": "soon"}, {"field": "added", "exists": False}),
        ({"set_in": "nowhere"}, {"field": "set_in", "exists": False}),
    ],
)
def test_an_added_item_is_read_as_the_others_are(
    films: FilterTable, row: Mapping[str, object], leaf: Mapping[str, Any]
) -> None:
    table = added([row], films)
    node = parse_filter(leaf)

    check_filter(node, table.schema)

    assert table.mask(node, now=NOW).tolist() == [True]


def test_a_new_property_holds_what_its_values_have_in_common(films: FilterTable) -> None:
    rows: list[dict[str, object]] = [{"n": None}, {"n": 5}, {"n": "six"}, {"n": 7.5}]

    numbers, texts = added([*rows[:2], rows[3]], films), added(rows, films)

    assert numbers.mask(parse_filter({"field": "n", "gte": 6}), now=NOW).tolist() == [False, False, True]
    assert texts.mask(parse_filter({"field": "n", "any_of": ["5", "six"]}), now=NOW).tolist() == [
        False,
        True,
        True,
        False,
    ]
    assert texts.mask(parse_filter({"field": "n", "exists": False}), now=NOW).tolist() == [True, False, False, False]


def test_no_added_items_are_a_table_of_none(films: FilterTable) -> None:
    table = added([], films)

    assert table.mask(parse_filter(LEAF), now=NOW).shape == (0,)
    assert visible_mask(table, NOW).shape == (0,)


STANDING: list[tuple[dict[str, object], bool]] = [
    ({}, True),
    ({"is_hidden": None, "available_from": None, "available_until": None}, True),
    ({"is_hidden": True}, False),
    ({"is_hidden": False}, True),
    ({"is_hidden": "TRUE"}, False),
    ({"is_hidden": "false"}, True),
    ({"is_hidden": 1}, False),
    ({"is_hidden": "perhaps"}, True),
    ({"available_from": "2026-11-22T10:30:17Z"}, True),
    ({"available_from": "2026-11-22T10:30:18"}, False),
    ({"available_from": "2026-11-22T11:30:18+01:00"}, False),
    ({"available_from": "2026-11-23"}, False),
    ({"available_from": date(2026, 11, 23)}, False),
    ({"available_from": "some day"}, True),
    ({"available_from": 4_000_000_000}, False),
    ({"available_until": "2026-11-22T10:30:17Z"}, False),
    ({"available_until": "2026-11-22T10:30:18Z"}, True),
    ({"available_until": 1_000_000_000}, False),
    ({"available_until": ["2020-01-01"]}, True),
]


@pytest.mark.parametrize(("row", "visible"), STANDING)
def test_the_standing_rules_hold_for_added_items(films: FilterTable, row: dict[str, object], visible: bool) -> None:
    assert visible_mask(added([row], films), NOW).tolist() == [visible]


@pytest.mark.parametrize(("row", "visible"), STANDING)
def test_the_standing_rules_hold_in_a_table(row: dict[str, object], visible: bool) -> None:
    table = FilterTable(pl.DataFrame([{"item_id": "a", **row}]))

    assert visible_mask(table, NOW).tolist() == [visible]


def test_an_added_item_is_hidden_whatever_the_others_hold() -> None:
    table = added([{"is_hidden": True}], FilterTable(pl.DataFrame({"is_hidden": [0.5]})))

    assert visible_mask(table, NOW).tolist() == [False]


def test_items_come_and_go_on_the_second() -> None:
    begin, end = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 24, 18, tzinfo=UTC)
    table = FilterTable(pl.DataFrame({"available_from": [begin, None], "available_until": [end, None]}))
    second = timedelta(seconds=1)
    moments = [begin - second, begin, end - second, end, begin - second]

    assert [visible_mask(table, moment).tolist() for moment in moments] == [
        [False, True],
        [True, True],
        [True, True],
        [False, True],
        [False, True],
    ]


def test_what_is_visible_is_kept_until_it_changes() -> None:
    table = FilterTable(pl.DataFrame({"available_until": ["2026-12-01", None]}))

    assert visible_mask(table, NOW) is visible_mask(table, NOW + timedelta(days=5))
    assert np.array_equal(visible_mask(table, NOW + timedelta(days=30)), [False, True])


def test_items_that_follow_are_read_like_those_before(films: FilterTable) -> None:
    none = added([], films)
    row = {
        "title": "Late",
        "year": 2021,
        "studio": "A",
        "unknown": 1,
        "genres": ["Drama"],
        "set_in": [1, 2],
        "crew": {},
    }

    early: list[Mapping[str, object]] = [row, {"is_hidden": True}]
    late: list[Mapping[str, object]] = [
        {**row, "year": 2021.5, "rating": 7.5, "unknown": 1.5, "sizes": [1]},
        {"sizes": [0.5]},
    ]
    kinds = AddedKinds(films.schema).changed(came=early)
    first = none.followed_by(early, kinds)
    both = first.followed_by(late, kinds.changed(came=late))

    assert both.mask(parse_filter({"field": "year", "gte": 2021}), now=NOW).tolist() == [True, False, True, False]
    assert both.mask(parse_filter({"field": "unknown", "gt": 1}), now=NOW).tolist() == [False, False, True, False]
    assert both.mask(parse_filter({"field": "rating", "eq": 7.5}), now=NOW).tolist() == [False, False, True, False]
    assert both.mask(parse_filter({"field": "studio", "eq": "A"}), now=NOW).tolist() == [True, False, True, False]
    assert both.mask(parse_filter({"field": "sizes", "lt": 1}), now=NOW).tolist() == [False, False, False, True]
    assert visible_mask(both, NOW).tolist() == [True, False, True, True]
    assert first.height == 2
