"""After fusion: from a pool, best first, to the order that is answered. No rule touches a score.

One pass over the places 1, 2, 3, … of the whole order, all pages together, decides each from those above it alone.
So the first places are the same however many are asked for, and pages are slices of one order. At a place, the first
of these that applies:

1. **Pin.** An item that is pinned there stands there. It is never capped and comes nowhere else. Pins for places
   beyond the end follow at the end, in their order.
2. **Promotion.** Among the first n places at least ``floor(n * share)`` belong to the promoted, for every n, as long
   as the pool has such items that no cap forbids; whatever brought them there counts. Where another item would make
   them too few, the best promoted one takes the place. Pins further down are looked ahead to.
3. **Exploration.** Among the first n places at most ``floor(n * share)`` are drawn, each uniformly from what stands in
   the pool below the page that the place is on.
4. **Score and diversity.** Else the item with the largest
   ``(1 - diversity) * relevance - diversity * likeness`` comes; equal ones in the order of the pool.

**Caps** decide who may come by 2, 3 and 4: of items that share a value at most ``most``, over the whole order. Pins
count for them from the start, wherever they stand.

**Diversity.** Relevance is the score, scaled to 0 to 1 over the pool without its pins; likeness is half the largest,
half the mean cosine to all items above. After Carbonell & Goldstein, SIGIR 1998 (maximal marginal relevance), who
take the largest alone. The mean is ours, because diversity is promised as mean distance within a list: with the
largest alone that distance fell as diversity rose in 10 % of the steps of single requests, and once on average; with
the mean alone in 2 %, but near twins stayed in the list; with both in 5 %, never on average, and no twins.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossfade.types import FloatArray, RowArray

__all__ = ["CapRule", "ExplorationRule", "PlacedBy", "PromotionRule", "Ranked", "Rules", "rerank"]

PlacedBy: TypeAlias = Literal["score", "pin", "promote", "exploration"]


@dataclass(frozen=True)
class CapRule:
    """At most ``most`` items of each group.

    Attributes:
        groups: The groups of each item of the pool, none for one that is not capped; repeats count once.
        most: At least 1.
    """

    groups: Sequence[Sequence[int]]
    most: int


@dataclass(frozen=True)
class PromotionRule:
    """A share of the places for some.

    Attributes:
        promoted: Shape (n_pool,), which items it is for.
        share: 0 to 1.
    """

    promoted: NDArray[np.bool_]
    share: float


@dataclass(frozen=True)
class ExplorationRule:
    """A share of the places for what the order would not bring.

    Attributes:
        share: 0 to 1.
        seed: Of the draws; the same seed draws the same.
        page: Items per page, at least 1.
    """

    share: float
    seed: int
    page: int


@dataclass(frozen=True)
class Rules:
    """What changes the order of a pool.

    Attributes:
        diversity: 0 to 1; 0 keeps the order.
        cap: How many of a kind may come.
        promotion: Who gets places.
        exploration: What is drawn.
        pins: Item row by place, from 1; every one of them is in the pool, where its score says.
    """

    diversity: float = 0.0
    cap: CapRule | None = None
    promotion: PromotionRule | None = None
    exploration: ExplorationRule | None = None
    pins: Mapping[int, int] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether there is a rule at all."""
        return bool(self.diversity or self.cap or self.promotion or self.exploration or self.pins)


@dataclass(frozen=True)
class Ranked:
    """The first places of the order; all of length n.

    Attributes:
        rows: Item rows.
        scores: Their scores, which need not fall.
        placed_by: What brought each item to its place.
    """

    rows: RowArray
    scores: FloatArray
    placed_by: tuple[PlacedBy, ...]


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
        rules: As the module describes them.
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
        self._caps = _Caps(rules.cap, self._free)
        for item in self._pins.values():
            self._caps.count(item)
        self._order = _Order(scores, self._free, rules.diversity, vectors(rows) if rules.diversity else None)
        self._promotion = _Promotion(rules.promotion, self._pins) if rules.promotion else None
        self._exploration = _Exploration(rules.exploration, self._free) if rules.exploration else None

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


