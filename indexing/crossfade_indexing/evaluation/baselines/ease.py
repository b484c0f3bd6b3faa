"""EASE: the linear item-to-item model in closed form that shallow and deep models alike are measured against.

With X the weights and P = (X^T X + l2 I)^-1, the item-to-item weights are B = I - P / diag(P) by columns, and a user's
scores are x B. Where there are fewer users than items the same comes from K = X X^T + l2 I, which is smaller:
x_u P = K^-1[u] X and P = (I - X^T K^-1 X) / l2 by Woodbury's identity.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import lapack

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation.baselines.training import fitted, liked
from crossfade_indexing.evaluation.ranker import TrainingData

__all__ = ["Ease", "ease_fits"]

# The order of the dense float64 matrix to invert: 3.2 GB, and minutes on two cores.
_HIGHEST_ORDER = 20_000
_CHUNK = 512


def ease_fits(n_users: int, n_items: int) -> bool:
    """Return whether EASE can be had: if there are at most 20,000 users or at most 20,000 items."""
    return min(n_users, n_items) <= _HIGHEST_ORDER


class Ease:
    """Scores an item by a weighted sum over the user's positive weights; the sum's weights reproduce the training side.

    Args:
        l2: Ridge penalty in squared weights, above 0.

    Raises:
        ValueError: If l2 is not above 0.

    Source:
        Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019. The way over the users is ours.
    """

    name = "EASE"

    def __init__(self, l2: float = 300.0) -> None:
        if not 0 < l2 < np.inf:
            raise ValueError(f"l2 must be above 0 and finite, not {l2}")
        self._l2 = l2
        self._liked: sp.csr_array | None = None
        # P or K^-1, whichever is smaller.
        self._inverse: NDArray[np.float64] | None = None
        self._diagonal: NDArray[np.float64] | None = None

    def fit(self, data: TrainingData) -> None:
        """Solve in float64, in place.

        Raises:
            ValueError: If there are more than 20,000 users and more than 20,000 items.
        """
        n_users, n_items = data.weights.shape
        if not ease_fits(n_users, n_items):
            raise ValueError(
                f"EASE inverts a dense matrix, users by users or items by items: {n_users:,} users and {n_items:,} "
                f"items would need {8e-9 * min(n_users, n_items) ** 2:.0f} GB; it is offered up to {_HIGHEST_ORDER:,}"
            )
        weights = liked(data.weights).astype(np.float64)
        items: sp.csr_array = weights.T.tocsr()
        if n_items <= n_users:
            self._inverse = _inverse_in_place(_penalised_gram(items, self._l2))
            self._diagonal = self._inverse.diagonal()
        else:
            self._inverse = _inverse_in_place(_penalised_gram(weights, self._l2))
            self._diagonal = (1 - _quadratic_forms(items, self._inverse)) / self._l2
        self._liked = weights

    def scores(self, users: RowArray) -> FloatArray:
        """Return the sums."""
        weights, inverse = fitted(self._liked), fitted(self._inverse)
        own = weights[users]
        over_items = weights.shape[1] <= weights.shape[0]
        products: NDArray[np.float64] = own @ inverse if over_items else inverse[users] @ weights
        return (own.toarray() - products / fitted(self._diagonal)).astype(np.float32)


def _penalised_gram(rows: sp.csr_array, l2: float) -> NDArray[np.float64]:
    """Return ``A A^T + l2 I``, dense; never sparse as a whole, which can be larger than dense."""
    columns = rows.T.tocsr()
    gram = np.empty((rows.shape[0], rows.shape[0]))
    for start in range(0, len(gram), _CHUNK):
        gram[start : start + _CHUNK] = (rows[start : start + _CHUNK] @ columns).toarray()
    gram[np.diag_indices_from(gram)] += l2
    return gram


def _inverse_in_place(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inverse of a symmetric positive definite, C-contiguous matrix, which is overwritten."""
    # LAPACK works on columns: the transposed view of a symmetric matrix is the same matrix, and needs no copy.
    factor, _ = lapack.dpotrf(matrix.T, lower=1, clean=1, overwrite_a=1)
    lower, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    inverse: NDArray[np.float64] = lower.T
    for start in range(0, len(inverse), _CHUNK):
        block = slice(start, start + _CHUNK)
        inverse[block, :start] = inverse[:start, block].T
        upper = np.triu(inverse[block, block])
        inverse[block, block] = upper + np.triu(upper, 1).T
    return inverse


def _quadratic_forms(rows: sp.csr_array, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``a M a^T`` for each row a."""
    forms = np.empty(rows.shape[0])
    for start in range(0, len(forms), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        forms[start : start + _CHUNK] = chunk.multiply(chunk @ matrix).sum(axis=1)
    return forms
