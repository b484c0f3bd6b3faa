"""The way in: open a bundle once, ask it many times."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from crossfade.bundle import Bundle, BundleStore
from crossfade.engine.answering import answer_queries, find_similar_users
from crossfade.engine.query import Answer, Exclude, Query, SimilarUsers
from crossfade.engine.retrieval import RetrievalSettings
from crossfade.engine.shapes import neighbours_query, rank_query, search_query
from crossfade.engine.view import View

__all__ = ["Recommender"]

_TITLE = ("title",)
_NO_WEIGHTS: Mapping[str, float] = {}


class Recommender:
    """Answers queries from the current version of a bundle; safe to share between threads.

    Args:
        store: Where the versions lie; also an attribute.
        retrieval: How far to look for candidates.

    Raises:
        BundleError: If there is no bundle, or it is damaged or too new.
    """

    def __init__(self, store: BundleStore, retrieval: RetrievalSettings = RetrievalSettings()) -> None:
        self.store = store
        self._retrieval = retrieval
        self._view = View.over(store.open_current())

    @classmethod
    def open(
        cls, directory: str | os.PathLike[str], *, retrieval: RetrievalSettings = RetrievalSettings()
    ) -> Recommender:
        """Open the bundle that ``crossfade index --out DIRECTORY`` wrote.

        Raises:
            BundleError: If there is no bundle, or it is damaged or too new.
        """
        return cls(BundleStore(Path(directory)), retrieval)

    @property
    def bundle(self) -> Bundle:
        """The bundle that answers now."""
        return self._view.bundle

    def reload(self) -> bool:
        """Open the version the pointer names, if it is another than the present one; return whether it was.

        Requests under way finish on the version they began with.

        Raises:
            BundleError: If that version cannot be served; the present one then goes on serving.
        """
        if self.store.current() == self.bundle.version:
            return False
        self._view = View.over(self.store.open_current())
        return True

    def use(self, version: str) -> None:
        """Move the store's pointer to a version and serve it.

        Raises:
            BundleError: If there is no such version or it cannot be served; nothing changes then.
        """
        self._view = View.over(self.store.use(version))

    def recommend(self, query: Query) -> Answer:
        """Answer one query.

        Raises:
            QueryError: If it asks for a property the catalogue does not have.
        """
        return self.recommend_many([query])[0]

    def recommend_many(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer many queries with matrix products over all of them, in their order.

        Raises:
            QueryError: If one asks for a property the catalogue does not have.
        """
        return answer_queries(self._view, queries, self._retrieval)

    def rank(
        self,
        item_ids: Sequence[str],
        *,
        user_id: str | None = None,
        text: str | None = None,
        weights: Mapping[str, float] = _NO_WEIGHTS,
        explain: bool = False,
        include: Sequence[str] = _TITLE,
    ) -> Answer:
        """Answer a ``rank_query``: the caller's own items in a user's order."""
        return self.recommend(
            rank_query(item_ids, user_id=user_id, text=text, weights=weights, explain=explain, include=include)
        )

    def similar_items(
        self,
        item_id: str,
        *,
        limit: int = 10,
        weights: Mapping[str, float] = _NO_WEIGHTS,
        exclude: Sequence[str] = (),
        explain: bool = False,
        include: Sequence[str] = _TITLE,
    ) -> Answer:
        """Answer a ``neighbours_query``: items like an item."""
        return self.recommend(
            neighbours_query(item_id, limit=limit, weights=weights, exclude=exclude, explain=explain, include=include)
        )

    def search(
        self,
        text: str,
        *,
        user_id: str | None = None,
        limit: int = 10,
        weights: Mapping[str, float] = _NO_WEIGHTS,
        exclude: Exclude = Exclude(interacted=False),
        explain: bool = False,
        include: Sequence[str] = _TITLE,
    ) -> Answer:
        """Answer a ``search_query``: items whose text is nearest in meaning."""
        return self.recommend(
            search_query(
                text,
                user_id=user_id,
                limit=limit,
                weights=weights,
                exclude=exclude,
                explain=explain,
                include=include,
            )
        )

    def similar_users(self, user_id: str, *, limit: int = 10) -> SimilarUsers:
        """Answer the users whose scores over the catalogue go most the same way.

        Args:
            user_id: The user. For an unknown one, or one without past items, the list is empty.
            limit: 1 to 500.

        Raises:
            QueryError: If limit is out of its bounds.
        """
        return find_similar_users(self._view, user_id, limit)
