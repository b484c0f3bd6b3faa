"""What is kept while a recommender runs: events, items, users and scenarios, read and written."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from crossfade.encoding.item_text import item_text
from crossfade.engine.answer import Insight, Insights, Item, ItemPage, User, UserPage
from crossfade.engine.attribution import attribution_of
from crossfade.engine.clock import read_zone
from crossfade.engine.people import evidence_of
from crossfade.engine.query import MAX_LIMIT
from crossfade.engine.scenarios import query_of
from crossfade.engine.view import View
from crossfade.errors import LiveError, NotFoundError, QueryError
from crossfade.live import Event, EventOutcome, ItemRecord, LiveData, Scenario, StoredEvent, UserRecord

__all__ = ["Kept"]

MAX_ID = 512
_FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
# Clocks of senders may be ahead; what lies further on would stand above all that comes for as long.
_AHEAD = timedelta(days=1)
_PATIENCE = 20


class Kept:
    """The part of a recommender that keeps things; everything is on the disk when a method returns.

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

    def add_events(self, events: Sequence[Event]) -> list[EventOutcome]:
        """Keep events; each counts from the next answer on, in every process.

        One without an ``event_id`` gets one; sent again under its id, an event changes nothing. What is wrong with one
        does not keep the others out.

        Returns:
            What became of each, in their order.

        Raises:
            LiveError: If they could not be written; then none of them was.
        """
        live = self.live
        outcomes: list[EventOutcome | None] = []
        good: list[StoredEvent] = []
        for event in events:
            try:
                good.append(_read_event(event, live.store.secret))
                outcomes.append(None)
            except QueryError as error:
                outcomes.append(EventOutcome("", field=error.field, message=str(error)))
        written = iter(live.call(live.store.add_events(good)) if good else [])
        return [next(written) if outcome is None else outcome for outcome in outcomes]

    def put_items(self, items: Sequence[Item]) -> None:
        """Keep items as they are given, each in the place of the one of its id; all of them or none.

        They are embedded now and once, and can be recommended, found by their text and explained from the next answer
        on, in every process.

        Raises:
            QueryError: If an id occurs twice, or a property cannot be kept.
            LiveError: If they could not be written.
        """
        ids = [item.item_id for item in items]
        if len(set(ids)) < len(ids):
            raise QueryError("items: an item_id occurs twice", field="items")
        for place, item in enumerate(items):
            _check_item(item, f"items.{place}")
        if items:
            view = self._look([])
            records = _records(view, items)
            unmoved = [item.item_id for item in items if _says_the_same(view, item)]
            self.live.call(self.live.store.put_items(records, unmoved=unmoved))

    def patch_item(self, item_id: str, changes: Mapping[str, object]) -> Item:
        """Change some properties of an item; None removes one. Changes that meet are both kept.

        Raises:
            NotFoundError: If there is no such item.
            QueryError: If a property cannot be kept.
            LiveError: If it could not be written.
        """
        for _ in range(_PATIENCE):
            record = self.live.call(self.live.store.get_item(item_id))
            view = self._look([])
            row = view.items.row_of(item_id)
            if row is None:
                raise NotFoundError(f"there is no item {item_id!r}")
            before = view.items.all_properties(row)
            item = Item(item_id, {name: value for name, value in {**before, **changes}.items() if value is not None})
            _check_item(item, "item")
            (changed,) = _records(view, [item], before=record)
            unmoved = [item_id] if _says_the_same(view, item) else []
            put = self.live.store.put_items([changed], unmoved=unmoved, only_if_unchanged=True)
            if self.live.call(put) is not None:
                return item
        raise LiveError(f"the item {item_id!r} is being changed by too many at once; try again")

    def delete_item(self, item_id: str) -> None:
        """Take an item out of every answer from now on, and out of later indexing runs.

        Raises:
            NotFoundError: If there is no such item.
            LiveError: If it could not be written.
        """
        if self._look([]).items.row_of(item_id) is None:
            raise NotFoundError(f"there is no item {item_id!r}")
        self.live.call(self.live.store.delete_items([item_id]))

    def get_item(self, item_id: str) -> Item:
        """Return an item as it is now.

        Raises:
            NotFoundError: If there is no such item.
        """
        items = self._look([]).items
        row = items.row_of(item_id)
        if row is None:
            raise NotFoundError(f"there is no item {item_id!r}")
        return Item(item_id, items.all_properties(row))

    def list_items(self, *, limit: int = 100, cursor: str | None = None) -> ItemPage:
        """Return items in the order of their ids.

        Args:
            limit: 1 to 500.
            cursor: ``next_cursor`` of the page before: the last id of it.

        Raises:
            QueryError: If limit is out of its bounds.
        """
        items = self._look([]).items
        page, following = _page(items.ids_in_order, limit, cursor)
        rows = [row for row in map(items.row_of, page) if row is not None]
        return ItemPage([Item(items.id_of(row), items.all_properties(row)) for row in rows], following)

    def put_users(self, users: Sequence[User]) -> None:
        """Keep attributes of users, each in the place of all that was known of the one of its id; all or none.

        Raises:
            QueryError: If an id occurs twice.
            LiveError: If they could not be written.
        """
        ids = [user.user_id for user in users]
        if len(set(ids)) < len(ids):
            raise QueryError("users: a user_id occurs twice", field="users")
        for place, user in enumerate(users):
            _check_user(user, f"users.{place}")
        if users:
            self.live.call(self.live.store.put_users([UserRecord(one.user_id, one.attributes) for one in users]))

    def patch_user(self, user_id: str, changes: Mapping[str, str | None]) -> User:
        """Change some attributes of a user; None removes one. Changes that meet are both kept.

        Raises:
            NotFoundError: If nothing is known of the user.
            LiveError: If it could not be written.
        """
        for _ in range(_PATIENCE):
            record = self.live.call(self.live.store.get_user(user_id))
            before = self.get_user(user_id).attributes
            attributes = {name: value for name, value in {**before, **changes}.items() if value is not None}
            _check_user(User(user_id, attributes), "user")
            changed = UserRecord(user_id, attributes, 0 if record is None else record.changed_seq)
            if self.live.call(self.live.store.put_users([changed], only_if_unchanged=True)) is not None:
                return User(user_id, attributes)
        raise LiveError(f"the user {user_id!r} is being changed by too many at once; try again")

    def get_user(self, user_id: str) -> User:
        """Return what is known of a user beside what they did.

        Raises:
            NotFoundError: If nothing is known of the user.
        """
        view = self._look([user_id])
        evidence = evidence_of(view.items, view.person(user_id), now=datetime.now(UTC))
        if not evidence.known:
            raise NotFoundError(f"nothing is known of a user {user_id!r}")
        return User(user_id, dict(evidence.attributes))

    def list_users(self, *, limit: int = 100, cursor: str | None = None) -> UserPage:
        """Return the users of whom anything is known, in the order of their ids.

        Args:
            limit: 1 to 500.
            cursor: ``next_cursor`` of the page before: the last id of it.

        Raises:
            QueryError: If limit is out of its bounds.
        """
        bundle = self._look([]).bundle
        _check_limit(limit)
        after = cursor or ""
        known = bundle.user_ids
        ids = set(known[bisect_right(known, after) :][: limit + 1])
        ids |= set(self.live.call(self.live.store.user_ids(limit=limit + 1, after=after)))
        page = sorted(ids)[: limit + 1]
        view = self._look(page)
        users = []
        for user_id in page[:limit]:
            person = view.person(user_id)
            evidence = evidence_of(view.items, person, now=datetime.now(UTC))
            if evidence.known and person.user_ids[0] == user_id:
                users.append(User(user_id, dict(evidence.attributes)))
        return UserPage(users, page[limit - 1] if len(page) > limit else None)

    def delete_user(self, user_id: str) -> None:
        """Erase a user: all that is kept of them and of those merged with them, from every answer at once.

        Only keyed hashes of the ids stay, so that later indexing runs leave the user out, and ``crossfade erase`` can
        take them out of the versions on the disk.

        Raises:
            LiveError: If it could not be written.
        """
        self.live.call(self.live.store.erase_user(user_id))

    def merge_users(self, user_id: str, from_id: str) -> None:
        """Let an anonymous profile join a user: from now on both ids are one user, with the past of both.

        Raises:
            QueryError: If the two cannot be merged.
            LiveError: If it could not be written.
        """
        self.live.call(self.live.store.merge_users(user_id, from_id))

    def export_user(self, user_id: str) -> dict[str, object]:
        """Return all that is kept of a user, as JSON values: in the live store, and in the bundle.

        Raises:
            LiveError: If it could not be read.
        """
        kept = self.live.call(self.live.store.export_user(user_id))
        view = self._look([user_id])
        evidence = evidence_of(view.items, view.person(user_id), now=datetime.now(UTC))
        past = [
            {"item_id": view.items.id_of(row), "weight": float(weight)}
            for row, weight in zip(evidence.rows.tolist(), evidence.weights, strict=True)
        ]
        return {
            **kept,
            "bundle": view.bundle.version,
            "profile": {"attributes": dict(evidence.attributes), "past_items": past},
        }

    def put_scenario(self, name: str, defaults: Mapping[str, object]) -> Scenario:
        """Keep request defaults under a name.

        Args:
            name: 1 to 64 characters.
            defaults: As JSON has them, under the names of a request's fields.

        Raises:
            QueryError: If the name or a default cannot be used.
            LiveError: If it could not be written.
        """
        if not 1 <= len(name) <= 64 or len(name.encode("utf-8", "surrogatepass")) > 128:
            raise QueryError("name: expected 1 to 64 characters", field="name")
        query_of(defaults)
        scenario = Scenario(name, dict(defaults))
        self.live.call(self.live.store.put_scenario(scenario))
        return scenario

    def get_scenario(self, name: str) -> Scenario:
        """Return the scenario of a name.

        Raises:
            NotFoundError: If there is none.
        """
        found = self.live.call(self.live.store.get_scenario(name))
        if found is None:
            raise NotFoundError(f"there is no scenario {name!r}")
        return found

    def list_scenarios(self) -> list[Scenario]:
        """Return all scenarios, by name."""
        return self.live.call(self.live.store.list_scenarios())

    def delete_scenario(self, name: str) -> None:
        """Delete a scenario.

        Raises:
            NotFoundError: If there is none of this name.
            LiveError: If it could not be written.
        """
        self.live.call(self.live.store.delete_scenario(name))

    def insights(self, *, since: datetime | None = None) -> Insights:
        """Return how often what was recommended was shown and taken.

        Args:
            since: From when on, with a zone; None for all.

        Raises:
            LiveError: If it could not be read.
        """
        until = datetime.now(UTC) + 2 * _AHEAD
        rows = self.live.call(self.live.store.insights(since or _FIRST_MOMENT, until))
        found: dict[str, dict[str, Insight]] = {"scenario": {}, "rank": {}, "component": {}}
        for row in rows:
            found[row.by][row.key] = _insight(row.impressions, row.clicks)
        by_scenario = found["scenario"].values()
        return Insights(
            since=since,
            total=_insight(sum(one.impressions for one in by_scenario), sum(one.clicks for one in by_scenario)),
            by_scenario=found["scenario"],
            by_rank={int(rank): one for rank, one in found["rank"].items() if int(rank) <= 100},
            by_component=found["component"],
        )


