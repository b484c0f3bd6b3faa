"""What is used lately more than before: the log-lift of an item's decayed events over its share of all."""

from __future__ import annotations

import numpy as np
import polars as pl

from crossfade.types import FloatArray

__all__ = ["half_lives", "trend"]

_SHRINKAGE = 5.0
"""Kappa, in decayed events per item: an item with few tells little."""

_DAY_S = 86_400.0
_HALF_LIVES_DAYS = (3.0, 14.0, 60.0, 240.0)


def half_lives(events: pl.DataFrame) -> list[float]:
    """Return the half-lives worth trying, in days: those at most a quarter of the time the events span."""
    first, last = events["timestamp"].min(), events["timestamp"].max()
    if first is None or last is None:
        return []
    span = (last - first).total_seconds() / _DAY_S  # type: ignore[operator,union-attr]  # polars types any column
    return [days for days in _HALF_LIVES_DAYS if days <= span / 4]


def trend(events: pl.DataFrame, item_ids: pl.Series, half_life_days: float) -> FloatArray:
    """Return ``log((r_i + kappa) / (R pi_i + kappa))`` per item row, float32.

    ``r_i`` counts an event as 0.5 per half-life before the latest of all, R is their sum over items and ``pi_i`` the
    item's share of all events. Events without a time count nowhere.

    Args:
        events: Acts that speak for an item: ``item_id`` and ``timestamp``.
        item_ids: By row.
        half_life_days: > 0.
    """
    timed = events.filter(pl.col("timestamp").is_not_null())
    age_s = (pl.col("timestamp").max() - pl.col("timestamp")).dt.total_seconds()
    decayed = (-np.log(2) / (half_life_days * _DAY_S) * age_s).exp()
    per_item = timed.with_columns(decayed=decayed).group_by("item_id").agg(pl.col("decayed").sum(), n=pl.len())
    rows = pl.DataFrame({"item_id": item_ids}).join(per_item, on="item_id", how="left", maintain_order="left")
    recent, ever = (rows[name].fill_null(0).to_numpy().astype(np.float64) for name in ("decayed", "n"))
    expected = recent.sum() * ever / max(ever.sum(), 1.0)
    lifts: FloatArray = np.log((recent + _SHRINKAGE) / (expected + _SHRINKAGE)).astype(np.float32)
    return lifts
