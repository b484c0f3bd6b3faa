"""Made-up pasts with one thing planted in them, so that it is known what should be found."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.types import FloatArray
from crossfade_indexing.learning.content import build_content_space
from crossfade_indexing.learning.context import situations
from crossfade_indexing.learning.spaces import Material
from crossfade_indexing.past_items import PastItems, locate

__all__ = ["communities", "events_of", "material", "settled", "texts_of"]

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def communities(
    n_users: int = 120, n_items: int = 120, *, groups: int = 6, size: int = 12, loyalty: float = 0.9, seed: int = 0
) -> list[NDArray[np.int64]]:
    """Return what each user had, in no order of meaning: mostly of the group ``user % groups`` of ``item % groups``.

    Within and across groups a few items are had by many, as in life.
    """
    random = np.random.default_rng(seed)
    appeal = 1 / (1 + np.arange(n_items) // groups) ** 0.5
    found = []
    for user in range(n_users):
        chances = appeal * np.where(np.arange(n_items) % groups == user % groups, loyalty, 1 - loyalty)
        had = random.choice(n_items, size, replace=False, p=chances / chances.sum())
        found.append(random.permutation(had))  # drawn one by one, the likeliest come first
    return found


def settled(n_users: int = 150, n_items: int = 120, *, seed: int = 0) -> list[NDArray[np.int64]]:
    """Return what each user had, oldest first: ten items tried at random, then ten of the group they settled on."""
    random = np.random.default_rng(seed)
    tried = [random.permutation(n_items)[:10] for _ in range(n_users)]
    chosen = communities(n_users, n_items, size=20, loyalty=0.98, seed=seed)
    return [np.concatenate([old, np.setdiff1d(new, old)[:10]]) for old, new in zip(tried, chosen, strict=True)]


def events_of(pasts: list[NDArray[np.int64]], hours: NDArray[np.int64] | None = None) -> pl.DataFrame:
    """Return one event per past item, as in ``Dataset.events``: at these hours, or an hour after the other."""
    counts = [len(past) for past in pasts]
    users = [f"u{user:04}" for user, count in enumerate(counts) for _ in range(count)]
    after = np.concatenate([np.arange(count) for count in counts]) if hours is None else hours
    times = [START + dt.timedelta(hours=int(hour)) for hour in after]
    return pl.DataFrame(
        {
            "user_id": users,
            "item_id": [f"i{item:04}" for past in pasts for item in past],
            "timestamp": pl.Series(times, dtype=pl.Datetime("us", "UTC")),
            "local_time": pl.Series(times, dtype=pl.Datetime("us", "UTC")).dt.replace_time_zone(None),
            "event_type": ["event"] * len(users),
            "value": pl.Series([None] * len(users), dtype=pl.Float64),
        }
    )


def texts_of(n_items: int, *, groups: int = 6, noise: float = 0.3, seed: int = 0) -> FloatArray:
    """Return embeddings, shape (n_items, 16), that say to which group each item belongs."""
    random = np.random.default_rng(seed)
    vectors = np.eye(16)[np.arange(n_items) % groups] + random.normal(scale=noise, size=(n_items, 16))
    scaled: FloatArray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def material(
    pasts: list[NDArray[np.int64]],
    n_items: int,
    embeddings: FloatArray | None = None,
    hours: NDArray[np.int64] | None = None,
) -> Material:
    """Return what is learned from; without embeddings the items say nothing."""
    events = events_of(pasts, hours)
    item_ids = pl.Series([f"i{item:04}" for item in range(n_items)])
    table, _ = situations(events, None)
    content, _ = build_content_space(np.zeros((n_items, 4), np.float32) if embeddings is None else embeddings, seed=0)
    return Material(_located(events, item_ids), table.with_columns(events["timestamp"]), content, item_ids)


def _located(events: pl.DataFrame, item_ids: pl.Series) -> PastItems:
    weight, liked, acts = pl.lit(1.0, pl.Float32), pl.lit(value=True), pl.lit(1, pl.UInt32)
    return locate(
        events.select(
            "user_id",
            "item_id",
            weight.alias("weight"),
            liked.alias("liked"),
            acts.alias("acts"),
            acts.alias("types"),
            pl.col("timestamp").alias("last"),
        ),
        item_ids,
    )
