"""Events to weights: the one place that says how much an act speaks for a user's taste."""

from __future__ import annotations

import polars as pl

from crossfade.bundle.evidence import DEFAULT_ACT_WEIGHT, OPINIONS, RATING_TYPES
from crossfade.bundle.manifest import EvidenceRules
from crossfade_indexing.config import EvidenceConfig

__all__ = [
    "LIKED_SHARE",
    "event_types",
    "evidence_rules",
    "rating_weights",
    "repeat_share",
    "speaking_events",
    "weigh_events",
]

LIKED_SHARE = 0.8
"""Ratings of at least this share of the highest value are likes: 4 of 5 stars."""

_MOST_TYPES = 32  # the bits of a uint32
_OTHER_TYPES = "*"
# A scale of stars, marks or thumbs: at least three different values, none negative, none above ten.
_FEWEST_MARKS = 3
_HIGHEST_MARK = 10.0


def weigh_events(events: pl.DataFrame, config: EvidenceConfig) -> pl.DataFrame:
    """Return one row per (user, item) that the user has had, with its weight, each user's oldest first.

    An act's weight is that of its event type. A rating weighs ``(value - neutral) / neutral`` with ``neutral =
    neutral_value * highest value``: above 0 it speaks for the item, below 0 against it. Of several acts on one item
    the latest opinion decides: a rating, or a no (a type of weight below 0). Where the latest opinion is a like, or
    there is none, the strongest of all acts but ratings counts; a like takes back an earlier no, a watch does not.
    Where ``repeat_growth`` is set, n acts that speak in the direction of the result, for the item or against it, weigh
    ``1 + repeat_growth * ln(n)`` times as much as one: a no that was taken back adds nothing to the yes. Pairs that
    have only acts of weight 0 by type (impressions) are left out: seeing an item listed is not having had it.
    ``crossfade.bundle.evidence`` says the same in plain Python, for live events.

    Args:
        events: As in ``Dataset.events``.
        config: The weights.

    Returns:
        Columns ``user_id``, ``item_id``, ``weight`` (Float32), ``liked`` (Boolean: a rating of at least
        ``LIKED_SHARE`` of the highest, or any other act of positive weight), ``acts`` (UInt32, how many), ``types``
        (UInt32, bit i is set where there is an act of the i-th of ``event_types``) and ``last`` (Datetime of the latest
        act, null where unknown). Ordered by user, then latest act, unknown times first, equal ones in the order of the
        input.
    """
    acts = _acts(events.with_row_index("_place"), config)
    rating = pl.when(pl.col("act") > 0).then(rating_weights(acts, config.neutral_value))
    like = (LIKED_SHARE - config.neutral_value) / config.neutral_value if config.neutral_value > 0 else LIKED_SHARE
    like = max(like, 1e-6)  # what is below neutral is no like, however high neutral is set
    # What an opinion weighs by itself; a like takes back what was said before, and says no more than the acts do.
    said = pl.coalesce("rating", pl.when(pl.col("act") < 0).then("act"))
    opinion = said.filter(said.is_not_null() | pl.col("event_type").is_in(OPINIONS)).last()
    says = pl.coalesce("rating", "act")
    pairs = (
        acts.with_columns(rating=rating, bit=_bits(event_types(events, config)))
        .with_columns(by_type=pl.when(pl.col("rating").is_null()).then("act"))
        .sort("timestamp", "_place", nulls_last=False)
        .group_by("user_id", "item_id")
        .agg(
            weight=pl.coalesce(opinion, pl.col("by_type").max()),
            liked=pl.coalesce(opinion >= like - 1e-9, pl.lit(value=True)),
            acts=pl.len(),
            pros=(says > 0).sum(),
            cons=(says < 0).sum(),
            types=pl.col("bit").bitwise_or(),
            last=pl.col("timestamp").max(),
            _place=pl.col("_place").max(),
        )
        .sort("user_id", "last", "_place", nulls_last=False)
    )
    times = pl.when(pl.col("weight") > 0).then("pros").when(pl.col("weight") < 0).then("cons").otherwise(1)
    growth = 1 + config.repeat_growth * times.cast(pl.Float64).log()
    weight = (pl.col("weight") * growth).cast(pl.Float32).alias("weight")
    return pairs.select("user_id", "item_id", weight, "liked", "acts", "types", "last")


def evidence_rules(events: pl.DataFrame, config: EvidenceConfig) -> EvidenceRules:
    """Return the rules by which ``weigh_events`` weighs these events, for whoever weighs others like them later."""
    return EvidenceRules(
        event_weights=config.event_weights,
        neutral_value=config.neutral_value,
        highest_value=_highest_rating(_acts(events, config)),
        repeat_growth=config.repeat_growth,
    )


def event_types(events: pl.DataFrame, config: EvidenceConfig) -> list[str]:
    """Return the types of the acts that do not weigh 0, the most frequent first, equally frequent ones by name.

    At most 32: of more, the last is "*" and stands for all that are not named.
    """
    counts = _acts(events, config).group_by("event_type").len().sort("len", "event_type", descending=[True, False])
    types = counts["event_type"].to_list()
    return types if len(types) <= _MOST_TYPES else [*types[: _MOST_TYPES - 1], _OTHER_TYPES]


def _acts(events: pl.DataFrame, config: EvidenceConfig) -> pl.DataFrame:
    """Return the events that are acts of the user's, with their type's weight as ``act``."""
    return events.with_columns(act=_weight_by_type(config)).filter(pl.col("act") != 0)


def _weight_by_type(config: EvidenceConfig) -> pl.Expr:
    weights, default = config.event_weights, DEFAULT_ACT_WEIGHT
    return pl.col("event_type").replace_strict(weights, default=default, return_dtype=pl.Float64)


def _bits(types: list[str]) -> pl.Expr:
    bits = {name: 1 << place for place, name in enumerate(types)}
    other = bits.get(_OTHER_TYPES, 0)
    return pl.col("event_type").replace_strict(bits, default=other, return_dtype=pl.UInt32)


def speaking_events(events: pl.DataFrame, config: EvidenceConfig) -> pl.DataFrame:
    """Return the events that speak for an item, one for each day a user used it: when and where things are used.

    Args:
        events: As in ``Dataset.events``.
        config: The weights.

    Returns:
        The first such event of each user, item and day (UTC; unknown days count as one), in the order of the input.
    """
    by_type = _weight_by_type(config)
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
    high = _highest_rating(events)
    if high is None:
        return pl.lit(None, dtype=pl.Float64)
    neutral = neutral_share * high
    return pl.when(_is_rating()).then((pl.col("value") - neutral) / (neutral if neutral > 0 else high))


def _is_rating() -> pl.Expr:
    return pl.col("event_type").is_in(RATING_TYPES) & pl.col("value").is_not_null()


def _highest_rating(events: pl.DataFrame) -> float | None:
    """Return the highest rating; None where the values do not look like ratings."""
    values = events.filter(_is_rating())["value"]
    low, high = values.min(), values.max()
    if not isinstance(low, float) or not isinstance(high, float):
        return None
    return None if low < 0 or high > _HIGHEST_MARK or values.n_unique() < _FEWEST_MARKS else high
