"""What the sources hand to the rest of the indexing job: events, items and users as cleaned tables."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from crossfade.bundle.manifest import LiveMark

__all__ = ["Dataset"]


@dataclass(frozen=True)
class Dataset:
    """Cleaned input; every table is free of missing and repeated ids.

    Attributes:
        events: One row per event in the order of the input: ``user_id`` and ``item_id`` (String), ``timestamp``
            (Datetime, microseconds, UTC; null where unknown), ``local_time`` (Datetime, microseconds, without a zone:
            what the user's clock showed; null where that is unknown), ``event_type`` (String; ``"event"`` where the
            input names none), ``value`` (Float64; null where none), and any ``context.<field>`` (String, null where
            unknown).
        items: One row per item, including those without events: ``item_id`` (String), ``title`` and
            ``description`` (String, "" where missing), ``categories`` (List(String), [] where missing), and every
            other input column as a property of its own type.
        users: One row per user: ``user_id`` (String) and attributes; None without a users file.
        live: How far into a live store these tables have seen; None where they are of files alone.
        timezone: IANA zone in which local times that name none were read; None where none was given.
    """

    events: pl.DataFrame
    items: pl.DataFrame
    users: pl.DataFrame | None = None
    timezone: str | None = None
    live: LiveMark | None = None
