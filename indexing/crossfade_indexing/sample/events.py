"""What a streaming service would have logged of the choices."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade_indexing.sample.choosing import GLANCE_S, SLATE, Choices
from crossfade_indexing.sample.draws import Draws
from crossfade_indexing.sample.effects import DEVICES, NETWORKS
from crossfade_indexing.sample.visits import DAY_S, SHARDS, START_S, Visits

__all__ = ["log_events"]

_LOGGED_SHARE = 0.3
_START_LAG_S, _VERDICT_LAG_S = 3, 15
_TYPES = ("impression", "watch", "finish", "like", "dislike")


def log_events(
    draws: Draws, choices: Choices, visits: Visits, *, user_ids: pl.Series, item_ids: pl.Series, days: int
) -> pl.DataFrame:
    """Write down what was shown, watched, finished, liked and disliked, up to the end of the last day in UTC.

    A title that was looked at and passed over is logged as an impression three times in ten, as if only those that
    stay in view were; a title that was watched has its impression always. None is logged twice for one choice.

    Returns:
        One row per event in order of time, columns as in :class:`~crossfade_indexing.sample.simulator.Sample`.
    """
    events = pl.concat([_impressions(draws, choices), _reactions(choices)])
    visit = choices.visit[events["choice"].to_numpy()]
    person = visits.person[visit]
    time_s, offset_s = events["time_s"].to_numpy(), visits.offset_s[visit]
    return (
        events.with_columns(
            _named("user_id", user_ids, person),
            _named("item_id", item_ids, events["title"].to_numpy()),
            _local_time(time_s, offset_s),
            _named("event_type", pl.Series(_TYPES), events["type"].to_numpy()),
            _named("context.device", pl.Series(DEVICES), visits.device[visit]),
            _named("context.network", pl.Series(NETWORKS), visits.network[visit]),
            _named("context.shard", pl.Series(SHARDS), visits.shard[visit]),
        )
        .filter(pl.col("time_s") < START_S + DAY_S * days)
        .sort("time_s", "user_id", "type", "item_id")
        .with_row_index("number", offset=1)
        .with_columns(event_id="e" + pl.col("number").cast(pl.String).str.zfill(6))
        .select("event_id", "user_id", "item_id", "timestamp", "event_type", "^context[.].*$")
    )


def _impressions(draws: Draws, choices: Choices) -> pl.DataFrame:
    place = np.arange(SLATE)
    last = choices.looked_at[:, None] - 1
    chosen = (place == last) & (choices.title >= 0)[:, None]
    logged = chosen | ((place <= last) & (draws.uniform(*choices.slate.shape) < _LOGGED_SHARE))
    choice, place = np.nonzero(logged)
    shown = _events("impression", choice, choices.slate[logged], choices.start_s[choice] + GLANCE_S * place)
    return shown.unique(["choice", "title"], keep="first", maintain_order=True)


def _reactions(choices: Choices) -> pl.DataFrame:
    start_s = choices.start_s + GLANCE_S * choices.looked_at + _START_LAG_S
    happened = (
        ("watch", choices.title >= 0, start_s),
        ("finish", choices.finished, choices.end_s),
        ("like", choices.liked, choices.end_s + _VERDICT_LAG_S),
        ("dislike", choices.disliked, choices.end_s + _VERDICT_LAG_S),
    )
    return pl.concat(
        [_events(name, np.flatnonzero(mask), choices.title[mask], time_s[mask]) for name, mask, time_s in happened]
    )


def _events(name: str, choice: NDArray[np.int64], title: NDArray[np.int64], time_s: NDArray[np.int64]) -> pl.DataFrame:
    kind = np.full(len(choice), _TYPES.index(name))
    return pl.DataFrame({"choice": choice, "title": title, "time_s": time_s, "type": kind})


def _named(column: str, names: pl.Series, places: NDArray[np.int64]) -> pl.Series:
    return names.gather(places).alias(column)


def _local_time(time_s: NDArray[np.int64], offset_s: NDArray[np.int64]) -> pl.Series:
    """ISO 8601 with the offset, for example ``2026-03-02T07:15:04+01:00``."""
    clock = pl.from_epoch(pl.Series("timestamp", time_s + offset_s), time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%S")
    # There are few offsets, and their sign and minutes (+05:30) are easiest to get right one at a time.
    distinct, which = np.unique(offset_s // 60, return_inverse=True)
    names = [f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}" for minutes in distinct]
    return clock + pl.Series(names).gather(which)
