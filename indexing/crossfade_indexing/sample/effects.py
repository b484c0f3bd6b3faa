"""What time, device, network and a person's circumstances do to a title's chances: tables written by hand.

Each effect is an array over titles, brought to one scale: over the titles and over the field's values it has
mean 0, so that it moves choices without making anyone watch more, and its root mean square is 1, so that a field's
weight says how much the field matters. Where several values are possible, the last row stands for "not known".
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade_indexing.sample.titles import marks_of

__all__ = [
    "AGE_BANDS",
    "DEVICES",
    "HOUSEHOLDS",
    "NETWORKS",
    "PARTS_OF_DAY",
    "WEEKDAYS",
    "Marks",
    "age_effect",
    "country_effect",
    "device_effect",
    "household_effect",
    "network_effect",
    "part_of_day",
    "part_of_day_effect",
    "weekday_effect",
]

PARTS_OF_DAY = ("night", "morning", "afternoon", "evening")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DEVICES = ("tv", "phone", "tablet", "laptop")
NETWORKS = ("wifi", "mobile", "ethernet")
AGE_BANDS = ("18-24", "25-34", "35-49", "50-64", "65+")
HOUSEHOLDS = ("single", "couple", "family")

_PART_STARTS = (5, 11, 17, 22)
_YOUNG = ("first-love", "monsters", "school", "space", "artificial-minds", "magic", "city-night", "sport-contest",
          "heist-plan", "broad-humour", "haunting", "quest")  # fmt: skip
_OLD = ("ageing", "late-love", "village-life", "history-recovered", "faith", "war", "trains-and-travel",
        "royalty-and-court", "memory", "art-and-craft", "marriage-strain", "politics-and-power")  # fmt: skip


def part_of_day(hour: NDArray[np.int64]) -> NDArray[np.int64]:
    """The part of the day, as a place in :data:`PARTS_OF_DAY`.

    Args:
        hour: The person's local hour, 0 to 23; morning begins at 5, afternoon at 11, evening at 17, night at 22.
    """
    return np.searchsorted(_PART_STARTS, hour, side="right") % len(PARTS_OF_DAY)


class Marks:
    """What the tables below ask about titles; each answer is an array over titles.

    Args:
        catalogue: As :func:`~crossfade_indexing.sample.titles.load_catalogue` gives it.

    Attributes:
        length: The logarithm of the minutes, of mean 0 and standard deviation 1.
    """

    def __init__(self, catalogue: pl.DataFrame) -> None:
        self._catalogue = catalogue
        minutes = np.log(catalogue["minutes"].to_numpy().astype(np.float64))
        self.length = (minutes - minutes.mean()) / minutes.std()

    def kind(self, *kinds: str) -> NDArray[np.float64]:
        """1 for titles of one of these kinds, else 0."""
        return self._catalogue["kind"].is_in(kinds).to_numpy().astype(np.float64)

    def genre(self, *genres: str) -> NDArray[np.float64]:
        """1 for titles of at least one of these genres, else 0."""
        return self._any("genres", genres)

    def theme(self, *themes: str) -> NDArray[np.float64]:
        """1 for titles on at least one of these themes, else 0."""
        return self._any("themes", themes)

    def origin(self, country: str, language: str) -> NDArray[np.float64]:
        """1 for titles made in the country, 0.6 for others in its language, else 0."""
        made_there = (self._catalogue["country"] == country).to_numpy()
        understood = (self._catalogue["language"] == language).to_numpy()
        return np.where(made_there, 1.0, np.where(understood, 0.6, 0.0))

    def _any(self, column: str, names: tuple[str, ...]) -> NDArray[np.float64]:
        return np.asarray(marks_of(self._catalogue, column, names).any(axis=1), dtype=np.float64)


def part_of_day_effect(marks: Marks) -> NDArray[np.float64]:
    """News and cartoons in the morning, crime late at night; shape (parts of day + 1, titles)."""
    dark = marks.genre("crime", "true-crime", "thriller", "horror", "mystery")
    news = np.maximum(marks.genre("news", "talk"), marks.theme("news-of-the-day"))
    children, calm = marks.kind("children"), marks.genre("cookery", "travel", "nature", "learning", "quiz")
    return _with_unknown(
        _scaled(
            np.stack(
                [
                    2.0 * dark - 2.0 * children - 1.0 * calm - 0.6 * news,
                    2.6 * news + 2.0 * children - 1.4 * dark - 0.9 * marks.length,
                    1.2 * calm + 0.8 * children + 0.8 * marks.genre("sport", "reality", "family") - 0.6 * dark,
                    0.8 * marks.genre("drama", "comedy", "romance") + 0.6 * marks.length - 0.6 * news,
                ]
            )
        )
    )


def weekday_effect(marks: Marks) -> NDArray[np.float64]:
    """Films and sport at weekends, concerts on their evenings; shape (weekdays + 1, parts of day + 1, titles)."""
    working_day = 0.9 * marks.kind("series", "documentary") + 0.8 * marks.genre("news", "talk", "politics")
    weekend = 0.9 * marks.kind("film", "children") + 0.9 * marks.genre("sport", "adventure", "family")
    effect = np.empty((len(WEEKDAYS), len(PARTS_OF_DAY), len(marks.length)))
    effect[:5], effect[5:] = working_day - weekend, weekend - working_day
    effect[4:, PARTS_OF_DAY.index("evening")] += 4.0 * marks.kind("concert")
    effect = _scaled(effect.reshape(-1, len(marks.length))).reshape(effect.shape)
    return _with_unknown(np.concatenate([effect, effect.mean(axis=1, keepdims=True)], axis=1))


def device_effect(marks: Marks) -> NDArray[np.float64]:
    """Short titles on phones, long ones on televisions; shape (devices + 1, titles)."""
    return _with_unknown(
        _scaled(
            np.stack(
                [
                    1.0 * marks.length + 0.7 * marks.kind("film", "concert"),
                    -1.3 * marks.length + 0.5 * marks.genre("comedy", "talk", "news"),
                    1.4 * marks.kind("children") - 0.4 * marks.length,
                    0.8 * marks.kind("documentary") + 0.4 * marks.genre("learning", "science", "society"),
                ]
            )
        )
    )


def network_effect(marks: Marks) -> NDArray[np.float64]:
    """Short and light titles on mobile data; shape (networks + 1, titles)."""
    light = marks.genre("news", "talk", "comedy", "quiz") - marks.kind("concert") - marks.genre("nature", "action")
    rest = np.zeros_like(light)
    return _with_unknown(_scaled(np.stack([rest, 1.0 * light - 0.6 * marks.length, rest])))


def age_effect(marks: Marks) -> NDArray[np.float64]:
    """Themes for the young and themes for the old; shape (age bands, titles)."""
    lean = marks.theme(*_OLD) - marks.theme(*_YOUNG)
    return _scaled(np.outer(np.linspace(-1.0, 1.0, len(AGE_BANDS)), lean))


def household_effect(marks: Marks) -> NDArray[np.float64]:
    """Titles for children where there are children; shape (households, titles)."""
    family = 2.0 * marks.kind("children") + 0.8 * marks.genre("family", "animation") + 0.5 * marks.theme("parenthood")
    couple = 0.8 * marks.genre("romance", "travel", "cookery")
    alone = 0.6 * marks.theme("city-night", "friendship", "workplace")
    return _scaled(np.stack([alone - family, couple - family, family]))


def country_effect(marks: Marks, homes: list[tuple[str, str]]) -> NDArray[np.float64]:
    """Titles from home and titles that need no subtitles.

    Args:
        marks: The titles.
        homes: Country and first language, one pair per row of the answer.

    Returns:
        Shape (homes, titles).
    """
    return _scaled(np.stack([marks.origin(country, language) for country, language in homes]))


def _scaled(effect: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = effect - effect.mean(axis=0)
    centred -= centred.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.sqrt(np.square(centred).mean()))


def _with_unknown(effect: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([effect, np.zeros_like(effect[:1])])
