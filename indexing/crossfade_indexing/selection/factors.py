"""Hyper-parameters of the factors, chosen on held-out past items within a time budget.

The exponents a and b each cost a decomposition; the filter, the leverage and the profile's recency are then tried on it
for the price of a matrix product. A setting that the config names is not varied.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossfade_indexing.config import EvidenceConfig, FactorizationConfig, IndexingConfig
from crossfade_indexing.learning.factorization import Decomposition, Factors, decompose, shape_factors
from crossfade_indexing.progress import Advance
from crossfade_indexing.selection.holdout import (
    STANDARD_ERRORS,
    HeldOutProfiles,
    Holdout,
    mean_and_error,
    means_by_kind,
    relative_gains,
)

__all__ = ["Selection", "Trial", "select"]

# Best bets first: the time may not last for all. Rated and dense data likes the small ones, sparse data the large.
_EXPONENTS = ((0.3, 0.1), (0.5, 0.5), (0.3, 0.4), (0.1, 0.0), (0.5, 0.2), (0.5, 0.7))
_COARSE = ((64, 1.0), (16, 1.0), (256, 1.0), (64, 0.25), (256, 0.25))
_HALF_RANKS = (8, 16, 32, 64, 128, 256, 512)
_FILTERS = (1.0, 0.5, 0.25, 0.1)
_LEVERAGES = (0.5, 0.0, 1.0)
_RANKS = (32, 64, 128, 256)
_RECENCIES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5)
_AGAINST = (0.0, 0.1, 0.3, 0.6, 1.0)
_AGE_HALF_LIVES_DAYS = (1_095.0, 365.0, 90.0, 30.0)
# Shares of the time after which each stage stops, so that on large data the first leaves some for the others; what
# remains is for the fusion.
_COARSE_UNTIL, _REFINED_UNTIL, _AGED_UNTIL, _PROFILE_UNTIL = 0.4, 0.55, 0.65, 0.75
# Fewer held-out users than this choose nothing: their mean is noise.
_FEWEST_USERS = 20


@dataclass(frozen=True)
class Trial:
    """One setting and how it did.

    Attributes:
        setting: What was set.
        ndcg: NDCG@20 by kind of held-out item.
        gain: Over what this stage of the search began with, weighed over the kinds; 0.01 is a percent.
        error: Its standard error.
    """

    setting: Mapping[str, float]
    ndcg: Mapping[str, float]
    gain: float
    error: float

    @property
    def sure_gain(self) -> float:
        """The gain less 2.5 standard errors: a departure from the default must be more than luck."""
        return self.gain - STANDARD_ERRORS * self.error


@dataclass
class Selection:
    """What was chosen and how.

    Attributes:
        evidence: With the chosen recency and weight of evidence against.
        factorization: With the chosen hyper-parameters.
        trials: All that was tried, in order; the first is the default.
        users: How many held-out users' lists each trial was measured on.
        finished: Whether the time lasted for everything.
    """

    evidence: EvidenceConfig
    factorization: FactorizationConfig
    trials: list[Trial] = field(default_factory=list)
    users: int = 0
    finished: bool = True


def select(holdouts: Sequence[Holdout], config: IndexingConfig, on_progress: Advance) -> Selection:
    """Choose what the config leaves open.

    Args:
        holdouts: What to choose on, at least one; several are pooled. Not aged yet.
        config: Settings named in it stay as they are; ``selection`` says how long to look.
        on_progress: Called with seconds spent and allowed.

    Returns:
        The setting of largest sure gain. With no time or fewer than twenty users, what the config says.
    """
    users = sum(len(holdout.users) for holdout in holdouts)
    people = len(np.unique(np.concatenate([holdout.users for holdout in holdouts])))
    if config.selection.seconds == 0 or people < _FEWEST_USERS:
        return Selection(config.evidence, config.factorization, users=users)
    search = _Search(holdouts, config, on_progress)
    factorization, decompositions = search.factorization()
    evidence, decompositions = search.age(factorization, decompositions)
    factors = [shape_factors(decomposition, factorization) for decomposition in decompositions]
    evidence = search.evidence(factors, evidence)
    return Selection(evidence, factorization, search.trials, users, search.finished)


class _Search:
    """One run of ``select``: its clock, its trials, and what every trial is compared with."""

    def __init__(self, holdouts: Sequence[Holdout], config: IndexingConfig, on_progress: Advance) -> None:
        self._holdouts = holdouts
        self._profiles: list[HeldOutProfiles] = []
        self._matrices: list[sp.csr_array] = []
        self._age(config.evidence.age_half_life_days)
        self._config = config
        self._on_progress = on_progress
        self._started = time.monotonic()
        self._base: list[NDArray[np.float64]] = []
        self.trials: list[Trial] = []
        self.finished = True

    def factorization(self) -> tuple[FactorizationConfig, list[Decomposition]]:
        """Find the exponents on a coarse grid of filters, then the rest with the best of them."""
        best: tuple[Trial, FactorizationConfig, list[Decomposition]] | None = None
        for a, b in self._exponents():
            if best is not None and self._late(_COARSE_UNTIL):
                break
            decompositions = [self._decompose(matrix, a, b) for matrix in self._matrices]
            for candidate in self._coarse(a, b):
                trial = self._try_factors(decompositions, candidate)
                if best is None or trial.sure_gain > best[0].sure_gain:
                    best = (trial, candidate, decompositions)
        if best is None:  # there is always a first pair
            raise AssertionError
        return self._refined(*best)

    def _refined(
        self, trial: Trial, chosen: FactorizationConfig, decompositions: list[Decomposition]
    ) -> tuple[FactorizationConfig, list[Decomposition]]:
        named = self._config.factorization.model_fields_set
        for name, values in self._refinements(decompositions):
            for value in values:
                if name in named or self._late(_REFINED_UNTIL):
                    break
                candidate = chosen.model_copy(update={name: value})
                other = self._try_factors(decompositions, candidate)
                if other.sure_gain > trial.sure_gain:
                    trial, chosen = other, candidate
        return chosen, decompositions

    def _coarse(self, a: float, b: float) -> list[FactorizationConfig]:
        """Return the coarse grid for one pair of exponents, without what the config names and so would repeat."""
        config = self._config.factorization
        free = {"half_rank", "filter_exponent"} - config.model_fields_set
        grid = [{"half_rank": half_rank, "filter_exponent": exponent} for half_rank, exponent in _COARSE]
        updates = [{name: value for name, value in point.items() if name in free} for point in grid]
        exponents = {"user_exponent": a, "item_exponent": b}
        return list(dict.fromkeys(config.model_copy(update=exponents | update) for update in updates))

    def age(
        self, factorization: FactorizationConfig, decompositions: list[Decomposition]
    ) -> tuple[EvidenceConfig, list[Decomposition]]:
        """Choose whether old acts count less, each half-life for the price of a decomposition."""
        best = self._config.evidence
        if "age_half_life_days" in best.model_fields_set:
            return best, decompositions
        self._base = []  # from here on, what counts is the gain over the factors as chosen
        span = max((float(one.past.ages.max(initial=0)) for one in self._holdouts), default=0.0)
        trial = self._try_aged(decompositions, factorization, best)
        for days in _AGE_HALF_LIVES_DAYS:
            if days > span / 2:
                continue
            if self._late(_AGED_UNTIL):
                break
            self._age(days)
            candidate = best.model_copy(update={"age_half_life_days": days})
            a, b = factorization.user_exponent, factorization.item_exponent
            others = [self._decompose(matrix, a, b) for matrix in self._matrices]
            other = self._try_aged(others, factorization, candidate)
            if other.sure_gain > trial.sure_gain:
                trial, best, decompositions = other, candidate, others
        self._age(best.age_half_life_days)
        return best, decompositions

    def evidence(self, factors: Sequence[Factors], best: EvidenceConfig) -> EvidenceConfig:
        """Choose recency and the weight of evidence against, where there is any."""
        named = self._config.evidence.model_fields_set
        moves: list[tuple[str, Sequence[float]]] = []
        if any(profiles.timed for profiles in self._profiles):
            moves.append(("recency", _RECENCIES))
        if any(profiles.against for profiles in self._profiles):
            moves.append(("against", _AGAINST))
        self._base = []
        trial = self._try(factors, best, {"recency": best.recency, "against": best.against})
        for name, values in moves:
            for value in values:
                if name in named or self._late(_PROFILE_UNTIL):
                    break
                candidate = best.model_copy(update={name: value})
                other = self._try(factors, candidate, {"recency": candidate.recency, "against": candidate.against})
                if other.sure_gain > trial.sure_gain:
                    trial, best = other, candidate
        return best

    def _exponents(self) -> Iterator[tuple[float, float]]:
        """Yield the pairs to try, those that agree with what the config names."""
        config = self._config.factorization
        named, seen = config.model_fields_set, set()
        for a, b in _EXPONENTS:
            pair = (
                config.user_exponent if "user_exponent" in named else a,
                config.item_exponent if "item_exponent" in named else b,
            )
            if pair not in seen:
                seen.add(pair)
                yield pair

    def _refinements(self, decompositions: Sequence[Decomposition]) -> Iterator[tuple[str, Sequence[float]]]:
        rank = min(len(one.singular_values) for one in decompositions)
        half_ranks = [m for m in _HALF_RANKS if m <= rank]
        yield "half_rank", half_ranks
        yield "filter_exponent", _FILTERS
        yield "leverage_exponent", _LEVERAGES
        yield "half_rank", half_ranks
        yield "rank", [k for k in _RANKS if k < rank]

    def _decompose(self, matrix: sp.csr_array, a: float, b: float) -> Decomposition:
        config = self._config.factorization
        decomposition = decompose(matrix, config.rank, user_exponent=a, item_exponent=b, seed=config.seed)
        self._tick()
        return decomposition

    def _age(self, half_life_days: float | None) -> None:
        aged = [holdout.aged(half_life_days) for holdout in self._holdouts]
        self._profiles = [HeldOutProfiles(holdout) for holdout in aged]
        self._matrices = [holdout.train.matrix() for holdout in aged]

    def _try_aged(
        self, decompositions: Sequence[Decomposition], factorization: FactorizationConfig, evidence: EvidenceConfig
    ) -> Trial:
        factors = [shape_factors(decomposition, factorization) for decomposition in decompositions]
        return self._try(factors, evidence, {"age_half_life_days": evidence.age_half_life_days or 0.0})

    def _try_factors(self, decompositions: Sequence[Decomposition], candidate: FactorizationConfig) -> Trial:
        factors = [shape_factors(decomposition, candidate) for decomposition in decompositions]
        return self._try(factors, self._config.evidence, candidate.model_dump(exclude={"seed", "cold_scale"}))

    def _try(self, factors: Sequence[Factors], evidence: EvidenceConfig, setting: Mapping[str, float]) -> Trial:
        values = [profiles.ndcg(one, evidence) for profiles, one in zip(self._profiles, factors, strict=True)]
        kinds = np.concatenate([profiles.kinds for profiles in self._profiles])
        users = np.concatenate([profiles.users for profiles in self._profiles])
        self._base = self._base or values
        ndcg, base = np.concatenate(values), np.concatenate(self._base)
        gains = relative_gains(ndcg, base, kinds)
        means = means_by_kind(ndcg, kinds)
        trial = Trial(dict(setting), means, *mean_and_error(gains, users))
        self.trials.append(trial)
        self._tick()
        return trial

    def _late(self, share: float) -> bool:
        late = time.monotonic() - self._started > share * self._config.selection.seconds
        self.finished = self.finished and not late
        return late

    def _tick(self) -> None:
        allowed = int(self._config.selection.seconds)
        self._on_progress(min(int(time.monotonic() - self._started), allowed), allowed)
