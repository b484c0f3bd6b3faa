"""Between records and rows: JSON as text, times as integers, vectors as bytes, and what no database can keep."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crossfade.errors import QueryError
from crossfade.live.records import Attribution, Event, ItemRecord, StoredEvent, UserRecord

__all__ = [
    "ItemRow",
    "UserRow",
    "embedding_of",
    "event_to_row",
    "from_microseconds",
    "item_to_row",
    "require_keepable",
    "row_to_event",
    "row_to_item",
    "row_to_user",
    "to_microseconds",
    "unkeepable",
    "user_hash",
    "write_json",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def user_hash(secret: bytes, user_id: str) -> str:
    """Return what is kept of the id of an erased user: HMAC-SHA256 in hexadecimal, keyed by the store's secret."""
    return hmac.new(secret, user_id.encode(), hashlib.sha256).hexdigest()


def unkeepable(text: str) -> str | None:
    """Return what keeps a text out of the databases, or None: PostgreSQL has no zero character, UTF-8 no half one."""
    if "\x00" in text:
        return "holds the character U+0000"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a surrogate pair"
    return None


def require_keepable(field: str, *texts: str) -> None:
    """Refuse what ``unkeepable`` names.

    Raises:
        QueryError: Naming ``field``.
    """
    for text in texts:
        if (reason := unkeepable(text)) is not None:
            raise QueryError(f"{field}: {text!r} {reason}", field=field)


def write_json(value: object) -> str:
    """Return a value as JSON in ASCII, which both databases keep as it is."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def to_microseconds(moment: datetime) -> int:
    """Return a time as microseconds since 1970; one without a zone is taken as if its clock stood in UTC."""
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return the time, UTC, that is so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def event_to_row(stored: StoredEvent, seq: int) -> dict[str, object]:
    """Return the row of an event whose ``event_id`` and ``timestamp`` are filled in."""
    event, attribution = stored.event, stored.attribution
    if event.event_id is None or event.timestamp is None:
        raise ValueError(f"an event without id or timestamp cannot be kept: {event}")
    return {
        "seq": seq,
        "event_id": event.event_id,
        "user_id": event.user_id,
        "item_id": event.item_id,
        "event_type": event.event_type,
        "value": event.value,
        "timestamp": to_microseconds(event.timestamp),
        "local_time": None if stored.local_time is None else to_microseconds(stored.local_time.replace(tzinfo=None)),
        "context": write_json(dict(event.context)) if event.context else "{}",
        "recommendation": attribution.recommendation if attribution else None,
        "scenario": attribution.scenario if attribution else None,
        "rank": attribution.rank if attribution else None,
        "component": attribution.component if attribution else None,
    }


def row_to_event(row: Sequence[Any]) -> StoredEvent:
    """Return the event of a row that has the columns of the table in their order.

    Taken apart as a whole: by name, each column costs as much as the event that is made of them.
    """
    (seq, event_id, user_id, item_id, event_type, value, timestamp, local_time, context, *attributed) = row
    event = Event(
        user_id,
        item_id,
        event_type,
        value,
        from_microseconds(timestamp),
        None,
        {} if context == "{}" else json.loads(context),
        event_id,
    )
    clock = None if local_time is None else from_microseconds(local_time).replace(tzinfo=None)
    return StoredEvent(seq, event, clock, None if attributed[0] is None else Attribution(*attributed))


def item_to_row(item: ItemRecord) -> dict[str, object]:
    """Return the row of an item as it stands."""
    return {
        "item_id": item.item_id,
        "properties": write_json(dict(item.properties)),
        "deleted": item.deleted,
        "changed_seq": item.changed_seq,
        "scored_seq": item.scored_seq,
        "embedding": None if item.embedding is None else item.embedding.astype("<f4").tobytes(),
        "encoder": item.encoder,
    }


def embedding_of(kept: bytes | None) -> NDArray[np.float32] | None:
    """Return the vector of an embedding's bytes."""
    return None if kept is None else np.frombuffer(kept, dtype="<f4").astype(np.float32, copy=False)


class ItemRow(Protocol):
    """The columns of an item as a statement returns them."""

    item_id: str
    properties: str
    deleted: bool
    changed_seq: int
    scored_seq: int
    embedding: bytes | None
    encoder: str


def row_to_item(row: ItemRow) -> ItemRecord:
    """Return the item of a row."""
    return ItemRecord(
        row.item_id,
        json.loads(row.properties),
        bool(row.deleted),
        row.changed_seq,
        row.scored_seq,
        embedding_of(row.embedding),
        row.encoder,
    )


class UserRow(Protocol):
    """The columns of a user as a statement returns them."""

    user_id: str
    attributes: str
    changed_seq: int


def row_to_user(row: UserRow) -> UserRecord:
    """Return the user of a row."""
    return UserRecord(row.user_id, json.loads(row.attributes), row.changed_seq)
