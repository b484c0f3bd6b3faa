"""A generated catalogue, large enough for approximate retrieval, and what it must answer: rules in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
from engine.conftest import context_space, view_of
from engine.naive_filters import matches

from crossfade.engine import Query, RetrievalSettings
from crossfade.engine.ready import Ready
from crossfade.engine.view import View

__all__ = ["N_ITEMS", "THROUGH_INDEXES", "Expected", "expected", "generated_view"]

N_ITEMS = 20_480
"""More than an exact index is built for."""

THROUGH_INDEXES = RetrievalSettings(exact_up_to=0, candidates_per_index=400)

_D = 8
_DAY = timedelta(days=1)


@cache
def generated_view() -> View:
    """Return a view of 20,480 drawn items, looked up in graphs; made once a run, it takes seconds.

    One item in 1,024 is ``rare`` and one of 20,480 ``unique``; a hundredth is hidden, another not available yet, a
    third no more. ``u0`` to ``u19`` have a past, ``u20`` has told an age, and the encoder knows "north" and "sea".
    """
    random = np.random.default_rng(11)
    embeddings = random.normal(size=(N_ITEMS, _D))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    embeddings[::97] = 0  # items without text
    rows = np.arange(N_ITEMS)
    now = datetime.now(UTC)
    past = {
        f"u{user}": {int(row): float(random.integers(-1, 4)) for row in random.choice(N_ITEMS, 5 * user + 1)}
        for user in range(20)
    }
    return view_of(
        random.normal(size=(N_ITEMS, _D)),
        random.normal(size=(N_ITEMS, _D)),
        embeddings,
        index="hnsw",
        past=past,
        words={"north": embeddings[1].astype(np.float32), "sea": embeddings[2].astype(np.float32)},
        popularity=np.sort(random.exponential(size=N_ITEMS))[::-1].tolist(),
        trend=random.normal(size=N_ITEMS).tolist(),
        context=context_space({"device": ("tv", "phone")}, random.normal(size=(2, N_ITEMS)), scale=2.0),
        attributes=context_space({"age": ("young", "old")}, random.normal(size=(2, N_ITEMS)), scale=2.0),
        users={"u3": {"age": "old"}, "u20": {"age": "young"}},
        properties={
            "genre": [("crime", "drama", "comedy", "animation")[row % 4] for row in rows],
            "tags": [[f"tag{row % 7}", f"tag{row % 11}"] for row in rows],
            "director": [
                None if row % 50 == 0 else f"d{one}" for row, one in enumerate(random.zipf(1.3, N_ITEMS) % 3_000)
            ],
            "rare": (rows % 1_024 == 500).tolist(),
            "unique": (rows == 12_345).tolist(),
            "is_hidden": [True if row % 100 == 7 else None for row in rows],
            "available_from": [now + _DAY if row % 100 == 8 else None for row in rows],
            "available_until": [now - _DAY if row % 100 == 9 else None for row in rows],
        },
    )


@dataclass(frozen=True)
class Expected:
    """What a query may be answered with, worked out item by item.

    Attributes:
        scores: Of every item that may be answered, best first; equal ones by row.
        properties: Of every item by id.
    """

    scores: Mapping[str, float]
    properties: Mapping[str, Mapping[str, object]]

    def capped(self, field: str, most: int) -> list[str]:
        """Return the items best first, but those that are one too many of a value."""
        counts: Counter[object] = Counter()
        kept = []
        for item_id in self.scores:
            values = set(values_of(self.properties[item_id].get(field)))
            if all(counts[value] < most for value in values):
                counts.update(values)
                kept.append(item_id)
        return kept


def values_of(value: object) -> Sequence[object]:
    """Return the values that a cap counts."""
    several = value if isinstance(value, list) else [value]
    return [one for one in several if one is not None]


def expected(view: View, query: Query) -> Expected:
    """Score every item of a bundle, and leave out what the rules forbid, one item at a time."""
    now = datetime.now(UTC)
    ready = Ready.alone(view, query)
    (everything,) = ready.fusion.scores_everywhere()
    properties = _properties_of(view)
    asked = ready.asked.query
    left_out = {*asked.exclude.item_ids, *_had(view, asked)}
    allowed = [
        item_id
        for item_id, one in properties.items()
        if not one.get("is_hidden")
        and _moment(one.get("available_from"), now - _DAY) <= now < _moment(one.get("available_until"), now + _DAY)
        and (asked.among is None or item_id in asked.among)
        and item_id not in left_out
        and (asked.filter is None or matches(asked.filter, one, now))
    ]
    row_of = {item_id: view.items.row_of(item_id) for item_id in allowed}
    best_first = sorted(allowed, key=lambda item_id: (-everything[row_of[item_id]], row_of[item_id]))
    return Expected({item_id: float(everything[row_of[item_id]]) for item_id in best_first}, properties)


_KEPT: dict[int, tuple[View, Mapping[str, Mapping[str, object]]]] = {}


def _properties_of(view: View) -> Mapping[str, Mapping[str, object]]:
    """Return what is known of each item by id; kept, because it takes most of the time."""
    if id(view) not in _KEPT:
        rows = view.bundle.catalogue.table.to_dicts()
        _KEPT[id(view)] = view, {str(one["item_id"]): one for one in rows}
    return _KEPT[id(view)][1]


def _had(view: View, query: Query) -> set[str]:
    """Return what is left out because the user had it: by default everything, and what the request gives as liked."""
    exclude, ids = query.exclude, view.bundle.catalogue.item_ids
    narrowed = exclude.since is not None or bool(exclude.event_types)
    if exclude.interacted is False or (exclude.interacted is None and narrowed):
        return set()
    user_row = view.bundle.past.row_of.get(query.user_id or "")
    past = [] if user_row is None else view.bundle.past.of(user_row)[0].tolist()
    return {*query.item_ids, *(ids[row] for row in past)}


def _moment(value: object, otherwise: datetime) -> datetime:
    return value if isinstance(value, datetime) else otherwise
