"""One request as it will be answered: defaults filled in, names looked up, filters compiled, the cursor read."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from numbers import Real

from crossfade.engine.filters import FilterNode, listed, parse_filter
from crossfade.engine.items import Items
from crossfade.engine.query import Cap, Exclude, Query
from crossfade.engine.scenarios import query_of
from crossfade.engine.sealing import seal, unseal
from crossfade.engine.view import View
from crossfade.errors import CursorExpiredError, QueryError
from crossfade.live import Person

__all__ = ["Asked", "next_cursor", "read_query"]

_DEFAULT_LIMIT = 10
_DEFAULT_INCLUDE = ("title",)
# Version of the bundle (its hash, 6 bytes), digest of the query, watermark, moment in microseconds, seed, offset.
_CURSOR = struct.Struct(">6s8sQQQI")
_LARGEST_SEED = 2**63 - 1
_FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Asked:
    """What is asked, with nothing left open.

    Attributes:
        query: The request, its defaults filled in from its scenario and its fallback.
        blended: Weights of its scenario and its fallback that its blend is in the place of.
        items: The catalogue as it was at the first page.
        limit: How many items.
        offset: How many places of the whole order come before them.
        include: Names of properties.
        filter: What items must be like; None for anything.
        boosts: What to lift or bury, and by how much.
        promote: What to keep places for; None for nothing.
        diversity: 0 to 1.
        exploration: 0 to 1.
        seed: Of the draws.
        explain: Whether to explain.
        now: The moment that availability, ages and the clock are read at; the first page's.
        present: The moment of this page.
        watermark: The first page's, for a further one: what the user did after it does not count. None for the first.
        digest: Of the request but for its cursor and what it wants to see of each item.
    """

    query: Query
    blended: Mapping[str, float]
    items: Items
    limit: int
    offset: int
    include: Sequence[str]
    filter: FilterNode | None
    boosts: Sequence[tuple[FilterNode, float]]
    promote: tuple[FilterNode, float] | None
    diversity: float
    exploration: float
    seed: int
    explain: bool
    now: datetime
    present: datetime
    watermark: int | None
    digest: bytes


def read_query(view: View, query: Query, *, now: datetime | None = None) -> Asked:
    """Settle what a query leaves open.

    Args:
        view: What it will be answered from.
        query: As asked.
        now: The present, with a zone; by default the system's.

    Raises:
        QueryError: If it names a property or a scenario that there is not, or its filter or cursor cannot be read.
        CursorExpiredError: If its cursor leads into the answer of another bundle or query.
    """
    filled, blended = _filled(view, query)
    filters = _read_filters(filled)
    digest = _digest(filled, None if query.user_id is None else view.person(query.user_id))
    include = _DEFAULT_INCLUDE if filled.include is None else filled.include
    _check_properties(view, include, filled.cap)
    present = now or datetime.now(UTC)
    now, watermark, offset, items = present, None, 0, view.items
    seed = secrets.randbelow(_LARGEST_SEED) if filled.seed is None else filled.seed
    if query.cursor is not None:
        now, watermark, offset, seed = _read_cursor(view, query.cursor, digest)
        items = items.as_of(watermark)
    return Asked(
        query=filled,
        blended=blended,
        items=items,
        limit=_DEFAULT_LIMIT if filled.limit is None else filled.limit,
        offset=offset,
        include=include,
        filter=filters.filter,
        boosts=filters.boosts,
        promote=filters.promote,
        diversity=filled.diversity or 0.0,
        exploration=filled.exploration or 0.0,
        seed=seed,
        explain=bool(filled.explain),
        now=now,
        present=present,
        watermark=watermark,
        digest=digest,
    )


@dataclass(frozen=True)
class _Filters:
    """Every filter of a query, read; as in ``Asked``."""

    filter: FilterNode | None
    boosts: Sequence[tuple[FilterNode, float]]
    promote: tuple[FilterNode, float] | None


def _read_filters(query: Query) -> _Filters:
    promote = query.promote
    return _Filters(
        filter=None if query.filter is None else parse_filter(query.filter),
        boosts=[
            (parse_filter(one.filter, where=f"boost.{place}.filter"), one.amount)
            for place, one in enumerate(query.boost or ())
        ],
        promote=None if promote is None else (parse_filter(promote.filter, where="promote.filter"), promote.share),
    )


def next_cursor(view: View, asked: Asked, offset: int) -> str:
    """Return the cursor for what follows on the first ``offset`` places of the order that ``asked`` began."""
    watermark = view.seq if asked.watermark is None else asked.watermark
    moment = (asked.now - _FIRST_MOMENT) // _MICROSECOND  # to the last one: what fades by the moment must not waver
    payload = _CURSOR.pack(_version(view), asked.digest, watermark, moment, asked.seed % 2**64, offset)
    return seal(view.secret, "cursor", payload)


def _filled(view: View, query: Query) -> tuple[Query, dict[str, float]]:
    """Return the query with what it leaves at its default taken from its scenario, and then from its fallback.

    Returns:
        The query, and the weights of the two that a nearer blend has taken the place of.
    """
    sources: list[Query] = []
    if query.scenario is not None:
        scenario = view.scenarios.get(query.scenario)
        if scenario is None:
            known = ", ".join(sorted(view.scenarios)) or "none"
            raise QueryError(f"scenario: no {query.scenario!r}; there are: {known}", field="scenario")
        sources.append(query_of(scenario.defaults))
    if query.fallback is not None:
        sources.append(query.fallback)
    filled, blended = query, dict[str, float]()
    for source in sources:
        if filled.blend is not None:
            blended = {name: weight for name, weight in source.weights.items() if name in _SHARED_BY_BLEND} | blended
        filled = _filled_from(filled, source)
    return filled, blended


_SHARED_BY_BLEND = {"collaborative", "content"}
_FILLED_ON_THEIR_OWN = ("weights", "context", "blend", "exclude", "cursor", "scenario", "fallback", "seed")


def _filled_from(query: Query, source: Query) -> Query:
    changes: dict[str, object] = {
        one.name: getattr(source, one.name)
        for one in dataclasses.fields(Query)
        if one.name not in _FILLED_ON_THEIR_OWN and getattr(query, one.name) is None
    }
    weights = dict(source.weights)
    # Blend, and the two weights that it stands for: one way of saying it, and the nearer one counts.
    if query.blend is not None:
        weights = {name: weight for name, weight in weights.items() if name not in _SHARED_BY_BLEND}
    elif _SHARED_BY_BLEND.isdisjoint(query.weights):
        changes["blend"] = source.blend
    changes["weights"] = {**weights, **query.weights}
    changes["context"] = {**source.context, **query.context}
    changes["exclude"] = _excluded(query.exclude, source.exclude)
    return dataclasses.replace(query, **changes)  # type: ignore[arg-type]  # by the names of its own fields


def _excluded(nearer: Exclude, further: Exclude) -> Exclude:
    """Return what is excluded: the ids of both, and else what the nearer one says."""
    return Exclude(
        item_ids=[*nearer.item_ids, *further.item_ids],
        interacted=further.interacted if nearer.interacted is None and not nearer.narrowed else nearer.interacted,
        since=nearer.since or further.since,
        event_types=further.event_types if nearer.event_types is None else nearer.event_types,
    )


def _check_properties(view: View, include: Sequence[str], cap: Cap | None) -> None:
    wanted = [("include", name) for name in include]
    if cap is not None:
        wanted.append(("cap.field", cap.field))
    for field, name in wanted:
        if name not in view.items.property_names:
            known = listed(view.items.property_names)
            raise QueryError(f"{field}: no property {name!r}; there are {known}", field=field)


def _read_cursor(view: View, cursor: str, digest: bytes) -> tuple[datetime, int, int, int]:
    payload = unseal(view.secret, "cursor", cursor)
    if payload is None or len(payload) != _CURSOR.size:
        raise QueryError("cursor: not one of ours; send 'next_cursor' of the page before", field="cursor")
    version, of_query, watermark, moment, seed, offset = _CURSOR.unpack(payload)
    if version != _version(view):
        raise CursorExpiredError("cursor: another version of the bundle is served now; ask again without it")
    if of_query != digest:
        raise CursorExpiredError(
            "cursor: belongs to another query, or the user was merged, erased or told more since; "
            "send the same query, or ask again without it"
        )
    return _FIRST_MOMENT + moment * _MICROSECOND, watermark, offset, seed


def _version(view: View) -> bytes:
    return bytes.fromhex(view.bundle.version.rpartition("-")[2])


def _digest(query: Query, person: Person | None) -> bytes:
    """Return 8 bytes that tell a query from others, whatever its cursor and what it wants to see of each item.

    So does what is known of the user beside events: these count up to the watermark, but of the rest nobody keeps what
    it was at the first page.
    """
    values = [getattr(query, name) for name in _DIGESTED]
    if person is not None:
        values += [person.user_ids, sorted(person.forgotten), person.attributes]
    text = json.dumps(values, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]


_DIGESTED = tuple(
    one.name for one in dataclasses.fields(Query) if one.name not in ("cursor", "explain", "include", "fallback")
)


def _plain(value: object) -> object:
    """Return what JSON has for parts of a query, and for values of other libraries that behave like its own."""
    match value:
        case datetime():
            return value.isoformat()
        case Real():
            return float(value)
        case Mapping():
            return dict(value)
        case Iterable():
            return list(value)
    return vars(value)
