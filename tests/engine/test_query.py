"""What a query refuses, with the field named."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from crossfade.engine import Cap, Exclude, Pin, Query, RetrievalSettings, rank_query
from crossfade.engine.answering import answer_queries
from crossfade.engine.view import View
from crossfade.errors import QueryError


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Query(limit=0), "limit"),
        (lambda: Query(limit=501), "limit"),
        (lambda: Query(item_ids="abc"), "item_ids"),
        (lambda: Query(item_ids=["x"] * 1_001), "item_ids"),
        (lambda: Query(among=["x"] * 501), "among"),
        (lambda: Query(exclude=Exclude(item_ids="abc")), "exclude.item_ids"),
        (lambda: Query(exclude=Exclude(event_types="like")), "exclude.event_types"),
        (lambda: Query(exclude=Exclude(event_types=["like", ""])), "exclude.event_types.1"),
        (lambda: Query(exclude=Exclude(event_types=["like"] * 33)), "exclude.event_types"),
        (lambda: Query(user_id=""), "user_id"),
        (lambda: Query(user_id="x" * 513), "user_id"),
        (lambda: Query(item_ids=["i1", "a\0b"]), "item_ids.1"),
        (lambda: Query(pin=[Pin("", 1)]), "pin.0.item_id"),
        (lambda: Query(text="x" * 2_001), "text"),
        (lambda: Query(text=""), "text"),
        (lambda: Query(among=[]), "among"),
        (lambda: Query(item_ids=["i1", 2]), "item_ids.1"),  # type: ignore[list-item]  # as a caller may err
        (lambda: rank_query([]), "item_ids"),
        (lambda: rank_query(["x"] * 501), "item_ids"),
        (lambda: Query(context={f"field {n}": "" for n in range(33)}), "context"),
        (lambda: Query(context={"x" * 65: ""}), f"context.{'x' * 65}"),
        (lambda: Query(context={"device": "x" * 257}), "context.device"),
        (lambda: Query(context={"timestamp": 1795245300}), "context.timestamp"),  # type: ignore[dict-item]
        (lambda: Query(diversity="0.5"), "diversity"),  # type: ignore[arg-type]
        (lambda: Query(blend=True), "blend"),
        (lambda: Query(include=["title"] * 65), "include"),
        (lambda: Query(seed=2**53), "seed"),
        (lambda: Query(pin=[Pin("i1", 1.5)]), "pin.0.position"),  # type: ignore[arg-type]
        (lambda: Query(cap=Cap("year", 1.5)), "cap.most"),  # type: ignore[arg-type]
        (lambda: Query(weights={"content": "1"}), "weights.content"),  # type: ignore[dict-item]
        (lambda: Query(weights={"novelty": 1.0}), "weights.novelty"),
        (lambda: Query(weights={"content": -0.1}), "weights.content"),
        (lambda: Query(weights={"content": math.nan}), "weights.content"),
        (lambda: Query(weights={"content": 101.0}), "weights.content"),
    ],
)
def test_a_value_out_of_bounds_is_refused_and_its_field_named(make: Callable[[], Query], field: str) -> None:
    with pytest.raises(QueryError, match=field.partition(".")[0]) as refused:
        make()

    assert refused.value.field == field


def test_a_filter_with_what_json_has_not_is_refused_and_its_place_named(make_view: Callable[..., View]) -> None:
    view = make_view([[0.0]], [[0.0]], [[0.0]], past={})

    with pytest.raises(QueryError, match="expected text, a number, true or false") as refused:
        answer_queries(view, [Query(filter={"field": "year", "gte": date(2024, 1, 1)})], RetrievalSettings())

    assert refused.value.field == "filter.gte"


def test_numbers_of_other_libraries_are_numbers(make_view: Callable[..., View]) -> None:
    view = make_view([[0.0]], [[0.0]], [[0.0]], past={})

    (answer,) = answer_queries(view, [Query(diversity=np.float32(0.5))], RetrievalSettings())  # type: ignore[arg-type]

    assert len(answer.items) == 1


def test_an_unknown_property_is_refused_and_the_known_ones_are_named(make_view: Callable[..., View]) -> None:
    view = make_view([[0.0]], [[0.0]], [[0.0]], past={})

    with pytest.raises(QueryError, match=r"no property 'tittle'; there are title, year"):
        answer_queries(view, [Query(include=["tittle"])], RetrievalSettings())
