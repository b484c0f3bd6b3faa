"""Is the fused ranking ever worse than the best of its own components?

Each case is a kind of data on which some component cannot help, or little can be learned. A bundle is built from one
side of a split with the default settings and TF-IDF embeddings, and the service's own engine ranks all items that the
user has not had, by default and with each component alone. The last 20 % of each user's events are held out; where the
times are gone, a random 20 %. What should be found are held-out likes (ratings of 4 of 5 and more, any other act).

The cases, the first six on MovieLens-small where it is present:

- ``movielens``: as it is.
- ``shuffled text``: each movie has the title, genres, tags and description of another.
- ``shuffled times``: each rating has the time of another.
- ``no items file``: ids and nothing else.
- ``ratings only``: no times.
- ``implicit only``: no values; every rating is an act like any other.
- ``30 users``: thirty people of the sample, in sixty simulations pooled, as one alone would show nothing.
- ``200,000 items``: each with two events; see ``scattered.py``. 5,000 of its 20,000 users are asked, and candidates
  are looked up in the indexes, as the service does, or it would take hours.

Printed are NDCG@10 and the difference to the best single component in percent of the latter, with its paired 95 %
bootstrap interval. It holds where the lower end is above -2 %, fails where the upper end is not, and is open between.
Below each line are the default weights that were learned (of the first bundle), newcomer's -> regular's.

Run: ``python benchmarks/non_inferiority.py [--only CASE]``; the data is looked for in
``../shared/datasets/movielens-small`` or where ``CROSSFADE_MOVIELENS_DIR`` points.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from asking import SINGLES, learned_from, ndcg_where, read_sample
from scattered import scattered_dataset

from crossfade.bundle.manifest import FusionWeights
from crossfade_indexing.cleaning import clean
from crossfade_indexing.config import IndexingConfig
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.evaluation import statistics
from crossfade_indexing.evaluation.metrics import PerUser
from crossfade_indexing.evaluation.planning import Plan
from crossfade_indexing.sample import simulate
from crossfade_indexing.sources import read_movielens

MARGIN = -0.02
FEW_PEOPLE, SIMULATIONS = 30, 60
MANY_ITEMS = 200_000
SEED = 1


@dataclass(frozen=True)
class Shown:
    """What one case showed.

    Attributes:
        ndcg: Ranker → NDCG@10 per user, over all data sets of the case; ``fused`` and the components.
        fusion: The first bundle's default weights.
        seconds: How long it took.
    """

    ndcg: Mapping[str, PerUser]
    fusion: FusionWeights
    seconds: float

    def best_single(self) -> str:
        """Return the component that is best alone."""
        return max(SINGLES, key=lambda name: float(self.ndcg[name].mean()))


def main() -> None:
    """Run the cases and print a line for each as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=CASES, metavar="CASE", help=f"one of: {', '.join(CASES)}")
    chosen = parser.parse_args().only
    print(f"{'case':16}{'users':>6}{'fused':>8}  {'best single':22}{'difference and 95 % interval':31}verdict")
    for name, datasets in CASES.items():
        if chosen in {None, name}:
            if datasets in MOVIELENS_CASES.values() and not (movielens_folder() / "ratings.csv").is_file():
                print(f"{name:16}left out: {movielens_folder()} holds no MovieLens; set CROSSFADE_MOVIELENS_DIR")
            else:
                print_line(name, measure(name))


def measure(case: str) -> Shown:
    """Split, learn and ask."""
    started = time.perf_counter()
    rankers: dict[str, Mapping[str, float]] = {"fused": {}, **SINGLES}
    found: dict[str, list[PerUser]] = {name: [] for name in rankers}
    fusion: FusionWeights | None = None
    for dataset in CASES[case]():
        (split,) = Plan().splits(dataset.events)
        with learned_from(dataset, split, IndexingConfig(), lookup=CASES[case] is many_items) as asked:
            for name, weights in rankers.items():
                found[name].append(ndcg_where(asked.rows(weights), asked.case.relevant))
            fusion = fusion or asked.recommender.bundle.manifest.fusion
    if fusion is None:
        raise AssertionError("every case yields a data set")
    ndcg = {name: np.concatenate(values) for name, values in found.items()}
    return Shown(ndcg, fusion, time.perf_counter() - started)


