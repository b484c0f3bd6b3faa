"""What accuracy does not see: how much of the catalogue is shown, how known, how alike and how surprising it is.

Everywhere ``recommended`` has shape (n_users, k): the item rows of each user's list, best first, without repeats, -1
where a list is short; cut it to the k that is meant. What is given per user is NaN where it is undefined for a user,
as for one with an empty list; ``statistics`` leaves those out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation.metrics import Hits, PerUser

__all__ = [
    "PopularityShares",
    "catalogue_coverage",
    "gini",
    "intra_list_diversity",
    "mean_popularity",
    "novelty",
    "past_popularity",
    "popularity_by_decile",
    "popularity_lift",
    "serendipity",
]

# Users whose embeddings are summed at once: 384 dimensions take 6 MB.
_USERS_AT_ONCE = 4096


@dataclass(frozen=True)
class PopularityShares:
    """How events and recommendations spread over the items, from the least popular tenth of these to the most.

    Attributes:
        events: Shape (10,), adds up to 1: each tenth's share of the training events.
        recommended: Shape (10,), adds up to 1: its share of the recommendations. A model that is calibrated to
            popularity has the same here.
    """

    events: PerUser
    recommended: PerUser


def catalogue_coverage(recommended: RowArray, n_items: int) -> float:
    """Return the share of all items that stand in at least one list.

    Source:
        Ge, Delgado-Battenfeld & Jannach, RecSys 2010.
    """
    return np.count_nonzero(_exposures(recommended, n_items)) / n_items


def gini(recommended: RowArray, n_items: int) -> float:
    """Return how unevenly the places are spread over the items, from 0 (evenly) to 1 - 1 / n_items (all on one).

    Items that nobody is shown count. NaN if nothing is recommended.

    Source:
        Shani & Gunawardana, Recommender Systems Handbook 2011, section 8.3.3.
    """
    exposures = np.sort(_exposures(recommended, n_items))
    places = exposures.sum()
    if places == 0:
        return float("nan")
    return float((2 * np.arange(1, n_items + 1) - n_items - 1) @ exposures / (n_items * places))


def novelty(recommended: RowArray, item_users: NDArray[np.int64], n_users: int) -> PerUser:
    """Return the mean self-information of each user's list, in bits: -log2 of the share of users who have an item.

    Args:
        recommended: See the module.
        item_users: Shape (n_items,): how many training users have the item. An item without any is taken to have one,
            so that it is as novel as an item can be, not infinitely so.
        n_users: All training users, > 0.

    Source:
        Vargas & Castells, RecSys 2011 (expected popularity complement, logarithmic).
    """
    information = np.log2(n_users) - np.log2(np.maximum(item_users, 1))
    return _mean_over_lists(recommended, information)


def intra_list_diversity(recommended: RowArray, embeddings: FloatArray) -> PerUser:
    """Return the mean cosine distance (0 … 2) over all pairs of items in each user's list.

    Args:
        recommended: See the module.
        embeddings: Shape (n_items, d), unit length; an item without one is all zero and left out of its list.

    Returns:
        Shape (n_users,); NaN for lists with fewer than two items that have an embedding.

    Source:
        Ziegler et al., WWW 2005, as a mean distance.
    """
    distances = np.full(len(recommended), np.nan)
    described = np.asarray(embeddings.any(axis=1))
    for start in range(0, len(recommended), _USERS_AT_ONCE):
        rows = recommended[start : start + _USERS_AT_ONCE]
        # |sum of e|² is sum of |e|² plus twice the cosines of all pairs: no pair needs to be looked at.
        listed = (rows >= 0) & described[rows]
        users, _ = np.nonzero(listed)
        entries = (np.ones(len(users), np.float32), (users, rows[listed]))
        sums = sp.csr_array(entries, shape=(len(rows), len(embeddings))) @ embeddings
        sizes = np.count_nonzero(listed, axis=1)
        enough = sizes > 1
        pairs = (sizes * (sizes - 1))[enough]
        squares = np.einsum("ud,ud->u", sums, sums, dtype=np.float64)[enough]
        distances[start : start + len(rows)][enough] = np.clip(1 - (squares - sizes[enough]) / pairs, 0, 2)
    return distances


def serendipity(recommended: RowArray, hits: Hits, primitive: RowArray) -> PerUser:
    """Return the share of each list's k places that hold a find: a hit that popularity would not have recommended.

    Args:
        recommended: See the module.
        hits: Same shape: which places hold a relevant item.
        primitive: Shape (n_users, any): what the popularity baseline recommends to the same users, -1 where short.

    Source:
        After Ge, Delgado-Battenfeld & Jannach, RecSys 2010: useful items outside of what a primitive model
        recommends. We divide by k, not by the number of unexpected items, so that showing fewer of them is no gain.
    """
    if hits.shape != recommended.shape or len(primitive) != len(recommended):
        raise ValueError(f"shapes do not match: {recommended.shape}, hits {hits.shape}, primitive {primitive.shape}")
    expected = np.zeros(recommended.shape, bool)
    for place in primitive.T:
        expected |= recommended == place[:, None]
    finds: PerUser = np.count_nonzero(hits & (recommended >= 0) & ~expected, axis=1) / recommended.shape[1]
    return finds


def mean_popularity(recommended: RowArray, item_users: NDArray[np.int64]) -> PerUser:
    """Return the mean over each user's list of how many training users have an item."""
    return _mean_over_lists(recommended, item_users.astype(np.float64))


