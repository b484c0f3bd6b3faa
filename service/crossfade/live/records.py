"""What the live store holds, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

__all__ = ["Attribution", "Changes", "Event", "EventOutcome", "ItemRecord", "Person", "Scenario", "StoredEvent"]


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
        embedding: Shape (d,), of its text; None where it has none.
        encoder: Fingerprint of what made the embedding.
    """

    item_id: str
    properties: Mapping[str, object]
    deleted: bool = False
    changed_seq: int = 0
    scored_seq: int = 0
    embedding: NDArray[np.float32] | None = None
    encoder: str = ""


@dataclass(frozen=True)
class Person:
    """What the store knows of a user.

    Attributes:
        user_ids: The id asked for, the one it was merged into, and all that were merged into that; the last first.
        forgotten: Those among ``user_ids`` that were erased: no bundle's past of them counts.
        events: After the seq asked from, in the order of commits.
        attributes: Name to value; None where nothing was put.
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
        scenarios: All, by name.
    """

    seq: int
    people: Mapping[str, Person]
    items: Sequence[ItemRecord] = ()
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
