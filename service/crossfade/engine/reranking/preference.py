"""Which of the items that may come is preferred; items are positions in the pool."""

from __future__ import annotations

import numpy as np

from crossfade.engine.reranking.rules import BoolArray
from crossfade.types import FloatArray

__all__ = ["ByScore", "ByScoreAndUnlikeness"]


class ByScore:
    """Prefers what comes first in the pool."""

    def best(self, choice: BoolArray) -> int | None:
        """Return the best of a choice, of shape (n_pool,); None if it is empty."""
        best = int(np.argmax(choice)) if len(choice) else 0
        return best if len(choice) and choice[best] else None

    def placed(self, item: int) -> None:
        """Take note of an item that was placed."""


class ByScoreAndUnlikeness:
    """Prefers by relevance and diversity, equal items in the order of the pool.

    Every item is compared with each one that is placed: of 2,000 items of 256 dimensions that takes 0.06 ms. To compare
    the best 512 at once, and the others in blocks when a bound on their worth asked for it, was no quicker.

    Args:
        scores: Shape (n_pool,).
        free: Shape (n_pool,), the items that relevance is scaled over.
        diversity: Above 0, up to 1.
        vectors: Shape (n_pool, d), unit length or zero.
    """

    def __init__(self, scores: FloatArray, free: BoolArray, diversity: float, vectors: FloatArray) -> None:
        self._vectors = vectors
        self._relevance = np.float32(1 - diversity) * _scaled(scores, free)
        self._half = np.float32(diversity / 2)
        self._value = self._relevance.copy()
        self._largest = np.full(len(scores), -np.inf, np.float32)
        self._total = np.zeros(len(scores), np.float32)
        self._n_placed = 0

    def best(self, choice: BoolArray) -> int | None:
        """Return the best of a choice, of shape (n_pool,); None if it is empty."""
        if not choice.any():
            return None
        return int(np.argmax(np.where(choice, self._value, -np.inf)))

    def placed(self, item: int) -> None:
        """Take note of an item that was placed."""
        cosines = self._vectors @ self._vectors[item]
        self._n_placed += 1
        np.maximum(self._largest, cosines, out=self._largest)
        self._total += cosines
        likeness = self._total / np.float32(self._n_placed)
        likeness += self._largest
        likeness *= self._half
        np.subtract(self._relevance, likeness, out=self._value)


def _scaled(scores: FloatArray, free: BoolArray) -> FloatArray:
    """Return scores from 0 to 1 over the free items; 0 where all are equal."""
    among = scores[free]
    if not len(among) or among.max() == among.min():
        return np.zeros_like(scores)
    scaled: FloatArray = (scores - among.min()) / (among.max() - among.min())
    return scaled
