"""Everybody chooses, one choice after another, all people at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crossfade_indexing.sample import effects
from crossfade_indexing.sample.choice import ChoiceModel, Situations
from crossfade_indexing.sample.draws import Draws, pick
from crossfade_indexing.sample.visits import DAY_S, START_S, Visits

__all__ = ["GLANCE_S", "SLATE", "Choices", "choose"]

SLATE = 8
GLANCE_S = 4
"""Seconds spent on each title of a slate."""

_PAUSE_S, _RETURN_S = 60, 600
_THURSDAY = 3
"""The weekday of 1970-01-01."""


@dataclass(frozen=True)
class Choices:
    """What happened each time somebody looked for something to watch, by person and then by time.

    Attributes:
        visit: Shape (choices,), places among the visits.
        start_s: Shape (choices,): when, in seconds since 1970, UTC.
        slate: Shape (choices, 8): the titles laid out, with repeats.
        looked_at: Shape (choices,): how many of them were looked at, from the first.
        title: Shape (choices,): the one watched, -1 for none.
        end_s: Shape (choices,): when it was over, in seconds since 1970, UTC.
        finished: Shape (choices,): whether it was watched to the end.
        liked: Shape (choices,): whether it was liked.
        disliked: Shape (choices,): whether it was disliked.
    """

    visit: NDArray[np.int64]
    start_s: NDArray[np.int64]
    slate: NDArray[np.int64]
    looked_at: NDArray[np.int64]
    title: NDArray[np.int64]
    end_s: NDArray[np.int64]
    finished: NDArray[np.bool_]
    liked: NDArray[np.bool_]
    disliked: NDArray[np.bool_]

    def __getitem__(self, rows: NDArray[np.int64]) -> Choices:
        """Some of the choices, in the order asked for."""
        return Choices(**{name: column[rows] for name, column in vars(self).items()})


class _Crowd:
    """Where everybody is in their evening: the clock, the last title, and all titles watched."""

    def __init__(self, visits: Visits, minutes: NDArray[np.int64], people: int) -> None:
        self._visits, self._minutes = visits, minutes
        self.clock_s = np.zeros(people, dtype=np.int64)
        self._previous = np.full(people, -1)
        self._watched = np.zeros((people, len(minutes)), dtype=np.bool_)

    def begin(self, visit: NDArray[np.int64], opening: NDArray[np.bool_]) -> None:
        """Move those who open a visit to its time, or later if they are still busy with the one before."""
        person = self._visits.person[visit[opening]]
        self.clock_s[person] = np.maximum(self._visits.start_s[visit[opening]], self.clock_s[person] + _RETURN_S)
        self._previous[person] = -1

    def take(self, model: ChoiceModel, visit: NDArray[np.int64], uniforms: NDArray[np.float64]) -> Choices:
        """Let one person per visit go through a slate.

        Args:
            model: How they choose.
            visit: Shape (batch,), places among the visits, no person twice.
            uniforms: Shape (batch, 2 * SLATE + 3): chance; for the slate, for wanting each, and for what follows.
        """
        offer = model.offer(self._situations(visit))
        slate = pick(offer.shown, uniforms[:, :SLATE])
        wanted = uniforms[:, SLATE : 2 * SLATE] < np.take_along_axis(offer.taken, slate, axis=1)
        place, watching = np.argmax(wanted, axis=1), wanted.any(axis=1)
        title = np.take_along_axis(slate, place[:, None], axis=1)[:, 0]
        fit = np.take_along_axis(offer.fit, title[:, None], axis=1)[:, 0]
        finishing, feeling, patience = uniforms[:, 2 * SLATE :].T
        finished = watching & (finishing < expit(0.4 * fit - 1.0))
        looked_at = np.where(watching, place + 1, SLATE)
        share = np.where(finished, 1.0, np.where(watching, 0.02 + 0.8 * patience, 0.0))
        start_s = self.clock_s[self._visits.person[visit]]
        taken = Choices(
            visit=visit,
            start_s=start_s,
            slate=slate,
            looked_at=looked_at,
            title=np.where(watching, title, -1),
            end_s=start_s + GLANCE_S * looked_at + np.round(60.0 * self._minutes[title] * share).astype(np.int64),
            finished=finished,
            liked=finished & (feeling < expit(0.5 * fit - 3.4)),
            disliked=watching & ~finished & (feeling < expit(-0.8 - 0.8 * fit)),
        )
        self._go_on(taken)
        return taken

    def _situations(self, visit: NDArray[np.int64]) -> Situations:
        person = self._visits.person[visit]
        local_s = self.clock_s[person] + self._visits.offset_s[visit]
        return Situations(
            person=person,
            day=(self.clock_s[person] - START_S) // DAY_S,
            part_of_day=effects.part_of_day(local_s // 3600 % 24),
            weekday=(local_s // DAY_S + _THURSDAY) % 7,
            device=self._visits.device[visit],
            network=self._visits.network[visit],
            previous=self._previous[person],
            watched=self._watched[person],
        )

    def _go_on(self, taken: Choices) -> None:
        person, watching = self._visits.person[taken.visit], taken.title >= 0
        self.clock_s[person] = taken.end_s + _PAUSE_S
        self._previous[person[watching]] = taken.title[watching]
        self._watched[person[watching], taken.title[watching]] = True


def choose(
    draws: Draws, model: ChoiceModel, visits: Visits, minutes: NDArray[np.int64], *, people: int, days: int
) -> Choices:
    """Let everybody choose, visit by visit; what would begin after the last day is left out.

    Args:
        draws: Where chance comes from.
        model: How people choose.
        visits: When they come, by person and then by time.
        minutes: Shape (titles,): how long each title is.
        people: How many people there are.
        days: Length of the simulation in days.
    """
    visit = np.repeat(np.arange(len(visits.person)), visits.choices)
    opening = np.diff(visit, prepend=-1) > 0
    uniforms = draws.uniform(len(visit), 2 * SLATE + 3)
    _, begin, count = np.unique(visits.person[visit], return_index=True, return_counts=True)
    crowd = _Crowd(visits, minutes, people)
    rows, steps = [np.empty(0, dtype=np.int64)], [_nothing()]
    for step in range(count.max(initial=0)):
        row = begin[count > step] + step
        crowd.begin(visit[row], opening[row])
        row = row[crowd.clock_s[visits.person[visit[row]]] < START_S + days * DAY_S]
        rows.append(row)
        steps.append(crowd.take(model, visit[row], uniforms[row]))
    together = Choices(**{name: np.concatenate([getattr(taken, name) for taken in steps]) for name in vars(steps[0])})
    return together[np.argsort(np.concatenate(rows), kind="stable")]


def _nothing() -> Choices:
    none, no = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_)
    return Choices(none, none, np.empty((0, SLATE), dtype=np.int64), none, none, none, no, no, no)
