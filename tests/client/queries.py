"""What a service reads, in a form that can be compared with what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from crossfade import Query

__all__ = ["lists", "single"]

Said = TypeVar("Said")


def single(found: dict[str, list[str]]) -> dict[str, object]:
    """Return parameters as FastAPI gives them to a model: a list only where the model has one."""
    lists = {"item_ids", "context", "exclude.item_ids", "exclude.event_types", "boost", "pin", "include"}
    return {name: values if name in lists else values[0] for name, values in found.items()}


def lists(query: Query) -> Query:
    """Return a query with a list for every tuple."""
    exclude = replace(query.exclude, item_ids=[*query.exclude.item_ids], event_types=_list(query.exclude.event_types))
    boost, pin, include = _list(query.boost), _list(query.pin), _list(query.include)
    return replace(query, item_ids=[*query.item_ids], boost=boost, pin=pin, include=include, exclude=exclude)


def _list(said: Sequence[Said] | None) -> list[Said] | None:
    return None if said is None else [*said]
