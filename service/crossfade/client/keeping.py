"""The calls that keep things, and read what is kept: events, items, users."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crossfade.client.chunks import chunks
from crossfade.client.documents import event_document, item_document, json_of, path, target
from crossfade.client.exchange import Reply, Request
from crossfade.client.reading import read, require_done, require_gone, value_of
from crossfade.client.repeating import Call
from crossfade.engine import Item, ItemPage, User, UserPage
from crossfade.errors import QueryError
from crossfade.live import Event, EventOutcome
from crossfade.wire import PROBLEM_MEDIA_TYPE
from crossfade.wire.events import MAX_EVENTS
from crossfade.wire.items import MAX_ITEMS
from crossfade.wire.users import MAX_USERS

__all__ = [
    "add_events",
    "delete_item",
    "delete_user",
    "export_user",
    "get_item",
    "get_user",
    "list_items",
    "list_users",
    "merge_users",
    "patch_item",
    "patch_user",
    "put_items",
    "put_users",
]

_MOST_BYTES = 16 << 20

_Flat = dict[str, object]


@dataclass(frozen=True)
class _Rejected:
    place: int
    field: str
    message: str


@dataclass(frozen=True)
class _Events:
    rejected: list[_Rejected]
    duplicate_places: list[int]


@dataclass(frozen=True)
class _Items:
    items: list[_Flat]
    next_cursor: str | None


def add_events(events: Sequence[Event]) -> Call[list[EventOutcome]]:
    """Send events, ten thousand at a time; one without an ``event_id`` is given one, so that it may be sent again."""
    outcomes = [_unreadable(event) for event in events]
    places = [place for place, outcome in enumerate(outcomes) if outcome is None]
    drawn = [event.event_id or str(uuid.uuid4()) for event in events]
    documents = [json_of(event_document(replace(events[place], event_id=drawn[place]))) for place in places]
    for first, chunk in chunks(documents, most=MAX_EVENTS, most_bytes=_MOST_BYTES):
        reply = yield Request("POST", "/v1/events", b"[%b]" % b",".join(chunk))
        told = _told(reply)
        here = places[first : first + len(chunk)]
        for place in here:
            outcomes[place] = EventOutcome(drawn[place])
        for at in told.duplicate_places:
            # One that was drawn here is new: the service knows it from a try whose reply was lost.
            outcomes[here[at]] = EventOutcome(drawn[here[at]], duplicate=events[here[at]].event_id is not None)
        for one in told.rejected:
            outcomes[here[one.place]] = EventOutcome("", field=one.field, message=one.message)
    return [outcome for outcome in outcomes if outcome is not None]


def _unreadable(event: Event) -> EventOutcome | None:
    """Return the outcome of an event whose time would be read as another one, None for any other."""
    if event.timestamp is None or event.timestamp.tzinfo is not None:
        return None
    return EventOutcome("", field="timestamp", message="timestamp: expected a time with a zone")


def _told(reply: Reply) -> _Events:
    """Return what became of events; where all were rejected, the status is that of a problem."""
    if reply.status == 422 and reply.media_type != PROBLEM_MEDIA_TYPE:
        return read(reply, _Events)
    return value_of(reply, _Events)


def put_items(items: Sequence[Item]) -> Call[None]:
    """Put items, 100 at a time."""
    _require_distinct("items", "item_id", [item.item_id for item in items])
    documents = [json_of(item_document(item, place)) for place, item in enumerate(items)]
    yield from _put("items", documents, most=MAX_ITEMS)


def put_users(users: Sequence[User]) -> Call[None]:
    """Put users, 1,000 at a time."""
    _require_distinct("users", "user_id", [user.user_id for user in users])
    yield from _put("users", [json_of(user) for user in users], most=MAX_USERS)


def _require_distinct(name: str, field: str, ids: Sequence[str]) -> None:
    if len(set(ids)) < len(ids):
        raise QueryError(f"{name}: {'an' if name == 'items' else 'a'} {field} occurs twice", field=name)


def _put(name: str, documents: Sequence[bytes], *, most: int) -> Call[None]:
    for first, chunk in chunks(documents, most=most, most_bytes=_MOST_BYTES):
        body = b'{"%b":[%b]}' % (name.encode(), b",".join(chunk))
        reply = yield Request("POST", f"/v1/{name}", body)
        try:
            require_done(reply)
        except QueryError as error:
            raise _in_the_whole(error, name, first) from None


def _in_the_whole(error: QueryError, name: str, first: int) -> QueryError:
    """Return what is wrong with an element of a chunk by its place in the whole list."""
    head, _, rest = error.field.partition(".")
    place, _, inside = rest.partition(".")
    if first == 0 or head != name or not place.isdecimal():
        return error
    field = f"{name}.{first + int(place)}" + (f".{inside}" if inside else "")
    return QueryError(str(error).replace(error.field, field), field=field)


def get_item(item_id: str) -> Call[Item]:
    """Ask for an item."""
    reply = yield Request("GET", path("items", "{item_id}", item_id=item_id))
    return _item(value_of(reply, _Flat))


def patch_item(item_id: str, changes: Mapping[str, object]) -> Call[Item]:
    """Change some properties of an item; not sent twice, because somebody else may change it in between."""
    where = path("items", "{item_id}", item_id=item_id)
    reply = yield Request("PATCH", where, json_of(changes), repeatable=False)
    return _item(value_of(reply, _Flat))


def delete_item(item_id: str) -> Call[None]:
    """Delete an item."""
    require_gone((yield Request("DELETE", path("items", "{item_id}", item_id=item_id))))


def list_items(*, limit: int, cursor: str | None) -> Call[ItemPage]:
    """Ask for a page of items."""
    reply = yield Request("GET", target("/v1/items", {"limit": limit, "cursor": cursor}))
    page = value_of(reply, _Items)
    return ItemPage([_item(one) for one in page.items], page.next_cursor)


def _item(flat: _Flat) -> Item:
    return Item(str(flat["item_id"]), {name: value for name, value in flat.items() if name != "item_id"})


def get_user(user_id: str) -> Call[User]:
    """Ask for a user's attributes."""
    return value_of((yield Request("GET", path("users", "{user_id}", user_id=user_id))), User)


def patch_user(user_id: str, changes: Mapping[str, str | None]) -> Call[User]:
    """Change some attributes of a user; not sent twice, because somebody else may change them in between."""
    where = path("users", "{user_id}", user_id=user_id)
    reply = yield Request("PATCH", where, json_of({"attributes": changes}), repeatable=False)
    return value_of(reply, User)


def delete_user(user_id: str) -> Call[None]:
    """Erase a user."""
    require_done((yield Request("DELETE", path("users", "{user_id}", user_id=user_id))))


def list_users(*, limit: int, cursor: str | None) -> Call[UserPage]:
    """Ask for a page of users."""
    reply = yield Request("GET", target("/v1/users", {"limit": limit, "cursor": cursor}))
    return value_of(reply, UserPage)


def merge_users(user_id: str, from_id: str) -> Call[None]:
    """Have an anonymous profile join a user; merging again changes nothing."""
    where = path("users", "{user_id}", "merge", user_id=user_id)
    reply = yield Request("POST", where, json_of({"from": from_id}))
    try:
        require_done(reply)
    except QueryError as error:  # HTTP calls the argument by the name of its field
        field = "from_id" if error.field == "from" else error.field
        raise QueryError(str(error), field=field) from error


def export_user(user_id: str) -> Call[dict[str, object]]:
    """Ask for all that is kept of a user."""
    return value_of((yield Request("GET", path("users", "{user_id}", "export", user_id=user_id))), _Flat)
