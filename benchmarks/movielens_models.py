"""How do Crossfade and each of its components rank MovieLens, beside EASE and popularity?

Three protocols, all with full ranking over every movie that is not among the user's training ratings; what should be
found are held-out ratings of 4 stars and more. A bundle is built from the training side by the real indexing job with
its default settings, and the service's own engine ranks.

- ``last``: the last 20 % of each user's ratings (n_test = round(0.2 n), equal timestamps ordered by movie id);
- ``random``: five random 20 % of each user's ratings, pooled, users resampled whole;
- ``cold``: five draws of a tenth of the movies with at least five ratings, held out whole, pooled likewise.

EASE gets the same event weights, and its l2 is chosen on the training side split once more in the same way. Printed
are NDCG@10 and, on the same users, the paired difference from EASE (for ``cold`` the ratio to content neighbours: the
mean of the plain embeddings, and Crossfade's own content component).

Run: ``python benchmarks/movielens_models.py [last] [random] [cold] [--encoder NAME] [--config FILE.toml] [--against
FILE.npz]``; the data is looked for in ``../shared/datasets/movielens-small`` or where ``CROSSFADE_MOVIELENS_DIR``
points. ``--against`` takes what ``factorization_speed.py --against-als --out FILE.npz`` wrote and adds ALS and BPR to
``last``.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade import Query, Recommender
from crossfade.bundle import BundleStore
from crossfade.engine import COMPONENTS, RetrievalSettings
from crossfade.types import FloatArray, RowArray
from crossfade_indexing.cleaning import clean
from crossfade_indexing.config import IndexingConfig, read_config
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.encoders import EncodingCache, ItemEncoder, encode_cached, open_item_encoder
from crossfade_indexing.evaluation.baselines import EASE_GRID, Ease, choose, ranker_ranking
from crossfade_indexing.evaluation.case import Case, Catalog, prepare_case, training_data
from crossfade_indexing.evaluation.metrics import hits_of, ndcg
from crossfade_indexing.evaluation.planning import Plan, SplitKind, hold_out_again
from crossfade_indexing.evaluation.splits import Split, cold_items, last_share, random_share
from crossfade_indexing.evaluation.statistics import difference, mean, ratio
from crossfade_indexing.evidence import weigh_events
from crossfade_indexing.pipeline import build_bundle
from crossfade_indexing.preparing import item_texts
from crossfade_indexing.progress import Quiet
from crossfade_indexing.sources import read_movielens

K = 10
DRAWS = 5
PROTOCOLS = ("last", "random", "cold")
ASKED = ("collaborative", "content", "popularity")
Results = dict[str, list[NDArray[np.float64]]]


def main() -> None:
    """Measure the protocols named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocols", nargs="*", help=f"any of {', '.join(PROTOCOLS)} (default: all)")
    parser.add_argument("--encoder", help="as for 'crossfade index'")
    parser.add_argument("--config", type=Path, help="as for 'crossfade index'")
    parser.add_argument("--against", type=Path, help="per-user NDCG of other models on 'last'")
    arguments = parser.parse_args()
    folder = Path(os.environ.get("CROSSFADE_MOVIELENS_DIR", "../shared/datasets/movielens-small"))
    if not (folder / "ratings.csv").is_file():
        sys.exit(f"{folder}: no MovieLens here; set CROSSFADE_MOVIELENS_DIR")
    dataset = clean(read_movielens(folder), timezone=None, rejects=None).dataset
    encoder = open_item_encoder(arguments.encoder)
    with tempfile.TemporaryDirectory() as directory:
        config = IndexingConfig() if arguments.config is None else read_config(arguments.config)
        bench = Bench(dataset, encoder, Path(directory), config)
        for protocol in arguments.protocols or PROTOCOLS:
            bench.run(protocol, splits(protocol, dataset.events), arguments.against)


def splits(protocol: str, events: pl.DataFrame) -> Iterable[Split]:
    """Return the splits of a protocol."""
    if protocol == "last":
        return [last_share(events)]
    if protocol == "random":
        return random_share(events, seeds=range(DRAWS))
    return [cold_items(events, 0.1, min_events=5, seed=seed) for seed in range(DRAWS)]


