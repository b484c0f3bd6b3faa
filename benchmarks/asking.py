"""What the benchmarks share that learn from one side of a split and ask the service's engine about the other."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp

from crossfade import Query, Recommender
from crossfade.bundle import BundleStore
from crossfade.engine import COMPONENTS, RetrievalSettings
from crossfade.types import RowArray
from crossfade_indexing.cleaning import clean
from crossfade_indexing.config import EvidenceConfig, IndexingConfig
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.encoders import EncodingCache, open_item_encoder
from crossfade_indexing.evaluation.case import Case, Catalog, prepare_case
from crossfade_indexing.evaluation.metrics import PerUser, hits_of, ndcg
from crossfade_indexing.evaluation.models import answered_rows, ask, queries_of
from crossfade_indexing.evaluation.planning import Plan
from crossfade_indexing.evaluation.splits import Split
from crossfade_indexing.pipeline import build_bundle
from crossfade_indexing.progress import Quiet
from crossfade_indexing.sample import Sample, write_sample
from crossfade_indexing.sources import read_files

__all__ = ["SINGLES", "Asked", "K", "learned_from", "ndcg_where", "read_sample"]

K = 10

SINGLES: dict[str, dict[str, float]] = {
    name: {other: float(other == name) for other in COMPONENTS} for name in COMPONENTS
}
"""Component → the weights of a query that looks at nothing else."""


@dataclass(frozen=True)
class Asked:
    """A bundle of the training side, and what it is asked about the test side.

    Attributes:
        recommender: Over the bundle; scores every item, unless told to look up: the model is measured, not the lookup.
        case: Who is evaluated and what they should be shown.
        queries: One per evaluated user, with the context of the first held-out like.
    """

    recommender: Recommender
    case: Case
    queries: Sequence[Query]

    def rows(self, weights: Mapping[str, float]) -> RowArray:
        """Return what each evaluated user is answered, shape (n, K), as ``hits_of`` takes it.

        With weights that tell no item from another for anybody (a component that the data cannot have), nothing is:
        the engine would answer by popularity, which is another component's merit.
        """
        answers = ask(self.recommender, [replace(query, weights=weights) for query in self.queries])
        if not any(item.score for answer in answers for item in answer.items):
            return np.full((len(answers), K), -1, np.int64)
        return answered_rows(self.recommender, answers, K)


@contextmanager
def learned_from(
    dataset: Dataset, split: Split, config: IndexingConfig, *, max_users: int = 5000, lookup: bool = False
) -> Iterator[Asked]:
    """Build a bundle of the training side in a temporary place, with TF-IDF embeddings, and keep it while asked.

    Args:
        dataset: Items and users; its events are not looked at.
        split: Of its events.
        config: Of indexing.
        max_users: How many users to evaluate at most; of more, as many are drawn.
        lookup: Whether to look candidates up as the service does; else every item is scored.
    """
    plan = Plan(max_users=max_users, again=False)
    user_ids = pl.concat([split.train["user_id"], split.test["user_id"]]).unique().sort()
    with tempfile.TemporaryDirectory() as directory:
        build_bundle(
            replace(dataset, events=split.train),
            open_item_encoder("tfidf"),
            BundleStore(Path(directory)),
            cache=EncodingCache(Path(directory) / "cache"),
            cleaning={},
            reporter=Quiet(),
            config=config,
        )
        retrieval = RetrievalSettings() if lookup else RetrievalSettings(exact_up_to=sys.maxsize)
        recommender = Recommender(BundleStore(Path(directory)), retrieval)
        item_ids = recommender.bundle.catalogue.item_ids
        case = prepare_case(split, Catalog(user_ids, item_ids, [""] * len(item_ids)), config.evidence, plan)
        yield Asked(recommender, case, queries_of(case, K, again=False))


def ndcg_where(rows: RowArray, relevant: sp.csr_array) -> PerUser:
    """Return NDCG@10 per user, NaN for those who have nothing relevant."""
    found = np.full(len(rows), np.nan)
    users = np.flatnonzero(np.diff(relevant.indptr))
    if len(users):
        found[users] = ndcg(*hits_of(rows[users], relevant[users]), K)
    return found


def read_sample(sample: Sample) -> Dataset:
    """Return the sample as indexing reads it from its files, without events that weigh nothing (impressions)."""
    with tempfile.TemporaryDirectory() as directory:
        files = write_sample(sample, Path(directory))
        dataset = clean(read_files(files.events, files.items, files.users)).dataset
    silent = [name for name, weight in EvidenceConfig().event_weights.items() if weight == 0]
    return replace(dataset, events=dataset.events.filter(~pl.col("event_type").is_in(silent)))
