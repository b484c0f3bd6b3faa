"""The named parts of a score, each standardised so that equal weights mean equal say.

A component's raw score is ``q @ target``, or a constant per item, or what ``content`` says. Its standardised value is
``z = (raw - mean) / (deviation * tenth_best)``, mean and deviation over the whole catalogue or a fixed sample of it,
and ``tenth_best`` the median user's tenth-best item in deviations. A component without evidence is absent and adds
exactly 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crossfade.bundle import VectorSpace
from crossfade.types import FloatArray, RowArray

__all__ = ["Part", "PopularityPart", "VectorPart", "popularity_part", "vector_part"]

# Below this share of the spread a vector of its length could have, a deviation is rounding noise.
_NOISE = 1e-5


class Part(Protocol):
    """One component, prepared for a batch of b queries and weighted."""

    @property
    def name(self) -> str:
        """The component's."""
        ...

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether there is evidence, whatever the weight; shape (b,)."""
        ...

    def at(self, query: int, rows: RowArray) -> FloatArray:
        """Return the weighted z of some items for one query, shape (len(rows),)."""
        ...

    def everywhere(self) -> FloatArray | float:
        """Return the weighted z of every item for every query, of a shape that broadcasts to (b, n_items)."""
        ...


@dataclass(frozen=True)
class VectorPart:
    """A component whose raw score is an inner product.

    Attributes:
        name: The component's.
        space: The item vectors.
        vectors: Shape (b, d), one per query.
        means: Shape (b,), mean raw score over the catalogue.
        gains: Shape (b,), ``weight / (deviation * tenth_best)``; 0 where absent.
        present: Shape (b,).
    """

    name: str
    space: VectorSpace
    vectors: FloatArray
    means: FloatArray
    gains: FloatArray
    present: NDArray[np.bool_]

    def at(self, query: int, rows: RowArray) -> FloatArray:
        """Return the weighted z of some items for one query, shape (len(rows),)."""
        if self.gains[query] == 0:
            return np.zeros(len(rows), np.float32)
        raw = self.space.targets[rows] @ self.vectors[query]
        weighted: FloatArray = np.multiply(raw - self.means[query], self.gains[query], dtype=np.float32)
        return weighted

    def everywhere(self) -> FloatArray | float:
        """Return the weighted z of every item for every query, shape (b, n_items)."""
        if not self.gains.any():
            return 0.0
        raw = (self.vectors * self.gains[:, None]) @ self.space.targets.T
        weighted: FloatArray = np.subtract(raw, (self.gains * self.means)[:, None], dtype=np.float32)
        return weighted

    def nearest(self, n: int) -> RowArray:
        """Look up the ``n`` items of largest raw score per query, shape (b, at most n).

        Row -1 stands where the index found fewer, or where the component has no say for that query.
        """
        rows = np.full((len(self.vectors), min(n, self.space.index.size)), -1, np.int64)
        asked = self.gains > 0
        if asked.any():
            rows[asked] = self.space.index.search(self.vectors[asked], n)[1]
        return rows


def vector_part(
    name: str, space: VectorSpace, vectors: FloatArray, *, weights: FloatArray, tenth_best: float
) -> VectorPart:
    """Prepare a vector component for a batch.

    Args:
        name: The component's.
        space: The item vectors.
        vectors: Shape (b, d), one per query; zeros where there is no evidence.
        weights: Shape (b,), >= 0.
        tenth_best: See the module.
    """
    deviations = np.linalg.norm(vectors @ space.root, axis=1)
    present = deviations > _NOISE * np.linalg.norm(vectors, axis=1) * np.linalg.norm(space.root)
    gains = np.zeros(len(vectors), np.float32)
    np.divide(weights, deviations * tenth_best, out=gains, where=present, casting="same_kind")
    return VectorPart(name, space, vectors, vectors @ space.mean, gains, present)


@dataclass(frozen=True)
class PopularityPart:
    """How much an item is used by everyone, ever or lately; the same for every query but for its weight.

    Attributes:
        name: The component's.
        z: Shape (n_items,), standardised.
        weights: Shape (b,).
        present: Shape (b,), all alike: whether some items are more popular than others.
    """

    name: str
    z: FloatArray
    weights: FloatArray
    present: NDArray[np.bool_]

    def at(self, query: int, rows: RowArray) -> FloatArray:
        """Return the weighted z of some items for one query, shape (len(rows),)."""
        weighted: FloatArray = np.multiply(self.z[rows], self.weights[query], dtype=np.float32)
        return weighted

    def everywhere(self) -> FloatArray | float:
        """Return the weighted z of every item for every query, shape (b, n_items)."""
        weighted: FloatArray = np.multiply(self.weights[:, None], self.z, dtype=np.float32)
        return weighted

    def nearest(self, n: int) -> RowArray:
        """Find the ``n`` items of largest z per query, best first, shape (b, at most n).

        Row -1 stands where the component has no say for that query.
        """
        n = min(n, len(self.z))
        rows = np.full((len(self.weights), n), -1, np.int64)
        asked = (self.weights > 0) & self.present
        if n > 0 and asked.any():
            best = np.argpartition(self.z, len(self.z) - n)[len(self.z) - n :]
            rows[asked] = best[np.argsort(-self.z[best], kind="stable")]
        return rows


def popularity_part(name: str, popularity: FloatArray, *, weights: FloatArray, tenth_best: float) -> PopularityPart:
    """Prepare a component that is the same for everyone.

    Args:
        name: The component's.
        popularity: Shape (n_items,), a logarithm of how often each item was used, or of its growth.
        weights: Shape (b,), >= 0.
        tenth_best: See the module.
    """
    deviation = float(popularity.std()) if popularity.size else 0.0
    known = deviation > 0
    z = (popularity - popularity.mean()) / (deviation * tenth_best) if known else np.zeros_like(popularity)
    return PopularityPart(name, z.astype(np.float32), weights, np.full(len(weights), known))
