"""The shapes a query comes in beside the plain one: search, neighbours of an item, a list to be ordered.

Each is a ``Query`` like any other, so that all of them are answered on the same way and in the same batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

from crossfade.engine.bounds import check_ids
from crossfade.engine.query import MAX_LIMIT, Exclude, ListFields, Query, SearchFields
from crossfade.errors import QueryError

__all__ = ["neighbours_query", "rank_query", "search_query"]

# A search is for what the words say: more weight on what people do brought titles that have nothing to do with them.
_SEARCH = Query(
    weights={"collaborative": 0.1} | dict.fromkeys(("context", "attributes", "popularity", "trend"), 0.0),
    exclude=Exclude(interacted=False),
)
_NEIGHBOURS = Query(
    weights=dict.fromkeys(("popularity", "trend", "context", "attributes"), 0.0),
    exclude=Exclude(interacted=True),  # whatever the bundle does with what users had: never the item itself
)


def search_query(text: str, **fields: Unpack[SearchFields]) -> Query:
    """Ask for the items whose text is nearest in meaning, tilted to a user's taste when one is given.

    Args:
        text: What to look for, 1 to 2,000 characters.
        fields: As in ``Query``. Items the user has had stay in, unless excluded; context, attributes, popularity and
            trend are left out unless their weights are named.

    Raises:
        QueryError: If a value is out of its bounds.
    """
    if not text.strip():
        raise QueryError("text: expected at least one word", field="text")
    return Query(**fields, text=text, fallback=_SEARCH)


def neighbours_query(item_id: str, **fields: Unpack[ListFields]) -> Query:
    """Ask for the neighbours of an item, in what it says and in who uses it; never the item itself.

    Args:
        item_id: The item. An unknown one is named in ``missing``, and popular items are answered.
        fields: As in ``Query``. Context, attributes, popularity and trend are left out unless their weights are named.

    Raises:
        QueryError: If a value is out of its bounds.
    """
    exclude = fields.get("exclude", Exclude())
    fields["exclude"] = replace(exclude, item_ids=[*exclude.item_ids, item_id])
    return Query(**fields, item_ids=(item_id,), fallback=_NEIGHBOURS)


def rank_query(item_ids: Sequence[str], **fields: Unpack[ListFields]) -> Query:
    """Ask for the caller's own items in a user's order, best first; unknown ones are named in ``missing``.

    Args:
        item_ids: 1 to 500 of them. Repeats count once.
        fields: As in ``Query``; what keeps items out holds here too, but for what the user has had. All that is left
            is answered unless ``limit`` says less.

    Raises:
        QueryError: If a value is out of its bounds.
    """
    check_ids("item_ids", item_ids, MAX_LIMIT, least=1)
    everything = Query(limit=len(item_ids), exclude=Exclude(interacted=False))
    return Query(**fields, among=item_ids, fallback=everything)
