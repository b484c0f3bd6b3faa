"""A baseline's parameters are chosen on the validation split, as ours are: a straw man proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar

import numpy as np
import scipy.sparse as sp

from crossfade_indexing.evaluation.baselines.ranking import ranker_ranking
from crossfade_indexing.evaluation.metrics import hits_of, ndcg
from crossfade_indexing.evaluation.ranker import Ranker, TrainingData

__all__ = ["EASE_GRID", "NEIGHBOUR_GRID", "Choice", "choose"]

R = TypeVar("R", bound=Ranker)
Parameters = dict[str, float]

EASE_GRID: Mapping[str, Sequence[float]] = {"l2": (10, 30, 100, 300, 1000, 3000)}
NEIGHBOUR_GRID: Mapping[str, Sequence[float]] = {"neighbours": (20, 80, 200), "shrinkage": (0, 10, 100)}


@dataclass(frozen=True)
class Choice(Generic[R]):
    """What was best, and what else was tried.

    Attributes:
        ranker: Made with the best parameters, not fitted.
        parameters: The best.
        curve: All that were tried, in order, each with its mean NDCG.
    """

    ranker: R
    parameters: Parameters
    curve: tuple[tuple[Parameters, float], ...]


def choose(
    make: Callable[..., R],
    grid: Mapping[str, Sequence[float]],
    train: TrainingData,
    held_out: sp.csr_array,
    *,
    k: int = 10,
) -> Choice[R]:
    """Try every combination of a grid and return the best by mean NDCG at k over all items not had in training.

    Args:
        make: Takes the grid's names as keywords and returns a ranker.
        grid: Values by name; each with at least one.
        train: What the rankers are fitted on.
        held_out: Shape (n_users, n_items): something is stored where an item is relevant. Users without any are left
            out of the mean.
        k: At least 1.

    Returns:
        The choice; of equal means the first in the order of the grid, the last name varying fastest.

    Raises:
        ValueError: If no user has a relevant item.
    """
    users = np.flatnonzero(np.diff(held_out.indptr))
    if not len(users):
        raise ValueError("nothing to choose by: no user has a held-out item")
    relevant = held_out[users]
    curve: list[tuple[Parameters, float]] = []
    for values in product(*grid.values()):
        parameters = dict(zip(grid, values, strict=True))
        ranker = make(**parameters)
        ranker.fit(train)
        hits, n_relevant = hits_of(ranker_ranking(ranker, users, train.weights, k), relevant)
        curve.append((parameters, float(np.mean(ndcg(hits, n_relevant, k)))))
    best, _ = max(curve, key=lambda tried: tried[1])
    return Choice(make(**best), best, tuple(curve))
