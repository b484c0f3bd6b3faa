"""What chance decides about the titles of the sample: when they are added, how they are promoted, how they group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossfade_indexing.sample.draws import Draws
from crossfade_indexing.sample.people import HIDDEN_GROUPS

__all__ = ["Supply", "draw_supply"]

_RELEASED, _LATE, _LATE_DAYS = 0.25, 0.05, 10
_ON_THE_LAST_DAY = 3
_APPEAL_SPREAD, _FASHION_LAG_DAYS = 1.0, 4.0


@dataclass(frozen=True)
class Supply:
    """Hidden properties of the titles; all arrays of shape (titles,).

    Attributes:
        group: The hidden group of each, a partition at random, so it crosses kinds and genres.
        appeal: How much each is promoted, on a logarithmic scale; normal, of standard deviation 1.
        fashion_day: The day around which each is in fashion, which may lie outside the simulation. For a title
            added during the simulation it is four days later.
        added: The day each was added, negative before the simulation. A title is available from the day after, so
            nobody can have watched what was added on the last day.
    """

    group: NDArray[np.int64]
    appeal: NDArray[np.float64]
    fashion_day: NDArray[np.float64]
    added: NDArray[np.int64]


def draw_supply(draws: Draws, *, titles: int, days: int) -> Supply:
    """Draw the hidden properties of the titles.

    Seven in ten titles are there from the start; a quarter is released during the simulation, before the last
    ten days; one in twenty is added late, in the last ten days, and of these a quarter on the very last.
    """
    order, late_days = draws.order(titles), min(_LATE_DAYS, days)
    late, released = np.split(order, [max(1, round(_LATE * titles)), round((_LATE + _RELEASED) * titles)])[:2]
    added = -20 - draws.below(880, titles)
    added[released] = draws.below(max(days - late_days, 1), len(released))
    back = np.arange(len(late)) % (late_days + _ON_THE_LAST_DAY - 1)
    added[late] = days - 1 - np.maximum(back - _ON_THE_LAST_DAY + 1, 0)
    return Supply(
        group=draws.order(titles) % HIDDEN_GROUPS,
        appeal=_APPEAL_SPREAD * draws.normal(titles),
        fashion_day=np.where(added >= 0, added + _FASHION_LAG_DAYS, (days + 60) * draws.uniform(titles) - 30),
        added=added,
    )
