"""What the acts of one user on one item say together, for a handful of them at request time.

The indexing job weighs all events at once by the same rules, in tables; a test holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from crossfade.bundle.manifest import EvidenceRules

__all__ = ["DEFAULT_ACT_WEIGHT", "OPINIONS", "RATING_TYPES", "Act", "is_opinion", "weigh_acts"]

DEFAULT_ACT_WEIGHT = 1.0
"""Of an event type that the rules do not name."""

RATING_TYPES = ("event", "rating", "review")
"""Types under which a value is an explicit rating, if the values look like ratings."""

OPINIONS = ("dislike", "like")
"""Types that tell an opinion in so many words, as ratings do and every type of weight below 0."""


@dataclass(frozen=True)
class Act:
    """What a user did with an item.

    Attributes:
        event_type: Such as ``watch``.
        value: A rating, where the type carries one.
    """

    event_type: str
    value: float | None = None


def weigh_acts(acts: Sequence[Act], rules: EvidenceRules) -> float | None:
    """Return how much the acts of one user on one item speak for the user's taste, below 0 against it.

    The latest opinion decides, whatever else the user did: a rating weighs ``(value - neutral) / neutral`` with
    ``neutral = neutral_value * highest_value``, a no (a type of weight below 0) its type's weight. Where the latest
    opinion is a like, or there is none, the strongest of all acts but ratings counts. n acts that speak in the
    direction of the result, for the item or against it, weigh ``1 + repeat_growth * ln(n)`` times as much as one: a no
    that was taken back adds nothing to the yes. Acts of weight 0 by type, such as impressions, do not count at all.

    Args:
        acts: Oldest first. A value beyond the scale of ``rules`` counts as the nearest on it.
        rules: Of the bundle.

    Returns:
        The weight; None where no act counts.
    """
    strongest, opinion, pros, cons = -math.inf, None, 0, 0
    for act in acts:
        by_type = rules.event_weights.get(act.event_type, DEFAULT_ACT_WEIGHT)
        if by_type == 0:
            continue
        rating = _rating(act, rules) if by_type > 0 else None
        says = by_type if rating is None else rating
        pros, cons = pros + (says > 0), cons + (says < 0)
        if rating is None:
            strongest = max(strongest, by_type)
        if rating is not None or by_type < 0:
            opinion = says
        elif act.event_type in OPINIONS:
            opinion = None  # a like takes back what was said before, and says no more than the acts do
    weight = strongest if opinion is None else opinion
    if weight == -math.inf:
        return None
    times = pros if weight > 0 else cons
    return weight * (1 + rules.repeat_growth * math.log(times)) if weight else 0.0


def is_opinion(act: Act, rules: EvidenceRules) -> bool:
    """Return whether an act takes the place of what was said of the item before: a rating, a like or a no."""
    by_type = rules.event_weights.get(act.event_type, DEFAULT_ACT_WEIGHT)
    return by_type < 0 or (by_type > 0 and (act.event_type in OPINIONS or _rating(act, rules) is not None))


def _rating(act: Act, rules: EvidenceRules) -> float | None:
    """Return the weight of an act that is a rating, None for others."""
    highest = rules.highest_value
    if highest is None or act.value is None or act.event_type not in RATING_TYPES:
        return None
    neutral = rules.neutral_value * highest
    return (min(max(act.value, 0.0), highest) - neutral) / (neutral if neutral > 0 else highest)
