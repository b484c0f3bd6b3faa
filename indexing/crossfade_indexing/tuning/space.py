"""Which settings are worth trying on a data set, and within which bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from crossfade_indexing.config import EvidenceConfig, IndexingConfig
from crossfade_indexing.evidence import weigh_events

__all__ = ["Dimension", "Space"]

_MOST_TYPES = 6
_TYPE_FACTOR = 4.0
_DIGITS = 4


@dataclass(frozen=True)
class Dimension:
    """One setting and its bounds.

    Attributes:
        part: The table of the config.
        setting: Its name there.
        low: Least value.
        high: Largest value.
        log: Whether twice as much is as far everywhere.
        whole: Whether only integers will do.
        event_type: Of an event's weight.
        endless: Whether the largest value means that the setting is left out.
    """

    part: Literal["evidence", "factorization"]
    setting: str
    low: float
    high: float
    log: bool = False
    whole: bool = False
    event_type: str | None = None
    endless: bool = False

    @property
    def name(self) -> str:
        """The setting as leaderboards call it, dotted."""
        last = () if self.event_type is None else (self.event_type,)
        return ".".join((self.part, self.setting, *last))

    def value(self, config: IndexingConfig) -> float:
        """Return what a config says, brought within the bounds."""
        if self.event_type is not None:
            value = config.evidence.event_weights.get(self.event_type, 1.0)
        else:
            value = getattr(getattr(config, self.part), self.setting)
            if value is None and self.endless:
                value = self.high
        return min(max(value, self.low), self.high)


_FACTORS = (
    Dimension("factorization", "user_exponent", 0.0, 0.8),
    Dimension("factorization", "item_exponent", 0.0, 0.8),
    Dimension("factorization", "half_rank", 4, 512, log=True, whole=True),
    Dimension("factorization", "filter_exponent", 0.05, 2.0, log=True),
    Dimension("factorization", "leverage_exponent", 0.0, 1.0),
    Dimension("factorization", "rank", 16, 512, log=True, whole=True),
)


@dataclass(frozen=True)
class Space:
    """The settings to vary.

    Attributes:
        base: What stays, and where the search begins.
        dimensions: What is varied.
    """

    base: IndexingConfig
    dimensions: tuple[Dimension, ...]

    @classmethod
    def over(cls, events: pl.DataFrame, config: IndexingConfig) -> Space:
        """Return what makes a difference to these events and is not named by the config.

        Event types of positive weight take part if two of them or more weigh something: the commonest is the measure
        that the others are varied against.

        Args:
            events: As in ``Dataset.events``.
            config: What it names is not varied.
        """
        dimensions = (*_evidence(events, config.evidence), *_FACTORS)
        return cls(
            config, tuple(one for one in dimensions if one.setting not in getattr(config, one.part).model_fields_set)
        )

    def values(self, config: IndexingConfig) -> dict[str, float]:
        """Return what a config says of every dimension, by its name."""
        return {one.name: one.value(config) for one in self.dimensions}

    def config(self, values: Mapping[str, float]) -> IndexingConfig:
        """Return the base with other values, to four digits, all of which it then names but those left out.

        Args:
            values: By name, one per dimension.
        """
        updates: dict[str, dict[str, object]] = {"evidence": {}, "factorization": {}}
        weights = dict(self.base.evidence.event_weights)
        for one in self.dimensions:
            value = float(f"{values[one.name]:.{_DIGITS}g}")  # what is measured is what people read
            if one.event_type is not None:
                weights[one.event_type] = value
                updates["evidence"]["event_weights"] = weights
            elif not (one.endless and value >= one.high):
                updates[one.part][one.setting] = int(value) if one.whole else value
        parts = {part: getattr(self.base, part).model_copy(update=update) for part, update in updates.items()}
        return self.base.model_copy(update=parts)


def _evidence(events: pl.DataFrame, config: EvidenceConfig) -> Iterator[Dimension]:
    pairs = weigh_events(events, config)
    rules = (
        Dimension("evidence", "neutral_value", 0.1, 0.6),
        Dimension("evidence", "repeat_growth", 0.0, 2.0),
        *_types(events, config),
    )
    moving = [one for one in rules if _moves(one, events, config, pairs["weight"])]
    types = [one for one in moving if one.event_type is not None]
    yield from (one for one in moving if one not in types[:1])
    if pairs["last"].is_not_null().any():
        yield Dimension("evidence", "recency", 0.0, 1.5)
        yield Dimension("evidence", "age_half_life_days", 10.0, 10_000.0, log=True, endless=True)
    if (pairs["weight"] < 0).any():
        yield Dimension("evidence", "against", 0.0, 1.0)


def _types(events: pl.DataFrame, config: EvidenceConfig) -> list[Dimension]:
    """Return the commonest event types of positive weight, commonest first."""
    counts = events["event_type"].value_counts(sort=True).sort("count", "event_type", descending=[True, False])
    weights = {name: config.event_weights.get(name, 1.0) for name in counts["event_type"]}
    return [
        Dimension("evidence", "event_weights", w / _TYPE_FACTOR, w * _TYPE_FACTOR, log=True, event_type=name)
        for name, w in weights.items()
        if w > 0
    ][:_MOST_TYPES]


def _moves(one: Dimension, events: pl.DataFrame, config: EvidenceConfig, weights: pl.Series) -> bool:
    space = Space(IndexingConfig(evidence=config), (one,))
    other = one.high if one.value(space.base) < one.high else one.low
    moved = weigh_events(events, space.config({one.name: other}).evidence)
    return not moved["weight"].equals(weights)
