"""The two baselines any factorization must beat: one mean for all, and one mean per user and item."""

from __future__ import annotations

import numpy as np

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation.ratings.model import check_ratings

__all__ = ["Biases", "GlobalMean"]

# In ratings: how many at the mean each user and item is given on top of their own.
USER_SHRINKAGE = 5.0
ITEM_SHRINKAGE = 3.0
ROUNDS = 10


class GlobalMean:
    """The mean of all ratings for every pair: the least a model must beat."""

    name = "global mean"

    def fit(self, users: RowArray, items: RowArray, ratings: FloatArray, *, n_users: int, n_items: int) -> None:
        """Learn from ratings; see RatingModel."""
        check_ratings(users, items, ratings, n_users=n_users, n_items=n_items)
        self._mean = float(ratings.mean(dtype=np.float64))

    def predict(self, users: RowArray, items: RowArray) -> FloatArray:
        """Return the mean for each pair; see RatingModel."""
        return np.full(np.broadcast(users, items).shape, self._mean, np.float32)


class Biases:
    """The mean, plus how much above it this user rates, plus how much above it this item is rated.

    Each offset is the sum of what the others leave over, divided by the number of ratings plus a constant, in turns
    until they agree. The constants were chosen on ratings held out within one training fold of MovieLens-small.

    Source:
        Koren, "Factor in the neighbors", TKDD 2010, section 2.1; taking turns instead of one pass is ours.
    """

    name = "biases"

    def fit(self, users: RowArray, items: RowArray, ratings: FloatArray, *, n_users: int, n_items: int) -> None:
        """Learn from ratings; see RatingModel."""
        check_ratings(users, items, ratings, n_users=n_users, n_items=n_items)
        self._range = float(ratings.min()), float(ratings.max())
        self._mean = float(ratings.mean(dtype=np.float64))
        left = ratings.astype(np.float64) - self._mean
        user_counts = np.bincount(users, minlength=n_users) + USER_SHRINKAGE
        item_counts = np.bincount(items, minlength=n_items) + ITEM_SHRINKAGE
        self._users = np.zeros(n_users)
        for _ in range(ROUNDS):
            self._items = np.bincount(items, left - self._users[users], n_items) / item_counts
            self._users = np.bincount(users, left - self._items[items], n_users) / user_counts

    def predict(self, users: RowArray, items: RowArray) -> FloatArray:
        """Return mean and offsets, added up; see RatingModel."""
        return (self._mean + self._users[users] + self._items[items]).clip(*self._range).astype(np.float32)
