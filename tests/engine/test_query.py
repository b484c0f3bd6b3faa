"""What a query refuses, with the field named."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from crossfade.engine import Exclude, Query, RetrievalSettings
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
        (lambda: Query(text="x" * 2_001), "text"),
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


def test_an_unknown_property_is_refused_and_the_known_ones_are_named(make_view: Callable[..., View]) -> None:
    view = make_view([[0.0]], [[0.0]], [[0.0]], past={})

    with pytest.raises(QueryError, match=r"no property 'tittle'; there are title, year"):
        answer_queries(view, [Query(include=["tittle"])], RetrievalSettings())
