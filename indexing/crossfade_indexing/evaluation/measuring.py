"""What one model reached, user by user and over all repeats, before intervals are made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation import beyond_accuracy
from crossfade_indexing.evaluation.case import Case
from crossfade_indexing.evaluation.groups import ndcg_by_group
from crossfade_indexing.evaluation.metrics import RANKING_METRICS, PerUser, hits_of
from crossfade_indexing.evaluation.models import Ranked
from crossfade_indexing.evaluation.result import GroupName, Kind, Metric

__all__ = ["Measured", "Surroundings", "measure", "pool"]

# Into how many random parts the users are cut for the spread of what a user has no value of.
_PARTS = 20


@dataclass(frozen=True)
class Surroundings:
    """What a measurement needs of the split beside the lists.

    Attributes:
        case: Users, items and what is relevant.
        embeddings: Shape (n_items, d), unit length or zero.
        popular: Shape (n_users, k): what popularity recommends to the same users.
        k: How many places count.
        seed: Of the parts of the users.
    """

    case: Case
    embeddings: FloatArray
    popular: RowArray
    k: int
    seed: int


@dataclass(frozen=True)
class Measured:
    """One model's values; of one repeat, or of several one after the other.

    Attributes:
        name: The model's.
        kind: The model's.
        component: The model's.
        users: Shape (n,): whose values they are; a user may come once per repeat.
        values: Shape (n,) each, NaN where a metric is undefined for a user.
        groups: Shape (n,) each: NDCG within the group, NaN outside of it.
        shown_popularity: Shape (n,): mean popularity of what is recommended.
        past_popularity: Shape (n,): mean popularity of what the user has had.
        spreads: Shape (repeats, 1 + parts) each: a metric of all lists together, then without each part of the users,
            NaN for a part that nobody or everybody is in.
        deciles: Shape (repeats, 2, 10): shares of the places and of the training events, the most popular tenth first.
        seconds: Shape (repeats, 2): to learn and to rank.
    """

    name: str
    kind: Kind
    component: str | None
    users: RowArray
    values: dict[Metric, PerUser]
    groups: dict[GroupName, PerUser]
    shown_popularity: PerUser
    past_popularity: PerUser
    spreads: dict[Metric, NDArray[np.float64]]
    deciles: NDArray[np.float64]
    seconds: NDArray[np.float64]


def measure(ranked: Ranked, around: Surroundings) -> Measured:
    """Return all that can be said of one model's lists in one split."""
    case, k, rows = around.case, around.k, ranked.rows
    hits, relevant = hits_of(rows, case.relevant)
    weights = case.training.weights
    item_users = np.bincount(weights.indices, minlength=weights.shape[1]).astype(np.int64)
    values: dict[Metric, PerUser] = {
        cast("Metric", name): metric(hits, relevant, k) for name, metric in RANKING_METRICS.items()
    }
    values["novelty"] = beyond_accuracy.novelty(rows, item_users, weights.shape[0])
    values["diversity"] = beyond_accuracy.intra_list_diversity(rows, around.embeddings)
    values["serendipity"] = beyond_accuracy.serendipity(rows, hits, around.popular)
    shares = beyond_accuracy.popularity_by_decile(rows, case.item_events)
    return Measured(
        name=ranked.name,
        kind=ranked.kind,
        component=ranked.component,
        users=case.users,
        values=values,
        groups=ndcg_by_group(rows, hits, relevant, case, k),
        shown_popularity=beyond_accuracy.mean_popularity(rows, item_users),
        past_popularity=beyond_accuracy.past_popularity(weights[case.users], item_users),
        spreads=_spreads(rows, case, around.seed),
        deciles=np.stack([shares.recommended[::-1], shares.events[::-1]])[None],
        seconds=np.array([[ranked.fit_s, ranked.rank_s]]),
    )


def pool(repeats: Sequence[Measured]) -> Measured:
    """Return the values of one model in all its repeats as one."""
    first = repeats[0]
    sizes = [len(one.users) for one in repeats]

    def groups(name: GroupName) -> PerUser:
        missing = [np.full(size, np.nan) for size in sizes]
        return np.concatenate([one.groups.get(name, gap) for one, gap in zip(repeats, missing, strict=True)])

    return Measured(
        name=first.name,
        kind=first.kind,
        component=first.component,
        users=np.concatenate([one.users for one in repeats]),
        values={name: np.concatenate([one.values[name] for one in repeats]) for name in first.values},
        groups={name: groups(name) for name in dict.fromkeys(name for one in repeats for name in one.groups)},
        shown_popularity=np.concatenate([one.shown_popularity for one in repeats]),
        past_popularity=np.concatenate([one.past_popularity for one in repeats]),
        spreads={name: np.concatenate([one.spreads[name] for one in repeats]) for name in first.spreads},
        deciles=np.concatenate([one.deciles for one in repeats]),
        seconds=np.concatenate([one.seconds for one in repeats]),
    )


def _spreads(rows: RowArray, case: Case, seed: int) -> dict[Metric, NDArray[np.float64]]:
    n_items = len(case.catalog.item_ids)
    # The same part for a user in every repeat and for every model.
    parts = np.random.default_rng(seed).permutation(len(case.catalog.user_ids))[case.users] % _PARTS
    return {
        "coverage": _with_and_without(rows, parts, lambda some: beyond_accuracy.catalogue_coverage(some, n_items)),
        "gini": _with_and_without(rows, parts, lambda some: beyond_accuracy.gini(some, n_items)),
    }


def _with_and_without(
    rows: RowArray, parts: NDArray[np.int64], metric: Callable[[RowArray], float]
) -> NDArray[np.float64]:
    """Return the metric of all lists and of those without each part, NaN where nobody would go or nobody stay."""
    without = [
        metric(rows[parts != part]) if (parts != part).any() and (parts == part).any() else np.nan
        for part in range(_PARTS)
    ]
    return np.array([[metric(rows), *without]])
