"""The floor of every comparison: what everyone likes, and chance. Newcomers get both, for neither asks for evidence."""

from __future__ import annotations

import numpy as np

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation.baselines.training import fitted, liked
from crossfade_indexing.evaluation.ranker import TrainingData

__all__ = ["Popularity", "Random"]


class Popularity:
    """Scores an item by the number of users with a positive weight on it; the same for every user."""

    name = "popularity"

    def __init__(self) -> None:
        self._users_of_item: FloatArray | None = None

    def fit(self, data: TrainingData) -> None:
        """Count the users."""
        n_items = data.weights.shape[1]
        counts = np.bincount(liked(data.weights).indices, minlength=n_items)
        self._users_of_item = counts.astype(np.float32)

    def scores(self, users: RowArray) -> FloatArray:
        """Return the counts, once per user."""
        return np.tile(fitted(self._users_of_item), (len(users), 1))


class Random:
    """Scores an item by chance; a user's scores depend on the seed and the user's row alone.

    Args:
        seed: At least 0.
    """

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._n_items: int | None = None

    def fit(self, data: TrainingData) -> None:
        """Remember how many items there are."""
        self._n_items = data.weights.shape[1]

    def scores(self, users: RowArray) -> FloatArray:
        """Return numbers drawn evenly from [0, 1)."""
        n_items = fitted(self._n_items)
        drawn = np.empty((len(users), n_items), np.float32)
        for row, user in zip(drawn, users.tolist(), strict=True):
            np.random.default_rng([self._seed, user]).random(out=row, dtype=np.float32)
        return drawn
