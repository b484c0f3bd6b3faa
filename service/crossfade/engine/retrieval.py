"""Which items are candidates: all of them while scoring all is cheap, else the nearest in each index.

Rules hold here and not only at the end: what may not be answered is no candidate, and what a request lifts, or keeps
places for, is looked for on its own, so that a rule never meets an empty list. The candidates are the *pool*: its size
depends on the request's limit alone, so that all pages of one answer are slices of one order. What lies beyond the pool
is scored only for a page that leads there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossfade.engine.fusion import Fusion
from crossfade.types import FloatArray, RowArray

__all__ = ["RetrievalSettings", "Scored", "Wanted", "beyond", "retrieve"]

# Requests with many different boosts would need as many lookups; scoring everything is then no slower.
_MOST_LEVELS = 8
_SCORED_PER_FOUND = 10
_ROUNDING = 1e-4
_NO_ROWS: RowArray = np.empty(0, np.int64)


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
        allowed: Shape (n_items,), which may be answered.
        levels: Shape (n_items,), what is added to the scores by boosts; None where nothing is.
        favoured: Shape (n_items,), which are to be found even if others score better; None for none.
        n_excluded: How many were left out one by one; they may all lie among the nearest.
    """

    limit: int
    allowed: NDArray[np.bool_]
    levels: FloatArray | None = None
    favoured: NDArray[np.bool_] | None = None
    n_excluded: int = 0


@dataclass(frozen=True)
class Scored:
    """Item rows and their scores, both of shape (n,), best first; equal scores ordered by row."""

    rows: RowArray
    scores: FloatArray


def retrieve(fusion: Fusion, wanted: Sequence[Wanted], settings: RetrievalSettings) -> list[Scored]:
    """Return the pool of every query in a batch.

    A candidate that one index finds is scored on every component, so none lacks a part because of who found it.

    Args:
        fusion: The batch's components.
        wanted: One per query of the batch.
        settings: How far to look.
    """
    pools = []
    if fusion.n_items <= settings.exact_up_to:
        for query, (one, about) in enumerate(zip(wanted, fusion.scores_everywhere(), strict=True)):
            rows = _near_the_best(about, one, _pool_size(one, settings))
            pools.append(_pool(rows, fusion.scores(query, rows), one, settings))
        return pools
    lookups = [
        _Lookup(query, mask, _pool_size(one, settings), reach)
        for query, one in enumerate(wanted)
        for mask, reach in _lookups(one, fusion.n_base, settings)
    ]
    found = _candidates(fusion, lookups)
    for query, one in enumerate(wanted):
        rows = np.unique(np.concatenate([_NO_ROWS, *found[query]]))
        pools.append(_pool(rows, fusion.scores(query, rows), one, settings))
    return pools


def beyond(fusion: Fusion, query: int, allowed: NDArray[np.bool_], pool: Scored) -> Scored:
    """Return all that may be answered and is not in the pool, best first."""
    rest = allowed.copy()
    rest[pool.rows] = False
    rows = np.flatnonzero(rest)
    return _best(rows, fusion.scores(query, rows), len(rows))


def _pool_size(one: Wanted, settings: RetrievalSettings) -> int:
    """Return how many items a query's pool holds at least, if there are so many."""
    return max(settings.candidates_per_index, 3 * one.limit)


@dataclass(frozen=True)
class _Lookup:
    """One search for one query.

    Attributes:
        query: Which of the batch.
        mask: Shape (n_items,), what is looked for.
        enough: How many of these are to be found.
        reach: How many to ask each index for; None to score everything in the mask instead.
    """

    query: int
    mask: NDArray[np.bool_]
    enough: int
    reach: int | None


def _lookups(one: Wanted, n_base: int, settings: RetrievalSettings) -> Iterator[tuple[NDArray[np.bool_], int | None]]:
    """Return what to look for, and how far: the allowed items by what boosts add to them, and the favoured ones."""
    masks = [one.allowed]
    if one.levels is not None:
        levels = np.unique(one.levels[one.allowed])
        if len(levels) > _MOST_LEVELS:
            yield one.allowed, None
            return
        masks = [one.allowed & (one.levels == level) for level in levels]
    if one.favoured is not None:
        masks.append(one.allowed & one.favoured)
    for mask in masks:
        yield mask, _reach(mask[:n_base], _pool_size(one, settings), one.n_excluded)


