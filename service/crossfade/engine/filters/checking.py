"""What a property holds, and whether a filter may ask that of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import polars as pl
from polars.datatypes import DataTypeClass

from crossfade.engine.filters.nodes import Condition, FilterNode, Leaf, Operator, leaves, shown
from crossfade.engine.filters.reading import LATITUDES, LONGITUDES, read_time
from crossfade.errors import QueryError

__all__ = ["Kind", "Shape", "check_filter", "check_leaf", "expected", "held", "listed", "shape_of"]

Kind = Literal["text", "number", "boolean", "time", "place", "other", "nothing"]

_ORDER: tuple[Operator, ...] = ("gt", "gte", "lt", "lte")
_OPERATORS: Mapping[Kind, tuple[Operator, ...]] = {
    "text": ("eq", "any_of", *_ORDER, "prefix", "newer_than_days", "older_than_days"),
    "number": ("eq", "any_of", *_ORDER),
    "boolean": ("eq", "any_of"),
    "time": ("eq", "any_of", *_ORDER, "newer_than_days", "older_than_days"),
    "place": ("within",),
    "other": (),
}
_HOLDS: Mapping[Kind, str] = {
    "text": "text",
    "number": "numbers",
    "boolean": "true and false",
    "time": "times",
    "place": "places",
    "other": "values that cannot be compared",
}
_EXPECTED: Mapping[Kind, str] = {
    "text": "text",
    "number": "a number",
    "boolean": "true or false",
    "time": "an ISO 8601 date or time",
    "place": 'a place such as {"latitude": 52.5, "longitude": 13.4}',
    "other": "an object",
}
_KINDS: Mapping[tuple[DataTypeClass, ...], Kind] = {
    (pl.String, pl.Categorical, pl.Enum): "text",
    (pl.Boolean,): "boolean",
    (pl.Datetime, pl.Date): "time",
    (pl.Null,): "nothing",
}
_MOST_NAMED = 30


@dataclass(frozen=True)
class Shape:
    """What a property holds: values of a kind, or (``many``) lists of them."""

    kind: Kind
    many: bool = False

    @property
    def operators(self) -> tuple[Operator, ...]:
        """Every operator that can be asked of it, ``exists`` last."""
        may_hold_places = self.kind == "number" if self.many else self.kind == "text"
        return (*_OPERATORS[self.kind], *(("within",) if may_hold_places else ()), "exists")


def shape_of(dtype: pl.DataType) -> Shape:
    """Return what a column of this type holds; "nothing" where it never held a value."""
    if not isinstance(dtype, (pl.List, pl.Array)):
        return Shape(_kind_of(dtype))
    inner = _kind_of(dtype.inner)
    return Shape("other") if inner in {"place", "other"} else Shape(inner, many=True)


def _kind_of(dtype: pl.DataType | DataTypeClass) -> Kind:
    if isinstance(dtype, pl.Struct):
        names = {field.name for field in dtype.fields}
        return "place" if names & set(LATITUDES) and names & set(LONGITUDES) else "other"
    if dtype.is_numeric():
        return "number"
    return next((kind for types, kind in _KINDS.items() if dtype in types), "other")


def check_filter(node: FilterNode, schema: Mapping[str, pl.DataType], *, where: str = "filter") -> None:
    """Check that every property exists and can be asked what the filter asks.

    Args:
        node: The filter.
        schema: Every property there is, and its type.
        where: What the request calls the filter.

    Raises:
        QueryError: If not; ``field`` is the place of what is wrong, for example ``filter.all.1.gte``.
    """
    for place, leaf in leaves(node, where):
        if leaf.field not in schema:
            near = get_close_matches(leaf.field, schema, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {listed(schema)}"
            raise QueryError(f"{place}.field: no property {shown(leaf.field)}; {hint}", field=f"{place}.field")
        check_leaf(leaf, schema[leaf.field], place)


def check_leaf(leaf: Leaf, dtype: pl.DataType, where: str) -> None:
    """Check that a property of this type can be asked this; raises as ``check_filter`` does."""
    shape = shape_of(dtype)
    if shape.kind == "nothing":
        return
    for condition in leaf.conditions:
        place = f"{where}.{condition.operator}"
        if condition.operator not in shape.operators:
            raise QueryError(
                f"{place}: expected {', '.join(shape.operators)}, because '{leaf.field}' holds {held(shape)}",
                field=place,
            )
        if condition.operator in {"eq", "any_of", *_ORDER}:
            _check_values(condition, shape, leaf.field, place)


def _check_values(condition: Condition, shape: Shape, name: str, where: str) -> None:
    for place, (value, kind) in enumerate(zip(condition.values, condition.kinds, strict=True)):
        fits = read_time(value) is not None if shape.kind == "time" else kind == shape.kind
        if not fits:
            at = f"{where}.{place}" if condition.operator == "any_of" else where
            raise QueryError(
                f"{at}: expected {_EXPECTED[shape.kind]}, because '{name}' holds {held(shape)}, got {shown(value)}",
                field=at,
            )


def held(shape: Shape) -> str:
    """Return what a property of this shape holds, for messages."""
    return f"lists of {_HOLDS[shape.kind]}" if shape.many else _HOLDS[shape.kind]


def expected(shape: Shape) -> str:
    """Return what a value must be to join them, for messages."""
    return f"{_EXPECTED[shape.kind]}, or a list of such" if shape.many else _EXPECTED[shape.kind]


def listed(names: Iterable[str]) -> str:
    """Return names in their order for messages, 30 at most."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _MOST_NAMED} more" if len(ordered) > _MOST_NAMED else ""
    return f"{', '.join(ordered[:_MOST_NAMED])}{more}"
