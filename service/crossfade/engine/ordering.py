"""From a pool to one page: re-ranking by the request's rules, and what lies beyond the pool for deep pages.

The whole order is that of the pool, and after it everything else by score. It depends on the request without its
cursor, and on the catalogue and the user's acts as they were at the first page, so pages are slices of it. What was
deleted, hidden or rewritten since keeps its place there, so that nothing else moves up and is skipped; it is passed
over, and the page goes on with what follows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossfade.engine.answer import PlacedBy
from crossfade.engine.excluding import named
from crossfade.engine.growth import grown
from crossfade.engine.query import MAX_DEPTH
from crossfade.engine.ready import Ready
from crossfade.engine.reranking import CapRule, ExplorationRule, PromotionRule, Ranked, Rules, rerank
from crossfade.engine.retrieval import Scored, beyond
from crossfade.types import FloatArray, RowArray

__all__ = ["Page", "first_places", "order", "pins_of"]


@dataclass(frozen=True)
class Page:
    """What is answered, in order; all of length n.

    Attributes:
        rows: Item rows.
        scores: Their scores.
        placed_by: What brought each to its place.
        end: How many places of the whole order are on this page and those before.
        more: Whether anything follows.
    """

    rows: RowArray
    scores: FloatArray
    placed_by: Sequence[PlacedBy]
    end: int
    more: bool


def order(ready: Ready, allowed: NDArray[np.bool_], pool: Scored) -> Page:
    """Return the page that a request asks for.

    Args:
        ready: The request.
        allowed: Shape (n_items,), which may be answered.
        pool: The best of these.
    """
    asked, pins = ready.asked, pins_of(ready)
    shown = _still_shown(ready, list(pins.values()))
    enough = asked.offset + asked.limit + 1 + int((allowed & ~shown).sum()) + len(pins)
    whole = first_places(ready, allowed, pool, enough)
    rows, scores, placed_by = whole.rows, whole.scores, whole.placed_by
    places = asked.offset + np.flatnonzero(shown[rows[asked.offset : MAX_DEPTH]])
    page, more = places[: asked.limit], len(places) > asked.limit
    end = int(page[-1]) + 1 if len(page) else asked.offset
    return Page(rows[page], scores[page], [placed_by[place] for place in page.tolist()], end, more)


def first_places(
    ready: Ready, allowed: NDArray[np.bool_], pool: Scored, wanted: int, *, uncapped: int | None = None
) -> Ranked:
    """Return the first places of the whole order, or somewhat more.

    Args:
        ready: The request.
        allowed: Shape (n_items,), which may be answered.
        pool: The best of these.
        wanted: How many places; fewer come where nothing is left.
        uncapped: The row of an item that the cap does not hold for; None for none.
    """
    pins = pins_of(ready)
    pool = _with(ready, pool, list(pins.values()))
    groups = _groups_of(ready, pool.rows, uncapped)
    ranked = rerank(
        pool.rows, pool.scores, wanted=wanted, rules=_rules(ready, pool, pins, groups), vectors=_vectors(ready)
    )
    if len(ranked.rows) >= wanted or allowed.sum() <= allowed[pool.rows].sum():
        return ranked
    rest = _rest(ready, allowed, pool, ranked.rows, uncapped)
    by_score: list[PlacedBy] = ["score"] * len(rest.rows)
    return Ranked(
        np.concatenate([ranked.rows, rest.rows]),
        np.concatenate([ranked.scores, rest.scores]),
        (*ranked.placed_by, *by_score),
    )


def _still_shown(ready: Ready, pinned: Sequence[int]) -> NDArray[np.bool_]:
    """Return what of the first page's catalogue may be shown now, shape (n_items,).

    Not what was deleted, hidden or has become unavailable since, nor what changed its text, so that its score would be
    another one, or no longer matches the filter.
    """
    asked, before, now = ready.asked, ready.asked.items, ready.view.items
    if asked.watermark is None:
        return np.ones(before.n_rows, np.bool_)
    shown = now.standing(asked.present)
    shown[now.n_base :] &= now.overlay.scored_seq <= asked.watermark
    if asked.filter is not None:
        matching = now.matching(asked.filter, now=asked.now)
        matching[now.rows_of([before.id_of(row) for row in pinned])] = True
        shown &= matching
    for row in np.flatnonzero(now.overlay.gone & ~before.overlay.gone).tolist():
        present = now.row_of(before.id_of(row))
        shown[row] = present is not None and shown[present]
    return shown


def pins_of(ready: Ready) -> dict[int, int]:
    """Return the row for each pinned place; a pin of what is gone, hidden, or excluded by id is none.

    An editor's pin stands over the request's filter, and over what the user has had; but of a caller's own list nothing
    is answered that is not in it.
    """
    asked, items = ready.asked, ready.asked.items
    if not asked.query.pin:
        return {}
    standing, excluded = items.standing(asked.now), set(named(ready).tolist())
    if asked.query.among is not None:
        excluded |= {items.row_of(pin.item_id) for pin in asked.query.pin if pin.item_id not in asked.query.among}
    rows = {pin.position: items.row_of(pin.item_id) for pin in asked.query.pin}
    return {
        position: row for position, row in rows.items() if row is not None and standing[row] and row not in excluded
    }


def _with(ready: Ready, pool: Scored, pinned: list[int]) -> Scored:
    """Return the pool with the pinned items in it."""
    if not pinned:
        return pool
    absent = np.setdiff1d(np.array(pinned, np.int64), pool.rows)
    if not len(absent):
        return pool
    rows = np.concatenate([pool.rows, absent])
    scores = np.concatenate([pool.scores, ready.scores(absent)])
    best_first = np.lexsort((rows, -scores))
    return Scored(rows[best_first], scores[best_first])


def _rules(ready: Ready, pool: Scored, pins: dict[int, int], groups: list[list[object]] | None) -> Rules:
    asked, items = ready.asked, ready.asked.items
    promotion = None
    if asked.promote is not None:
        node, share = asked.promote
        promoted = items.matching(node, now=asked.now, where="promote.filter")[pool.rows]
        promotion = PromotionRule(promoted, share)
    cap = None
    if groups is not None and asked.query.cap is not None:
        number: dict[object, int] = {}
        numbered = [[number.setdefault(value, len(number)) for value in values] for values in groups]
        cap = CapRule(numbered, asked.query.cap.most)
    exploration = ExplorationRule(asked.exploration, asked.seed, asked.limit) if asked.exploration > 0 else None
    return Rules(asked.diversity, cap, promotion, exploration, pins)


def _vectors(ready: Ready) -> Callable[[RowArray], FloatArray]:
    """Return where items lie that are to be unlike one another: by what they say."""
    vectors = grown(ready.view.bundle.spaces.content.vectors, ready.view.items.overlay.added.vectors)
    return vectors.__getitem__


def _groups_of(ready: Ready, rows: RowArray, uncapped: int | None) -> list[list[object]] | None:
    """Return the values of the capped property of some items, of one no value; None where nothing is capped."""
    cap = ready.asked.query.cap
    if cap is None:
        return None
    found = ready.view.items.properties(rows.tolist(), [cap.field])
    return [[] if row == uncapped else _values(one[cap.field]) for row, one in zip(rows.tolist(), found, strict=True)]


def _values(value: object) -> list[object]:
    several = value if isinstance(value, list | tuple) else [value]
    return [str(one) for one in several if one is not None and one != ""]


def _rest(ready: Ready, allowed: NDArray[np.bool_], pool: Scored, placed: RowArray, uncapped: int | None) -> Scored:
    """Return all that may be answered beyond the pool, best first, without what the cap forbids."""
    rest = beyond(ready.fusion, ready.place, allowed, pool)
    cap = ready.asked.query.cap
    above, below = _groups_of(ready, placed, uncapped), _groups_of(ready, rest.rows, uncapped)
    if cap is None or above is None or below is None:
        return rest
    counts = Counter(value for values in above for value in set(values))
    kept = []
    for place, values in enumerate(below):
        if all(counts[value] < cap.most for value in values):
            kept.append(place)
            counts.update(set(values))
    return Scored(rest.rows[kept], rest.scores[kept])
