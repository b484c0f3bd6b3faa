"""What has changed since the bundle was built: events, items and users, in one database that all workers share."""

from crossfade.live.data import LiveData
from crossfade.live.records import (
    IMPRESSION,
    ApiKey,
    Attribution,
    Changes,
    Event,
    EventOutcome,
    Insight,
    ItemRecord,
    Person,
    Scenario,
    Statistics,
    StoredEvent,
    UserRecord,
)
from crossfade.live.rows import user_hash
from crossfade.live.store import LiveStore
from crossfade.live.upkeep import Dump

__all__ = [
    "IMPRESSION",
    "ApiKey",
    "Attribution",
    "Changes",
    "Dump",
    "Event",
    "EventOutcome",
    "Insight",
    "ItemRecord",
    "LiveData",
    "LiveStore",
    "Person",
    "Scenario",
    "Statistics",
    "StoredEvent",
    "UserRecord",
    "user_hash",
]
