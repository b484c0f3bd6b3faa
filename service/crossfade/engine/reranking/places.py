"""The pass over the places."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from crossfade.engine.reranking.counting import Caps, Exploration, Promotion
from crossfade.engine.reranking.preference import ByScore, ByScoreAndUnlikeness
from crossfade.engine.reranking.rules import PlacedBy, Ranked, Rules
from crossfade.types import FloatArray, RowArray

__all__ = ["rerank"]


def rerank(
    rows: RowArray,
    scores: FloatArray,
    *,
    wanted: int,
    rules: Rules,
    vectors: Callable[[RowArray], FloatArray],
) -> Ranked:
    """Return the first places of the order that the rules make of a pool.

    Args:
        rows: Shape (n_pool,), the pool's items, each once, best first.
        scores: Shape (n_pool,), falling.
        wanted: How many places; fewer come where the pool or the caps give no more.
        rules: As the package describes them.
        vectors: Gives items' vectors, shape (n, d), unit length, or zero for an item that is like no other. Called
            at most once, and only for diversity.

    Raises:
        ValueError: If a pin's item is not in the pool or pinned twice, or a place is below 1.
    """
    if not rules.any:
        by_score: list[PlacedBy] = ["score"] * min(wanted, len(rows))
        return Ranked(rows[:wanted], scores[:wanted], tuple(by_score))
    places = _Places(rows, scores, rules, vectors)
    order: list[int] = []
    placed_by: list[PlacedBy] = []
    while len(order) < wanted and (found := places.next()) is not None:
        order.append(found[0])
        placed_by.append(found[1])
    chosen = np.array(order, np.int64)
    return Ranked(rows[chosen], scores[chosen], tuple(placed_by))


class _Places:
    """The pass over the places; items are known by their position in the pool."""

    def __init__(
        self, rows: RowArray, scores: FloatArray, rules: Rules, vectors: Callable[[RowArray], FloatArray]
    ) -> None:
        self._place = 0
        self._pins = _pins_in_pool(rows, rules.pins)
        self._free = np.ones(len(rows), np.bool_)
        self._free[list(self._pins.values())] = False
        self._caps = Caps(rules.cap, self._free)
        for item in self._pins.values():
            self._caps.count(item)
        self._order = (
            ByScoreAndUnlikeness(scores, self._free, rules.diversity, vectors(rows)) if rules.diversity else ByScore()
        )
        self._promotion = Promotion(rules.promotion, self._pins) if rules.promotion else None
        self._exploration = Exploration(rules.exploration, self._free) if rules.exploration else None

    def next(self) -> tuple[int, PlacedBy] | None:
        """Return the item at the next place and what brought it there; None at the end."""
        self._place += 1
        found = self._choose()
        if found is not None:
            item, placed_by = found
            if placed_by != "pin":
                self._free[item] = False
                self._caps.count(item)
            self._order.placed(item)
            if self._promotion:
                self._promotion.placed(item)
        return found

    def _choose(self) -> tuple[int, PlacedBy] | None:
        if self._place in self._pins:
            return self._pins.pop(self._place), "pin"
        best = self._order.best(self._free)
        if best is None:
            return (self._pins.pop(min(self._pins)), "pin") if self._pins else None
        if self._promotion and self._promotion.is_due(self._place):
            promoted = self._order.best(self._free & self._promotion.promoted)
            if promoted is not None:
                return promoted, "score" if promoted == best else "promote"
        drawn = self._exploration.draw(self._place, self._free) if self._exploration else None
        return (best, "score") if drawn is None else (drawn, "exploration")


def _pins_in_pool(rows: RowArray, pins: Mapping[int, int]) -> dict[int, int]:
    """Return the position in the pool of each pin's item by place."""
    if any(place < 1 for place in pins):
        raise ValueError(f"places count from 1, got {min(pins)}")
    if len(set(pins.values())) < len(pins):
        raise ValueError(f"each item can be pinned once, got {sorted(pins.values())}")
    found = {place: np.flatnonzero(rows == row) for place, row in pins.items()}
    absent = [pins[place] for place, where in found.items() if not len(where)]
    if absent:
        raise ValueError(f"pinned items must be in the pool, these are not: {absent}")
    return {place: int(where[0]) for place, where in found.items()}
