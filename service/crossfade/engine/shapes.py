"""The shapes a query comes in beside the plain one: search, neighbours of an item, a list to be ordered.

Each is a ``Query`` like any other, so that all of them are answered on the same way and in the same batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossfade.engine.query import MAX_LIMIT, Exclude, Query
from crossfade.errors import QueryError

__all__ = ["neighbours_query", "rank_query", "search_query"]

# What the shapes start from; a request's own weights come on top. A search is for what the words say: more weight on
# what people do brought titles that have nothing to do with them.
_NEIGHBOURS_WEIGHTS = {"popularity": 0.0, "trend": 0.0, "context": 0.0, "attributes": 0.0}
_SEARCH_WEIGHTS = {"collaborative": 0.1} | dict.fromkeys(("context", "attributes", "popularity", "trend"), 0.0)

_TITLE = ("title",)
_NO_WEIGHTS: Mapping[str, float] = {}


def search_query(
    text: str,
    *,
    user_id: str | None = None,
    limit: int = 10,
    weights: Mapping[str, float] = _NO_WEIGHTS,
    exclude: Exclude = Exclude(interacted=False),
    explain: bool = False,
    include: Sequence[str] = _TITLE,
) -> Query:
    """Ask for the items whose text is nearest in meaning, tilted to a user's taste when one is given.

    Args:
        text: What to look for, 1 to 2,000 characters.
        user_id: Whose taste counts; items the user has had stay in, unless excluded.
        limit: 1 to 500.
        weights: As in ``Query``; context, attributes, popularity and trend are left out unless they are named.
        exclude: What not to answer.
        explain: As in ``Query``.
        include: As in ``Query``.

    Raises:
        QueryError: If a value is out of its bounds.
    """
    if not text.strip():
        raise QueryError("text: expected at least one word", field="text")
    return Query(
        user_id=user_id,
        text=text,
        limit=limit,
        weights=_SEARCH_WEIGHTS | dict(weights),
        exclude=exclude,
        explain=explain,
        include=include,
    )


def neighbours_query(
    item_id: str,
    *,
    limit: int = 10,
    weights: Mapping[str, float] = _NO_WEIGHTS,
    exclude: Sequence[str] = (),
    explain: bool = False,
    include: Sequence[str] = _TITLE,
) -> Query:
    """Ask for the neighbours of an item, in what it says and in who uses it; never the item itself.

    Args:
        item_id: The item. An unknown one is named in ``missing``, and popular items are answered.
        limit: 1 to 500.
        weights: As in ``Query``; context, attributes, popularity and trend are left out unless they are named.
        exclude: Ids not to answer.
        explain: As in ``Query``.
        include: As in ``Query``.

    Raises:
        QueryError: If a value is out of its bounds.
    """
    return Query(
        item_ids=(item_id,),
        limit=limit,
        weights=_NEIGHBOURS_WEIGHTS | dict(weights),
        exclude=Exclude(item_ids=exclude, interacted=True),  # whatever the bundle does with what users had
        explain=explain,
        include=include,
    )


def rank_query(
    item_ids: Sequence[str],
    *,
    user_id: str | None = None,
    text: str | None = None,
    weights: Mapping[str, float] = _NO_WEIGHTS,
    explain: bool = False,
    include: Sequence[str] = _TITLE,
) -> Query:
    """Ask for the caller's own items in a user's order, best first; unknown ones are named in ``missing``.

    Args:
        item_ids: Up to 500 of them. Repeats count once.
        user_id: For whom.
        text: What to look for, in words.
        weights: As in ``Query``.
        explain: As in ``Query``.
        include: As in ``Query``.

    Raises:
        QueryError: If a value is out of its bounds.
    """
    return Query(
        user_id=user_id,
        text=text,
        among=item_ids,
        limit=min(max(1, len(item_ids)), MAX_LIMIT),
        weights=weights,
        exclude=Exclude(interacted=False),
        explain=explain,
        include=include,
    )
