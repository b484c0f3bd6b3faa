"""From queries to answers on one view: the whole way of a request, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crossfade.engine.answer import (
    Answer,
    AppliedContext,
    Explanation,
    Missing,
    RecommendedItem,
)
from crossfade.engine.asked import next_cursor, read_query
from crossfade.engine.attribution import recommendation_id
from crossfade.engine.excluding import left_out
from crossfade.engine.fusion import fuse
from crossfade.engine.ordering import order
from crossfade.engine.profile import build_profiles
from crossfade.engine.query import MAX_DEPTH, Query
from crossfade.engine.ready import Ready
from crossfade.engine.retrieval import RetrievalSettings, Scored, Wanted, retrieve
from crossfade.engine.view import View
from crossfade.types import RowArray

__all__ = ["answer_queries", "wanted_of"]

# How many queries are scored together: 64 rows of scores over 200,000 items are 51 MB.
_BATCH = 64


def answer_queries(view: View, queries: Sequence[Query], settings: RetrievalSettings) -> list[Answer]:
    """Answer queries with matrix products over many of them at once, in their order.

    Raises:
        QueryError: If one asks for what the catalogue cannot tell, or names a time that cannot be read.
        CursorExpiredError: If a cursor leads into the answer of another bundle or query.
    """
    answers: list[Answer] = []
    for start in range(0, len(queries), _BATCH):
        asked = [read_query(view, query) for query in queries[start : start + _BATCH]]
        known = build_profiles(view, asked)
        fusion = fuse(view, asked, known)
        ready = [Ready(view, asked[place], known[place], fusion, place) for place in range(len(asked))]
        wanted = [wanted_of(one) for one in ready]
        pools = retrieve(fusion, wanted, settings)
        answers += [_answer(*one) for one in zip(ready, wanted, pools, strict=True)]
    return answers


def wanted_of(ready: Ready) -> Wanted:
    """Return what a request may be answered with: every rule that keeps items out, as one mask.

    Raises:
        QueryError: If a filter asks for what the items cannot tell.
    """
    asked, items = ready.asked, ready.asked.items
    excluded = left_out(ready)
    allowed = items.standing(asked.now)
    if asked.filter is not None:
        allowed &= items.matching(asked.filter, now=asked.now)
    if asked.query.among is not None:
        among = np.zeros(items.n_rows, np.bool_)
        among[items.rows_of(asked.query.among)] = True
        allowed &= among
    allowed[excluded] = False
    favoured = None
    if asked.promote is not None:
        favoured = items.matching(asked.promote[0], now=asked.now, where="promote.filter")
    boosts = ready.fusion.boosts[ready.place]
    return Wanted(asked.limit, allowed, boosts, favoured, n_excluded=len(excluded))


def _answer(ready: Ready, wanted: Wanted, pool: Scored) -> Answer:
    view, asked, known = ready.view, ready.asked, ready.known
    page = order(ready, wanted.allowed, pool)
    explanations: list[Explanation | None] = [None] * len(page.rows)
    if asked.explain:
        explanations = [*ready.explain(page.rows, page.scores)]
    ids = [asked.items.id_of(row) for row in page.rows.tolist()]
    properties = view.items.properties(view.items.rows_of(ids).tolist(), asked.include)
    items = [
        RecommendedItem(item_id, asked.offset + place + 1, float(score), properties[place], explanation, placed_by)
        for place, (item_id, score, explanation, placed_by) in enumerate(
            zip(ids, page.scores, explanations, page.placed_by, strict=True)
        )
    ]
    return Answer(
        recommendation_id=recommendation_id(
            view.secret, asked.query.scenario, ids, _loudest(ready, page.rows), first_rank=asked.offset + 1
        ),
        bundle=view.bundle.version,
        cold_start=not ready.fusion.collaborative.present[ready.place],
        items=items,
        context=AppliedContext(applied=known.context.applied, ignored=known.context.ignored),
        missing=_missing(ready),
        next_cursor=next_cursor(view, asked, page.end) if page.more and page.end < MAX_DEPTH else None,
    )


def _missing(ready: Ready) -> Missing:
    """Return what the request names and nobody knows: items it brings, orders or pins, each once."""
    query, missing = ready.asked.query, ready.known.missing
    named = [*(query.among or ()), *(pin.item_id for pin in query.pin or ())]
    unknown = [item_id for item_id in named if ready.view.items.row_of(item_id) is None]
    return Missing(missing.user_id, list(dict.fromkeys([*missing.item_ids, *unknown])))


def _loudest(ready: Ready, rows: RowArray) -> list[str]:
    """Return the name of what says most for each item; what adds exactly nothing is silent."""
    parts = ready.fusion.parts
    values = np.stack([part.at(ready.place, rows) for part in parts])
    values[values == 0] = -np.inf
    return [
        parts[place].name if value > -np.inf else ready.fusion.popularity.name
        for place, value in zip(values.argmax(axis=0), values.max(axis=0), strict=True)
    ]