def past_popularity(training: sp.csr_array, item_users: NDArray[np.int64]) -> PerUser:
    """Return the mean over each user's training items of how many training users have an item; NaN without items.

    Args:
        training: Shape (n_users, n_items); every stored entry is a past item, whatever its value.
        item_users: Shape (n_items,).
    """
    sizes = np.diff(training.indptr)
    users = np.repeat(np.arange(len(sizes)), sizes)
    return _divide(np.bincount(users, item_users[training.indices], minlength=len(sizes)), sizes)


def popularity_lift(recommended: PerUser, past: PerUser) -> float:
    """Return by what factor users are shown more popular items than they choose themselves; 1 is neither more nor less.

    ``statistics.ratio`` of the same arrays gives its interval.

    Args:
        recommended: From ``mean_popularity``.
        past: From ``past_popularity``, of the same users. Users with a NaN in either are left out.

    Returns:
        The ratio of the two means over users; NaN if no user is left.

    Source:
        Abdollahpouri et al., RMSE workshop at RecSys 2019: group average popularity, whose relative change is this
        minus 1.
    """
    defined = ~np.isnan(recommended + past)
    return float(recommended[defined].mean() / past[defined].mean()) if defined.any() else float("nan")


def popularity_by_decile(recommended: RowArray, item_events: NDArray[np.int64]) -> PopularityShares:
    """Return how training events and recommendations spread over tenths of the catalogue.

    Items are ordered by their events, equal ones by row. With n_items not a multiple of ten the tenths differ by one
    item. All shares are NaN where there are no events or no recommendations.

    Args:
        recommended: See the module.
        item_events: Shape (n_items,): each item's training events.
    """
    n_items = len(item_events)
    deciles = np.empty(n_items, np.int64)
    deciles[np.argsort(item_events, kind="stable")] = np.arange(n_items) * 10 // n_items
    tenths = [np.bincount(deciles, counts, minlength=10) for counts in (item_events, _exposures(recommended, n_items))]
    events, shown = (_divide(tenth, np.full(10, tenth.sum())) for tenth in tenths)
    return PopularityShares(events=events, recommended=shown)


def _exposures(recommended: RowArray, n_items: int) -> NDArray[np.int64]:
    """Return in how many lists each item stands."""
    return np.bincount(recommended[recommended >= 0], minlength=n_items)


def _mean_over_lists(recommended: RowArray, per_item: PerUser) -> PerUser:
    listed = recommended >= 0
    return _divide(np.where(listed, per_item[recommended], 0.0).sum(axis=1), np.count_nonzero(listed, axis=1))


def _divide(totals: NDArray[np.float64 | np.int64], counts: NDArray[np.float64 | np.int64]) -> PerUser:
    """Return totals / counts, NaN where there is nothing to divide by."""
    quotients = np.full(len(totals), np.nan)
    np.divide(totals, counts, out=quotients, where=counts > 0)
    return quotients
