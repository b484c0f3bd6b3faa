"""The way in: open a bundle once, ask it many times, tell it what happens."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, Unpack

from crossfade.bundle import NO_TIME, Bundle, BundleStore
from crossfade.encoding import TextEncoder, open_encoder
from crossfade.engine.answer import Answer, PastItem, Profile, SimilarUsers, Why
from crossfade.engine.answering import answer_queries
from crossfade.engine.bounds import check_id
from crossfade.engine.fusion import default_weights
from crossfade.engine.items import Items
from crossfade.engine.kept import Kept
from crossfade.engine.neighbours import find_similar_users
from crossfade.engine.overlay import Overlay
from crossfade.engine.query import ListFields, Query, SearchFields, WhyFields
from crossfade.engine.ready import Ready
from crossfade.engine.retrieval import RetrievalSettings
from crossfade.engine.shapes import neighbours_query, rank_query, search_query
from crossfade.engine.view import View
from crossfade.engine.why import explain_why
from crossfade.live import LiveData
from crossfade.telemetry import observe

__all__ = ["LIVE_FILE", "Recommender"]

LIVE_FILE = "live.sqlite"
"""Where live data lies in a bundle's directory, unless another place is named."""


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Served:
    """A bundle that is being served, with its encoder and what has happened to its items.

    Attributes:
        items: The catalogue.
        encoder: The bundle's.
        since: Events and changes up to this place in the order of commits are in the bundle.
    """

    items: Items
    encoder: TextEncoder
    since: int

    @classmethod
    def of(cls, bundle: Bundle, live: LiveData | None) -> Self:
        taken_in = bundle.manifest.live
        since = 0
        if live is not None and taken_in is not None and taken_in.store_id == live.store.store_id:
            since = taken_in.seq
            last = live.call(live.store.catch_up(since))
            if last < since:
                _log.warning(
                    "the live data is an older copy: it ends at change %d, and bundle %s has seen %d; "
                    "the events and items that the bundle took in count until the next indexing run, attributes and "
                    "merges are those of the copy, and whoever was erased since has to be erased again",
                    last,
                    bundle.version,
                    since,
                )
        return cls(Items.of(bundle, Overlay.over(bundle, since)), open_encoder(bundle.encoder_directory), since)


