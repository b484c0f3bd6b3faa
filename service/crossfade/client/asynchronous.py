"""The client that is awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Self, TypeVar, Unpack

import httpx

from crossfade.client import asking, governing, keeping
from crossfade.client.address import Address
from crossfade.client.exchange import Reply, Unreached
from crossfade.client.repeating import Call, Patience, Pause, Send, steps
from crossfade.engine import (
    Answer,
    Insights,
    Item,
    ItemPage,
    ListFields,
    Profile,
    Query,
    SearchFields,
    SimilarUsers,
    User,
    UserPage,
    Why,
    WhyFields,
)
from crossfade.live import Event, EventOutcome, Scenario
from crossfade.wire import BundleAnswer

__all__ = ["AsyncCrossfadeClient"]

Result = TypeVar("Result")


class AsyncCrossfadeClient:
    """``CrossfadeClient`` for an event loop: the same arguments, methods, values and errors, every method awaited.

    Raises:
        ValueError: If an argument is out of its bounds, or the key holds what no header can.
    """

    def __init__(
        self,
        base_url: str,
        *,
        key: str | None = None,
        timeout_s: float = 10.0,
        retries: int = 2,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._address = Address.of(base_url, key)
        self._patience = Patience(timeout_s, retries)
        self._http = httpx.AsyncClient() if http is None else http
        self._is_ours = http is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections, if they are the client's own."""
        if self._is_ours:
            await self._http.aclose()

    async def recommend(self, query: Query) -> Answer:
        """Answer one query."""
        return await self._ask(asking.recommend(query))

    async def recommend_many(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer many queries, in their order; they are sent a hundred at a time."""
        return await self._ask(asking.recommend_many(queries))

    async def search(self, text: str, **fields: Unpack[SearchFields]) -> Answer:
        """Answer the items whose text is nearest in meaning."""
        return await self._ask(asking.search(text, **fields))

    async def rank(self, item_ids: Sequence[str], **fields: Unpack[ListFields]) -> Answer:
        """Answer the caller's own items in a user's order."""
        return await self._ask(asking.rank(item_ids, **fields))

    async def similar_items(self, item_id: str, **fields: Unpack[ListFields]) -> Answer:
        """Answer items like an item."""
        return await self._ask(asking.similar_items(item_id, **fields))

    async def similar_users(self, user_id: str, *, limit: int = 10) -> SimilarUsers:
        """Answer the users of like taste, at most 500."""
        return await self._ask(asking.similar_users(user_id, limit=limit))

    async def why(self, user_id: str, item_id: str, **fields: Unpack[WhyFields]) -> Why:
        """Answer why an item is recommended to a user, or is not."""
        return await self._ask(asking.why(user_id, item_id, **fields))

    async def profile(self, user_id: str) -> Profile:
        """Return what is known of a user, and how it is weighed."""
        return await self._ask(asking.profile(user_id))

    async def add_events(self, events: Sequence[Event]) -> list[EventOutcome]:
        """Keep events; one without an ``event_id`` is given one before it is sent, so that no retry counts twice.

        They are sent ten thousand at a time: where a later request fails, those before it are kept.
        """
        return await self._ask(keeping.add_events(events))

    async def put_items(self, items: Sequence[Item]) -> None:
        """Keep items; they are sent 100 at a time, each time all or none."""
        await self._ask(keeping.put_items(items))

    async def patch_item(self, item_id: str, changes: Mapping[str, object]) -> Item:
        """Change some properties of an item; None removes one."""
        return await self._ask(keeping.patch_item(item_id, changes))

    async def delete_item(self, item_id: str) -> None:
        """Take an item out of every answer from now on."""
        await self._ask(keeping.delete_item(item_id))

    async def get_item(self, item_id: str) -> Item:
        """Return an item as it is now."""
        return await self._ask(keeping.get_item(item_id))

    async def list_items(self, *, limit: int = 100, cursor: str | None = None) -> ItemPage:
        """Return at most 500 items in the order of their ids, after the ``next_cursor`` of the page before."""
        return await self._ask(keeping.list_items(limit=limit, cursor=cursor))

    async def put_users(self, users: Sequence[User]) -> None:
        """Keep attributes of users; they are sent 1,000 at a time, each time all or none."""
        await self._ask(keeping.put_users(users))

    async def patch_user(self, user_id: str, changes: Mapping[str, str | None]) -> User:
        """Change some attributes of a user; None removes one."""
        return await self._ask(keeping.patch_user(user_id, changes))

    async def get_user(self, user_id: str) -> User:
        """Return what is known of a user beside what they did."""
        return await self._ask(keeping.get_user(user_id))

    async def list_users(self, *, limit: int = 100, cursor: str | None = None) -> UserPage:
        """Return at most 500 users in the order of their ids, after the ``next_cursor`` of the page before."""
        return await self._ask(keeping.list_users(limit=limit, cursor=cursor))

    async def delete_user(self, user_id: str) -> None:
        """Erase a user, from every answer at once."""
        await self._ask(keeping.delete_user(user_id))

    async def merge_users(self, user_id: str, from_id: str) -> None:
        """Let an anonymous profile join a user."""
        await self._ask(keeping.merge_users(user_id, from_id))

    async def export_user(self, user_id: str) -> dict[str, object]:
        """Return all that is kept of a user, as JSON values."""
        return await self._ask(keeping.export_user(user_id))

    async def put_scenario(self, name: str, defaults: Mapping[str, object]) -> Scenario:
        """Keep request defaults, as JSON has them, under a name."""
        return await self._ask(governing.put_scenario(name, defaults))

    async def get_scenario(self, name: str) -> Scenario:
        """Return the scenario of a name."""
        return await self._ask(governing.get_scenario(name))

    async def list_scenarios(self) -> list[Scenario]:
        """Return all scenarios, by name."""
        return await self._ask(governing.list_scenarios())

    async def delete_scenario(self, name: str) -> None:
        """Delete a scenario."""
        await self._ask(governing.delete_scenario(name))

    async def insights(self, *, since: datetime | None = None) -> Insights:
        """Return how often what was recommended was shown and taken, from a moment with a zone on."""
        return await self._ask(governing.insights(since=since))

    async def get_bundle(self) -> BundleAnswer:
        """Return what is being served, and how it was made; a recommender has it as ``bundle``."""
        return await self._ask(governing.get_bundle())

    async def reload(self) -> bool:
        """Have the version served that the pointer names; return whether it was another."""
        return await self._ask(governing.reload())

    async def use(self, version: str) -> None:
        """Move the store's pointer to a version and have it served."""
        await self._ask(governing.use(version))

    async def _ask(self, call: Call[Result]) -> Result:
        under_way = steps(call, self._patience)
        advance: Callable[[], Send | Pause] = partial(next, under_way)
        while True:
            try:
                step = advance()
            except StopIteration as done:
                result: Result = done.value
                return result
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                advance = partial(next, under_way)
            else:
                advance = partial(under_way.send, await self._outcome_of(step))

    async def _outcome_of(self, step: Send) -> Reply | Unreached:
        try:
            return self._address.reply_of(await self._http.request(**self._address.arguments_of(step)))
        except httpx.RequestError as error:
            return self._address.unreached(error)
