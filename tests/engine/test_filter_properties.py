"""Drawn filters over drawn items: the arrays say what one item at a time says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
from engine.naive_filters import matches
from hypothesis import given
from hypothesis import strategies as st

from crossfade.engine.filters import AddedKinds, FilterTable, check_filter, parse_filter

NOW = datetime(2026, 11, 22, 10, 30, 17, tzinfo=UTC)

SCHEMA: Mapping[str, pl.DataType] = {
    "text": pl.String(),
    "released": pl.String(),
    "whole": pl.Int64(),
    "real": pl.Float64(),
    "flag": pl.Boolean(),
    "moment": pl.Datetime("us", "UTC"),
    "day": pl.Date(),
    "tags": pl.List(pl.String()),
    "numbers": pl.List(pl.Int64()),
    "place": pl.Struct({"latitude": pl.Float64(), "longitude": pl.Float64()}),
    "place_in_text": pl.String(),
    "nothing": pl.Null(),
}

TEXTS = ["", "a", "ab", "abc", "B", "É", "😀", "1"]
DAYS = ["2026-11-21", "2026-11-22", "2020-02-29"]
ISO = [*DAYS, "2026-11-22T10:30:00Z", "2026-11-22T10:30:17.5+02:00", "2026-11-15T10:30:00", "1969-12-31T23:59:59Z"]
WHOLE = [-(2**63), -3, 0, 1, 2, 2**53, 2**53 + 1, 2**63 - 1]
REAL = [-math.inf, -3.0, -0.5, 0.0, 0.1, 1.0, 1.5, 2.0**53, 1e300]
PLACES = [(52.52, 13.405), (48.85, 2.35), (-33.87, 151.21), (90.0, 0.0), (0.0, 179.9), (0.0, -179.9)]


def _place(pair: tuple[float, float]) -> dict[str, float]:
    return {"latitude": pair[0], "longitude": pair[1]}


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_VALUES: dict[str, st.SearchStrategy[object]] = {
    "text": st.sampled_from(TEXTS),
    "released": st.sampled_from([*ISO, "soon"]),
    "whole": st.sampled_from(WHOLE),
    "real": st.sampled_from([*REAL, math.nan]),
    "flag": st.booleans(),
    "moment": st.sampled_from(ISO).map(_utc),
    "day": st.sampled_from(DAYS).map(date.fromisoformat),
    "tags": st.lists(st.none() | st.sampled_from(TEXTS), max_size=3),
    "numbers": st.lists(st.none() | st.sampled_from(WHOLE), max_size=3),
    "place": st.sampled_from(PLACES).map(_place),
    "place_in_text": st.sampled_from([*(f"{north},{east}" for north, east in PLACES), "here", "91.0,0.0"]),
    "nothing": st.none(),
}
ITEMS = st.fixed_dictionaries({name: st.none() | values for name, values in _VALUES.items()})

_NUMBERS = st.sampled_from([*WHOLE, *(number for number in REAL if math.isfinite(number)), 10**30, -(10**30), 0.5])
_GIVEN: dict[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(TEXTS),
    "released": st.sampled_from([*ISO, "soon"]),
    "whole": _NUMBERS,
    "real": _NUMBERS,
    "flag": st.booleans(),
    "moment": st.sampled_from(ISO),
    "day": st.sampled_from(ISO),
    "tags": st.sampled_from(TEXTS),
    "numbers": _NUMBERS,
}
_DAYS_AGO = st.sampled_from([0, 0.5, 1, 7, 1_000.25, 1_000_000])
_CIRCLES = st.builds(
    lambda place, km: {**_place(place), "km": km}, st.sampled_from(PLACES), st.sampled_from([1, 30.5, 900, 17_000])
)


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, object]:
    name = draw(st.sampled_from(list(SCHEMA)))
    operators: dict[str, st.SearchStrategy[Any]] = {"exists": st.booleans()}
    if name in _GIVEN:
        operators |= {"eq": _GIVEN[name], "any_of": st.lists(_GIVEN[name], max_size=4)}
    if name in _GIVEN and name != "flag":
        operators |= dict.fromkeys(("gt", "gte", "lt", "lte"), _GIVEN[name])
    if name in {"text", "released", "tags"}:
        operators["prefix"] = st.sampled_from(["", "a", "ab", "2026"])
    if name in {"released", "moment", "day"}:
        operators |= {"newer_than_days": _DAYS_AGO, "older_than_days": _DAYS_AGO}
    if name in {"place", "place_in_text"}:
        operators["within"] = _CIRCLES
    chosen = draw(st.lists(st.sampled_from(sorted(operators)), min_size=1, max_size=3, unique=True))
    return {"field": name, **{operator: draw(operators[operator]) for operator in chosen}}


TREES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
).filter(lambda raw: _depth(raw) <= 8)


def _depth(raw: Mapping[str, Any]) -> int:
    parts = raw.get("all") or raw.get("any") or ([raw["not"]] if "not" in raw else [])
    return 1 + max(map(_depth, parts), default=0)


def _json(value: object) -> object:
    """Return a value as it comes in a request's body."""
    if isinstance(value, date):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value