def print_line(name: str, shown: Shown) -> None:
    """Print one case."""
    best = shown.best_single()
    fused, single = shown.ndcg["fused"], shown.ndcg[best]
    gain = statistics.difference(fused, single).interval
    mean, low, high = (float(value / single.mean()) for value in (gain.mean, gain.low, gain.high))
    verdict = "holds" if low > MARGIN else "open" if high > MARGIN else "fails"
    alone = f"{single.mean():.4f} {best}"
    between = f"{mean:+7.1%} ({low:+.1%} to {high:+.1%})"
    print(f"{name:16}{len(fused):6}{fused.mean():8.4f}  {alone:22}{between:31}{verdict}  {shown.seconds:.0f} s")
    weights = (
        f"{component} {newcomer:g} -> {shown.fusion.regular[component]:g}"
        for component, newcomer in shown.fusion.newcomer.items()
        if newcomer or shown.fusion.regular[component]
    )
    print(f"{'':16}{', '.join(weights)}; half way at {shown.fusion.fade:g}", flush=True)


def movielens_folder() -> Path:
    """Return where MovieLens is looked for."""
    return Path(os.environ.get("CROSSFADE_MOVIELENS_DIR", "../shared/datasets/movielens-small"))


@cache
def movielens() -> Dataset:
    """Return MovieLens as it is."""
    return clean(read_movielens(movielens_folder())).dataset


def as_it_is() -> Iterator[Dataset]:
    """Yield MovieLens as it is."""
    yield movielens()


def shuffled_text() -> Iterator[Dataset]:
    """Yield MovieLens with every movie described as another."""
    items = movielens().items
    order = np.random.default_rng(SEED).permutation(items.height)
    yield replace(movielens(), items=items[order].with_columns(items["item_id"]))


def shuffled_times() -> Iterator[Dataset]:
    """Yield MovieLens with the times dealt anew among all ratings."""
    events = movielens().events
    order = np.random.default_rng(SEED).permutation(events.height)
    yield replace(movielens(), events=events.with_columns(events.select("timestamp", "local_time")[order]))


def no_items_file() -> Iterator[Dataset]:
    """Yield MovieLens as read without movies.csv."""
    raw = replace(read_movielens(movielens_folder()), items=None, joined=())
    yield clean(raw).dataset


def ratings_only() -> Iterator[Dataset]:
    """Yield MovieLens without times."""
    yield replace(movielens(), events=_emptied("timestamp", "local_time"))


def implicit_only() -> Iterator[Dataset]:
    """Yield MovieLens without ratings: who saw what when."""
    yield replace(movielens(), events=_emptied("value"))


def few_users() -> Iterator[Dataset]:
    """Yield samples of thirty people, who are others in each."""
    for seed in range(201, 201 + SIMULATIONS):
        yield read_sample(simulate(seed=seed, people=FEW_PEOPLE))


def many_items() -> Iterator[Dataset]:
    """Yield a shop of 200,000 items with two events each."""
    yield scattered_dataset(MANY_ITEMS, seed=SEED)


def _emptied(*columns: str) -> pl.DataFrame:
    events = movielens().events
    return events.with_columns(pl.lit(None, dtype=events.schema[name]).alias(name) for name in columns)


MOVIELENS_CASES: dict[str, Callable[[], Iterator[Dataset]]] = {
    "movielens": as_it_is,
    "shuffled text": shuffled_text,
    "shuffled times": shuffled_times,
    "no items file": no_items_file,
    "ratings only": ratings_only,
    "implicit only": implicit_only,
}
CASES = MOVIELENS_CASES | {"30 users": few_users, "200,000 items": many_items}


if __name__ == "__main__":
    main()
