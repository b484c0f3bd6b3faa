"""Which items are scored: all of them while that is cheap, else the nearest in each index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossfade.engine.fusion import Fusion
from crossfade.types import FloatArray, RowArray

__all__ = ["RetrievalSettings", "Scored", "Wanted", "retrieve"]


@dataclass(frozen=True)
class RetrievalSettings:
    """How far to look.

    Attributes:
        exact_up_to: Catalogues of at most this many items are scored whole, with no index in between.
        candidates_per_index: How many items to ask each index for; never fewer than three times the limit.
    """

    exact_up_to: int = 2_000
    candidates_per_index: int = 400


@dataclass(frozen=True)
class Wanted:
    """What one query may be answered with.

    Attributes:
        limit: How many items at most, > 0.
        excluded: Item rows not to answer, in any order.
        among: Item rows to choose from, ascending, each once; None means the whole catalogue.
    """

    limit: int
    excluded: RowArray
    among: RowArray | None = None


@dataclass(frozen=True)
class Scored:
    """Item rows and their scores, both of shape (n,), best first; equal scores ordered by row."""

    rows: RowArray
    scores: FloatArray


def retrieve(fusion: Fusion, wanted: Sequence[Wanted], settings: RetrievalSettings) -> list[Scored]:
    """Return the best items of every query in a batch.

    A candidate that one index finds is scored on every component, so none lacks a part because of who found it.

    Args:
        fusion: The batch's components.
        wanted: One per query of the batch.
        settings: How far to look.
    """
    n_items = fusion.n_items
    if n_items <= settings.exact_up_to:
        scores = fusion.scores_everywhere()
        choices = [np.arange(n_items) if one.among is None else one.among for one in wanted]
        allowed = [_without(rows, one.excluded, n_items) for rows, one in zip(choices, wanted, strict=True)]
        return [_best(rows, scores[query, rows], wanted[query].limit) for query, rows in enumerate(allowed)]
    numbers = [_candidates_per_index(one, settings) for one in wanted]
    parts = (fusion.collaborative, fusion.content, fusion.context, fusion.attributes, fusion.trend)
    found = [part.nearest(max(numbers)) for part in parts] if any(one.among is None for one in wanted) else []
    best = []
    for query, one in enumerate(wanted):
        if one.among is None:
            popular = np.arange(min(one.limit + len(one.excluded), n_items))  # rows are ordered by popularity
            candidates = np.unique(
                np.concatenate([popular, *(rows[query, ..., : numbers[query]].ravel() for rows in found)])
            )
        else:
            candidates = one.among
        rows = _without(candidates[candidates >= 0], one.excluded, n_items)
        best.append(_best(rows, fusion.scores(query, rows), one.limit))
    return best


def _candidates_per_index(one: Wanted, settings: RetrievalSettings) -> int:
    """Return how many to ask for; the excluded may all lie among the nearest, so as many more, that enough are left."""
    return max(settings.candidates_per_index, 3 * one.limit) + len(one.excluded)


def _without(rows: RowArray, excluded: RowArray, n_items: int) -> RowArray:
    allowed = np.ones(n_items, np.bool_)
    allowed[excluded] = False
    return rows[allowed[rows]]


def _best(rows: RowArray, scores: FloatArray, limit: int) -> Scored:
    """Order by score, then row; ``rows`` ascend, so a stable sort keeps the tie rule."""
    if len(rows) > limit:
        at_least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        inside = scores >= at_least
        rows, scores = rows[inside], scores[inside]
    order = np.argsort(-scores, kind="stable")[:limit]
    return Scored(rows[order], scores[order])
