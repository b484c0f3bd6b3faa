"""Accuracy, one number per user, so that intervals and paired comparisons can be made over users.

The metrics of ranking see only which places of a user's list hold a relevant item and how many relevant items there
are; ``hits_of`` finds that out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossfade.types import RowArray

__all__ = [
    "RANKING_METRICS",
    "Hits",
    "PerUser",
    "absolute_errors",
    "average_precision",
    "f1",
    "hit_rate",
    "hits_of",
    "mae",
    "ndcg",
    "precision",
    "recall",
    "reciprocal_rank",
    "rmse",
    "squared_errors",
]

Hits = NDArray[np.bool_]
"""Shape (n_users, K): place p of a user's list, best first, holds a relevant item."""

PerUser = NDArray[np.float64]
"""Shape (n_users,): one number per user."""


def hits_of(ranked: RowArray, held_out: sp.csr_array) -> tuple[Hits, RowArray]:
    """Return where the lists hold a held-out item, and how many items each user has held out.

    Args:
        ranked: Shape (n_users, K), item rows, best first, without repeats; -1 pads a short list.
        held_out: Shape (n_users, n_items); every stored entry is a relevant item, whatever its value.

    Returns:
        ``hits``, shape (n_users, K), and ``relevant``, shape (n_users,), both as the metrics take them.

    Raises:
        ValueError: If the shapes do not match, a row is outside -1 … n_items - 1, a user has nothing held out, or
            a list holds a relevant item twice.
    """
    n_users, n_items = held_out.shape
    if ranked.ndim != 2 or len(ranked) != n_users:
        raise ValueError(f"ranked has shape {ranked.shape}, held_out has {n_users} users")
    if ranked.size and not -1 <= ranked.min() <= ranked.max() < n_items:
        raise ValueError(f"ranked must lie in -1 … {n_items - 1}, got {ranked.min()} … {ranked.max()}")
    users = np.arange(n_users, dtype=np.int64)
    # One number per (user, item), so that all lists are looked up in one sorted array.
    pairs = np.sort(np.repeat(users, np.diff(held_out.indptr)) * n_items + held_out.indices)
    # np.unique hashes: twenty times slower than dropping the repeats of what is nearly in order already.
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    relevant = np.bincount(pairs // n_items, minlength=n_users).astype(np.int64)
    if not relevant.all():
        raise ValueError(f"user {int(np.argmin(relevant))} has nothing held out; leave such users out")
    asked = users[:, None] * n_items + ranked
    places = np.searchsorted(pairs, asked)
    hits = (ranked >= 0) & (np.append(pairs, -1)[places] == asked)
    found = places[hits]
    if len(np.unique(found)) != len(found):
        raise ValueError("a ranked list holds the same item twice")
    return hits, relevant


def precision(hits: Hits, relevant: RowArray, k: int) -> PerUser:
    """Return the share of the first k places that hold a relevant item; empty places count as misses."""
    return _count(hits, relevant, k) / k


def recall(hits: Hits, relevant: RowArray, k: int) -> PerUser:
    """Return the share of the relevant items that stand in the first k places."""
    return _count(hits, relevant, k) / relevant


def f1(hits: Hits, relevant: RowArray, k: int) -> PerUser:
    """Return the harmonic mean of precision and recall, 0 where both are 0."""
    # 2pr / (p + r) with p = c / k and r = c / n is 2c / (k + n), which needs no case for c = 0.
    return 2 * _count(hits, relevant, k) / (k + relevant)


def hit_rate(hits: Hits, relevant: RowArray, k: int) -> PerUser:
    """Return 1 where the first k places hold a relevant item, 0 elsewhere."""
    return (_count(hits, relevant, k) > 0).astype(np.float64)


def average_precision(hits: Hits, relevant: RowArray, k: int) -> PerUser:
    """Return the precision at each hit in the first k places, summed and divided by ``min(k, relevant)``.

    Its mean over users is MAP@k. Some divide by ``relevant`` alone, and then a full list of hits may score below 1.
    """
    top = _top(hits, relevant, k)
    precisions = np.cumsum(top, axis=1) / np.arange(1, k + 1)
    return np.asarray((precisions * top).sum(axis=1) / np.minimum(k, relevant), np.float64)


def reciprocal_rank(hits: Hits, relevant: RowArray, k: int) -> PerUser:
    """Return 1 / rank of the first hit, ranks from 1; 0 without a hit in the first k places. Its mean is MRR@k."""
    top = _top(hits, relevant, k)
    return np.where(top.any(axis=1), 1.0 / (1 + np.argmax(top, axis=1)), 0.0)


def ndcg(hits: Hits, relevant: RowArray, k: int) -> PerUser:
    """Return the discounted gain over that of the best list possible.

    A hit at rank r gains 1 / log2(r + 1); the best list has hits in its first ``min(k, relevant)`` places.

    Source:
        Järvelin & Kekäläinen, TOIS 2002, with binary gain and the discount from rank 1 that has become usual.
    """
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(discounts)
    gained = _top(hits, relevant, k) @ discounts
    return np.asarray(gained / best[np.minimum(k, relevant) - 1], np.float64)


RANKING_METRICS: Mapping[str, Callable[[Hits, RowArray, int], PerUser]] = MappingProxyType(
    {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "hit_rate": hit_rate,
        "map": average_precision,
        "mrr": reciprocal_rank,
        "ndcg": ndcg,
    }
)
"""Name in tables → metric.

All take ``hits``, ``relevant`` (shape (n_users,), > 0) and ``k`` (1 … K), return values in 0 … 1 and raise
``ValueError`` where the three do not fit together.
"""


def squared_errors(predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one squared error per rating; ``statistics.mean`` with the ratings' users makes an interval of them."""
    return _errors(predicted, actual) ** 2


def absolute_errors(predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one absolute error per rating."""
    return np.abs(_errors(predicted, actual))


def rmse(predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """Return the root of the mean squared error over all ratings, in units of the ratings."""
    return float(np.sqrt(squared_errors(predicted, actual).mean()))


def mae(predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """Return the mean absolute error over all ratings, in units of the ratings."""
    return float(absolute_errors(predicted, actual).mean())


def _errors(predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> NDArray[np.float64]:
    if predicted.shape != actual.shape or not actual.size:
        raise ValueError(f"predicted has shape {predicted.shape}, actual {actual.shape}; want as many, at least one")
    return np.subtract(predicted, actual, dtype=np.float64)


def _top(hits: Hits, relevant: RowArray, k: int) -> Hits:
    """Return the first k places after checking that the arguments fit together."""
    if hits.ndim != 2 or relevant.shape != (len(hits),):
        raise ValueError(f"hits has shape {hits.shape}, relevant {relevant.shape}; want (n_users, K) and (n_users,)")
    if not 1 <= k <= hits.shape[1]:
        raise ValueError(f"k must lie in 1 … {hits.shape[1]}, the length of the lists, got {k}")
    if (relevant < np.maximum(1, np.count_nonzero(hits, axis=1))).any():
        raise ValueError("every user needs a relevant item, and no list may hold more hits than there are")
    return hits[:, :k]


def _count(hits: Hits, relevant: RowArray, k: int) -> PerUser:
    counts: PerUser = _top(hits, relevant, k).sum(axis=1, dtype=np.float64)
    return counts
