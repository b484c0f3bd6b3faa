"""What every kind of thing that is kept shares: where it is kept, and how it is paged."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from crossfade.engine.bounds import check_whole
from crossfade.engine.query import MAX_LIMIT
from crossfade.engine.view import View
from crossfade.errors import LiveError
from crossfade.live import LiveData

__all__ = ["PATIENCE", "Keeper", "page_of"]

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


def page_of(ids: Sequence[str], limit: int, cursor: str | None) -> tuple[Sequence[str], str | None]:
    """Return the ids of a page and the cursor of the next one."""
    check_whole("limit", limit, 1, MAX_LIMIT)
    start = 0 if cursor is None else bisect_right(ids, cursor)
    page = ids[start : start + limit]
    return page, page[-1] if start + limit < len(ids) else None
