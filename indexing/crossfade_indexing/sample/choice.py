r"""The choice model: which title a person watches. It is the ground truth of the sample, and no inner product.

A person who looks for something to watch goes through a slate of up to eight titles, one after another, and takes
the first that is good enough (satisficing, Simon 1955; one after another as in the cascade model of Craswell et
al. 2008). Given that something is taken, it is title i with probability e_i a_i / Σ_j e_j a_j exactly, however long
the slate: e is the probability of being shown, a that of being taken when shown.

**Fit.** How well title i suits person u who has watched n titles so far::

    F_ui = max((1 - .28 k_n) 6.8 text_taste T_ui, k_n 5.3 hidden_groups H_ui) - 1.2 text_taste A_ui
    k_n  = 1 - exp(-n / 4)

- T is the person's *best* interest in the title; a second one that matches adds nothing. An interest has an
  importance and consists of a subject, another theme and a genre. With the subject, the match is .65 + .25 if the
  genre fits + .10 if the other theme does; without it, .15 and .05. The text tells of all three.
- H is the person's fondness for the one hidden group the title belongs to. The groups are a random partition:
  neither text nor properties tell of them. Those who are new choose by what they read, and hear of the rest by and
  by; the better reason counts, not the sum of both.
- A is 1 if the title has a theme the person is averse to.

**What is shown.** Each place of the slate is filled on its own, so a title may come up twice::

    e_i = .20 softmax_i(p_i) + .65 softmax_i(.9 F_ui + .4 p_i) + .15 / n,    p_i = popularity q_i + 1.2 trends b_i(day)

over the n titles available that day; q_i is normal, so that promotion has a long tail, and b_i(day) is a bell curve
around the title's day in fashion, 9 days wide.

**What is taken.** A title is taken if its utility plus logistic noise, which is the difference of two Gumbel
variables, exceeds what the person aspires to; and who is used to better aspires to more::

    a_i = 1 / (1 + exp(1.3 + .65 log Σ_j e_j exp(U_j) - U_i))
    U_i = F_ui + attributes (.40 age_i + .35 household_i + .45 country_i)
          + 1.3 part_of_day E_i + .65 weekday E_i + .85 device E_i + .45 network E_i
          - satiation S_i + .8 momentum m_u O_i

- age, household, country and the E are the tables of :mod:`~crossfade_indexing.sample.effects`, each of root mean
  square 1. The field ``shard`` and the attribute ``plan`` have none. Device and network go together: the
  network is drawn given the device.
- S is 4 for titles watched before (1.5 for children's), else 0.
- O is the share of the title's themes that the title just watched in the same session has too; m_u is the person's
  own and may be negative.

**What follows.** A title taken is finished with probability expit(.4 F - 1), and then liked with expit(.5 F - 3.4); not
finished, it is disliked with expit(-.8 - .8 F), where expit(x) = 1 / (1 + exp(-x)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit

from crossfade_indexing.sample import effects
from crossfade_indexing.sample.people import HOMES, People
from crossfade_indexing.sample.strengths import Strengths
from crossfade_indexing.sample.supply import Supply
from crossfade_indexing.sample.titles import GENRES, THEMES, marks_of

__all__ = ["FIELD_WEIGHTS", "ChoiceModel", "Offer", "Situations"]

FIELD_WEIGHTS: dict[str, float] = {
    "part_of_day": 1.30,
    "weekday": 0.65,
    "device": 0.85,
    "network": 0.45,
    "shard": 0.0,
    "age_band": 0.40,
    "household": 0.35,
    "country": 0.45,
    "plan": 0.0,
}
"""By how much one standard deviation of a field's table moves the utility, at strength 1."""

_TEXT, _HIDDEN, _AVERSION = 6.8, 5.3, 1.2
_TEXT_FADE, _FAMILIAR_AFTER = 0.28, 4.0
_PROMOTED, _SUITING, _ANYTHING = 0.20, 0.65, 0.15
_SUITING_SLOPE, _SUITING_PROMOTION = 0.9, 0.4
_FASHION_HEIGHT, _FASHION_DAYS = 1.2, 9.0
_RESERVE, _ASPIRATION = 1.3, 0.65
_SATIATION, _SATIATION_CHILDREN, _MOMENTUM = 4.0, 1.5, 0.8


@dataclass(frozen=True)
class Situations:
    """A batch of moments at which somebody looks for something to watch; arrays of shape (batch,) but for one.

    Attributes:
        person: Places among the people.
        day: Days of the simulation, from 0, in UTC.
        part_of_day: Places in ``effects.PARTS_OF_DAY``; here and in the next three, -1 where it is not known.
        weekday: Places in ``effects.WEEKDAYS``.
        device: Places in ``effects.DEVICES``.
        network: Places in ``effects.NETWORKS``.
        previous: The title just watched in the same session, -1 for none.
        watched: Shape (batch, titles): what the person has watched before.
    """

    person: NDArray[np.int64]
    day: NDArray[np.int64]
    part_of_day: NDArray[np.int64]
    weekday: NDArray[np.int64]
    device: NDArray[np.int64]
    network: NDArray[np.int64]
    previous: NDArray[np.int64]
    watched: NDArray[np.bool_]


@dataclass(frozen=True)
class Offer:
    """What the titles are worth in a batch of situations; arrays of shape (batch, titles).

    Attributes:
        fit: F in the model.
        shown: e in the model; sums to 1, and is 0 for titles not available.
        taken: a in the model.
    """

    fit: NDArray[np.float64]
    shown: NDArray[np.float64]
    taken: NDArray[np.float64]

    def probabilities(self) -> NDArray[np.float64]:
        """Of each title to be the one that is taken, if one is; shape (batch, titles), rows sum to 1."""
        chances = self.shown * self.taken
        return np.asarray(chances / chances.sum(axis=1, keepdims=True))