class Recommender(Kept):
    """Answers queries from the current version of a bundle and all that has happened since; safe to share.

    Args:
        store: Where the versions lie; also an attribute.
        retrieval: How far to look for candidates.
        live: What keeps events, items and users; None keeps nothing. Closed with the recommender.

    Raises:
        BundleError: If there is no bundle, or it is damaged or too new.
    """

    def __init__(
        self,
        store: BundleStore,
        retrieval: RetrievalSettings = RetrievalSettings(),
        live: LiveData | None = None,
    ) -> None:
        super().__init__(live, self._view)
        self.store = store
        self._retrieval = retrieval
        self._lock = threading.Lock()  # over what is served
        self._served = self._caught_up(_Served.of(store.open_current(), live))

    @classmethod
    def open(
        cls,
        directory: str | os.PathLike[str],
        *,
        live: str | None = None,
        retrieval: RetrievalSettings = RetrievalSettings(),
    ) -> Self:
        """Open the bundle that ``crossfade index --out DIRECTORY`` wrote.

        Args:
            directory: Where it lies.
            live: Where live data is kept: a URL of SQLite or PostgreSQL, or a path; by default ``live.sqlite`` in the
                directory.
            retrieval: How far to look for candidates.

        Raises:
            BundleError: If there is no bundle, or it is damaged or too new.
            LiveError: If the live data cannot be opened.
        """
        store = BundleStore(Path(directory))
        store.current()  # before a database is made where no bundle lies
        data = LiveData.open(live or str(Path(directory) / LIVE_FILE))
        try:
            return cls(store, retrieval, data)
        except BaseException:
            data.close()
            raise

    def close(self) -> None:
        """Let go of the live data; a recommender that was closed answers nothing more."""
        if self._live is not None:
            self._live.close()

    @property
    def bundle(self) -> Bundle:
        """The bundle that answers now."""
        return self._served.items.bundle

    @property
    def property_names(self) -> frozenset[str]:
        """What can be filtered by and included about items now, live ones among them.

        Raises:
            LiveError: If the live data cannot be read.
        """
        return self._view([]).items.property_names

    def reload(self) -> bool:
        """Open the version the pointer names, if it is another than the present one; return whether it was.

        Requests under way finish on the version they began with.

        Raises:
            BundleError: If that version cannot be served; the present one then goes on serving.
        """
        if self.store.current() == self.bundle.version:
            return False
        self._serve(self.store.open_current())
        return True

    def use(self, version: str) -> None:
        """Move the store's pointer to a version and serve it.

        Raises:
            BundleError: If there is no such version or it cannot be served; nothing changes then.
        """
        self._serve(self.store.use(version))

    def recommend(self, query: Query) -> Answer:
        """Answer one query.

        Raises:
            QueryError: If it asks for what the catalogue cannot tell.
            CursorExpiredError: If its cursor leads into the answer of another bundle or query.
        """
        return self.recommend_many([query])[0]

    def recommend_many(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer many queries with matrix products over all of them, in their order.

        Raises:
            QueryError: If one asks for what the catalogue cannot tell.
            CursorExpiredError: If a cursor leads into the answer of another bundle or query.
        """
        users = dict.fromkeys(query.user_id for query in queries if query.user_id is not None)
        return answer_queries(self._view([*users]), queries, self._retrieval)

    def rank(self, item_ids: Sequence[str], **fields: Unpack[ListFields]) -> Answer:
        """Answer a ``rank_query``: the caller's own items in a user's order."""
        return self.recommend(rank_query(item_ids, **fields))

    def similar_items(self, item_id: str, **fields: Unpack[ListFields]) -> Answer:
        """Answer a ``neighbours_query``: items like an item."""
        return self.recommend(neighbours_query(item_id, **fields))

    def search(self, text: str, **fields: Unpack[SearchFields]) -> Answer:
        """Answer a ``search_query``: items whose text is nearest in meaning."""
        return self.recommend(search_query(text, **fields))

    def similar_users(self, user_id: str, *, limit: int = 10) -> SimilarUsers:
        """Answer the users whose scores over the catalogue go most the same way.

        Args:
            user_id: The user. For an unknown one, or one without past items, the list is empty.
            limit: 1 to 500.

        Raises:
            QueryError: If limit is out of its bounds.
        """
        return find_similar_users(self._view([user_id]), user_id, limit, lambda ids: self._view(ids).people)

    def why(self, user_id: str, item_id: str, **fields: Unpack[WhyFields]) -> Why:
        """Answer why an item is recommended to a user, or is not.

        Args:
            user_id: The user.
            item_id: The item; an unknown one is no error.
            fields: The request that is asked about, as in ``Query``.

        Raises:
            QueryError: If the request asks for what the catalogue cannot tell.
        """
        check_id("item_id", item_id)
        query = Query(**fields, user_id=user_id)
        return explain_why(Ready.alone(self._view([user_id]), query), item_id, self._retrieval)

    def profile(self, user_id: str) -> Profile:
        """Return what is known of a user, and how it is weighed."""
        view = self._view([user_id])
        ready = Ready.alone(view, Query(user_id=user_id))
        evidence, profile = ready.known.evidence, ready.known.profile
        counted = dict(zip(profile.rows.tolist(), profile.weights.tolist(), strict=True))
        latest_first = range(len(evidence.rows) - 1, -1, -1)
        has_factors = bool(ready.fusion.collaborative.present[0])
        return Profile(
            user_id=user_id,
            known=evidence.known,
            attributes=dict(evidence.attributes),
            items=[
                PastItem(
                    item_id=view.items.id_of(row),
                    title=view.items.title_of(row),
                    weight=counted.get(row, 0.0),
                    event_types=sorted(evidence.types[place]),
                    last=_moment(int(evidence.times[place])),
                )
                for place, row in ((place, int(evidence.rows[place])) for place in latest_first)
            ],
            weights=default_weights(view.bundle.manifest.fusion, profile, has_factors=has_factors),
            impressions=len(evidence.shown),
        )

    def _view(self, user_ids: Sequence[str]) -> View:
        """Return a view in which everything counts that was acknowledged before the call.

        Raises:
            LiveError: If the live data cannot be read.
        """
        if self._live is None:
            return View(self._served.items, self._served.encoder)
        with self._lock:
            served = self._served
            with observe("look"):
                changes = self._live.look(user_ids, after=served.since, items_after=served.items.overlay.seq)
            if changes.items:
                overlay = served.items.overlay.extended(
                    served.items.bundle, served.encoder.encode, changes.items, changes.seq
                ).tidied()
                served = self._served = replace(served, items=replace(served.items, overlay=overlay))
        return View(
            items=served.items,
            encoder=served.encoder,
            people=changes.people,
            scenarios=changes.scenarios,
            seq=changes.seq,
            secret=self._live.store.secret,
        )

    def _serve(self, bundle: Bundle) -> None:
        served = self._caught_up(_Served.of(bundle, self._live))  # takes its time; the present one answers meanwhile
        with self._lock:
            self._served = served

    def _caught_up(self, served: _Served) -> _Served:
        """Return a bundle with everything that has happened to its items."""
        if self._live is None:
            return served
        records = self._live.call(self._live.store.items_after(served.since))
        if not records:
            return served
        bundle, seq = served.items.bundle, records[-1].changed_seq
        overlay = served.items.overlay.extended(bundle, served.encoder.encode, records, seq)
        return replace(served, items=replace(served.items, overlay=overlay))


def _moment(unix: int) -> datetime | None:
    return None if unix == NO_TIME else datetime.fromtimestamp(unix, UTC)
