"""Every user's past items as arrays, oldest first: what is learned from, and what the bundle keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from crossfade.bundle import NO_TIME, Past
from crossfade.types import FloatArray, RowArray

__all__ = ["PastItems", "locate"]

_DAY_S = 86_400
# What is older still speaks, if only in a millionth of its voice.
_MOST_HALF_LIVES = 20.0


@dataclass(frozen=True)
class PastItems:
    """Weighed past items as compressed sparse rows.

    Attributes:
        user_ids: External ids by user row.
        n_items: Size of the catalogue.
        starts: Shape (n_users + 1,): the past of user row u is ``[starts[u]:starts[u + 1]]`` of the arrays below.
        items: Shape (n,), item rows, each user's oldest first.
        weights: Shape (n,), as ``weigh_events`` gives them, of either sign.
        times: Shape (n,), as in ``Past``.
        types: Shape (n,), as in ``Past``.
        liked: Shape (n,), whether the item is what a recommender should have found.
        ages: Shape (n,), float32, days from the latest act on each until the latest act of all; unknown times count as
            old as the oldest known.
        timed: Whether the order is one of time: not all times are the same, or unknown.
    """

    user_ids: list[str]
    n_items: int
    starts: RowArray
    items: RowArray
    weights: FloatArray
    times: RowArray
    types: NDArray[np.uint32]
    liked: NDArray[np.bool_]
    ages: FloatArray
    timed: bool

    @property
    def n_users(self) -> int:
        """How many users have had something."""
        return len(self.user_ids)

    def counts(self) -> RowArray:
        """Return how many past items each user has, shape (n_users,)."""
        return np.diff(self.starts)

    def users(self) -> RowArray:
        """Return the user row of each past item, shape (n,)."""
        return np.repeat(np.arange(self.n_users), self.counts())

    def matrix(self, weights: FloatArray | None = None) -> sp.csr_array:
        """Return users x items with the given values, by default the positive weights.

        Zeros are not stored; columns ascend.
        """
        values = np.maximum(self.weights, 0) if weights is None else weights
        stored = values != 0
        matrix = sp.csr_array(
            (values[stored], (self.users()[stored], self.items[stored])), shape=(self.n_users, self.n_items)
        )
        matrix.sort_indices()
        return matrix

    def profiles(self, counted: FloatArray) -> sp.csr_array:
        """Return users x items with what counts in a profile; empty for whom nothing counts above 0.

        As at request time: the opposite of what somebody dislikes is no taste.

        Args:
            counted: Shape (n,), as ``profile_weights`` returns it.
        """
        users = self.users()
        speaks = np.bincount(users[counted > 0], minlength=self.n_users) > 0
        return self.matrix(np.where(speaks[users], counted, 0).astype(np.float32))

    def steps_back(self) -> RowArray:
        """Return how many of the user's past items are later than each, shape (n,)."""
        return np.repeat(self.starts[1:], self.counts()) - 1 - np.arange(len(self.items))

    def keep(self, kept: NDArray[np.bool_]) -> PastItems:
        """Return these past items without those that are not ``kept``, shape (n,); the users stay."""
        counts = np.bincount(self.users()[kept], minlength=self.n_users)
        return PastItems(
            self.user_ids,
            self.n_items,
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            self.items[kept],
            self.weights[kept],
            self.times[kept],
            self.types[kept],
            self.liked[kept],
            self.ages[kept],
            self.timed,
        )

    def aged(self, half_life_days: float | None) -> PastItems:
        """Return them at ``weight * 2^-n``, n = age / half_life_days but at most 20; None changes nothing."""
        if half_life_days is None:
            return self
        half_lives = np.minimum(self.ages / half_life_days, _MOST_HALF_LIVES)
        return replace(self, weights=(self.weights * np.exp2(-half_lives)).astype(np.float32))

    def as_past(self) -> Past:
        """Return what goes into the bundle."""
        return Past(self.user_ids, self.starts, self.items, self.weights, self.times, self.types)


def locate(pairs: pl.DataFrame, item_ids: pl.Series) -> PastItems:
    """Turn weighed pairs into rows.

    Args:
        pairs: As ``weigh_events`` returns them; those whose item is not in the catalogue are left out.
        item_ids: By item row.
    """
    rows = pl.DataFrame({"item_id": item_ids}).with_row_index("item_row")
    located = pairs.join(rows, on="item_id", how="inner", maintain_order="left")
    users = located.group_by("user_id", maintain_order=True).len("count")
    age_s = (pl.col("last").max() - pl.col("last")).dt.total_seconds()
    ages = located.select(age_s.fill_null(age_s.max()).fill_null(0) / _DAY_S).to_series().to_numpy()
    return PastItems(
        user_ids=users["user_id"].to_list(),
        n_items=len(item_ids),
        starts=np.concatenate([[0], np.cumsum(users["count"].to_numpy())]).astype(np.int64),
        items=located["item_row"].to_numpy().astype(np.int64),
        weights=located["weight"].to_numpy().astype(np.float32),
        times=located["last"].dt.epoch("s").fill_null(NO_TIME).to_numpy().astype(np.int64),
        types=located["types"].to_numpy().astype(np.uint32),
        liked=located["liked"].to_numpy(),
        ages=ages.astype(np.float32),
        timed=located["last"].n_unique() > 1,
    )
