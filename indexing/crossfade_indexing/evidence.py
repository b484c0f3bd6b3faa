"""Events to weights: the one place that says how much an act speaks for a user's taste."""

from __future__ import annotations

import polars as pl

from crossfade_indexing.config import EvidenceConfig

__all__ = ["weigh_events"]

# Types under which a value is an explicit rating, if the values look like ratings.
_RATING_TYPES = ("event", "rating", "review")
# A scale of stars, marks or thumbs: at least three different values, none negative, none above ten.
_FEWEST_MARKS = 3
_HIGHEST_MARK = 10.0


def weigh_events(events: pl.DataFrame, config: EvidenceConfig) -> pl.DataFrame:
    """Return one row per (user, item) that the user has had, with its weight.

    An act's weight is that of its event type. A rating weighs ``(value - neutral) / neutral``, at least 0, with
    ``neutral = neutral_value * highest value``. Of several acts on one item the strongest counts, unless one of them
    is a no (weight below 0): then the pair weighs 0. Pairs that have only acts of weight 0 by type (impressions) are
    left out: seeing an item listed is not having had it.

    Args:
        events: As in ``Dataset.events``.
        config: The weights.

    Returns:
        Columns ``user_id``, ``item_id`` and ``weight`` (Float32, >= 0), ordered by user, then item.
    """
    by_type = pl.col("event_type").replace_strict(config.event_weights, default=1.0, return_dtype=pl.Float64)
    rated = _rating_weight(events, config.neutral_value)
    return (
        events.with_columns(act=by_type)
        .filter(pl.col("act") != 0)
        .with_columns(weight=by_type if rated is None else pl.coalesce(rated, by_type))
        .group_by("user_id", "item_id")
        .agg(weight=pl.when((pl.col("act") < 0).any()).then(0.0).otherwise(pl.col("weight").max()))
        .with_columns(pl.col("weight").cast(pl.Float32))
        .sort("user_id", "item_id")
    )


def _rating_weight(events: pl.DataFrame, neutral_share: float) -> pl.Expr | None:
    """Return the weight of the rows that are ratings, null elsewhere; None if the values are no ratings."""
    is_rating = pl.col("event_type").is_in(_RATING_TYPES) & pl.col("value").is_not_null()
    values = events.filter(is_rating)["value"]
    low, high = values.min(), values.max()
    if not isinstance(low, float) or not isinstance(high, float):
        return None
    if low < 0 or high > _HIGHEST_MARK or values.n_unique() < _FEWEST_MARKS:
        return None
    neutral = neutral_share * high
    scale = neutral if neutral > 0 else high
    return pl.when(is_rating).then(((pl.col("value") - neutral) / scale).clip(lower_bound=0.0))
