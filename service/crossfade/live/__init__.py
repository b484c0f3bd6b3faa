"""What has changed since the bundle was built: events, items and users, in one database that all workers share."""

from crossfade.live.records import (
    Attribution,
    Changes,
    Event,
    EventOutcome,
    ItemRecord,
    Person,
    Scenario,
    StoredEvent,
)

__all__ = ["Attribution", "Changes", "Event", "EventOutcome", "ItemRecord", "Person", "Scenario", "StoredEvent"]
