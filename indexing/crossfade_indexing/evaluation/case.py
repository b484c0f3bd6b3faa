"""One split, ready to be asked about: who is evaluated, what they should be shown, what everyone learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

import numpy as np
import polars as pl
import scipy.sparse as sp

from crossfade.engine.clock import CLOCK_FIELDS
from crossfade.errors import InputError
from crossfade.types import RowArray
from crossfade_indexing.config import EvidenceConfig
from crossfade_indexing.evaluation.planning import Plan
from crossfade_indexing.evaluation.ranker import TrainingData
from crossfade_indexing.evaluation.ratings_table import explicit_ratings
from crossfade_indexing.evaluation.splits import Split
from crossfade_indexing.evidence import weigh_events

__all__ = ["NOT_TOLD", "Case", "Catalog", "prepare_case", "training_data"]

NOT_TOLD = "(not told)"
"""A value that no bundle has learned anything about: a field that has it says nothing."""

_CONTEXT = "context."


@dataclass(frozen=True)
class Catalog:
    """Whom and what the rows stand for.

    Attributes:
        user_ids: All users with events, by row; the same in every split.
        item_ids: By row, in the order of the split's bundle: the most popular first.
        texts: One per item, as they are embedded.
    """

    user_ids: pl.Series
    item_ids: Sequence[str]
    texts: Sequence[str]

    def matrix(self, pairs: pl.DataFrame, column: str) -> sp.csr_array:
        """Return a column of one row per (user, item) as users x items, float32; what is 0 is stored as well."""
        users = pl.DataFrame({"user_id": self.user_ids}).with_row_index("user_row")
        items = pl.DataFrame({"item_id": self.item_ids}).with_row_index("item_row")
        located = pairs.join(users, on="user_id").join(items, on="item_id").sort("user_row", "item_row")
        rows = located["user_row"].to_numpy(), located["item_row"].to_numpy()
        values = located[column].cast(pl.Float32).to_numpy()
        return sp.csr_array((values, rows), shape=(len(self.user_ids), len(self.item_ids)))


@dataclass(frozen=True)
class Case:
    """What all models of one split are measured by.

    Attributes:
        catalog: Whom and what the rows stand for.
        training: What the baselines learn from; its rows are those of the catalog.
        users: Shape (n,), rows of the evaluated users, ascending.
        relevant: Shape (n, n_items): something is stored where the user should be shown the item.
        had: Shape (n_users, n_items): something is stored where an item is not to be shown.
        contexts: Of each evaluated user's first held-out like: its time and its fields, as a request names them.
        user_events: Shape (n_users,), training events of every user.
        item_events: Shape (n_items,), training events of every item.
        liked: By user row, the items liked in training, oldest first.
        users_left_out: Users of the test side without anything that they should be shown.
    """

    catalog: Catalog
    training: TrainingData
    users: RowArray
    relevant: sp.csr_array
    had: sp.csr_array
    contexts: Sequence[dict[str, str]]
    user_events: RowArray
    item_events: RowArray
    liked: dict[int, list[str]]
    users_left_out: int


def prepare_case(split: Split, catalog: Catalog, evidence: EvidenceConfig, plan: Plan) -> Case:
    """Weigh both sides and choose whom to evaluate.

    What a user should be shown are the items that a held-out act likes (a rating of 4 of 5, any other act of positive
    weight), but for those had in training, unless people use items again.

    Args:
        split: The events.
        catalog: Its rows.
        evidence: How acts are weighed.
        plan: How many users, and whether items are used again.

    Raises:
        InputError: If there is nobody to evaluate.
    """
    pairs, held_out = _weighed(split, evidence)
    relevant_pairs = held_out.filter("liked")
    if not plan.again:
        relevant_pairs = relevant_pairs.join(pairs, on=["user_id", "item_id"], how="anti")
    if relevant_pairs.is_empty():
        raise InputError(
            f"no user has anything to be found: the {split.test.height:,} held-out events hold no like of an item that "
            "is new to its user"
        )
    training = training_data(split.train, pairs, catalog)
    relevant = catalog.matrix(relevant_pairs, "weight")
    order = np.random.default_rng(plan.seed).permutation(len(catalog.user_ids))
    with_any = np.flatnonzero(np.diff(relevant.indptr))
    users = np.sort(with_any[np.argsort(order[with_any])[: plan.max_users]]).astype(np.int64)
    return Case(
        catalog=catalog,
        training=training,
        users=users,
        relevant=relevant[users],
        had=_nothing(training.weights) if plan.again else training.weights,
        contexts=_contexts(split.test, relevant_pairs, catalog.user_ids[users]),
        user_events=_counts(split.train["user_id"], catalog.user_ids),
        item_events=_counts(split.train["item_id"], pl.Series(catalog.item_ids)),
        liked=_liked(pairs, catalog.user_ids),
        users_left_out=split.test["user_id"].n_unique() - len(with_any),
    )


def training_data(train: pl.DataFrame, pairs: pl.DataFrame, catalog: Catalog) -> TrainingData:
    """Return what baselines learn from.

    Args:
        train: Events.
        pairs: The same, weighed.
        catalog: The rows.
    """
    ratings = explicit_ratings(train)
    rated = None if ratings is None else catalog.matrix(ratings, "value")
    return TrainingData(catalog.matrix(pairs, "weight"), rated, catalog.texts)


def _weighed(split: Split, evidence: EvidenceConfig) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the pairs of the training side as indexing weighs them, and those of the test side.

    The test side is weighed beside the training side: few held-out values would not show that they are ratings, nor
    what the highest is.
    """
    sides = pl.concat([split.train.with_columns(_side=pl.lit("-")), split.test.with_columns(_side=pl.lit("+"))])
    marked = sides.with_columns(user_id=pl.col("_side") + pl.col("user_id")).drop("_side")
    held_out = weigh_events(marked, evidence).filter(pl.col("user_id").str.starts_with("+"))
    return weigh_events(split.train, evidence), held_out.with_columns(pl.col("user_id").str.slice(1))


