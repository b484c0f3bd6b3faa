"""What the live store holds, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "IMPRESSION",
    "ApiKey",
    "Attribution",
    "Changes",
    "Event",
    "EventOutcome",
    "Insight",
    "ItemRecord",
    "Person",
    "Scenario",
    "Statistics",
    "StoredEvent",
    "UserRecord",
]

IMPRESSION = "impression"
"""The type of event that says an item was shown."""


@dataclass(frozen=True)
class Attribution:
    """Which recommendation an event followed from.

    Attributes:
        recommendation: Which answer, a short name drawn for it.
        scenario: Name of the scenario that was asked for; "" for none.
        rank: The item's place in that answer, from 1.
        component: Name of the component that said most for the item there.
    """

    recommendation: str
    scenario: str
    rank: int
    component: str


@dataclass(frozen=True)
class Event:
    """One observed act.

    Attributes:
        user_id: Whose.
        item_id: On what; one that nobody knows yet is kept, and counts once the item exists.
        event_type: Such as ``watch``, ``like``, ``dislike``, ``impression``.
        value: A rating, where the type carries one.
        timestamp: When, with a zone; None for the moment it is accepted.
        timezone: IANA name of the user's zone; None where only the timestamp's own offset, or nothing, tells.
        context: What was known of the moment, field by field.
        event_id: Unique to the act; sending it again changes nothing. None draws one.
        recommendation_id: Of the answer it followed from.
    """

    user_id: str
    item_id: str
    event_type: str = "event"
    value: float | None = None
    timestamp: datetime | None = None
    timezone: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    event_id: str | None = None
    recommendation_id: str | None = None


@dataclass(frozen=True)
class EventOutcome:
    """What became of one event; accepted when neither a duplicate nor rejected.

    Attributes:
        event_id: Its own, or the one drawn for it; "" where it was rejected.
        duplicate: Whether an event of this id had been accepted before.
        field: Of what was wrong; None where nothing was.
        message: What was wrong.
    """

    event_id: str
    duplicate: bool = False
    field: str | None = None
    message: str = ""


@dataclass(frozen=True)
class StoredEvent:
    """An event as it lies in the store.

    Attributes:
        seq: Its place in the order of commits.
        event: With ``event_id`` and ``timestamp`` (UTC) filled in; ``recommendation_id`` is not kept.
        local_time: What the user's clock showed, without a zone; None where that is unknown.
        attribution: What its ``recommendation_id`` told.
    """

    seq: int
    event: Event
    local_time: datetime | None = None
    attribution: Attribution | None = None


@dataclass(frozen=True)
class ItemRecord:
    """An item that was put, changed or deleted while the service ran.

    Attributes:
        item_id: External id.
        properties: All of it but the id, JSON values; ``title``, ``description`` and ``categories`` feed the text.
        deleted: Whether it is gone.
        changed_seq: Place of its last change in the order of commits.
        scored_seq: Place of the last change that moved its score: it was made, or its text changed.
        embedding: Shape (d,), of its text; None where it has none, or was not embedded.
        encoder: Fingerprint of what made the embedding; "" for an item whose text the bundle had when it was put, and
            that was therefore not embedded.
    """

    item_id: str
    properties: Mapping[str, object]
    deleted: bool = False
    changed_seq: int = 0
    scored_seq: int = 0
    embedding: NDArray[np.float32] | None = None
    encoder: str = ""


@dataclass(frozen=True)
class UserRecord:
    """The attributes that were put for one user id.

    Attributes:
        user_id: External id.
        attributes: Name to value.
        changed_seq: Place of their last change in the order of commits.
    """

    user_id: str
    attributes: Mapping[str, str]
    changed_seq: int = 0


@dataclass(frozen=True)
class Person:
    """What the store knows of a user.

    Attributes:
        user_ids: The id asked for, the one it was merged into, and all that were merged into that: the one merged into
            first, then the others, the last merged first.
        forgotten: Those among ``user_ids`` that were erased after the seq asked from: no past of them in a bundle of
            that seq counts.
        events: Of all ``user_ids``, in the order of commits: all after the seq asked from, and of those before it what
            a bundle of that seq may lack. These are recent impressions, of which a bundle keeps none, and whatever was
            done with items that were put or deleted after it.
        attributes: Name to value; where several of ``user_ids`` say something, the first does. None where nothing was
            put for any.
    """

    user_ids: tuple[str, ...]
    forgotten: frozenset[str] = frozenset()
    events: Sequence[StoredEvent] = ()
    attributes: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Scenario:
    """A named set of request defaults, as JSON."""

    name: str
    defaults: Mapping[str, object]


@dataclass(frozen=True)
class Changes:
    """What one look at the store tells; everything up to ``seq`` is in.

    Attributes:
        seq: The watermark.
        people: By the id asked for.
        items: Those changed after the seq asked from, in the order of their last change.
        scenarios: All of them, by name.
    """

    seq: int
    people: Mapping[str, Person]
    items: Sequence[ItemRecord] = ()
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)


@dataclass(frozen=True)
class ApiKey:
    """An API key; the key itself is kept nowhere.

    Attributes:
        key_id: To name it by, in a list or to revoke it.
        name: Whose it is, in words.
        role: What it allows.
        sha256: Of the key, in hexadecimal.
        created_at: UTC.
        revoked_at: UTC; None while it is good.
    """

    key_id: str
    name: str
    role: Literal["read", "write", "admin"]
    sha256: str = field(repr=False)
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Insight:
    """How often what stood at one kind of place was shown, and then acted on.

    Attributes:
        by: ``scenario``, ``rank`` or ``component``.
        key: Which of them, as text; "" for answers without a scenario.
        impressions: Items of answers that were reported as shown, each item of an answer once.
        clicks: Items of answers that were acted on, each item of an answer once.
    """

    by: Literal["scenario", "rank", "component"]
    key: str
    impressions: int
    clicks: int


@dataclass(frozen=True)
class Statistics:
    """How much the store holds.

    Attributes:
        store_id: Which store.
        seq: Of the last commit.
        revision: Of the tables.
        rows: By table.
        bytes: On disk; for SQLite with the log of what is not yet in the file.
        oldest_event: UTC; None without events.
        newest_event: UTC; None without events.
    """

    store_id: str
    seq: int
    revision: str
    rows: Mapping[str, int]
    bytes: int
    oldest_event: datetime | None
    newest_event: datetime | None
