"""From JSON to a filter: its structure, without asking which properties there are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import count
from typing import TypeGuard, cast, get_args

from crossfade.engine.filters.nodes import (
    AllOf,
    AnyOf,
    Condition,
    FilterNode,
    Leaf,
    Not,
    Operator,
    Scalar,
    ValueKind,
    shown,
)
from crossfade.errors import QueryError

__all__ = ["MAX_DEPTH", "MAX_LEAVES", "MAX_NAME", "MAX_NUMBER", "MAX_VALUES", "MAX_WORDS", "parse_filter"]

MAX_DEPTH = 8
MAX_LEAVES = 100
MAX_VALUES = 1_000
MAX_NAME = 128
MAX_WORDS = 20_000
MAX_NUMBER = 1e300
MAX_DAYS = 1_000_000.0

OPERATORS: tuple[Operator, ...] = get_args(Operator)
GROUPS = ("all", "any", "not")


def parse_filter(raw: Mapping[str, object], *, where: str = "filter") -> FilterNode:
    """Return the filter that JSON describes.

    Args:
        raw: As the package describes it: at most 8 levels deep, 100 leaves, 1,000 values per ``any_of``, names of 128
            characters, texts of 20,000, numbers of 1e300.
        where: What the request calls it; errors start with this.

    Raises:
        QueryError: If it is none; ``field`` is the place of what is wrong, for example ``filter.all.1.gte``.
    """
    return _node(raw, where, depth=1, leaf_numbers=count(1))


def _node(raw: object, where: str, *, depth: int, leaf_numbers: Iterator[int]) -> FilterNode:
    if not isinstance(raw, Mapping):
        raise _error(where, f"expected an object with all, any, not or field, got {shown(raw)}")
    if depth > MAX_DEPTH:
        raise _error(where, f"expected at most {MAX_DEPTH} levels")
    groups = [name for name in GROUPS if name in raw]
    if groups and len(raw) > 1:
        others = ", ".join(str(key) for key in raw if key != groups[0])
        raise _error(where, f"expected {groups[0]} alone, got {shown(others)} beside it")
    ends_here = not groups or not raw[groups[0]]  # an empty group too: a request must not bring a million of them
    if ends_here and next(leaf_numbers) > MAX_LEAVES:
        raise _error(where, f"expected at most {MAX_LEAVES} leaves")
    if not groups:
        return _leaf(raw, where)
    name = groups[0]
    inside = raw[name]
    if name == "not":
        return Not(_node(inside, f"{where}.not", depth=depth + 1, leaf_numbers=leaf_numbers))
    if not _is_list(inside):
        raise _error(f"{where}.{name}", f"expected a list of filters, got {shown(inside)}")
    parts = tuple(
        _node(part, f"{where}.{name}.{place}", depth=depth + 1, leaf_numbers=leaf_numbers)
        for place, part in enumerate(inside)
    )
    return AllOf(parts) if name == "all" else AnyOf(parts)


def _leaf(raw: Mapping[object, object], where: str) -> Leaf:
    if "field" not in raw:
        raise _error(where, f"expected all, any, not or field, got {shown(', '.join(map(str, raw)) or None)}")
    field = raw["field"]
    if not isinstance(field, str) or not 0 < len(field) <= MAX_NAME:
        raise _error(f"{where}.field", f"expected a name of 1 to {MAX_NAME} characters, got {shown(field)}")
    _check_text(field, f"{where}.field")
    asked = [key for key in raw if key != "field"]
    for key in asked:
        if key not in OPERATORS:
            near = get_close_matches(str(key), OPERATORS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(OPERATORS)}"
            raise _error(where, f"no operator {shown(key)}; {hint}")
    if not asked:
        raise _error(where, f"expected an operator beside field; there are {', '.join(OPERATORS)}")
    operators = sorted(cast("list[Operator]", asked))
    return Leaf(field, tuple(_condition(operator, raw[operator], f"{where}.{operator}") for operator in operators))


def _condition(operator: Operator, value: object, where: str) -> Condition:
    if operator == "any_of":
        if not _is_list(value):
            raise _error(where, f"expected a list of values, got {shown(value)}")
        if len(value) > MAX_VALUES:
            raise _error(where, f"expected at most {MAX_VALUES} values, got {len(value)}")
        values = tuple(_scalar(one, f"{where}.{place}") for place, one in enumerate(value))
        return Condition(operator, values, tuple(map(_kind, values)))
    if operator == "within":
        return Condition(operator, _circle(value, where), ("number", "number", "number"))
    if operator == "exists":
        if not isinstance(value, bool):
            raise _error(where, f"expected true or false, got {shown(value)}")
        return Condition(operator, (value,), ("boolean",))
    if operator in {"newer_than_days", "older_than_days"}:
        return Condition(operator, (_number(value, where, 0.0, MAX_DAYS),), ("number",))
    scalar = _scalar(value, where)
    if operator == "prefix" and not isinstance(scalar, str):
        raise _error(where, f"expected text, got {shown(scalar)}")
    if operator not in {"eq", "prefix"} and isinstance(scalar, bool):
        raise _error(where, f"expected a number, a time or text, got {shown(scalar)}")
    return Condition(operator, (scalar,), (_kind(scalar),))


def _circle(raw: object, where: str) -> tuple[float, float, float]:
    names = ("latitude", "longitude", "km")
    if not isinstance(raw, Mapping) or set(raw) != set(names):
        raise _error(where, f"expected an object with {', '.join(names)}, got {shown(raw)}")
    return (
        _number(raw["latitude"], f"{where}.latitude", -90.0, 90.0),
        _number(raw["longitude"], f"{where}.longitude", -180.0, 180.0),
        _number(raw["km"], f"{where}.km", 0.0, math.inf),
    )


def _number(value: object, where: str, least: float, most: float) -> float:
    scalar = _scalar(value, where)
    if isinstance(scalar, (bool, str)) or not least <= scalar <= most:
        span = f"from {least:g} to {most:g}" if math.isfinite(most) else f"of at least {least:g}"
        raise _error(where, f"expected a number {span}, got {shown(value)}")
    return float(scalar)


def _scalar(value: object, where: str) -> Scalar:
    if isinstance(value, str):
        if len(value) > MAX_WORDS:
            raise _error(where, f"expected at most {MAX_WORDS:,} characters, got {len(value):,}")
        _check_text(value, where)
        return value
    if isinstance(value, bool):
        return value
    if not isinstance(value, (int, float)):
        hint = "; exists: false asks for what is missing" if value is None else ""
        raise _error(where, f"expected text, a number, true or false, got {shown(value)}{hint}")
    if not -MAX_NUMBER <= value <= MAX_NUMBER:  # neither holds of NaN
        raise _error(where, "expected a finite number, at most 1e300")
    return value


def _check_text(text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _error(where, f"expected Unicode text, got half of a surrogate pair in {shown(text)}") from None


def _kind(value: Scalar) -> ValueKind:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _error(where: str, message: str) -> QueryError:
    return QueryError(f"{where}: {message}", field=where)
