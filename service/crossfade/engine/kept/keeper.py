"""What every kind of thing that is kept shares: where it is kept, and the checks of ids, limits and pages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from crossfade.engine.query import MAX_LIMIT
from crossfade.engine.view import View
from crossfade.errors import LiveError, QueryError
from crossfade.live import LiveData

__all__ = ["MAX_ID", "PATIENCE", "Keeper", "check_id", "check_limit", "page_of"]

MAX_ID = 512
PATIENCE = 20
"""How often a change is tried again that another one came before."""


class Keeper:
    """Keeps one kind of thing; everything is on the disk when a method returns.

    Args:
        live: Where; None keeps nothing, and every method that would raises ``LiveError``.
        view: Returns a view that knows some users.
    """

    def __init__(self, live: LiveData | None, view: Callable[[Sequence[str]], View]) -> None:
        self._live = live
        self._look = view

    @property
    def live(self) -> LiveData:
        """Where things are kept.

        Raises:
            LiveError: If the recommender keeps nothing.
        """
        if self._live is None:
            raise LiveError("this recommender keeps no live data; open it with Recommender.open(directory)")
        return self._live


def check_id(where: str, text: str, *, most: int = MAX_ID, least: int = 1) -> None:
    """Raise ``QueryError`` naming ``where`` unless a text can be an id, or has so many characters and no NUL."""
    if not least <= len(text) <= most or "\0" in text:
        raise QueryError(f"{where}: expected {least} to {most} characters without NUL", field=where)


def check_limit(limit: int) -> None:
    """Raise ``QueryError`` unless a page may hold so many."""
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"limit: expected 1 to {MAX_LIMIT}, got {limit}", field="limit")


def page_of(ids: Sequence[str], limit: int, cursor: str | None) -> tuple[Sequence[str], str | None]:
    """Return the ids of a page and the cursor of the next one."""
    check_limit(limit)
    start = 0 if cursor is None else bisect_right(ids, cursor)
    page = ids[start : start + limit]
    return page, page[-1] if start + limit < len(ids) else None
