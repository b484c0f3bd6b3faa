"""Which baselines take part, and with which parameters: chosen on a part of the training side where that is quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import polars as pl
import scipy.sparse as sp

from crossfade_indexing.config import EvidenceConfig
from crossfade_indexing.evaluation.baselines import (
    EASE_GRID,
    NEIGHBOUR_GRID,
    Ease,
    ItemNeighbours,
    NeighbourHybrid,
    UserNeighbours,
    choose,
    default_baselines,
)
from crossfade_indexing.evaluation.case import Case, training_data
from crossfade_indexing.evaluation.planning import Plan, SplitKind, hold_out_again
from crossfade_indexing.evaluation.ranker import Ranker, TrainingData
from crossfade_indexing.evaluation.splits import Split
from crossfade_indexing.evidence import weigh_events
from crossfade_indexing.progress import Reporter

__all__ = ["choose_baselines"]

Grid = Mapping[str, Sequence[float]]

# Products of two stored weights in one similarity matrix; ten million take about 0.4 s.
_FULL_GRID_UP_TO = 1e7
_SMALL_GRID_UP_TO = 2e8
_NEIGHBOURS_UP_TO = 2e9
_SMALL_NEIGHBOUR_GRID: Grid = {"neighbours": (80,), "shrinkage": (10, 100)}
# The smaller side of the matrix: EASE inverts one as large, which takes 2 s at 3,000 and 30 s at 10,000.
_EASE_GRID_UP_TO = 3_000
_EASE_SMALL_GRID_UP_TO = 10_000
_SMALL_EASE_GRID: Grid = {"l2": (30, 300, 3000)}
_VALIDATED_USERS = 1000


def choose_baselines(
    split: Split, case: Case, evidence: EvidenceConfig, *, kind: SplitKind, plan: Plan, reporter: Reporter
) -> list[Ranker]:
    """Return the baselines with their parameters, not fitted.

    Parameters are chosen by NDCG on the training side split once more in the same way; on large data from a smaller
    grid, and on the largest they are the defaults. Neighbours that would take hours are left out, and said to be.

    Args:
        split: The events.
        case: The same, weighed.
        evidence: How acts are weighed.
        kind: How to split the training side.
        plan: What is drawn from which seed.
        reporter: Where to say what is happening.
    """
    n_users, n_items = case.training.weights.shape
    defaults = default_baselines(plan.seed, n_users=n_users, n_items=n_items)
    sides = {"user": _products(case.training.weights.T.tocsr()), "item": _products(case.training.weights)}
    too_slow = [side for side, products in sides.items() if products > _NEIGHBOURS_UP_TO]
    for side in too_slow:
        reporter.note(f"{side} neighbours are left out: {sides[side]:,.0f} pairs to compare would take too long")
    kept = [model for model in defaults if not _is_among(model, too_slow)]
    validation = _validation(split, case, evidence, kind, plan)
    if validation is None:
        reporter.note("too few events to choose the baselines' parameters by: they have their defaults")
        return kept
    with reporter.step("Choose the baselines' parameters") as advance:
        chosen: list[Ranker] = []
        for place, model in enumerate(kept, start=1):
            chosen.append(_chosen(model, chosen, sides, validation, plan.k))
            advance(place, len(kept))
    return chosen


def _chosen(
    model: Ranker,
    before: Sequence[Ranker],
    sides: Mapping[str, float],
    validation: tuple[TrainingData, sp.csr_array],
    k: int,
) -> Ranker:
    make: Callable[..., Ranker]
    if isinstance(model, NeighbourHybrid):
        users = next(one for one in before if one.name == "user-cosine")
        items = next(one for one in before if one.name == "item-cosine")
        return NeighbourHybrid(users, items)
    if isinstance(model, UserNeighbours | ItemNeighbours):
        side, _, similarity = model.name.partition("-")
        make = partial(type(model), "pearson" if similarity == "pearson" else "cosine")
        grid = _neighbour_grid(sides[side])
    elif isinstance(model, Ease):
        make, grid = Ease, _ease_grid(min(validation[0].weights.shape))
    else:
        return model
    return model if grid is None else choose(make, grid, *validation, k=k).ranker


def _neighbour_grid(products: float) -> Grid | None:
    if products > _SMALL_GRID_UP_TO:
        return None
    return NEIGHBOUR_GRID if products <= _FULL_GRID_UP_TO else _SMALL_NEIGHBOUR_GRID


def _ease_grid(order: int) -> Grid | None:
    if order > _EASE_SMALL_GRID_UP_TO:
        return None
    return EASE_GRID if order <= _EASE_GRID_UP_TO else _SMALL_EASE_GRID


def _is_among(model: Ranker, sides: Sequence[str]) -> bool:
    if isinstance(model, NeighbourHybrid):
        return bool(sides)
    return isinstance(model, UserNeighbours | ItemNeighbours) and model.name.partition("-")[0] in sides


def _products(weights: sp.csr_array) -> float:
    """Return how many pairs of stored weights share a row."""
    return float(np.square(np.diff(weights.indptr).astype(np.float64)).sum())


def _validation(
    split: Split, case: Case, evidence: EvidenceConfig, kind: SplitKind, plan: Plan
) -> tuple[TrainingData, sp.csr_array] | None:
    """Return a smaller training side and what is relevant beside it, for at most a thousand users; None if nothing."""
    inner = hold_out_again(split.train, kind, plan.seed)
    if inner is None:
        return None
    pairs = weigh_events(inner.train, evidence)
    liked = weigh_events(inner.test, evidence).filter("liked")
    # New items alone, even where items are used again: `choose` ranks what the user has not had.
    held_out = liked.join(pairs, on=["user_id", "item_id"], how="anti")
    users = held_out["user_id"].unique().sort()
    if users.is_empty():
        return None
    drawn = users.sample(min(len(users), _VALIDATED_USERS), seed=plan.seed)
    relevant = case.catalog.matrix(held_out.filter(pl.col("user_id").is_in(drawn.implode())), "weight")
    return training_data(inner.train, pairs, case.catalog), relevant
