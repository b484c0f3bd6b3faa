"""Events as they come over HTTP: each is read on its own, so that a wrong one does not keep the others out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from crossfade.engine.clock import read_zone
from crossfade.errors import QueryError
from crossfade.live import Event, EventOutcome
from crossfade.wire.fields import (
    MOMENT_SCHEMA,
    NO_NUL,
    Body,
    ContextField,
    ContextValue,
    EventType,
    Id,
    ShownAs,
    TimeZone,
    WireModel,
    moment_of,
)

__all__ = ["MAX_EVENTS", "EventRequest", "EventsAnswer", "ReadEvents", "RejectedEvent", "SentEvents"]

MAX_EVENTS = 10_000
"""How many events one request may hold."""


class EventRequest(Body):
    """One observed act."""

    user_id: Id = Field(description="Whose act it is; a user nobody knows yet is one from now on.", examples=["p0452"])
    item_id: Id = Field(
        description="On what. One that is not in the catalogue is kept, and counts once the item is.",
        examples=["the-long-dusk-at-skarvnes"],
    )
    event_type: EventType = Field(
        "event",
        description="What was done, such as `watch`, `like`, `dislike`; `impression` says that the item was shown.",
        examples=["watch"],
    )
    value: Annotated[float, Field(ge=-1e300, le=1e300, allow_inf_nan=False)] | None = Field(
        None, description="A rating, where the type carries one."
    )
    timestamp: Annotated[datetime, PlainValidator(moment_of), WithJsonSchema(MOMENT_SCHEMA)] | None = Field(
        None,
        description="When: ISO 8601 or a unix time; now, if left out. Without an offset, `timezone` tells the zone.",
        examples=["2026-11-21T20:15:00+01:00"],
    )
    timezone: TimeZone | None = Field(
        None, description="IANA name of the zone of the user's clock.", examples=["Europe/Oslo"]
    )
    context: dict[ContextField, ContextValue] = Field(
        {}, max_length=32, description="What was known of the moment, field by field.", examples=[{"device": "tv"}]
    )
    event_id: Annotated[str, Field(min_length=1, max_length=128, pattern=NO_NUL)] | None = Field(
        None,
        description="Unique to the act: sent again, it changes nothing. Without one, a retry counts twice.",
        examples=["8d0c2c4e-6f0e-4b4f-9d39-6c8f7f6b7f10"],
    )
    recommendation_id: Annotated[str, Field(min_length=1, max_length=1_024)] | None = Field(
        None, description="Of the answer that it followed from, for `GET /v1/insights`."
    )

    def to_engine(self) -> Event:
        """Return the event.

        Raises:
            QueryError: If its timestamp has no offset and there is no time zone to tell it.
        """
        timestamp = self.timestamp
        if timestamp is not None and timestamp.tzinfo is None:
            if self.timezone is None:
                raise QueryError("Expected an offset, such as Z or +01:00, or a timezone beside it", field="timestamp")
            timestamp = timestamp.replace(tzinfo=read_zone(self.timezone))
        return Event(
            user_id=self.user_id,
            item_id=self.item_id,
            event_type=self.event_type,
            value=self.value,
            timestamp=timestamp,
            timezone=self.timezone,
            context=self.context,
            event_id=self.event_id,
            recommendation_id=self.recommendation_id,
        )


def _one_or_many(sent: object) -> list[object]:
    if isinstance(sent, dict):
        return [sent]
    if not isinstance(sent, list) or not 1 <= len(sent) <= MAX_EVENTS:
        raise PydanticCustomError("events", f"Expected an event, or a list of 1 to {MAX_EVENTS:,}")
    return sent


SentEvents = Annotated[
    list[object],
    PlainValidator(_one_or_many),
    ShownAs(EventRequest | Annotated[list[EventRequest], Field(min_length=1, max_length=MAX_EVENTS)]),
]
"""One event or many, not read yet."""


class RejectedEvent(WireModel):
    """An event that was not taken."""

    place: int = Field(ge=0, description="Its place in the list that was sent, from 0.")
    field: str = Field(description="The field that is wrong, dotted; empty where it is the event as a whole.")
    message: str = Field(description="What was expected.")


class EventsAnswer(WireModel):
    """What became of the events; those accepted are kept for good and count from the next answer on."""

    accepted: int = Field(ge=0, description="How many were taken.")
    duplicates: int = Field(ge=0, description="How many were not, because their `event_id` had been taken before.")
    rejected: list[RejectedEvent] = Field(description="Those that were not taken, because something is wrong.")
    duplicate_places: list[int] = Field(description="Places of the duplicates in the list that was sent, from 0.")

    @property
    def status(self) -> int:
        """The HTTP status: 200 where none was rejected, 422 where all were, else 207."""
        if not self.rejected:
            return 200
        return 207 if self.accepted or self.duplicates else 422


@dataclass(frozen=True)
class ReadEvents:
    """What a request to keep events holds.

    Attributes:
        events: Those that can be read, by place.
        rejected: The others.
    """

    events: Mapping[int, Event]
    rejected: Sequence[RejectedEvent]

    @classmethod
    def of(cls, sent: list[object]) -> ReadEvents:
        """Read one event or many, each on its own."""
        events, rejected = {}, []
        for place, one in enumerate(sent):
            try:
                events[place] = EventRequest.model_validate(one).to_engine()
            except ValidationError as error:
                rejected.append(_rejected(place, error))
            except QueryError as error:
                rejected.append(RejectedEvent(place=place, field=error.field, message=str(error)))
        return cls(events, rejected)

    def answer(self, outcomes: Sequence[EventOutcome]) -> EventsAnswer:
        """Return what became of all.

        Args:
            outcomes: Of ``events``, in their order.
        """
        told = list(zip(self.events, outcomes, strict=True))
        refused = [
            RejectedEvent(place=place, field=outcome.field, message=outcome.message)
            for place, outcome in told
            if outcome.field is not None
        ]
        duplicates = [place for place, outcome in told if outcome.duplicate]
        return EventsAnswer(
            accepted=len(told) - len(refused) - len(duplicates),
            duplicates=len(duplicates),
            rejected=sorted([*self.rejected, *refused], key=lambda one: one.place),
            duplicate_places=duplicates,
        )


_MESSAGES = {"extra_forbidden": "There is no such field", "model_type": "Expected an object"}


def _rejected(place: int, error: ValidationError) -> RejectedEvent:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    message = _MESSAGES.get(first["type"], first["msg"])
    return RejectedEvent(place=place, field=".".join(str(part)[:80] for part in first["loc"]), message=message)
