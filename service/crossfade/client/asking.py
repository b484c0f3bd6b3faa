"""The calls that ask: for recommendations, neighbours, reasons, and what is known of a user."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from crossfade.client.chunks import chunks
from crossfade.client.documents import json_of, path, query_document, target
from crossfade.client.exchange import Request
from crossfade.client.reading import value_of
from crossfade.client.repeating import Call
from crossfade.engine import (
    Answer,
    ListFields,
    Profile,
    Query,
    SearchFields,
    SimilarUsers,
    Why,
    WhyFields,
    neighbours_query,
    rank_query,
    search_query,
)
from crossfade.errors import QueryError
from crossfade.wire.requests import MAX_BATCH

__all__ = ["profile", "rank", "recommend", "recommend_many", "search", "similar_items", "similar_users", "why"]

_MOST_BYTES = 1 << 20
_PLACE = re.compile(r"queries\.(\d+)\.")


@dataclass(frozen=True)
class _Answers:
    answers: list[Answer]


def recommend(query: Query) -> Call[Answer]:
    """Ask one query."""
    reply = yield Request("POST", "/v1/recommendations", json_of(query_document(query)))
    return value_of(reply, Answer)


def recommend_many(queries: Sequence[Query]) -> Call[list[Answer]]:
    """Ask many queries, a hundred at a time."""
    answers: list[Answer] = []
    documents = [json_of(query_document(query)) for query in queries]
    for first, chunk in chunks(documents, most=MAX_BATCH, most_bytes=_MOST_BYTES):
        reply = yield Request("POST", "/v1/recommendations/batch", b'{"queries":[%b]}' % b",".join(chunk))
        try:
            answers += value_of(reply, _Answers).answers
        except QueryError as error:
            raise _in_the_whole(error, first) from None
    return answers


def _in_the_whole(error: QueryError, first: int) -> QueryError:
    """Return what is wrong with a query of a chunk, its place in all that were asked in the message.

    The field is the query's own, as a recommender here has it.
    """
    message = _PLACE.sub(lambda found: f"queries.{first + int(found[1])}.", str(error))
    return QueryError(message, field=_PLACE.sub("", error.field, count=1))


def search(text: str, **fields: Unpack[SearchFields]) -> Call[Answer]:
    """Ask for the items nearest in meaning to a text."""
    search_query(text, **fields)  # what is wrong is said before anything is sent
    reply = yield Request("POST", "/v1/search", json_of(query_document(Query(**fields, text=text))))
    return value_of(reply, Answer)


def rank(item_ids: Sequence[str], **fields: Unpack[ListFields]) -> Call[Answer]:
    """Ask for a list in a user's order."""
    rank_query(item_ids, **fields)
    body = {**query_document(Query(**fields)), "item_ids": item_ids}
    reply = yield Request("POST", "/v1/rank", json_of(body))
    return value_of(reply, Answer)


def similar_items(item_id: str, **fields: Unpack[ListFields]) -> Call[Answer]:
    """Ask for the neighbours of an item."""
    neighbours_query(item_id, **fields)
    where = path("items", "{item_id}", "similar", item_id=item_id)
    reply = yield Request("GET", target(where, query_document(Query(**fields))))
    return value_of(reply, Answer)


def similar_users(user_id: str, *, limit: int) -> Call[SimilarUsers]:
    """Ask for the neighbours of a user."""
    where = path("users", "{user_id}", "similar", user_id=user_id)
    reply = yield Request("GET", target(where, {"limit": limit}))
    return value_of(reply, SimilarUsers)


def why(user_id: str, item_id: str, **fields: Unpack[WhyFields]) -> Call[Why]:
    """Ask why an item is recommended, or is not."""
    where = path("users", "{user_id}", "why", "{item_id}", user_id=user_id, item_id=item_id)
    reply = yield Request("GET", target(where, query_document(Query(**fields))))
    return value_of(reply, Why)


def profile(user_id: str) -> Call[Profile]:
    """Ask what is known of a user."""
    reply = yield Request("GET", path("users", "{user_id}", "profile", user_id=user_id))
    return value_of(reply, Profile)