def _nothing(like: sp.csr_array) -> sp.csr_array:
    empty = (np.empty(0, np.float32), np.empty(0, np.int64), np.zeros(like.shape[0] + 1, np.int64))
    return sp.csr_array(empty, shape=like.shape)


def _counts(ids: pl.Series, order: pl.Series) -> RowArray:
    counts = pl.DataFrame({"id": ids}).group_by("id").len("count")
    counted = pl.DataFrame({"id": order}).join(counts, on="id", how="left", maintain_order="left")
    return counted["count"].fill_null(0).to_numpy().astype(np.int64)


def _liked(pairs: pl.DataFrame, user_ids: pl.Series) -> dict[int, list[str]]:
    rows = pl.DataFrame({"user_id": user_ids}).with_row_index("row")
    liked = pairs.filter("liked").group_by("user_id", maintain_order=True).agg("item_id").join(rows, on="user_id")
    return dict(liked.select("row", "item_id").iter_rows())


def _contexts(test: pl.DataFrame, relevant: pl.DataFrame, user_ids: pl.Series) -> list[dict[str, str]]:
    fields = [name for name in test.columns if name.startswith(_CONTEXT)]
    first = (
        test.join(relevant, on=["user_id", "item_id"], how="semi", maintain_order="left")
        .sort("timestamp", nulls_last=True, maintain_order=True)
        .unique("user_id", keep="first", maintain_order=True)
    )
    columns = ["user_id", "timestamp", *(["local_time"] if "local_time" in first.columns else []), *fields]
    by_user = {row["user_id"]: row for row in first.select(columns).iter_rows(named=True)}
    return [_context(by_user[user_id], fields) for user_id in user_ids]


def _context(event: dict[str, object], fields: Sequence[str]) -> dict[str, str]:
    context = {name.removeprefix(_CONTEXT): str(event[name]) for name in fields if event[name] is not None}
    moment = event.get("local_time")  # without a zone: a request takes it for what the user's clock shows
    if moment is None and (timestamp := event["timestamp"]) is not None:
        moment = timestamp.astimezone(UTC)  # type: ignore[attr-defined]
    if moment is None:  # a request that names no time speaks of now
        return context | dict.fromkeys(CLOCK_FIELDS, NOT_TOLD)
    context["timestamp"] = moment.isoformat().replace("+00:00", "Z")  # type: ignore[attr-defined]
    return context
