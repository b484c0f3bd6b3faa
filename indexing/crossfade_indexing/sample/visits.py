"""When the people of the sample come, where from and on what: everything about a visit but what they choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade_indexing.sample.draws import Draws
from crossfade_indexing.sample.people import People

__all__ = ["DAY_S", "FIRST_DAY", "SHARDS", "START_S", "Visits", "draw_visits"]

FIRST_DAY = date(2026, 3, 2)
"""A Monday; clocks go forward in America six days later and in Europe four weeks later."""

DAY_S = 86_400
START_S = (FIRST_DAY - date(1970, 1, 1)).days * DAY_S
SHARDS = ("a", "b", "c", "d", "e")
"""The server that answered, drawn at random: logged in good faith, and of no meaning."""

# Rows: night, morning, afternoon, evening. An hour of 24 or more belongs to the night of the day before.
_HOURS = np.array([[22, 23, 24, 25, 26], [6, 7, 8, 9, 10], [12, 13, 14, 15, 16], [17, 18, 19, 20, 21]])
_HOUR_WEIGHTS = np.array([[5, 4, 2, 1, 0.5], [2, 4, 4, 2, 1], [2, 2, 1, 2, 3], [1, 2, 3, 5, 4]])
# Columns: tv, phone, tablet, laptop. Habits bend with the time of day, so the device tells of the hour and back.
_DEVICE_AT = np.array([[1.2, 0.9, 0.8, 1.0], [0.5, 2.0, 1.4, 0.7], [0.7, 1.4, 1.2, 1.3], [1.6, 0.6, 0.8, 0.9]])
# Columns: wifi, mobile, ethernet. Rows: the devices.
_NETWORK_ON = np.array([[0.45, 0.0, 0.55], [0.40, 0.60, 0.0], [0.85, 0.15, 0.0], [0.72, 0.03, 0.25]])
_CHOICES = (0.45, 0.30, 0.17, 0.08)


@dataclass(frozen=True)
class Visits:
    """One entry per visit, by person and then by time; all arrays of shape (visits,).

    Attributes:
        person: Places among the people.
        start_s: Begin in seconds since 1970, UTC.
        offset_s: The person's local time less UTC then, in seconds.
        device: Places in ``effects.DEVICES``.
        network: Places in ``effects.NETWORKS``.
        shard: Places in :data:`SHARDS`.
        choices: How often in a row the person looks for something to watch, 1 to 4.
    """

    person: NDArray[np.int64]
    start_s: NDArray[np.int64]
    offset_s: NDArray[np.int64]
    device: NDArray[np.int64]
    network: NDArray[np.int64]
    shard: NDArray[np.int64]
    choices: NDArray[np.int64]


def draw_visits(draws: Draws, people: People, *, days: int) -> Visits:
    """Draw every visit of the simulation; visits that fall outside it in UTC are left out."""
    person = np.repeat(np.arange(len(people.sessions)), people.sessions)
    weekdays = np.arange(days) % 7
    weights = np.where(weekdays >= 5, people.weekend[:, None], 1.0) * (np.arange(days) >= people.joined[:, None])
    day = draws.categories(weights[person])
    part = draws.categories(people.parts[person])
    hour = np.take_along_axis(_HOURS[part], draws.categories(_HOUR_WEIGHTS[part])[:, None], axis=1)[:, 0]
    second = np.floor(3600 * draws.uniform(len(person))).astype(np.int64)
    local_s = START_S + DAY_S * day + 3600 * hour + second
    device = draws.categories(people.devices[person] * _DEVICE_AT[part])
    network = draws.categories(_NETWORK_ON[device])
    shard = draws.categories(np.ones((len(person), len(SHARDS))))
    choices = 1 + draws.categories(np.tile(_CHOICES, (len(person), 1)))
    start_s = _to_utc(local_s, people.users["timezone"].gather(person))
    order = np.lexsort((start_s, person))
    order = order[(start_s[order] >= START_S) & (start_s[order] < START_S + DAY_S * days)]
    return Visits(
        person=person[order],
        start_s=start_s[order],
        offset_s=(local_s - start_s)[order],
        device=device[order],
        network=network[order],
        shard=shard[order],
        choices=choices[order],
    )


def _to_utc(local_s: NDArray[np.int64], zones: pl.Series) -> NDArray[np.int64]:
    """Local wall-clock seconds as seconds in UTC; polars brings its own time-zone tables, the same everywhere."""
    local = pl.from_epoch(pl.Series("local", local_s), time_unit="s")
    utc_s = np.empty_like(local_s)
    for zone in sorted(zones.unique()):
        there = (zones == zone).to_numpy()
        # An hour skipped in spring is read as the next one; of an hour that comes twice, the first is meant.
        clock = local.filter(pl.Series(there))
        moments = clock.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        later = clock.dt.offset_by("1h").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        utc_s[there] = pl.select(pl.coalesce(moments, later)).to_series().dt.epoch("s").to_numpy()
    return utc_s
