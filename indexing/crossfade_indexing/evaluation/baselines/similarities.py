"""Which rows of a sparse matrix are alike, judged by the columns they have in common.

Everything here is made of sums over common columns, ``sum(x_a^p * x_b^q)``, and those are sparse products. They are
taken for a few rows at a time and all but the strongest neighbours dropped at once: the full table of 60,000 users
would be hundreds of millions of pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["Formula", "Table", "cosine", "nearest_rows", "phi", "rating_correlation"]

# Pairs held at once, at up to 100 bytes each: six sums of a correlation and what is made of them.
_PAIRS = 4_000_000
# A variance below this share of the sum of squares is rounding.
_ROUNDING = 1e-12


class Table:
    """A matrix ready for sums over the columns that two of its rows have in common.

    Args:
        values: Stored values all above 0: SciPy's product drops a sum of 0, and then the sums of one pair would not
            stand in the same place of each result.
    """

    def __init__(self, values: sp.csr_array) -> None:
        self.n_rows, self.n_columns = values.shape
        self.powers = [
            sp.csr_array((values.data.astype(np.float64) ** power, values.indices, values.indptr), shape=values.shape)
            for power in range(3)
        ]
        self.totals: NDArray[np.float64] = np.asarray(self.powers[1].sum(axis=1))
        self.squares: NDArray[np.float64] = np.asarray(self.powers[2].sum(axis=1))

    @cached_property
    def transposed(self) -> list[sp.csr_array]:
        """The powers, each of shape (n_columns, n_rows)."""
        return [powered.T.tocsr() for powered in self.powers]

    @cached_property
    def _most_pairs(self) -> NDArray[np.float64]:
        rows_of_column = np.bincount(self.powers[0].indices, minlength=self.n_columns).astype(np.float64)
        shared: NDArray[np.float64] = np.asarray(self.powers[0] @ rows_of_column)
        return np.minimum(shared, self.n_rows)

    def chunks(self, rows: NDArray[np.int64]) -> Iterator[_Pairs]:
        """Yield all pairs of the given rows with any, for as many at a time as have about ``_PAIRS`` of them."""
        chunk = (np.cumsum(self._most_pairs[rows]) // _PAIRS).astype(np.int64)
        starts = np.flatnonzero(np.diff(chunk, prepend=-1)).tolist()
        for start, stop in pairwise([*starts, len(rows)]):
            yield _Pairs(self, rows[start:stop])


class _Pairs:
    """Some rows a beside every row b with which they have a column in common.

    Attributes:
        common: The number of common columns, one per pair.
        a: The pair's rows, likewise.
        b: The pair's other rows.
    """

    def __init__(self, table: Table, rows: NDArray[np.int64]) -> None:
        self.table = table
        self.rows = rows
        counted = self._product(0, 0)
        self.indptr = counted.indptr
        self.common: NDArray[np.float64] = counted.data
        self.a = np.repeat(rows, np.diff(counted.indptr))
        self.b: NDArray[np.int32] = counted.indices

    def sum(self, p: int, q: int) -> NDArray[np.float64]:
        """Return ``sum(x_a^p * x_b^q)`` over the common columns, one per pair; powers up to 2."""
        sums: NDArray[np.float64] = self._product(p, q).data
        return sums

    def _product(self, p: int, q: int) -> sp.csr_array:
        product: sp.csr_array = self.table.powers[p][self.rows] @ self.table.transposed[q]
        return product


Formula = Callable[[_Pairs], NDArray[np.float64]]
"""One similarity per pair, before shrinkage."""


def cosine(pairs: _Pairs) -> NDArray[np.float64]:
    """Return the cosine of the whole rows, which are 0 where nothing is stored."""
    lengths = np.sqrt(pairs.table.squares)
    return _ratio(pairs.sum(1, 1), lengths[pairs.a], lengths[pairs.b])


def phi(pairs: _Pairs) -> NDArray[np.float64]:
    """Return Pearson's correlation of the whole rows, which are 0 where nothing is stored."""
    table = pairs.table
    means = table.totals / table.n_columns
    spreads = _spread(table.squares, table.totals, table.n_columns)
    covariances = pairs.sum(1, 1) - table.n_columns * means[pairs.a] * means[pairs.b]
    return _ratio(covariances, spreads[pairs.a], spreads[pairs.b])


def rating_correlation(pairs: _Pairs) -> NDArray[np.float64]:
    """Return Pearson's correlation over the common columns alone, with the means of those; 0 for constant ones.

    Two rows with fewer than two common columns have none. The same for ratings shifted by a constant.
    """
    total_a, total_b = pairs.sum(1, 0), pairs.sum(0, 1)
    covariances = pairs.sum(1, 1) - total_a * total_b / pairs.common
    spread_a = _spread(pairs.sum(2, 0), total_a, pairs.common)
    spread_b = _spread(pairs.sum(0, 2), total_b, pairs.common)
    return _ratio(covariances, spread_a, spread_b)


def nearest_rows(
    table: Table, formula: Formula, *, shrinkage: float, neighbours: int, rows: NDArray[np.int64] | None = None
) -> sp.csr_array:
    """Return the most similar other rows of each row asked for.

    A similarity is multiplied by ``n / (n + shrinkage)``, n being the number of common columns. Only those above 0
    count, and equal ones are taken by row.

    Args:
        table: Shape (n_rows, n_columns).
        formula: How alike two rows are.
        shrinkage: In columns, at least 0.
        neighbours: At least 1.
        rows: Shape (n,). Default: all, in order.

    Returns:
        Shape (n, n_rows), float32, at most ``neighbours`` stored per row.
    """
    asked = np.arange(table.n_rows) if rows is None else rows
    columns, strengths = [np.empty(0, np.int32)], [np.empty(0, np.float32)]
    counts = [0]
    for pairs in table.chunks(asked):
        similarities = formula(pairs) * (pairs.common / (pairs.common + shrinkage))
        similarities[pairs.a == pairs.b] = 0
        for start, stop in pairwise(pairs.indptr.tolist()):
            kept = start + _strongest(similarities[start:stop], pairs.b[start:stop], neighbours)
            columns.append(pairs.b[kept])
            strengths.append(similarities[kept].astype(np.float32))
            counts.append(len(kept))
    found = (np.concatenate(strengths), np.concatenate(columns), np.cumsum(counts))
    return sp.csr_array(found, shape=(len(asked), table.n_rows))


def _strongest(similarities: NDArray[np.float64], rows: NDArray[np.int32], most: int) -> NDArray[np.int64]:
    """Return the positions, ascending, of the largest similarities above 0; equal ones by row."""
    positive = np.flatnonzero(similarities > 0)
    if len(positive) <= most:
        return positive
    candidates = similarities[positive]
    least = np.partition(candidates, -most)[-most]
    above, level = positive[candidates > least], positive[candidates == least]
    level = level[np.argsort(rows[level])][: most - len(above)]
    return np.sort(np.concatenate([above, level]))


def _spread(
    squares: NDArray[np.float64], totals: NDArray[np.float64], counts: NDArray[np.float64] | int
) -> NDArray[np.float64]:
    """Return the root of the sum of squared deviations from the mean, 0 where that is rounding."""
    deviations = squares - totals**2 / counts
    return np.sqrt(np.where(deviations > _ROUNDING * squares, deviations, 0.0))


def _ratio(
    products: NDArray[np.float64], lengths_a: NDArray[np.float64], lengths_b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return products over lengths, 0 where a length is 0."""
    lengths = lengths_a * lengths_b
    ratios = np.zeros_like(products)
    np.divide(products, lengths, out=ratios, where=lengths > 0)
    return ratios