class Bench:
    """The data, and a place for bundles."""

    def __init__(self, dataset: Dataset, encoder: ItemEncoder, directory: Path, config: IndexingConfig) -> None:
        self._dataset = dataset
        self._config = config
        self._encoder = encoder
        self._directory = directory
        self._cache = EncodingCache(Path(os.environ.get("CROSSFADE_CACHE_DIR", directory / "cache")))

    def run(self, protocol: str, several: Iterable[Split], against: Path | None) -> None:
        """Measure one protocol and print."""
        results: Results = {}
        users: list[RowArray] = []
        started = time.monotonic()
        for place, split in enumerate(several):
            case, recommender = self._build(split, self._directory / f"{protocol}-{place}")
            users.append(case.users)
            self._ask(case, recommender, results)
            if protocol == "cold":
                self._plain_neighbours(case, results)
            else:
                ease = self._ease(split, case, "last" if protocol == "last" else "random")
                note(results, "EASE", scores_of(case, ranker_ranking(ease, case.users, case.training.weights, K)))
            if against is not None and protocol == "last":
                add_others(results, against, case)
        clusters = np.concatenate(users)
        print(f"\n{protocol}: {len(users)} splits, {len(clusters)} users' lists, {time.monotonic() - started:.0f} s")
        if protocol == "cold":
            report_cold(results, clusters)
        else:
            report(results, clusters)

    def _build(self, split: Split, directory: Path) -> tuple[Case, Recommender]:
        result = build_bundle(
            dataclasses.replace(self._dataset, events=split.train),
            self._encoder,
            BundleStore(directory),
            cache=self._cache,
            cleaning={},
            reporter=Quiet(),
            config=self._config,
        )
        made = result.manifest
        print(f"{split.name}: {made.factorization!r} {made.profile!r} {made.fusion!r}", file=sys.stderr)
        # Every item is scored: what is measured is the model, not the approximate lookup.
        recommender = Recommender(BundleStore(Path(directory)), RetrievalSettings(exact_up_to=sys.maxsize))
        table = recommender.bundle.catalogue.table
        user_ids = self._dataset.events["user_id"].unique().sort()
        catalog = Catalog(user_ids, table["item_id"].to_list(), item_texts(table))
        return prepare_case(split, catalog, IndexingConfig().evidence, Plan(again=False)), recommender

    def _ask(self, case: Case, recommender: Recommender, results: Results) -> None:
        rankings = {"Crossfade": dict[str, float]()}
        rankings |= {name: {other: float(other == name) for other in COMPONENTS} for name in ASKED}
        row_of = recommender.bundle.catalogue.row_of
        for name, weights in rankings.items():
            queries = [
                Query(user_id=user_id, limit=K, weights=weights, include=())
                for user_id in case.catalog.user_ids[case.users]
            ]
            rows = np.full((len(queries), K), -1, np.int64)
            for place, answer in enumerate(recommender.recommend_many(queries)):
                found = [row_of[item.item_id] for item in answer.items]
                rows[place, : len(found)] = found
            note(results, name, scores_of(case, rows))

    def _ease(self, split: Split, case: Case, kind: SplitKind) -> Ease:
        inner = hold_out_again(split.train, kind, seed=0)
        if inner is None:
            raise ValueError("too few events to choose EASE's l2")
        evidence = IndexingConfig().evidence
        within = prepare_case(inner, case.catalog, evidence, Plan(again=False))
        held_out = within.relevant
        by_user = np.zeros(len(case.catalog.user_ids) + 1, np.int64)
        by_user[within.users + 1] = np.diff(held_out.indptr)
        whole = type(held_out)(
            (held_out.data, held_out.indices, np.cumsum(by_user)), shape=(len(by_user) - 1, held_out.shape[1])
        )
        data = training_data(inner.train, weigh_events(inner.train, evidence), case.catalog)
        ease = choose(Ease, EASE_GRID, data, whole, k=K).ranker
        ease.fit(case.training)
        return ease

    def _plain_neighbours(self, case: Case, results: Results) -> None:
        embeddings, _ = encode_cached(
            self._encoder, list(case.catalog.texts), self._cache, on_progress=lambda _done, _total: None
        )
        profiles = case.training.weights[case.users].maximum(0) @ embeddings
        scores: FloatArray = profiles @ embeddings.T
        scores[case.had[case.users].tocoo().coords] = -np.inf
        rows = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        note(results, "plain neighbours", scores_of(case, rows))


def scores_of(case: Case, rows: RowArray) -> NDArray[np.float64]:
    """Return NDCG@10 per evaluated user."""
    hits, relevant = hits_of(rows, case.relevant)
    return ndcg(hits, relevant, K)


def note(results: Results, name: str, values: NDArray[np.float64]) -> None:
    """Add one split's values."""
    results.setdefault(name, []).append(values)


def add_others(results: Results, path: Path, case: Case) -> None:
    """Add the per-user values that another environment measured; users it does not have count as missing."""
    with np.load(path, allow_pickle=False) as stored:
        place = {str(user_id): row for row, user_id in enumerate(stored["user_id"].tolist())}
        users = [place.get(user_id, -1) for user_id in case.catalog.user_ids[case.users]]
        for name in ("als", "bpr"):
            values = np.append(stored[name].astype(np.float64), np.nan)
            note(results, name.upper(), values[users])


def report(results: Results, users: RowArray) -> None:
    """Print every model with its difference from EASE."""
    ease = np.concatenate(results["EASE"])
    print(f"{'':18}{'NDCG@10':>9}  {'95 % interval':17}{'minus EASE':>11}  {'95 % interval':21}ratio")
    for name, parts in results.items():
        values = np.concatenate(parts)
        line(name, values, users)
        if name == "EASE":
            print()
            continue
        gap, share = difference(values, ease, users), ratio(values, ease, users)
        print(
            f"{gap.interval.mean:+11.4f}  {gap.interval.low:+.4f} to {gap.interval.high:+.4f}    "
            f"{share.interval.mean:.3f} ({share.interval.low:.3f} to {share.interval.high:.3f})"
        )
    fused = np.concatenate(results["Crossfade"])
    for name in ("ALS", "BPR"):
        if name in results:
            other = difference(fused, np.concatenate(results[name]), users).interval
            print(f"Crossfade minus {name}: {other.mean:+.4f} ({other.low:+.4f} to {other.high:+.4f})")


def report_cold(results: Results, users: RowArray) -> None:
    """Print every model with its ratio to content neighbours."""
    bases = {name: np.concatenate(results[name]) for name in ("plain neighbours", "content")}
    print(f"{'':18}{'NDCG@10':>9}  {'95 % interval':17}" + "".join(f"  ratio to {name:20}" for name in bases))
    for name, parts in results.items():
        values = np.concatenate(parts)
        line(name, values, users)
        for base in bases.values():
            share = ratio(values, base, users).interval
            print(f"  {share.mean:7.2f} ({share.low:.2f} to {share.high:.2f})     ", end="")
        print()


def line(name: str, values: NDArray[np.float64], users: RowArray) -> None:
    """Print one model's mean and interval, without ending the line."""
    interval = mean(values, users)
    print(f"{name:18}{interval.mean:9.4f}  {interval.low:.4f} to {interval.high:.4f}", end="")


if __name__ == "__main__":
    main()
