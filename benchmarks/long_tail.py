"""Made-up events with the long tail that real ones have, and a taste that a factorization can find.

Items are popular by Zipf's law, users active log-normally, and every user mixes a few of many topics. A topic prefers
items of its own at every level of popularity.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["long_tail_matrix"]

_ZIPF_EXPONENT = 0.9
_ZIPF_OFFSET = 20.0  # in ranks: flattens the head, so that nothing is had by more than a few percent of the users
_ACTIVITY_SPREAD = 1.1  # standard deviation of the log of the events per user
_TOPIC_STRENGTH = 2.0  # standard deviation of the log of what a topic multiplies an item's popularity by
_TOPICS_PER_USER = 4


def long_tail_matrix(n_events: int, n_users: int, n_items: int, *, n_topics: int = 256, seed: int) -> sp.csr_array:
    """Draw a users x items matrix with ``n_events`` ones.

    Args:
        n_events: How many distinct pairs, at most a tenth of all.
        n_users: Rows; a few may stay empty.
        n_items: Columns; many of the tail stay empty when events are few.
        n_topics: The rank of the planted taste.
        seed: The same seed gives the same matrix.

    Returns:
        Shape (n_users, n_items), float32, columns ascending within a row.

    Raises:
        ValueError: If the pairs would be more than a tenth of all there are.
    """
    if n_events * 10 > n_users * n_items:
        raise ValueError(f"{n_events} events: at most a tenth of {n_users} x {n_items} pairs")
    rng = np.random.default_rng(seed)
    activity = rng.lognormal(sigma=_ACTIVITY_SPREAD, size=n_users)
    popularity = rng.permutation((np.arange(n_items) + _ZIPF_OFFSET) ** -_ZIPF_EXPONENT)
    liking = np.cumsum(popularity * rng.lognormal(sigma=_TOPIC_STRENGTH, size=(n_topics, n_items)), axis=1)
    liking /= liking[:, -1:]
    topics = rng.integers(n_topics, size=(n_users, _TOPICS_PER_USER))
    pairs = np.empty(0, np.int64)
    while len(pairs) < n_events:
        users = rng.choice(n_users, size=n_events, p=activity / activity.sum())
        chosen = topics[users, rng.integers(_TOPICS_PER_USER, size=n_events)]
        items = _items_by_topic(liking, chosen, rng)
        pairs = np.union1d(pairs, users * n_items + items)
    pairs = np.sort(rng.choice(pairs, size=n_events, replace=False))
    places = tuple(part.astype(np.int32) for part in np.divmod(pairs, n_items))
    return sp.csr_array((np.ones(n_events, np.float32), places), shape=(n_users, n_items))


def _items_by_topic(
    liking: NDArray[np.float64], topics: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw one item for each topic; ``liking`` holds each topic's cumulated shares, shape (n_topics, n_items)."""
    items = np.empty(len(topics), np.int64)
    points = rng.random(len(topics))  # below 1, which is each topic's last share
    for topic, shares in enumerate(liking):
        here = topics == topic
        items[here] = np.searchsorted(shares, points[here], side="right")
    return items
