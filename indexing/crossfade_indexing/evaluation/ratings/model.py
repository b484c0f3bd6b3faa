"""What every rating model looks like, and what all of them check."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from crossfade.types import FloatArray, RowArray

__all__ = ["RatingModel", "check_ratings"]


class RatingModel(Protocol):
    """A model that predicts what a user would rate an item."""

    @property
    def name(self) -> str:
        """What the tables call it."""
        ...

    def fit(self, users: RowArray, items: RowArray, ratings: FloatArray, *, n_users: int, n_items: int) -> None:
        """Learn from ratings.

        Args:
            users: User row of each rating, shape (n,), in [0, n_users).
            items: Item row of each rating, shape (n,), in [0, n_items). A pair may repeat: each time counts.
            ratings: Shape (n,), on any scale.
            n_users: Number of users, those without a rating included.
            n_items: Number of items, those without a rating included.

        Raises:
            ValueError: If there are no ratings, lengths differ, a rating is not finite or a row is out of range.
        """
        ...

    def predict(self, users: RowArray, items: RowArray) -> FloatArray:
        """Return the expected rating of each pair, shape (n,), within the range of the ratings learned from.

        A user or item without ratings is no error: what is known of the other one decides, or the mean.
        """
        ...


def check_ratings(users: RowArray, items: RowArray, ratings: FloatArray, *, n_users: int, n_items: int) -> None:
    """Raise the ValueError that ``RatingModel.fit`` promises."""
    if not len(users) == len(items) == len(ratings):
        raise ValueError(f"{len(users)} users, {len(items)} items and {len(ratings)} ratings do not match")
    if len(ratings) == 0:
        raise ValueError("there are no ratings to learn from")
    if not np.isfinite(ratings).all():
        raise ValueError("every rating must be a finite number")
    for name, rows, n_rows in (("user", users, n_users), ("item", items, n_items)):
        if rows.min() < 0 or rows.max() >= n_rows:
            raise ValueError(f"{name} rows must be in [0, {n_rows}), got {rows.min()} to {rows.max()}")
