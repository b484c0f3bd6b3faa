"""A filter that has been read: immutable, and equal to another that asks for the same in the same order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "AllOf",
    "AnyOf",
    "Condition",
    "FilterNode",
    "Leaf",
    "Not",
    "Operator",
    "Scalar",
    "ValueKind",
    "depends_on_now",
    "leaves",
    "shown",
]

Operator = Literal[
    "eq", "any_of", "gt", "gte", "lt", "lte", "prefix", "newer_than_days", "older_than_days", "within", "exists"
]
Scalar: TypeAlias = str | int | float | bool
ValueKind = Literal["text", "number", "boolean"]


@dataclass(frozen=True)
class Condition:
    """One operator and what it compares with.

    Attributes:
        operator: Its name.
        values: One value; any number for ``any_of``; latitude, longitude and kilometres for ``within``.
        kinds: The kind of each, without which 1 and true would be equal.
    """

    operator: Operator
    values: tuple[Scalar, ...]
    kinds: tuple[ValueKind, ...]


@dataclass(frozen=True)
class Leaf:
    """Conditions on one property, ordered by operator; all must hold."""

    field: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class AllOf:
    """Holds where every part does."""

    parts: tuple[FilterNode, ...]


@dataclass(frozen=True)
class AnyOf:
    """Holds where a part does."""

    parts: tuple[FilterNode, ...]


@dataclass(frozen=True)
class Not:
    """Holds where its part does not."""

    part: FilterNode


FilterNode: TypeAlias = AllOf | AnyOf | Not | Leaf


def leaves(node: FilterNode, where: str) -> Iterator[tuple[str, Leaf]]:
    """Yield every leaf with its place in the request, for example ``filter.all.1``."""
    match node:
        case Leaf():
            yield where, node
        case Not():
            yield from leaves(node.part, f"{where}.not")
        case AllOf() | AnyOf():
            name = "all" if isinstance(node, AllOf) else "any"
            for place, part in enumerate(node.parts):
                yield from leaves(part, f"{where}.{name}.{place}")


def depends_on_now(node: FilterNode) -> bool:
    """Return whether the filter asks for an age, so that it holds for other items as time goes by."""
    ages = ("newer_than_days", "older_than_days")
    return any(condition.operator in ages for _, leaf in leaves(node, "") for condition in leaf.conditions)


def shown(value: object) -> str:
    """Return a value as JSON has it, cut short, for messages."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
