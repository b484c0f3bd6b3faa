"""Default weights of the components, learned on held-out items as a function of how much a profile holds.

Each held-out user asks twice: with the whole past, and with only the latest few of it, as the newcomer that everybody
once was. The weights are then searched one after the other for the NDCG of the sum. Collaborative weighs 1, so only the
others move, each from a newcomer's value to a regular's. To gain weight a component must show a gain of more than 2.5
standard errors; to lose some, of one: what does not help is left where it is, and what harms is turned off. What is
done for newcomers must not cost those whose past is whole, as it would where a weight fades slowly. Of the
values that come within a standard error of the best one that nearest to the present one is taken, as trees are pruned
(Breiman et al., Classification and Regression Trees, 1984): what the data hardly tell apart is no reason to go far.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossfade.engine import COMPONENTS
from crossfade.types import FloatArray
from crossfade_indexing.config import FusionConfig
from crossfade_indexing.selection.candidates import Candidates
from crossfade_indexing.selection.factors import Trial
from crossfade_indexing.selection.holdout import STANDARD_ERRORS, mean_and_error, means_by_kind

__all__ = ["FEWEST_USERS", "LearnedFusion", "learn_fusion", "start_for", "trend_is_named"]

FEWEST_USERS = 100
"""Fewer held-out users would choose by chance."""

_USERS_WORTH_TEXTS, _MOST_TEXTS_ARE_WORTH = 60.0, 4.0

_ROUNDS = 2
_WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.5)
# What everybody uses may count as much as what somebody did, not more: a first click must be seen to matter.
_WEIGHTS_OF_ALL = tuple(weight for weight in _WEIGHTS if weight <= 1.0)
_FADES = (3.0, 10.0, 20.0, 50.0, 150.0)
_ERRORS_TO_LOSE_WEIGHT = 1.0


@dataclass(frozen=True)
class LearnedFusion:
    """What was learned.

    Attributes:
        config: The weights.
        half_life_days: Of the trend that helps, or that the config asks for; None if there is none.
        trials: The settings that were taken on the way, the first being the start.
    """

    config: FusionConfig
    half_life_days: float | None
    trials: Sequence[Trial]


def start_for(config: FusionConfig, n_users: int) -> FusionConfig:
    """Return where to start: the config, with more content where few people tell of each other.

    Content weighs ``1 + 60 / n_users`` times as much, at most four times: twice where there are sixty users, as ever
    where there are thousands. (In twenty samples of thirty people NDCG@10 was 0.047 with the weights as they are, 0.050
    with content at 1, and 0.049 with content alone.) A part that the config names stays.

    Args:
        config: Of the run.
        n_users: How many have had something.
    """
    factor = min(1 + _USERS_WORTH_TEXTS / max(n_users, 1), _MOST_TEXTS_ARE_WORTH)
    sides = {side: getattr(config, side) for side in _open_sides(config.model_fields_set)}
    return FusionConfig.model_construct(
        config.model_fields_set,
        **dict(config) | {side: {**weights, "content": factor * weights["content"]} for side, weights in sides.items()},
    )


def learn_fusion(candidates: Candidates, config: FusionConfig, trends: Mapping[float, FloatArray]) -> LearnedFusion:
    """Learn the weights without a trend, then add the trend that gains most, if one does.

    Args:
        candidates: What to rank.
        config: Where to start; a part that it names stays.
        trends: By half-life in days, the z of each trend, shape (n_items,).
    """
    search = _Search(candidates, config)
    for _ in range(_ROUNDS):
        before = search.best
        for move in _moves(candidates, config.model_fields_set):
            search.take(move)
        if search.best == before:
            break
    best, half_life = search, None
    if trend_is_named(config):
        return LearnedFusion(search.best, _best_half_life(candidates, search.best, trends), search.trials)
    for days, z in trends.items():
        with_it = _Search(candidates.trending(z), config, start=search.best)
        with_it.take(_Move("trend", _WEIGHTS_OF_ALL, _open_sides(config.model_fields_set)))
        if len(with_it.trials) > 1 and (half_life is None or with_it.trials[-1].sure_gain > best.trials[-1].sure_gain):
            best, half_life = with_it, days
    trials = search.trials if best is search else [*search.trials, *best.trials[1:]]
    return LearnedFusion(best.best, half_life, trials)


def trend_is_named(config: FusionConfig) -> bool:
    """Return whether a side that the config names gives the trend weight."""
    return any(getattr(config, side)["trend"] > 0 for side in config.model_fields_set & {"newcomer", "regular"})


def _best_half_life(candidates: Candidates, config: FusionConfig, trends: Mapping[float, FloatArray]) -> float | None:
    means = {days: float(candidates.trending(z).ndcg(config).mean()) for days, z in trends.items()}
    return max(means, key=lambda days: means[days], default=None)


@dataclass(frozen=True)
class _Move:
    """One step of the search: settings that differ from the best so far in one component, or in the fade."""

    component: str | None
    values: Sequence[float]
    sides: Sequence[str] = ()

    def settings(self, best: FusionConfig) -> Iterator[FusionConfig]:
        for value in self.values:
            if self.component is None:
                yield best.model_copy(update={"fade": value})
            else:
                update = {side: {**getattr(best, side), self.component: value} for side in self.sides}
                yield best.model_copy(update=update)


@dataclass(frozen=True)
class _Gain:
    """What a setting gains over the best so far.

    Attributes:
        setting: The setting.
        ndcg: Shape (v,).
        mean: Relative gain.
        error: Its standard error.
        sure: The gain less as many standard errors as it takes.
        regulars: What those whose past is whole add to it, summed.
    """

    setting: FusionConfig
    ndcg: NDArray[np.float64]
    mean: float
    error: float
    sure: float
    regulars: float


class _Search:
    """The best setting so far, and how it came about."""

    def __init__(self, candidates: Candidates, config: FusionConfig, *, start: FusionConfig | None = None) -> None:
        self._candidates = candidates
        self.best = start or config
        self._best_ndcg = self._base = candidates.ndcg(self.best)
        self.trials = [self._trial()]

    def take(self, move: _Move) -> None:
        """Make a move if one of its settings gains enough: the nearest that is within a standard error of the best."""
        tried = [self._gain(setting) for setting in move.settings(self.best)]
        spared = [gain for gain in tried if "newcomer" not in move.sides or gain.regulars >= 0]
        sure = [gain for gain in spared if gain.sure > 0]
        if not sure:
            return
        best = max(sure, key=lambda gain: gain.sure)
        near = [gain for gain in sure if gain.mean >= best.mean - best.error]
        taken = min(near, key=lambda gain: _distance(gain.setting, self.best))
        self.best, self._best_ndcg = taken.setting, taken.ndcg
        self.trials.append(self._trial())

    def _gain(self, setting: FusionConfig) -> _Gain:
        ndcg = self._candidates.ndcg(setting)
        gains = self._candidates.gains(ndcg, self._best_ndcg)
        errors = _ERRORS_TO_LOSE_WEIGHT if _total(setting) < _total(self.best) else STANDARD_ERRORS
        mean, error = mean_and_error(gains, self._candidates.users)
        regulars = float(gains[~self._candidates.newcomers].sum())
        return _Gain(setting, ndcg, mean, error, mean - errors * error, regulars)

    def _trial(self) -> Trial:
        ndcg, kinds, config = self._best_ndcg, self._candidates.kinds, self.best
        gains = self._candidates.gains(ndcg, self._base)
        sides = {"newcomer": config.newcomer, "regular": config.regular}
        setting = {f"{side}.{name}": weights[name] for side, weights in sides.items() for name in COMPONENTS}
        means = means_by_kind(ndcg, kinds)
        return Trial(setting | {"fade": config.fade}, means, *mean_and_error(gains, self._candidates.users))


def _moves(candidates: Candidates, named: set[str]) -> Iterator[_Move]:
    for name, z in candidates.z.items():
        if name == "collaborative" or not z.any():
            continue
        # Each side must earn its own: moved together, popularity that newcomers need would be forced upon regulars.
        for side in _open_sides(named):
            yield _Move(name, _WEIGHTS_OF_ALL if name == "popularity" else _WEIGHTS, [side])
    if "fade" not in named:
        yield _Move(None, _FADES)


def _open_sides(named: set[str]) -> list[str]:
    return [side for side in ("regular", "newcomer") if side not in named]


def _distance(one: FusionConfig, other: FusionConfig) -> float:
    return abs(_total(one) - _total(other)) + abs(math.log(one.fade / other.fade))


def _total(config: FusionConfig) -> float:
    return sum(config.newcomer.values()) + sum(config.regular.values())
