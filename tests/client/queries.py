"""What a service reads, in a form that can be compared with what was asked."""

from __future__ import annotations

from dataclasses import replace

from crossfade import Query

__all__ = ["lists", "single"]


def single(found: dict[str, list[str]]) -> dict[str, object]:
    """Return parameters as FastAPI gives them to a model: a list only where the model has one."""
    lists = {"item_ids", "context", "exclude.item_ids", "exclude.event_types", "boost", "pin", "include"}
    return {name: values if name in lists else values[0] for name, values in found.items()}


def lists(query: Query) -> Query:
    """Return a query with a list for every tuple."""
    exclude = replace(query.exclude, item_ids=[*query.exclude.item_ids], event_types=[*query.exclude.event_types])
    include = None if query.include is None else [*query.include]
    return replace(
        query, item_ids=[*query.item_ids], boost=[*query.boost], pin=[*query.pin], include=include, exclude=exclude
    )