def _read_event(event: Event, secret: bytes) -> StoredEvent:
    """Return an event as it is kept.

    Raises:
        QueryError: If something is wrong with it.
    """
    _check_id("user_id", event.user_id)
    _check_id("item_id", event.item_id)
    moment = event.timestamp or datetime.now(UTC)
    if moment.tzinfo is None:
        raise QueryError("timestamp: expected a time with a zone", field="timestamp")
    if not _FIRST_MOMENT <= moment <= datetime.now(UTC) + _AHEAD:
        raise QueryError(f"timestamp: {moment.isoformat()} is not from 1970 to tomorrow", field="timestamp")
    attribution = None
    if event.recommendation_id is not None:
        attribution = attribution_of(secret, event.recommendation_id, event.item_id)
        if attribution is None:
            raise QueryError(
                "recommendation_id: not the id of an answer that holds this item", field="recommendation_id"
            )
    kept = Event(
        user_id=event.user_id,
        item_id=event.item_id,
        event_type=event.event_type,
        value=event.value,
        timestamp=moment.astimezone(UTC),
        context=dict(event.context),
        event_id=event.event_id,
    )
    return StoredEvent(0, kept, _local_time(event, moment), attribution)


def _local_time(event: Event, moment: datetime) -> datetime | None:
    """Return what the user's clock showed; None where neither a zone nor an offset of the user's own tells."""
    if event.timezone is not None:
        return moment.astimezone(read_zone(event.timezone, field="timezone")).replace(tzinfo=None)
    if event.timestamp is None or moment.tzinfo in (UTC, None):
        return None
    return moment.replace(tzinfo=None)


