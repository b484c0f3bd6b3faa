"""Queries, events and ids in the form in which they travel: JSON in bodies, text in paths and query strings."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from numbers import Integral, Real
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from pydantic_core import to_jsonable_python

from crossfade.engine import Exclude, Item, Query
from crossfade.engine.filters import parse_filter
from crossfade.errors import QueryError
from crossfade.live import Event

__all__ = ["event_document", "item_document", "json_of", "path", "query_document", "target"]

# Of a query, those that only ``rank`` sends, as its own list, and what search, rank and neighbours are told apart by.
_NOT_SENT = frozenset(("among", "fallback"))
_NOTHING_IF_EMPTY = frozenset(("item_ids", "exclude.item_ids", "context", "weights"))
# Servers and proxies take about 64 KiB of head, and httpx sends no longer address.
_LONGEST_TARGET = 60_000


def json_of(value: object) -> bytes:
    """Return a value as JSON, dataclasses as objects.

    Raises:
        TypeError: If a value is of a type that JSON does not have.
        ValueError: If a number is not finite, or a text cannot be encoded.
    """
    plain = to_jsonable_python(value, fallback=_plain)
    return json.dumps(plain, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def query_document(query: Query) -> dict[str, object]:
    """Return a query as a request's body has it, what is not given left out.

    Raises:
        QueryError: If it asks for what only a method of its own can send.
    """
    if query.among is not None or query.fallback is not None:
        raise QueryError(
            "among: a service orders a list through rank(), and is searched through search()", field="among"
        )
    _check_filters(query)
    given = {one.name: getattr(query, one.name) for one in fields(query) if one.name not in _NOT_SENT}
    return {name: value for name, value in given.items() if value is not None and not _says_nothing(name, value)}


def _check_filters(query: Query) -> None:
    """Say what is wrong with a filter before it is sent, as far as that can be told without a catalogue."""
    if query.filter is not None:
        parse_filter(query.filter)
    for place, boost in enumerate(query.boost or ()):
        parse_filter(boost.filter, where=f"boost.{place}.filter")
    if query.promote is not None:
        parse_filter(query.promote.filter, where="promote.filter")


def _says_nothing(name: str, value: object) -> bool:
    """Whether a value is the same as none at all."""
    if name == "exclude":
        return value == Exclude()
    return name in _NOTHING_IF_EMPTY and not value


def event_document(event: Event) -> dict[str, object]:
    """Return an event as a body has it, what is not given left out."""
    document = {one.name: getattr(event, one.name) for one in fields(event)}
    if event.value is not None and not math.isfinite(event.value):
        document["value"] = str(event.value)  # for the service to refuse, without keeping the other events out
    if event.timestamp is not None:
        document["timestamp"] = event.timestamp.isoformat()
        # A zone of +00:00 would read as UTC, which says nothing of the user's clock; London in winter does.
        if event.timezone is None and isinstance(event.timestamp.tzinfo, ZoneInfo):
            document["timezone"] = event.timestamp.tzinfo.key
    return {name: value for name, value in document.items() if value is not None}


def item_document(item: Item, place: int) -> dict[str, object]:
    """Return an item as a body has it.

    Args:
        item: The item.
        place: In the list that is put, to name it by.

    Raises:
        QueryError: If a property has the name of the id.
    """
    if "item_id" in item.properties:
        where = f"items.{place}"
        raise QueryError(f"{where}: item_id is no property", field=f"{where}.item_id")
    return {**item.properties, "item_id": item.item_id}


def path(*parts: str, **ids: str) -> str:
    """Return a path of fixed parts and ids.

    Args:
        parts: ``/v1/users/{user_id}/similar`` in pieces: ``"users", "{user_id}", "similar"``.
        ids: What stands for each name; any characters.

    Raises:
        QueryError: If an id is empty: the path would be another one.
    """
    return "/v1/" + "/".join(_segment(part[1:-1], ids) if part.startswith("{") else part for part in parts)


def _segment(name: str, ids: Mapping[str, str]) -> str:
    if not ids[name]:
        raise QueryError(f"{name}: expected at least one character", field=name)
    encoded = quote(ids[name], safe="")
    # A segment of dots alone means another place to whoever tidies an address up on the way.
    return encoded.replace(".", "%2E") if set(encoded) == {"."} else encoded


def target(where: str, document: Mapping[str, object]) -> str:
    """Return a path with a query string that says what a body would.

    Raises:
        QueryError: If it is longer than an address may be, or a context field holds what would end its name.
    """
    pairs = [*_pairs(document)]
    found = f"{where}?{urlencode(pairs)}" if pairs else where
    if len(found) > _LONGEST_TARGET:
        sizes: dict[str, int] = {}
        for name, text in pairs:
            sizes[name] = sizes.get(name, 0) + len(text)
        longest = max(sizes, key=sizes.__getitem__)
        raise QueryError(f"{longest}: longer than an address may be, in which this travels", field=longest)
    return found


def _pairs(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in _flat(document):
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        if not several and not _says_nothing(name, value):
            yield name, ""
        for one in several:
            if one is not None:
                yield name, one if isinstance(one, str) else json_of(one).decode().strip('"')


def _flat(document: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield fields under the names that a query string has for them."""
    for name, value in document.items():
        if isinstance(value, Exclude):
            yield from ((f"{name}.{one.name}", getattr(value, one.name)) for one in fields(value))
        elif name == "weights" and isinstance(value, Mapping):
            yield from ((f"{name}.{part}", weight) for part, weight in value.items())
        elif name == "context" and isinstance(value, Mapping):
            yield name, [_context_pair(*pair) for pair in value.items()]
        else:
            yield name, value


def _context_pair(name: str, text: str) -> str:
    if "=" in name:
        raise QueryError(f"context.{name}: a field's name holds no '='", field=f"context.{name}")
    return f"{name}={text}"


def _plain(value: object) -> object:
    """Return what JSON has for values of other libraries that behave like its own."""
    match value:
        case Integral():
            return int(value)
        case Real():
            return float(value)
        case Mapping():
            return dict(value)
        case Iterable():
            return list(value)
    raise TypeError(f"{value!r} has no form in JSON")