@given(st.lists(ITEMS, max_size=8), TREES)
def test_a_mask_holds_the_items_that_match_one_by_one(items: list[dict[str, object]], raw: dict[str, Any]) -> None:
    table = FilterTable(pl.DataFrame(items, schema=SCHEMA))
    node = parse_filter(raw)
    check_filter(node, table.schema)

    mask = table.mask(node, now=NOW)

    assert mask.dtype == np.bool_
    assert mask.tolist() == [matches(raw, item, NOW) for item in items]
    assert table.mask(parse_filter(raw), now=NOW) is mask


@given(st.lists(ITEMS, max_size=8), TREES)
def test_added_items_match_as_they_would_in_the_table(items: list[dict[str, object]], raw: dict[str, Any]) -> None:
    added = [{name: _json(value) for name, value in item.items()} for item in items]
    plain = [{**item, "real": _json(item["real"])} for item in items]

    table = FilterTable.of_rows(added, AddedKinds(SCHEMA).changed(came=added))

    assert table.mask(parse_filter(raw), now=NOW).tolist() == [matches(raw, item, NOW) for item in plain]


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(ISO),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


POSTED = st.lists(st.dictionaries(st.sampled_from([*SCHEMA, "new", "newer"]), _ANYTHING), max_size=5)


@given(POSTED, POSTED, TREES)
def test_whatever_is_posted_can_be_filtered_at_once_or_one_after_the_other(
    first: list[dict[str, object]], second: list[dict[str, object]], raw: dict[str, Any]
) -> None:
    node = parse_filter(raw)
    before = AddedKinds(SCHEMA).changed(came=first)
    kinds = before.changed(came=second)

    at_once = FilterTable.of_rows([*first, *second], kinds)
    one_by_one = FilterTable.of_rows(first, kinds if not kinds.widen(before) else before).followed_by(second, kinds)

    assert at_once.mask(node, now=NOW).shape == (len(first) + len(second),)
    for asked in (node, parse_filter({"field": "new", "exists": True})):
        assert one_by_one.mask(asked, now=NOW).tolist() == at_once.mask(asked, now=NOW).tolist()


@given(TREES)
def test_equal_filters_are_equal_and_share_a_hash(raw: dict[str, Any]) -> None:
    reordered = _reordered(raw)

    assert parse_filter(raw) == parse_filter(reordered)
    assert hash(parse_filter(raw)) == hash(parse_filter(reordered))


def _reordered(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the same filter with the members of its objects the other way round."""
    return {
        name: [_reordered(part) for part in value]
        if name in {"all", "any"}
        else _reordered(value)
        if name == "not"
        else value
        for name, value in reversed(raw.items())
    }
