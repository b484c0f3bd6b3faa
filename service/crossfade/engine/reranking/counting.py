"""What caps, promotion and exploration keep count of on the way down; items are positions in the pool."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

from crossfade.engine.reranking.rules import BoolArray, CapRule, ExplorationRule, PromotionRule

__all__ = ["Caps", "Exploration", "Promotion"]


class Caps:
    """Takes from the free items those whose group is full."""

    def __init__(self, rule: CapRule | None, free: BoolArray) -> None:
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


class Promotion:
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


class Exploration:
    """Draws items from further down."""

    def __init__(self, rule: ExplorationRule, free: BoolArray) -> None:
        self._rule = rule
        self._random = np.random.default_rng(rule.seed)
        self._candidates = np.flatnonzero(free)
        self._n_drawn = 0

    def draw(self, place: int, free: BoolArray) -> int | None:
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


def _floor(number: float) -> int:
    """Return the floor of a share of places; 100 * 0.29 is 29, whatever a float says."""
    return math.floor(number + 1e-9)
