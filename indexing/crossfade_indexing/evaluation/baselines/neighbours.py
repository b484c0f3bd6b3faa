"""Neighbourhood models: what those who are like you like, what is like the items you like, and both."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.sparse as sp

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation.baselines.similarities import (
    Formula,
    Table,
    cosine,
    nearest_rows,
    phi,
    rating_correlation,
)
from crossfade_indexing.evaluation.baselines.training import fitted, liked
from crossfade_indexing.evaluation.ranker import Ranker, TrainingData

__all__ = ["ItemNeighbours", "NeighbourHybrid", "Similarity", "UserNeighbours"]

Similarity = Literal["cosine", "pearson"]


class _Neighbours:
    """What both sides share: parameters, and the neighbours of rows.

    Args:
        similarity: "cosine" compares the positive weights. "pearson" correlates the explicit ratings of what both have
            rated, the bad ones included; without ratings, the positive weights over everything.
        neighbours: How many are kept of each row, at least 1.
        shrinkage: A similarity that rests on n common users or items is multiplied by ``n / (n + shrinkage)``; at
            least 0.

    Raises:
        ValueError: If a parameter is out of its range.
    """

    _side: str

    def __init__(self, similarity: Similarity = "cosine", *, neighbours: int = 80, shrinkage: float = 10.0) -> None:
        if similarity not in ("cosine", "pearson"):
            raise ValueError(f"similarity must be 'cosine' or 'pearson', not {similarity!r}")
        if neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, not {neighbours}")
        if not 0 <= shrinkage < np.inf:
            raise ValueError(f"shrinkage must be at least 0 and finite, not {shrinkage}")
        self._similarity = similarity
        self._neighbours = neighbours
        self._shrinkage = shrinkage
        self._liked: sp.csr_array | None = None

    @property
    def name(self) -> str:
        """The side and the similarity."""
        return f"{self._side}-{self._similarity}"

    def _compared(self, data: TrainingData) -> tuple[Formula, sp.csr_array]:
        """Return how users, or items, are compared, and by what: shape (n_users, n_items), stored values above 0."""
        formula = cosine
        values = liked(data.weights)
        if self._similarity == "pearson":
            formula = phi
            if data.ratings is not None and data.ratings.nnz:
                formula = rating_correlation
                values = data.ratings.astype(np.float64)
                # A correlation is the same for shifted ratings, and the sums need values above 0.
                values.data += 1 - values.data.min()
        return formula, values

    def _nearest(self, table: Table, formula: Formula, rows: RowArray | None = None) -> sp.csr_array:
        return nearest_rows(table, formula, shrinkage=self._shrinkage, neighbours=self._neighbours, rows=rows)


class UserNeighbours(_Neighbours):
    """Scores an item by its positive weights among the nearest users, each times the user's similarity.

    A user's neighbours are found when he is asked for: an evaluation asks for a few thousand users of perhaps a
    hundred thousand.
    """

    _side = "user"
    _table: tuple[Table, Formula] | None = None

    def fit(self, data: TrainingData) -> None:
        """Keep what users are compared by."""
        self._liked = liked(data.weights)
        formula, values = self._compared(data)
        self._table = Table(values), formula

    def scores(self, users: RowArray) -> FloatArray:
        """Return the sums."""
        alike = self._nearest(*fitted(self._table), rows=users)
        sums: FloatArray = (alike @ fitted(self._liked)).toarray()
        return sums


class ItemNeighbours(_Neighbours):
    """Scores an item by the user's positive weights of its nearest items, each times the item's similarity."""

    _side = "item"
    _alike: sp.csr_array | None = None

    def fit(self, data: TrainingData) -> None:
        """Find each item's neighbours."""
        self._liked = liked(data.weights)
        formula, values = self._compared(data)
        self._alike = self._nearest(Table(values.T.tocsr()), formula).T.tocsr()

    def scores(self, users: RowArray) -> FloatArray:
        """Return the sums."""
        sums: FloatArray = (fitted(self._liked)[users] @ fitted(self._alike)).toarray()
        return sums


class NeighbourHybrid:
    """Scores an item by the mean of two models' scores, each standardised over the user's items.

    A model that tells no item from another for a user adds 0.

    Args:
        users: The one model; fitted here.
        items: The other; likewise.
    """

    name = "user+item"

    def __init__(self, users: Ranker, items: Ranker) -> None:
        self._models = (users, items)

    def fit(self, data: TrainingData) -> None:
        """Fit both."""
        for model in self._models:
            model.fit(data)

    def scores(self, users: RowArray) -> FloatArray:
        """Return the means, in standard deviations."""
        first, second = (_standardised(model.scores(users)) for model in self._models)
        return (first + second) * np.float32(0.5)


def _standardised(scores: FloatArray) -> FloatArray:
    """Return each row with mean 0 and deviation 1, or 0 throughout where its values are all equal."""
    centred = scores - scores.mean(axis=1, keepdims=True, dtype=np.float64)
    centred[np.ptp(scores, axis=1) == 0] = 0
    deviations = np.sqrt(np.mean(centred**2, axis=1, keepdims=True))
    standardised: FloatArray = (centred / np.where(deviations > 0, deviations, 1)).astype(np.float32)
    return standardised
