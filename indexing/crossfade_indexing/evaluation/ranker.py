"""What every ranking model in a comparison looks like, ours and the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import scipy.sparse as sp

from crossfade.types import FloatArray, RowArray

__all__ = ["Ranker", "TrainingData"]


@dataclass(frozen=True)
class TrainingData:
    """The training side of one split.

    Attributes:
        weights: Shape (n_users, n_items), float32: how much each past item speaks for the user's taste, as the evidence
            rules weigh it. A stored value of 0 or below is an item had without liking it.
        ratings: Same shape, float32: the user's latest explicit rating of each item; None if the data has none. A
            stored value may be 0.
        texts: One text per item, "" where an item has none.
    """

    weights: sp.csr_array
    ratings: sp.csr_array | None
    texts: Sequence[str]


class Ranker(Protocol):
    """A model that orders all items for a user."""

    @property
    def name(self) -> str:
        """What the tables call it."""
        ...

    def fit(self, data: TrainingData) -> None:
        """Learn from the training side; the data is not changed."""
        ...

    def scores(self, users: RowArray) -> FloatArray:
        """Return a score for every item, higher is better, shape (len(users), n_items), finite.

        Items the user has had are scored like any other; whoever asks leaves them out. A user without evidence gets
        equal scores. Equal scores are ordered by row.
        """
        ...
