"""From scores to the list a user would see."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation.ranker import Ranker

__all__ = ["ranker_ranking"]


def ranker_ranking(ranker: Ranker, users: RowArray, exclude: sp.csr_array, k: int, batch: int = 256) -> RowArray:
    """Return each user's best items among all that are not excluded.

    Args:
        ranker: Fitted.
        users: Rows, shape (n,).
        exclude: Shape (n_users, n_items), by the rows of all users: an item is left out where something is stored, be
            it 0.
        k: At least 1.
        batch: Users scored at once.

    Returns:
        Item rows, shape (n, k), best first, equal scores by row; -1 where no items are left.
    """
    ranked = np.full((len(users), k), -1, np.int64)
    for start in range(0, len(users), batch):
        asked = users[start : start + batch]
        scores = ranker.scores(asked).copy()
        had = exclude[asked]
        scores[np.repeat(np.arange(len(asked)), np.diff(had.indptr)), had.indices] = -np.inf
        for place, row in zip(ranked[start : start + batch], scores, strict=True):
            best = _best(row, k)
            place[: len(best)] = best
    return ranked


def _best(scores: FloatArray, k: int) -> RowArray:
    """Return the positions of the k largest finite scores, equal ones in order."""
    least = np.partition(scores, -k)[-k] if k < len(scores) else -np.inf
    candidates = np.flatnonzero((scores >= least) & (scores > -np.inf))
    return candidates[np.argsort(-scores[candidates], kind="stable")][:k]
