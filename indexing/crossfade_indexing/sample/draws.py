"""Random numbers that stay the same from one numpy release to the next.

numpy promises that a seeded bit generator and its uniform doubles do not change, but not what its distributions
make of them. So everything here is made from uniform doubles of PCG64, and a frozen sample stays frozen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["Draws", "pick"]


class Draws:
    """One stream of random numbers.

    Args:
        seed: The stream's own sequence; spawn one per purpose, so that asking more of one stream moves no other.
    """

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def uniform(self, *shape: int) -> NDArray[np.float64]:
        """Numbers in [0, 1)."""
        return self._generator.random(shape)

    def normal(self, *shape: int) -> NDArray[np.float64]:
        """Numbers of mean 0 and standard deviation 1, by the inverse of the distribution function."""
        # Half a step up keeps 0, whose inverse is minus infinity, out of reach.
        return np.asarray(ndtri(self.uniform(*shape) + 2.0**-54), dtype=np.float64)

    def below(self, bound: int, *shape: int) -> NDArray[np.int64]:
        """Whole numbers from 0 to bound - 1, all equally likely."""
        return np.floor(bound * self.uniform(*shape)).astype(np.int64)

    def order(self, count: int) -> NDArray[np.int64]:
        """The numbers 0 to count - 1 in random order."""
        return np.asarray(np.argsort(self.uniform(count), kind="stable"), dtype=np.int64)

    def one_of(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """For each row of a mask of shape (rows, columns) one column that it allows, all equally likely."""
        return np.asarray(np.argmax(mask + self.uniform(*mask.shape), axis=1), dtype=np.int64)

    def categories(self, weights: NDArray[np.float64]) -> NDArray[np.int64]:
        """One category for each row of weights, as :func:`pick` has them; shape (rows,)."""
        return pick(weights, self.uniform(len(weights), 1))[:, 0]

    def repeated(self, weights: tuple[float, ...], count: int) -> NDArray[np.int64]:
        """Categories drawn with replacement in proportion to their weights; shape (count,)."""
        return pick(np.array([weights], dtype=np.float64), self.uniform(1, count)).ravel()


def pick(weights: NDArray[np.float64], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turn uniform numbers into categories, by the inverse of each row's distribution function.

    Args:
        weights: Shape (rows, categories), non-negative, with a positive sum in each row.
        uniforms: Shape (rows, draws), in [0, 1).

    Returns:
        Shape (rows, draws): categories, never one of weight 0.
    """
    rows, categories = weights.shape
    edges = np.cumsum(weights, axis=1)
    edges /= edges[:, -1:]
    # One search for all rows: row r's edges lie in (r, r + 1].
    offsets = np.arange(rows)[:, None]
    found = np.searchsorted((edges + offsets).ravel(), (uniforms + offsets).ravel(), side="right")
    chosen = found.reshape(uniforms.shape) - offsets * categories
    # The sum can round up to the next row's edge; the last category with any weight is the one meant.
    last = categories - 1 - np.argmax(weights[:, ::-1] > 0, axis=1)
    return np.asarray(np.minimum(chosen, last[:, None]), dtype=np.int64)
