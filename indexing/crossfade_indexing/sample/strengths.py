"""How strong each effect in the sample data is."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

__all__ = ["Strengths"]


@dataclass(frozen=True)
class Strengths:
    """One factor per effect: 1.0 as in the sample, 0.0 absent, in between and above in proportion.

    With all of them at zero every title that is available is equally likely whoever looks, whenever and wherever.
    The people, the hours they keep and the devices they use depend on the seed alone, never on these.

    Attributes:
        text_taste: Interests in themes and aversions to themes; the titles' text tells of them.
        hidden_groups: Fondness for groups of titles that no text, genre or property explains.
        attributes: What age band, household and country lead people to; the plan leads nowhere.
        part_of_day: Titles for the morning, the afternoon, the evening and the night.
        weekday: Titles for working days and for weekends, and concerts on weekend evenings.
        device: Short titles on phones, long ones on televisions.
        network: Short and light titles on mobile data, beyond what the device explains.
        popularity: Titles promoted more than others.
        trends: Titles coming into fashion and out of it again.
        satiation: Reluctance to watch the same title again.
        momentum: Going on with the themes of the title just watched, or (some people) being tired of them.

    Raises:
        ValueError: If a strength is negative or not finite.
    """

    text_taste: float = 1.0
    hidden_groups: float = 1.0
    attributes: float = 1.0
    part_of_day: float = 1.0
    weekday: float = 1.0
    device: float = 1.0
    network: float = 1.0
    popularity: float = 1.0
    trends: float = 1.0
    satiation: float = 1.0
    momentum: float = 1.0

    def __post_init__(self) -> None:
        for name, strength in asdict(self).items():
            if not (math.isfinite(strength) and strength >= 0):
                raise ValueError(f"strength {name!r} must be a finite number of at least 0, not {strength!r}")
