"""Who the people of the sample are: circumstances, hidden tastes, and when and on what they watch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade_indexing.sample.draws import Draws
from crossfade_indexing.sample.effects import AGE_BANDS, HOUSEHOLDS
from crossfade_indexing.sample.titles import GENRES, SUBJECTS, THEMES, marks_of

__all__ = ["HIDDEN_GROUPS", "HOMES", "People", "draw_people"]

HOMES: tuple[tuple[str, str, str, float], ...] = (
    ("GB", "en", "Europe/London", 12),
    ("IE", "en", "Europe/Dublin", 3),
    ("US", "en", "America/New_York", 8),
    ("US", "en", "America/Chicago", 4),
    ("US", "en", "America/Los_Angeles", 6),
    ("DE", "de", "Europe/Berlin", 12),
    ("AT", "de", "Europe/Vienna", 3),
    ("FR", "fr", "Europe/Paris", 8),
    ("ES", "es", "Europe/Madrid", 6),
    ("IT", "it", "Europe/Rome", 6),
    ("NO", "no", "Europe/Oslo", 5),
    ("PL", "pl", "Europe/Warsaw", 4),
    ("TR", "tr", "Europe/Istanbul", 3),
    ("IN", "hi", "Asia/Kolkata", 5),
    ("JP", "ja", "Asia/Tokyo", 5),
    ("KR", "ko", "Asia/Seoul", 3),
    ("BR", "pt", "America/Sao_Paulo", 5),
    ("MX", "es", "America/Mexico_City", 4),
    ("NG", "en", "Africa/Lagos", 3),
    ("AU", "en", "Australia/Sydney", 4),
)
"""Country, first language, time zone, and how many people in proportion."""

HIDDEN_GROUPS = 40

_PLANS = ("basic", "standard", "premium")
_IMPORTANCE = (1.0, 0.5, 0.35, 0.25)
_FONDNESS = (1.0, 0.85, 0.7)
_NEWCOMERS, _TRIED_ONCE, _FROM_THE_START = 0.10, 0.05, 0.62
_NEWCOMER_DAYS = 10
# In the order of PARTS_OF_DAY and of DEVICES.
_PARTS, _DEVICES = (0.16, 0.20, 0.22, 0.42), (0.42, 0.28, 0.11, 0.19)


@dataclass(frozen=True)
class People:
    """The people, in one order throughout.

    Attributes:
        users: ``user_id``, ``country``, ``timezone``, ``age_band``, ``household`` and ``plan``; String all.
        home: Shape (people,), places in :data:`HOMES`.
        age_band: Shape (people,), places in ``AGE_BANDS``.
        household: Shape (people,), places in ``HOUSEHOLDS``.
        subject: Shape (people, 4), places in ``THEMES``: what each of a person's interests is about.
        tone: Shape (people, 4), places in ``THEMES``: the second theme of each interest.
        genre: Shape (people, 4), places in ``GENRES``: the genre of each interest.
        importance: Shape (people, 4), 0 to 1 and falling; 0 where a person has fewer interests.
        aversions: Shape (people, 2): themes disliked, none of them in the person's interests.
        fondness: Shape (people, hidden groups), 0 to 1, above 0 for three groups each.
        momentum: Shape (people,); above 0 for those who go on with a theme, below for those whom it tires.
        sessions: Shape (people,), at least 1: how often they come in all.
        joined: Shape (people,), the day of the simulation from which they come.
        parts: Shape (people, parts of day), summing to 1: when they watch.
        devices: Shape (people, devices), summing to 1: on what they watch, whatever the time.
        weekend: Shape (people,), how many times as likely as a working day a day of the weekend is.
    """

    users: pl.DataFrame
    home: NDArray[np.int64]
    age_band: NDArray[np.int64]
    household: NDArray[np.int64]
    subject: NDArray[np.int64]
    tone: NDArray[np.int64]
    genre: NDArray[np.int64]
    importance: NDArray[np.float64]
    aversions: NDArray[np.int64]
    fondness: NDArray[np.float64]
    momentum: NDArray[np.float64]
    sessions: NDArray[np.int64]
    joined: NDArray[np.int64]
    parts: NDArray[np.float64]
    devices: NDArray[np.float64]
    weekend: NDArray[np.float64]


def draw_people(draws: Draws, catalogue: pl.DataFrame, *, people: int, days: int) -> People:
    """Draw everyone's circumstances, tastes and habits.

    Args:
        draws: Where chance comes from.
        catalogue: As ``load_catalogue`` gives it; interests are combinations that some title offers.
        people: How many, at least 1.
        days: Length of the simulation in days, at least 1.
    """
    home = draws.repeated(tuple(weight for *_, weight in HOMES), people)
    age_band = draws.repeated((0.16, 0.26, 0.27, 0.19, 0.12), people)
    household = draws.repeated((0.36, 0.30, 0.34), people)
    plan = draws.repeated((0.4, 0.4, 0.2), people)
    subject, tone, genre = _draw_interests(draws, catalogue, people)
    sessions, joined = _draw_activity(draws, people, days)
    return People(
        users=pl.DataFrame(
            {
                "user_id": [f"p{number:04d}" for number in range(1, people + 1)],
                "country": [HOMES[place][0] for place in home],
                "timezone": [HOMES[place][2] for place in home],
                "age_band": [AGE_BANDS[place] for place in age_band],
                "household": [HOUSEHOLDS[place] for place in household],
                "plan": [_PLANS[place] for place in plan],
            }
        ),
        home=home,
        age_band=age_band,
        household=household,
        subject=subject,
        tone=tone,
        genre=genre,
        importance=np.array(_IMPORTANCE) * (np.arange(4) < 2 + draws.repeated((0.3, 0.4, 0.3), people)[:, None]),
        aversions=_draw_aversions(draws, subject, tone),
        fondness=_draw_fondness(draws, people),
        momentum=0.5 + 0.7 * draws.normal(people),
        sessions=sessions,
        joined=joined,
        parts=_scattered(draws, _PARTS, people),
        devices=_scattered(draws, _DEVICES, people),
        weekend=np.exp(0.35 + 0.5 * draws.normal(people)),
    )


def _draw_interests(
    draws: Draws, catalogue: pl.DataFrame, people: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Each interest is a subject, another theme and a genre of one title drawn at random: there is one to watch."""
    themes, genres = marks_of(catalogue, "themes", THEMES), marks_of(catalogue, "genres", GENRES)
    subjects = themes & np.isin(THEMES, SUBJECTS)
    candidates = np.flatnonzero(subjects.any(axis=1))
    models = candidates[draws.below(len(candidates), people * len(_IMPORTANCE))]
    subject = draws.one_of(subjects[models])
    others = themes[models] & (np.arange(len(THEMES)) != subject[:, None])
    shape = (people, len(_IMPORTANCE))
    return subject.reshape(shape), draws.one_of(others).reshape(shape), draws.one_of(genres[models]).reshape(shape)


