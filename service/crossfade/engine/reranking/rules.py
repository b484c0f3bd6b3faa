"""What changes the order of a pool, and the order that comes of it; the package says how they compose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossfade.types import FloatArray, RowArray

__all__ = ["BoolArray", "CapRule", "ExplorationRule", "PlacedBy", "PromotionRule", "Ranked", "Rules"]

BoolArray: TypeAlias = NDArray[np.bool_]
PlacedBy: TypeAlias = Literal["score", "pin", "promote", "exploration"]


@dataclass(frozen=True)
class CapRule:
    """At most ``most`` items of each group.

    Attributes:
        groups: The groups of each item of the pool, none for one that is not capped; repeats count once.
        most: At least 1.
    """

    groups: Sequence[Sequence[int]]
    most: int


@dataclass(frozen=True)
class PromotionRule:
    """A share of the places for some.

    Attributes:
        promoted: Shape (n_pool,), which items it is for.
        share: 0 to 1.
    """

    promoted: BoolArray
    share: float


@dataclass(frozen=True)
class ExplorationRule:
    """A share of the places for what the order would not bring.

    Attributes:
        share: 0 to 1.
        seed: Of the draws; the same seed draws the same.
        page: Items per page, at least 1.
    """

    share: float
    seed: int
    page: int


@dataclass(frozen=True)
class Rules:
    """What changes the order of a pool.

    Attributes:
        diversity: 0 to 1; 0 keeps the order.
        cap: How many of a kind may come.
        promotion: Who gets places.
        exploration: What is drawn.
        pins: Item row by place, from 1; every one of them is in the pool, where its score says.
    """

    diversity: float = 0.0
    cap: CapRule | None = None
    promotion: PromotionRule | None = None
    exploration: ExplorationRule | None = None
    pins: Mapping[int, int] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether there is a rule at all."""
        return bool(self.diversity or self.cap or self.promotion or self.exploration or self.pins)


@dataclass(frozen=True)
class Ranked:
    """The first places of the order; all of length n.

    Attributes:
        rows: Item rows.
        scores: Their scores, which need not fall.
        placed_by: What brought each item to its place.
    """

    rows: RowArray
    scores: FloatArray
    placed_by: tuple[PlacedBy, ...]
