"""Live data as tables: what a service has been told since, in one cut through the order of its commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from crossfade.bundle import Erasures
from crossfade.bundle.manifest import LiveMark
from crossfade.bundle_commands import open_existing
from crossfade.live import ItemRecord, StoredEvent, UserRecord, user_hash
from crossfade.live.addresses import Address

__all__ = ["LiveTables", "read_live"]

_EVENTS = pl.Schema(
    {
        "event_id": pl.String(),
        "user_id": pl.String(),
        "item_id": pl.String(),
        "timestamp": pl.Datetime("us", "UTC"),
        "local_time": pl.Datetime("us"),
        "event_type": pl.String(),
        "value": pl.Float64(),
    }
)


@dataclass(frozen=True)
class LiveTables:
    """All that a live store holds.

    Attributes:
        mark: How far that is.
        name: Of the store, for messages and reports; without user and password.
        events: ``event_id`` and the columns of ``Dataset.events``, in the order of commits.
        items: Those that were put and not deleted since.
        deleted: Ids of those that were deleted.
        users: ``user_id`` and attributes, all String; one row per user that attributes were put for.
        merges: From a merged id to the one that it belongs to now; applied to ``events`` and ``users`` already.
        erasures: Who was erased.
    """

    mark: LiveMark
    name: str
    events: pl.DataFrame
    items: Sequence[ItemRecord]
    deleted: list[str]
    users: pl.DataFrame
    merges: Mapping[str, str]
    erasures: Erasures

    @property
    def path(self) -> Path:
        """The store among files, for what is told of all of them."""
        return Path(self.name)

    def erased_among(self, user_ids: pl.Series) -> list[str]:
        """Return those of some ids that belong to erased users."""
        if not self.erasures.places:
            return []
        return [user_id for user_id in user_ids.drop_nulls().unique() if self.erasures.holds(user_id)]

    def merged(self, column: str = "user_id") -> pl.Expr:
        """Return a column of ids with those that were merged into others replaced by these."""
        return pl.col(column).replace(dict(self.merges)) if self.merges else pl.col(column)


def read_live(url: str) -> LiveTables:
    """Read a live store while others write to it.

    Raises:
        LiveError: If there is none, or it cannot be read.
    """
    name = Address.parse(url).name
    with open_existing(url) as data, data.dump() as (dump, chunks):
        frames = [_events(chunk) for chunk in chunks]
        events = pl.concat([pl.DataFrame(schema=_EVENTS), *frames], how="diagonal")
        merges = dict(dump.merges)
        return LiveTables(
            mark=LiveMark(store_id=dump.store_id, seq=dump.seq),
            name=name,
            events=events.with_columns(pl.col("user_id").replace(merges)) if merges else events,
            items=[item for item in dump.items if not item.deleted],
            deleted=[item.item_id for item in dump.items if item.deleted],
            users=_users(dump.users, merges),
            merges=merges,
            erasures=Erasures(dump.store_id, dict(dump.erased), partial(user_hash, dump.secret)),
        )


def _events(chunk: Sequence[StoredEvent]) -> pl.DataFrame:
    fields = sorted({name for stored in chunk for name in stored.event.context})
    columns = {
        "event_id": [stored.event.event_id for stored in chunk],
        "user_id": [stored.event.user_id for stored in chunk],
        "item_id": [stored.event.item_id for stored in chunk],
        "timestamp": [stored.event.timestamp for stored in chunk],
        "local_time": [stored.local_time for stored in chunk],
        "event_type": [stored.event.event_type for stored in chunk],
        "value": [stored.event.value for stored in chunk],
        **{f"context.{name}": [stored.event.context.get(name) for stored in chunk] for name in fields},
    }
    return pl.DataFrame(columns, schema={**dict.fromkeys(columns, pl.String()), **_EVENTS})


def _users(records: Sequence[UserRecord], merges: Mapping[str, str]) -> pl.DataFrame:
    """Return what was put for each user; what several ids say that are one user is joined, name by name.

    As in the answers of the service, what a later one to be merged says counts more, and most what was put for the id
    that the others were merged into.
    """
    turns = {user_id: turn for turn, user_id in enumerate(merges)}
    known: dict[str, dict[str, str]] = {}
    for record in sorted(records, key=lambda record: turns.get(record.user_id, len(turns))):
        known.setdefault(merges.get(record.user_id, record.user_id), {}).update(record.attributes)
    names = list(dict.fromkeys(name for attributes in known.values() for name in attributes if name != "user_id"))
    columns = {"user_id": list(known)} | {name: [one.get(name) for one in known.values()] for name in names}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
