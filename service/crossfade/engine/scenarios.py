"""Stored defaults of a request: JSON with the names of a query's fields, and the query it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from crossfade.engine.clock import in_texts, read_moment
from crossfade.engine.filters import parse_filter
from crossfade.engine.query import Boost, Cap, Exclude, Filter, Pin, Promote, Query
from crossfade.errors import QueryError

__all__ = ["SCENARIO_FIELDS", "query_of"]

Json = Mapping[str, object]


def query_of(defaults: Json) -> Query:
    """Return the query that a scenario's defaults stand for.

    Args:
        defaults: As JSON has them; see ``SCENARIO_FIELDS``. Null stands for a field that is left out.

    Raises:
        QueryError: If a field is unknown, or its value not what it must be.
    """
    given = {name: value for name, value in defaults.items() if value is not None}
    unknown = sorted(given.keys() - _READERS.keys())
    if unknown:
        raise QueryError(f"{unknown[0]}: a scenario has no such field; there are {_NAMES}", field=unknown[0])
    fields: dict[str, object] = {}
    for name, value in given.items():
        try:
            fields[name] = _READERS[name](value)
        except QueryError:
            raise
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise QueryError(f"{name}: not what the field of a request holds: {value!r}", field=name) from error
    query = Query(**fields)  # type: ignore[arg-type]  # each reader makes what its field holds
    if query.filter is not None:
        parse_filter(query.filter)
    for place, boost in enumerate(query.boost or ()):
        parse_filter(boost.filter, where=f"boost.{place}.filter")
    if query.promote is not None:
        parse_filter(query.promote.filter, where="promote.filter")
    return query


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError
    return int(value)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return [_text(one) for one in value]


def _object(value: object) -> Json:
    if not isinstance(value, Mapping):
        raise TypeError
    return cast("Json", value)


def _objects(value: object) -> list[Json]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return [_object(one) for one in value]


def _only(value: Json, *names: str) -> Json:
    if value.keys() - set(names):
        raise ValueError
    return {name: one for name, one in value.items() if one is not None}


def _exclude(value: object) -> Exclude:
    given = _only(_object(value), "item_ids", "interacted", "since", "event_types")
    return Exclude(
        item_ids=_texts(given.get("item_ids", [])),
        interacted=_yes_or_no(given["interacted"]) if "interacted" in given else None,
        since=_moment(given["since"]) if "since" in given else None,
        event_types=_texts(given["event_types"]) if "event_types" in given else None,
    )


def _moment(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    return read_moment(value, field="exclude.since")[0]


def _boost(value: Json) -> Boost:
    given = _only(value, "filter", "amount")
    return Boost(_object(given["filter"]), _number(given["amount"]))


def _pin(value: Json) -> Pin:
    given = _only(value, "item_id", "position")
    return Pin(_text(given["item_id"]), _whole(given["position"]))


def _promote(value: object) -> Promote:
    given = _only(_object(value), "filter", "share")
    return Promote(_object(given["filter"]), _number(given["share"]))


def _cap(value: object) -> Cap:
    given = _only(_object(value), "field", "most")
    return Cap(_text(given["field"]), _whole(given["most"]))


def _filter(value: object) -> Filter:
    return _object(value)


_READERS: Mapping[str, Callable[[object], object]] = {
    "limit": _whole,
    "context": lambda value: {_text(name): _text(one) for name, one in in_texts(_object(value)).items()},
    "weights": lambda value: {_text(name): _number(one) for name, one in _only_given(value).items()},
    "blend": _number,
    "filter": _filter,
    "exclude": _exclude,
    "boost": lambda value: [_boost(one) for one in _objects(value)],
    "pin": lambda value: [_pin(one) for one in _objects(value)],
    "promote": _promote,
    "cap": _cap,
    "diversity": _number,
    "exploration": _number,
    "explain": _yes_or_no,
    "include": _texts,
}


def _only_given(value: object) -> Json:
    return {name: one for name, one in _object(value).items() if one is not None}


SCENARIO_FIELDS = tuple(_READERS)
"""The fields of a request that a scenario can fill in."""

_NAMES = ", ".join(SCENARIO_FIELDS)