class ChoiceModel:
    """The model above for given people, titles and strengths.

    Args:
        catalogue: As ``load_catalogue`` gives it, themes included.
        people: Who chooses.
        supply: What chance decided about the titles.
        strengths: How strong each effect is.
        days: Length of the simulation in days.

    Attributes:
        taste: Shape (people, titles), 0 to 1: T in the model.
        fondness: Shape (people, titles), 0 to 1: H in the model.
        aversion: Shape (people, titles): A in the model.
    """

    def __init__(
        self, catalogue: pl.DataFrame, people: People, supply: Supply, strengths: Strengths, *, days: int
    ) -> None:
        themes = marks_of(catalogue, "themes", THEMES)
        self.taste = _best_interest(people, themes, marks_of(catalogue, "genres", GENRES))
        self.fondness = people.fondness[:, supply.group]
        self.aversion = np.asarray(themes.T[people.aversions].any(axis=1))
        self._strengths, self._momentum = strengths, people.momentum
        self._shared_themes = themes.astype(np.float64) @ themes.T / themes.sum(axis=1)
        marks = effects.Marks(catalogue)
        self._circumstances = strengths.attributes * _circumstances(marks, people)
        self._parts = FIELD_WEIGHTS["part_of_day"] * strengths.part_of_day * effects.part_of_day_effect(marks)
        self._weekdays = FIELD_WEIGHTS["weekday"] * strengths.weekday * effects.weekday_effect(marks)
        self._devices = FIELD_WEIGHTS["device"] * strengths.device * effects.device_effect(marks)
        self._networks = FIELD_WEIGHTS["network"] * strengths.network * effects.network_effect(marks)
        satiation = np.where(marks.kind("children") > 0, _SATIATION_CHILDREN, _SATIATION)
        self._satiation = strengths.satiation * satiation
        day = np.arange(days)[:, None]
        fashion = np.exp(-np.square((day - supply.fashion_day) / _FASHION_DAYS) / 2)
        self._promotion = strengths.popularity * supply.appeal + _FASHION_HEIGHT * strengths.trends * fashion
        self._available = supply.added < day

    def offer(self, situations: Situations) -> Offer:
        """What every title is worth to everybody in their situation."""
        fit = self._fit(situations)
        shown = self._shown(situations, fit)
        utility = fit + self._circumstances[situations.person]
        utility += self._parts[situations.part_of_day]
        utility += self._weekdays[situations.weekday, situations.part_of_day]
        utility += self._devices[situations.device]
        utility += self._networks[situations.network]
        utility -= self._satiation * situations.watched
        self._carry_on(utility, situations)
        usual = np.log((shown * np.exp(utility)).sum(axis=1, keepdims=True))
        return Offer(fit, shown, np.asarray(expit(utility - _RESERVE - _ASPIRATION * usual)))

    def _fit(self, situations: Situations) -> NDArray[np.float64]:
        familiar = 1.0 - np.exp(-situations.watched.sum(axis=1, keepdims=True) / _FAMILIAR_AFTER)
        text = (1.0 - _TEXT_FADE * familiar) * (_TEXT * self._strengths.text_taste) * self.taste[situations.person]
        heard_of = familiar * (_HIDDEN * self._strengths.hidden_groups) * self.fondness[situations.person]
        averse = _AVERSION * self._strengths.text_taste * self.aversion[situations.person]
        return np.asarray(np.maximum(text, heard_of) - averse)

    def _shown(self, situations: Situations, fit: NDArray[np.float64]) -> NDArray[np.float64]:
        available = self._available[situations.day]
        promoted = np.exp(self._promotion[situations.day]) * available
        suiting = np.exp(_SUITING_SLOPE * fit + _SUITING_PROMOTION * self._promotion[situations.day]) * available
        return np.asarray(
            (_PROMOTED / promoted.sum(axis=1, keepdims=True)) * promoted
            + (_SUITING / suiting.sum(axis=1, keepdims=True)) * suiting
            + (_ANYTHING / available.sum(axis=1, keepdims=True)) * available
        )

    def _carry_on(self, utility: NDArray[np.float64], situations: Situations) -> None:
        bound = np.flatnonzero(situations.previous >= 0)
        pull = _MOMENTUM * self._strengths.momentum * self._momentum[situations.person[bound]]
        utility[bound] += pull[:, None] * self._shared_themes[situations.previous[bound]]


def _best_interest(people: People, themes: NDArray[np.bool_], genres: NDArray[np.bool_]) -> NDArray[np.float64]:
    best = np.zeros((len(people.importance), len(themes)))
    # One interest after another: all four at once would take four times the memory, for nothing.
    for interest in range(people.importance.shape[1]):
        subject = themes.T[people.subject[:, interest]]
        genre, tone = genres.T[people.genre[:, interest]], themes.T[people.tone[:, interest]]
        match = np.where(subject, 0.65 + 0.25 * genre + 0.10 * tone, 0.15 * genre + 0.05 * tone)
        np.maximum(best, people.importance[:, interest, None] * match, out=best)
    return best


def _circumstances(marks: effects.Marks, people: People) -> NDArray[np.float64]:
    homes = [(country, language) for country, language, *_ in HOMES]
    return (
        FIELD_WEIGHTS["age_band"] * effects.age_effect(marks)[people.age_band]
        + FIELD_WEIGHTS["household"] * effects.household_effect(marks)[people.household]
        + FIELD_WEIGHTS["country"] * effects.country_effect(marks, homes)[people.home]
    )
