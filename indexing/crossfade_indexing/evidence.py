"""Events to weights: the one place that says how much an act speaks for a user's taste."""

from __future__ import annotations

import polars as pl

from crossfade_indexing.config import EvidenceConfig

__all__ = ["LIKED_SHARE", "rating_weights", "repeat_share", "speaking_events", "weigh_events"]

LIKED_SHARE = 0.8
"""Ratings of at least this share of the highest value are likes: 4 of 5 stars."""

# Types under which a value is an explicit rating, if the values look like ratings.
_RATING_TYPES = ("event", "rating", "review")
# A scale of stars, marks or thumbs: at least three different values, none negative, none above ten.
_FEWEST_MARKS = 3
_HIGHEST_MARK = 10.0


def weigh_events(events: pl.DataFrame, config: EvidenceConfig) -> pl.DataFrame:
    """Return one row per (user, item) that the user has had, with its weight, each user's oldest first.

    An act's weight is that of its event type. A rating weighs ``(value - neutral) / neutral`` with ``neutral =
    neutral_value * highest value``: above 0 it speaks for the item, below 0 against it. Of several ratings of one item
    the latest counts, of several other acts the strongest, and a no (a type of weight below 0) overrules both. Where
    ``repeat_growth`` is set, n acts on one item weigh ``1 + repeat_growth * ln(n)`` times as much as one. Pairs that
    have only acts of weight 0 by type (impressions) are left out: seeing an item listed is not having had it.

    Args:
        events: As in ``Dataset.events``.
        config: The weights.

    Returns:
        Columns ``user_id``, ``item_id``, ``weight`` (Float32), ``liked`` (Boolean: a rating of at least
        ``LIKED_SHARE`` of the highest, or any other act of positive weight), ``acts`` (UInt32, how many) and ``last``
        (Datetime of the latest act, null where unknown). Ordered by user, then latest act, unknown times first, equal
        ones in the order of the input.
    """
    by_type = pl.col("event_type").replace_strict(config.event_weights, default=1.0, return_dtype=pl.Float64)
    acts = events.with_row_index("_place").with_columns(act=by_type).filter(pl.col("act") != 0)
    rating = rating_weights(acts, config.neutral_value)
    acts = acts.with_columns(rating=rating, by_type=pl.when(rating.is_null()).then("act"))
    a_no, latest_rating = pl.col("act").min() < 0, pl.col("rating").drop_nulls().last()
    like = (LIKED_SHARE - config.neutral_value) / config.neutral_value if config.neutral_value > 0 else LIKED_SHARE
    like = max(like, 1e-6)  # what is below neutral is no like, however high neutral is set
    pairs = (
        acts.sort("timestamp", "_place", nulls_last=False)
        .group_by("user_id", "item_id")
        .agg(
            weight=pl.when(a_no).then(pl.col("act").min()).otherwise(pl.coalesce(latest_rating, pl.col("act").max())),
            liked=~a_no & pl.coalesce(latest_rating >= like - 1e-9, pl.col("by_type").max() > 0),
            acts=pl.len(),
            last=pl.col("timestamp").max(),
            _place=pl.col("_place").max(),
        )
        .sort("user_id", "last", "_place", nulls_last=False)
    )
    growth = 1 + config.repeat_growth * pl.col("acts").cast(pl.Float64).log()
    return pairs.select(
        "user_id", "item_id", (pl.col("weight") * growth).cast(pl.Float32).alias("weight"), "liked", "acts", "last"
    )


def speaking_events(events: pl.DataFrame, config: EvidenceConfig) -> pl.DataFrame:
    """Return the events that speak for an item, one for each day a user used it: when and where things are used.

    Args:
        events: As in ``Dataset.events``.
        config: The weights.

    Returns:
        The first such event of each user, item and day (UTC; unknown days count as one), in the order of the input.
    """
    by_type = pl.col("event_type").replace_strict(config.event_weights, default=1.0, return_dtype=pl.Float64)
    speaking = pl.coalesce(rating_weights(events, config.neutral_value), by_type) > 0
    day = pl.col("timestamp").dt.date().alias("_day")
    return (
        events.filter(speaking & (by_type != 0))
        .with_columns(day)
        .unique(["user_id", "item_id", "_day"], keep="first", maintain_order=True)
        .drop("_day")
    )


def repeat_share(speaking: pl.DataFrame) -> float:
    """Return the share of ``speaking_events`` that are not the user's first of the item; 0 without any."""
    if speaking.is_empty():
        return 0.0
    return float(1 - speaking.n_unique(["user_id", "item_id"]) / speaking.height)


def rating_weights(events: pl.DataFrame, neutral_share: float) -> pl.Expr:
    """Return the weight of the rows that are ratings, null elsewhere.

    A value is a rating if its event type may carry one and all such values look like a scale: at least three different
    ones, from 0 to 10.

    Args:
        events: As in ``Dataset.events``; all of them, because it takes many values to tell that they are ratings.
        neutral_share: The share of the highest value that says nothing, from 0 to 1. At 0 the weight is the
            share of the highest value.

    Returns:
        ``(value - neutral) / neutral`` with ``neutral = neutral_share * highest value``, to be taken over ``events``.
    """
    is_rating = pl.col("event_type").is_in(_RATING_TYPES) & pl.col("value").is_not_null()
    values = events.filter(is_rating)["value"]
    low, high = values.min(), values.max()
    none = pl.lit(None, dtype=pl.Float64)
    if not isinstance(low, float) or not isinstance(high, float):
        return none
    if low < 0 or high > _HIGHEST_MARK or values.n_unique() < _FEWEST_MARKS:
        return none
    neutral = neutral_share * high
    return pl.when(is_rating).then((pl.col("value") - neutral) / (neutral if neutral > 0 else high))
