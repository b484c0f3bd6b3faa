"""The named parts of a score, each standardised so that equal weights mean equal say.

A component's raw score is ``q @ target``, or a constant per item, or what ``content`` says. Its standardised value is
``z = (raw - mean) / (deviation * tenth_best)``, mean and deviation over the whole catalogue or a fixed sample of it,
and ``tenth_best`` the median user's tenth-best item in deviations. A component without evidence is absent and adds
exactly 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crossfade.bundle import VectorSpace
from crossfade.engine.growth import ItemRows, blocks, grown
from crossfade.types import FloatArray, RowArray

__all__ = ["AdjustmentPart", "LookedUp", "Part", "PopularityPart", "VectorPart", "popularity_part", "vector_part"]

# Below this share of the spread a vector of its length could have, a deviation is rounding noise.
_NOISE = 1e-5
_NO_ROWS: RowArray = np.empty(0, np.int64)


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


class LookedUp(Part, Protocol):
    """A component that can find its best items among the bundle's without scoring all."""

    def nearest(self, n: int, queries: RowArray) -> list[RowArray]:
        """Return about ``n`` rows for each of some queries: those of largest z; none where it has no say."""
        ...


@dataclass(frozen=True)
class VectorPart:
    """A component whose raw score is an inner product.

    Attributes:
        name: The component's.
        space: The bundle's item vectors, which mean and deviation are over.
        targets: All items', shape (n_items, d).
        vectors: Shape (b, d), one per query.
        means: Shape (b,), mean raw score over the catalogue.
        gains: Shape (b,), ``weight / (deviation * tenth_best)``; 0 where absent.
        present: Shape (b,).
    """

    name: str
    space: VectorSpace
    targets: ItemRows
    vectors: FloatArray
    means: FloatArray
    gains: FloatArray
    present: NDArray[np.bool_]

    def at(self, query: int, rows: RowArray) -> FloatArray:
        """Return the weighted z of some items for one query, shape (len(rows),)."""
        if self.gains[query] == 0:
            return np.zeros(len(rows), np.float32)
        raw = self.targets[rows] @ self.vectors[query]
        weighted: FloatArray = np.multiply(raw - self.means[query], self.gains[query], dtype=np.float32)
        return weighted

    def everywhere(self) -> FloatArray | float:
        """Return the weighted z of every item for every query, shape (b, n_items)."""
        if not self.gains.any():
            return 0.0
        gained = self.vectors * self.gains[:, None]
        raw = np.concatenate([gained @ block.T for block in blocks(self.targets)], axis=1)
        weighted: FloatArray = np.subtract(raw, (self.gains * self.means)[:, None], dtype=np.float32)
        return weighted

    def nearest(self, n: int, queries: RowArray) -> list[RowArray]:
        """Look up the ``n`` items of the bundle of largest raw score for some queries, one array of rows for each.

        An array is empty where the component has no say, and shorter where the index found fewer.
        """
        found = [_NO_ROWS] * len(queries)
        asked = np.flatnonzero(self.gains[queries] > 0)
        if len(asked):
            rows = self.space.index.search(self.vectors[queries[asked]], n)[1]
            for place, of_query in zip(asked, rows, strict=True):
                found[place] = of_query[of_query >= 0]
        return found


def vector_part(
    name: str,
    space: VectorSpace,
    vectors: FloatArray,
    *,
    weights: FloatArray,
    tenth_best: float,
    added: FloatArray | None = None,
) -> VectorPart:
    """Prepare a vector component for a batch.

    Args:
        name: The component's.
        space: The item vectors.
        vectors: Shape (b, d), one per query; zeros where there is no evidence.
        weights: Shape (b,), >= 0.
        tenth_best: See the module.
        added: Shape (l, d), targets of the items that follow on the bundle's.
    """
    deviations = np.linalg.norm(vectors @ space.root, axis=1)
    present = deviations > _NOISE * np.linalg.norm(vectors, axis=1) * np.linalg.norm(space.root)
    gains = np.zeros(len(vectors), np.float32)
    np.divide(weights, deviations * tenth_best, out=gains, where=present, casting="same_kind")
    return VectorPart(name, space, grown(space.targets, added), vectors, vectors @ space.mean, gains, present)


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

    def nearest(self, n: int, queries: RowArray) -> list[RowArray]:
        """Find the ``n`` items of largest z for some queries, one array of rows, best first, for each.

        An array is empty where the component has no say.
        """
        n = min(n, len(self.z))
        asked = (self.weights[queries] > 0) & self.present[queries]
        if n == 0 or not asked.any():
            return [_NO_ROWS] * len(queries)
        best = np.argpartition(self.z, len(self.z) - n)[len(self.z) - n :]
        best = best[np.argsort(-self.z[best], kind="stable")]
        return [best if one else _NO_ROWS for one in asked]


def popularity_part(
    name: str,
    popularity: FloatArray,
    *,
    weights: FloatArray,
    tenth_best: float,
    added: FloatArray | None = None,
) -> PopularityPart:
    """Prepare a component that is the same for everyone.

    Args:
        name: The component's.
        popularity: Shape (n_items,), a logarithm of how often each item was used, or of its growth.
        weights: Shape (b,), >= 0.
        tenth_best: See the module.
        added: Shape (l,), the same of the items that follow on the bundle's.
    """
    deviation = float(popularity.std()) if popularity.size else 0.0
    known = deviation > 0
    values = popularity if added is None or len(added) == 0 else np.concatenate([popularity, added])
    z = (values - popularity.mean()) / (deviation * tenth_best) if known else np.zeros_like(values)
    return PopularityPart(name, z.astype(np.float32), weights, np.full(len(weights), known))


@dataclass(frozen=True)
class AdjustmentPart:
    """What is added to scores beside the components: boosts, and what speaks against items shown before.

    Attributes:
        name: One of ``ADJUSTMENTS``.
        values: One per query, of shape (n_items,) in units of a score; None where nothing is added.
    """

    name: str
    values: Sequence[FloatArray | None]

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether anything is added; shape (b,)."""
        return np.array([values is not None for values in self.values])

    def at(self, query: int, rows: RowArray) -> FloatArray:
        """Return what is added to some items for one query, shape (len(rows),)."""
        values = self.values[query]
        return np.zeros(len(rows), np.float32) if values is None else values[rows]

    def everywhere(self) -> FloatArray | float:
        """Return what is added to every item for every query, of a shape that broadcasts to (b, n_items)."""
        sizes = [len(values) for values in self.values if values is not None]
        if not sizes:
            return 0.0
        return np.stack([np.zeros(sizes[0], np.float32) if values is None else values for values in self.values])