class _Order:
    """Which item comes next by score and diversity."""

    def __init__(
        self, scores: FloatArray, free: NDArray[np.bool_], diversity: float, vectors: FloatArray | None
    ) -> None:
        self._vectors = vectors
        self._diversity = np.float32(diversity)
        self._relevance = np.float32(1 - diversity) * _scaled(scores, free)
        self._value = self._relevance
        self._largest = np.full(len(scores), -np.inf, np.float32)
        self._total = np.zeros(len(scores), np.float32)
        self._n_placed = 0

    def best(self, choice: NDArray[np.bool_]) -> int | None:
        """Return the best of a choice, of shape (n_pool,); None if it is empty."""
        if self._vectors is None:  # the pool is in order
            best = int(np.argmax(choice)) if len(choice) else 0
        else:
            best = int(np.argmax(np.where(choice, self._value, -np.inf))) if len(choice) else 0
        return best if len(choice) and choice[best] else None

    def placed(self, item: int) -> None:
        """Take note of an item that was placed."""
        if self._vectors is None:
            return
        cosines = self._vectors @ self._vectors[item]
        self._n_placed += 1
        np.maximum(self._largest, cosines, out=self._largest)
        self._total += cosines
        likeness = (self._largest + self._total / np.float32(self._n_placed)) / 2
        self._value = self._relevance - self._diversity * likeness


class _Caps:
    """Takes from the free items those whose group is full."""

    def __init__(self, rule: CapRule | None, free: NDArray[np.bool_]) -> None:
        self._rule = rule
        self._free = free
        self._counts: Counter[int] = Counter()
        self._members: defaultdict[int, list[int]] = defaultdict(list)
        for item, groups in enumerate(rule.groups if rule else ()):
            for group in groups:
                self._members[group].append(item)

    def count(self, item: int) -> None:
        """Count an item that has a place."""
        if self._rule is None:
            return
        for group in set(self._rule.groups[item]):
            self._counts[group] += 1
            if self._counts[group] == self._rule.most:
                self._free[self._members[group]] = False


class _Promotion:
    """Counts the promoted above, and says where they are too few."""

    def __init__(self, rule: PromotionRule, pins: Mapping[int, int]) -> None:
        self.promoted = rule.promoted
        self._share = rule.share
        self._n_placed = 0
        self._needed = self._needed_for(pins)

    def is_due(self, place: int) -> bool:
        """Return whether the item at a place must be promoted."""
        return self._n_placed < self._needed.get(place, _floor(place * self._share))

    def placed(self, item: int) -> None:
        """Take note of an item that was placed."""
        self._n_placed += int(self.promoted[item])

    def _needed_for(self, pins: Mapping[int, int]) -> dict[int, int]:
        """Return how many promoted the places up to each one must hold, for places up to the last pin.

        A pin that is not promoted leaves its place to be made up for above it.
        """
        needed: dict[int, int] = {}
        below = 0
        for place in range(max(pins, default=0), 0, -1):
            needed[place] = max(_floor(place * self._share), below)
            gained = int(self.promoted[pins[place]]) if place in pins else 1
            below = needed[place] - gained
        return needed


class _Exploration:
    """Draws items from further down."""

    def __init__(self, rule: ExplorationRule, free: NDArray[np.bool_]) -> None:
        self._rule = rule
        self._random = np.random.default_rng(rule.seed)
        self._candidates = np.flatnonzero(free)
        self._n_drawn = 0

    def draw(self, place: int, free: NDArray[np.bool_]) -> int | None:
        """Return an item for a place, None where none is due or none is left below the page."""
        if self._n_drawn >= _floor(place * self._rule.share):
            return None
        page_end = math.ceil(place / self._rule.page) * self._rule.page
        below = self._candidates[page_end:]
        below = below[free[below]]
        if not len(below):
            return None
        self._n_drawn += 1
        return int(self._random.choice(below))


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


def _scaled(scores: FloatArray, free: NDArray[np.bool_]) -> FloatArray:
    """Return scores from 0 to 1 over the free items; 0 where all are equal."""
    among = scores[free]
    if not len(among) or among.max() == among.min():
        return np.zeros_like(scores)
    scaled: FloatArray = (scores - among.min()) / (among.max() - among.min())
    return scaled


def _floor(number: float) -> int:
    """Return the floor of a share of places; 100 * 0.29 is 29, whatever a float says."""
    return math.floor(number + 1e-9)