def _reach(mask: NDArray[np.bool_], size: int, n_excluded: int) -> int | None:
    """Return how many an index must be asked for to find ``size`` of its masked items; None to score all of these.

    Of an index's nearest about as large a share is masked in as of all items, so it takes ``size / share``. Where
    that is a tenth of the masked items, scoring these is cheaper: a graph looks at some thirty vectors for each that it
    returns.
    """
    count = int(mask.sum())
    reach = n_excluded + size * len(mask) / max(count, 1)
    if reach * _SCORED_PER_FOUND >= count:
        return None
    return int(2 ** np.ceil(np.log2(reach / size)) * size)  # a few sizes, so that queries are looked up together


def _candidates(fusion: Fusion, lookups: Sequence[_Lookup]) -> dict[int, list[RowArray]]:
    """Return the rows that each query's lookups found."""
    found: dict[int, list[RowArray]] = defaultdict(list)
    by_reach: dict[int, list[_Lookup]] = defaultdict(list)
    for lookup in lookups:
        if lookup.reach is None:
            found[lookup.query].append(np.flatnonzero(lookup.mask))
        else:
            by_reach[lookup.reach].append(lookup)
    for reach, together in by_reach.items():
        queries = np.unique([lookup.query for lookup in together])
        nearest = [part.nearest(reach, queries) for part in fusion.components]
        rows_of = {
            query: np.unique(np.concatenate([of_part[place] for of_part in nearest]))
            for place, query in enumerate(queries.tolist())
        }
        for lookup in together:
            found[lookup.query].append(_inside(lookup, rows_of[lookup.query], fusion.n_base))
    return found


def _inside(lookup: _Lookup, rows: RowArray, n_base: int) -> RowArray:
    """Return what of an index's nearest is looked for, with what was added since, which no index holds.

    A filter may go against all that the query is near to. If so little is left, everything that matches is scored.
    """
    rows = rows[lookup.mask[rows]]
    if len(rows) < lookup.enough:
        return np.flatnonzero(lookup.mask)
    return np.concatenate([rows, n_base + np.flatnonzero(lookup.mask[n_base:])])


def _near_the_best(scores: FloatArray, one: Wanted, size: int) -> RowArray:
    """Return what may be answered and is among the best, or rounding might make it so, ascending.

    Scored for a whole batch, an item's last bits depend on what else is in the batch; items that are the same would
    change places from one page to the next. What this returns is scored again, for the query alone.
    """
    near = np.zeros(len(scores), np.bool_)
    for mask in (one.allowed,) if one.favoured is None else (one.allowed, one.allowed & one.favoured):
        among = scores[mask]
        if len(among) <= size:
            near |= mask
            continue
        least = np.partition(among, len(among) - size)[len(among) - size]
        near |= mask & (scores >= least - _ROUNDING * max(1.0, float(np.abs(among).max())))
    return np.flatnonzero(near)


def _pool(rows: RowArray, scores: FloatArray, one: Wanted, settings: RetrievalSettings) -> Scored:
    """Return the best of the candidates, and among them the best of each level and of the favoured."""
    size = _pool_size(one, settings)
    if one.favoured is None:
        return _best(rows, scores, size)
    inside = one.favoured[rows]
    chosen = np.union1d(_best(rows, scores, size).rows, _best(rows[inside], scores[inside], size).rows)
    at = np.searchsorted(rows, chosen)
    return _best(chosen, scores[at], len(chosen))


def _best(rows: RowArray, scores: FloatArray, limit: int) -> Scored:
    """Order by score, then row; ``rows`` ascend, so a stable sort keeps the tie rule."""
    if len(rows) > limit:
        at_least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        inside = scores >= at_least
        rows, scores = rows[inside], scores[inside]
    order = np.argsort(-scores, kind="stable")[:limit]
    return Scored(rows[order], scores[order])