def _check_id(where: str, text: str) -> None:
    if not 1 <= len(text) <= MAX_ID or "\0" in text:
        raise QueryError(f"{where}: expected 1 to {MAX_ID} characters without NUL", field=where)


def _check_item(item: Item, where: str) -> None:
    _check_id(f"{where}.item_id", item.item_id)
    if "item_id" in item.properties:
        raise QueryError(f"{where}: item_id is no property", field=f"{where}.item_id")
    for name in ("title", "description"):
        if not isinstance(item.properties.get(name, ""), str):
            raise QueryError(f"{where}.{name}: expected text", field=f"{where}.{name}")
    categories = item.properties.get("categories", [])
    if not isinstance(categories, list | tuple) or not all(isinstance(one, str) for one in categories):
        raise QueryError(f"{where}.categories: expected a list of texts", field=f"{where}.categories")


def _check_user(user: User, where: str) -> None:
    _check_id(f"{where}.user_id", user.user_id)
    for name, value in user.attributes.items():
        if not isinstance(value, str):
            raise QueryError(f"{where}.attributes.{name}: expected text", field=f"{where}.attributes.{name}")


def _records(view: View, items: Sequence[Item], before: ItemRecord | None = None) -> list[ItemRecord]:
    """Return items as they are kept, embedded; the text of ``before`` is not embedded again."""
    texts = [item_text(item.properties) for item in items]
    fingerprint = view.bundle.manifest.encoder.fingerprint
    same = before is not None and before.encoder == fingerprint and item_text(before.properties) == texts[0]
    vectors = [before.embedding] if same and before is not None else view.encoder.encode(texts)
    return [
        ItemRecord(
            item.item_id,
            {name: _as_json(value) for name, value in item.properties.items()},
            changed_seq=0 if before is None else before.changed_seq,
            embedding=vector if text else None,
            encoder=fingerprint,
        )
        for item, text, vector in zip(items, texts, vectors, strict=True)
    ]


def _as_json(value: object) -> object:
    """Return a value as JSON has it; a bundle's own table may hold times."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _as_json(one) for name, one in value.items()}
    return value


def _says_the_same(view: View, item: Item) -> bool:
    """Whether an item's text is that of the bundle's item of its id."""
    row = view.bundle.catalogue.row_of.get(item.item_id)
    if row is None:
        return False
    names = sorted(view.bundle.catalogue.property_names)
    return item_text(view.bundle.catalogue.properties([row], names)[0]) == item_text(item.properties)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"limit: expected 1 to {MAX_LIMIT}, got {limit}", field="limit")


def _page(ids: Sequence[str], limit: int, cursor: str | None) -> tuple[Sequence[str], str | None]:
    """Return the ids of a page and the cursor of the next one."""
    _check_limit(limit)
    start = 0 if cursor is None else bisect_right(ids, cursor)
    page = ids[start : start + limit]
    return page, page[-1] if start + limit < len(ids) else None


def _insight(impressions: int, clicks: int) -> Insight:
    return Insight(impressions, clicks, clicks / impressions if impressions else None)
