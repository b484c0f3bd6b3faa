"""From queries to answers on one view: the whole way of a request, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crossfade.engine.explanation import explain
from crossfade.engine.fusion import Fusion, fuse
from crossfade.engine.profile import Known, build_profiles
from crossfade.engine.query import (
    Answer,
    AppliedContext,
    Explanation,
    Missing,
    Query,
    RecommendedItem,
    SimilarUser,
    SimilarUsers,
)
from crossfade.engine.retrieval import RetrievalSettings, Scored, Wanted, retrieve
from crossfade.engine.view import View
from crossfade.errors import QueryError
from crossfade.types import RowArray

__all__ = ["answer_queries", "find_similar_users"]

# How many queries are scored together: 64 rows of scores over 200,000 items are 51 MB.
_BATCH = 64


def answer_queries(view: View, queries: Sequence[Query], settings: RetrievalSettings) -> list[Answer]:
    """Answer queries with matrix products over many of them at once, in their order.

    Raises:
        QueryError: If one asks for a property the catalogue does not have, or names a time that cannot be read.
    """
    for query in queries:
        _check_properties(view, query)
    answers: list[Answer] = []
    for start in range(0, len(queries), _BATCH):
        batch = queries[start : start + _BATCH]
        known = build_profiles(view, batch)
        fusion = fuse(view.bundle, batch, [one.profile for one in known])
        wanted = [_wanted(view, query, one) for query, one in zip(batch, known, strict=True)]
        scored = retrieve(fusion, wanted, settings)
        answers += [
            _answer(view, query, known[place], fusion, place=place, scored=scored[place])
            for place, query in enumerate(batch)
        ]
    return answers


def find_similar_users(view: View, user_id: str, limit: int) -> SimilarUsers:
    """Answer the users whose scores over the catalogue go most the same way as this user's.

    Raises:
        QueryError: If limit is out of its bounds.
    """
    query = Query(user_id=user_id, limit=limit)
    (known,) = build_profiles(view, [query])
    part = fuse(view.bundle, [query], [known.profile]).collaborative
    users: list[SimilarUser] = []
    if part.present[0]:
        direction = part.vectors @ view.bundle.spaces.collaborative.root
        similarities, rows = view.bundle.users.search(direction / np.linalg.norm(direction), limit + 1)
        ids = view.bundle.past.user_ids
        found = [(ids[row], min(float(s), 1.0)) for row, s in zip(rows[0], similarities[0], strict=True) if row >= 0]
        users = [SimilarUser(other, similarity) for other, similarity in found if other != user_id][:limit]
    return SimilarUsers(view.bundle.version, not part.present[0], users, known.missing)


def _check_properties(view: View, query: Query) -> None:
    known = view.bundle.catalogue.property_names
    for name in query.include:
        if name not in known:
            raise QueryError(f"include: no property {name!r}; there are {', '.join(sorted(known))}", field="include")


def _wanted(view: View, query: Query, known: Known) -> Wanted:
    excluded = _known_rows(view, query.exclude.item_ids)
    interacted = query.exclude.interacted
    if interacted if interacted is not None else not view.bundle.manifest.profile.repeats:
        excluded = np.unique(np.concatenate([excluded, known.had]))
    among = None if query.among is None else np.unique(_known_rows(view, query.among))
    return Wanted(query.limit, excluded, among)


def _known_rows(view: View, item_ids: Sequence[str]) -> RowArray:
    row_of = view.bundle.catalogue.row_of
    return np.array([row_of[item_id] for item_id in item_ids if item_id in row_of], np.int64)


def _answer(view: View, query: Query, known: Known, fusion: Fusion, *, place: int, scored: Scored) -> Answer:
    catalogue = view.bundle.catalogue
    properties = catalogue.properties(scored.rows.tolist(), query.include)
    explanations: list[Explanation | None] = [None] * len(scored.rows)
    if query.explain:
        explanations = [*explain(catalogue, fusion, place, known.profile, scored.rows)]
    items = [
        RecommendedItem(
            catalogue.item_ids[row], rank, float(scored.scores[rank - 1]), properties[rank - 1], explanation
        )
        for rank, (row, explanation) in enumerate(zip(scored.rows, explanations, strict=True), start=1)
    ]
    unknown = [item_id for item_id in query.among or () if item_id not in catalogue.row_of]
    return Answer(
        recommendation_id="",
        bundle=view.bundle.version,
        cold_start=not fusion.collaborative.present[place],
        items=items,
        context=AppliedContext(applied=known.context.applied, ignored=known.context.ignored),
        missing=Missing(known.missing.user_id, [*known.missing.item_ids, *unknown]),
        next_cursor=None,
    )
