"""Events, and how often what was recommended was shown and taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from crossfade.engine.answer import Insight, Insights
from crossfade.engine.attribution import attribution_of
from crossfade.engine.bounds import MAX_EVENT_TYPE, check_id
from crossfade.engine.clock import read_zone
from crossfade.engine.kept.keeper import Keeper
from crossfade.errors import QueryError
from crossfade.live import Event, EventOutcome, StoredEvent

__all__ = ["EventKeeper"]

MAX_EVENT_ID = 128
MAX_VALUE = 1e300
MAX_CONTEXT = 32
MAX_CONTEXT_NAME = 64
MAX_CONTEXT_VALUE = 256

_FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
# Clocks of senders may be ahead; what lies further on would stand above all that comes for as long.
_AHEAD = timedelta(days=1)


class EventKeeper(Keeper):
    """Keeps events."""

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

    def insights(self, *, since: datetime | None = None) -> Insights:
        """Return how often what was recommended was shown and taken.

        Args:
            since: From when on, with a zone; None for all.

        Raises:
            QueryError: If ``since`` has no zone.
            LiveError: If it could not be read.
        """
        if since is not None and since.tzinfo is None:
            raise QueryError("since: expected a time with a zone", field="since")
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
    _check_bounds(event)
    moment = event.timestamp or datetime.now(UTC)
    if moment.tzinfo is None:
        if event.timezone is None:
            raise QueryError("timestamp: expected a time with a zone, or a timezone beside it", field="timestamp")
        moment = moment.replace(tzinfo=read_zone(event.timezone, field="timezone"))
    if not _FIRST_MOMENT <= moment <= datetime.now(UTC) + _AHEAD:
        raise QueryError(f"timestamp: {moment.isoformat()} is not from 1970 to tomorrow", field="timestamp")
    attribution = None
    if event.recommendation_id is not None:
        attribution = attribution_of(secret, event.recommendation_id, event.item_id)
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


def _check_bounds(event: Event) -> None:
    """Raise ``QueryError`` naming the first field that holds more, or other, than can be kept."""
    check_id("user_id", event.user_id)
    check_id("item_id", event.item_id)
    check_id("event_type", event.event_type, most=MAX_EVENT_TYPE)
    if event.event_id is not None:
        check_id("event_id", event.event_id, most=MAX_EVENT_ID)
    if event.value is not None and not abs(event.value) <= MAX_VALUE:
        raise QueryError(f"value: expected a number of at most {MAX_VALUE:g}, got {event.value}", field="value")
    if len(event.context) > MAX_CONTEXT:
        raise QueryError(f"context: expected at most {MAX_CONTEXT} fields", field="context")
    for name, value in event.context.items():
        check_id("context", name, most=MAX_CONTEXT_NAME)
        check_id(f"context.{name}", value, most=MAX_CONTEXT_VALUE, least=0)


def _local_time(event: Event, moment: datetime) -> datetime | None:
    """Return what the user's clock showed; None where neither a zone nor an offset of the user's own tells."""
    if event.timezone is not None:
        return moment.astimezone(read_zone(event.timezone, field="timezone")).replace(tzinfo=None)
    if event.timestamp is None or moment.tzinfo is UTC:
        return None
    return moment.replace(tzinfo=None)


def _insight(impressions: int, clicks: int) -> Insight:
    return Insight(impressions, clicks, clicks / impressions if impressions else None)