def _draw_aversions(draws: Draws, subject: NDArray[np.int64], tone: NDArray[np.int64]) -> NDArray[np.int64]:
    allowed = np.ones((len(subject), len(THEMES)), dtype=np.bool_)
    for themes in (subject, tone):
        np.put_along_axis(allowed, themes, values=False, axis=1)
    return np.argsort(draws.uniform(*allowed.shape) - allowed, axis=1, kind="stable")[:, :2]


def _draw_fondness(draws: Draws, people: int) -> NDArray[np.float64]:
    fondness = np.zeros((people, HIDDEN_GROUPS))
    groups = np.argsort(draws.uniform(people, HIDDEN_GROUPS), axis=1, kind="stable")[:, : len(_FONDNESS)]
    np.put_along_axis(fondness, groups, np.array([_FONDNESS]), axis=1)
    return fondness


def _draw_activity(draws: Draws, people: int, days: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Long-tailed: many come a few times, a few every day, some once; the newcomers join in the last days."""
    newcomer_days = min(_NEWCOMER_DAYS, days)
    fate, since, rate = draws.uniform(people), draws.uniform(people), np.exp(0.95 * draws.normal(people))
    newcomer, once = fate < _NEWCOMERS, fate > 1.0 - _TRIED_ONCE
    gradual = np.maximum(since - _FROM_THE_START, 0.0) / (1.0 - _FROM_THE_START) * (days - newcomer_days)
    joined = np.floor(np.where(newcomer, days - newcomer_days * (1.0 - since), gradual)).astype(np.int64)
    regular = np.clip(np.round(0.115 * rate * (days - joined)), 1, 2 * days)
    sessions = np.where(newcomer, 1 + draws.below(3, people), np.where(once, 1, regular))
    return sessions.astype(np.int64), joined


def _scattered(draws: Draws, weights: tuple[float, ...], people: int) -> NDArray[np.float64]:
    """Let people differ around the common habit: each weight times a log-normal number."""
    scattered = np.array(weights) * np.exp(0.8 * draws.normal(people, len(weights)))
    return np.asarray(scattered / scattered.sum(axis=1, keepdims=True))
