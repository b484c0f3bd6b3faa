"""Does the collaborative component rank MovieLens better than popularity does?

The last 20 % of each user's ratings are held out (n_test = round(0.2 n), equal timestamps ordered by movie id); those
of 4 stars and more are what should be found. A bundle is built from the rest, and the service's own engine ranks every
movie that is not among the user's training ratings. Printed are NDCG@10 per component, each with a 95 % bootstrap
interval over users, and its ratio to popularity on the same users.

Run: ``python benchmarks/movielens_ranking.py [--encoder NAME]``; the data is looked for in
``../shared/datasets/movielens-small`` or where ``CROSSFADE_MOVIELENS_DIR`` points.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade import Query, Recommender
from crossfade.bundle import BundleStore
from crossfade.engine import COMPONENTS, RetrievalSettings
from crossfade_indexing.cleaning import clean
from crossfade_indexing.config import IndexingConfig
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.encoders import EncodingCache, open_item_encoder
from crossfade_indexing.pipeline import build_bundle
from crossfade_indexing.progress import Quiet
from crossfade_indexing.sources import read_movielens

K = 10
LIKED = 4.0
HELD_OUT = 0.2
RESAMPLES = 2_000


def main() -> None:
    """Split, build, rank, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="tfidf", help="as for 'crossfade index' (default: tfidf, which is quick)")
    arguments = parser.parse_args()
    folder = Path(os.environ.get("CROSSFADE_MOVIELENS_DIR", "../shared/datasets/movielens-small"))
    if not (folder / "ratings.csv").is_file():
        sys.exit(f"{folder}: no MovieLens here; set CROSSFADE_MOVIELENS_DIR")
    dataset = clean(read_movielens(folder), timezone=None, rejects=None).dataset
    train, test = split(dataset.events)
    with tempfile.TemporaryDirectory() as directory:
        store = BundleStore(Path(directory))
        build_bundle(
            Dataset(train, dataset.items),
            open_item_encoder(arguments.encoder),
            store,
            cache=EncodingCache(Path(directory) / "cache"),
            cleaning={},
            reporter=Quiet(),
            config=IndexingConfig(),
        )
        # Every item is scored: what is measured is the model, not the approximate lookup.
        recommender = Recommender.open(directory, retrieval=RetrievalSettings(exact_up_to=sys.maxsize))
        report(recommender, test)


def split(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the training events and the held-out ones that were liked."""
    ordered = events.with_columns(movie=pl.col("item_id").cast(pl.Int64)).sort("user_id", "timestamp", "movie")
    count = pl.len().over("user_id")
    held_out = pl.int_range(pl.len()).over("user_id") >= count - (HELD_OUT * count).round()
    ordered = ordered.with_columns(held_out=held_out).drop("movie")
    train, test = (ordered.filter(pl.col("held_out") == side).drop("held_out") for side in (False, True))
    return train, test.filter(pl.col("value") >= LIKED)


def report(recommender: Recommender, test: pl.DataFrame) -> None:
    """Print NDCG@10 of each component alone and of the default fusion."""
    liked = {user: set(items) for user, items in test.group_by("user_id").agg("item_id").sort("user_id").iter_rows()}
    rankers: dict[str, dict[str, float]] = {
        name: {other: float(other == name) for other in COMPONENTS} for name in reversed(COMPONENTS)
    }
    rankers["fused (defaults)"] = {}
    print(f"{len(liked)} users with held-out likes, {recommender.bundle.manifest.counts.items} movies ranked")
    print(f"{'':20}{'NDCG@10':>9}  {'95 % interval':17}{'ratio to popularity':>20}  95 % interval")
    popularity: NDArray[np.float64] | None = None
    for name, weights in rankers.items():
        queries = [Query(user_id=user, limit=K, weights=weights, include=()) for user in liked]
        answers = recommender.recommend_many(queries)
        ndcg = np.array(
            [
                ndcg_at_k([item.item_id for item in answer.items], relevant)
                for answer, relevant in zip(answers, liked.values(), strict=True)
            ]
        )
        popularity = ndcg if popularity is None else popularity
        print(line(name, ndcg, popularity))


def ndcg_at_k(ranked: list[str], relevant: set[str]) -> float:
    """Binary relevance, discount 1 / log2(rank + 1), ideal over min(K, number of relevant items)."""
    discounts = 1 / np.log2(np.arange(2, K + 2))
    gain = sum(discounts[place] for place, item in enumerate(ranked[:K]) if item in relevant)
    return float(gain / discounts[: min(K, len(relevant))].sum())


def line(name: str, ndcg: NDArray[np.float64], popularity: NDArray[np.float64]) -> str:
    """Format one ranker's figures; users are resampled alike for both sides of the ratio."""
    draws = np.random.default_rng(0).integers(len(ndcg), size=(RESAMPLES, len(ndcg)))
    means, base = ndcg[draws].mean(axis=1), popularity[draws].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    ratio_low, ratio_high = np.quantile(means / base, [0.025, 0.975])
    ratio = ndcg.mean() / popularity.mean()
    return f"{name:20}{ndcg.mean():9.4f}  {low:.4f} to {high:.4f} {ratio:20.2f}  {ratio_low:.2f} to {ratio_high:.2f}"


if __name__ == "__main__":
    main()
