"""How good a setting is: NDCG@20 on the held-out items that indexing chooses by, in steps that allow to stop early."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.errors import InputError
from crossfade_indexing.config import EvidenceConfig, IndexingConfig
from crossfade_indexing.evidence import weigh_events
from crossfade_indexing.learning.factorization import decompose, shape_factors
from crossfade_indexing.past_items import PastItems, locate
from crossfade_indexing.selection.holdout import (
    HeldOutProfiles,
    Holdout,
    mean_and_error,
    means_by_kind,
    relative_gains,
    repeated,
)

__all__ = ["Judge", "Judgement"]

_FEWEST_USERS = 20
_STEPS_PER_DRAW = 4
# Fewer users than this in a step would stop trials by chance.
_USERS_PER_STEP = 100


@dataclass(frozen=True)
class Judgement:
    """What a setting is worth.

    Attributes:
        ndcg: NDCG@20 by kind of held-out item.
        gain: Over the base, weighed over the kinds; 0.01 is a percent.
        error: Its standard error.
    """

    ndcg: dict[str, float]
    gain: float
    error: float


class Judge:
    """Measures settings on one set of held-out items, all against the same base.

    What is held out stays the same whatever the weights of events are, as long as none changes its sign.

    Args:
        events: As in ``Dataset.events``.
        item_ids: The catalogue.
        base: What every setting is compared with; its ``selection`` says how much to hold out.

    Raises:
        InputError: If so few users have anything to hold out that chance would decide.
    """

    def __init__(self, events: pl.DataFrame, item_ids: pl.Series, base: IndexingConfig) -> None:
        self._events, self._item_ids, self._base = events, item_ids, base
        self._past = self._weigh(base.evidence)
        self.holdouts = repeated(self._past, users=base.selection.users, seed=base.selection.seed)
        self.users = sum(len(holdout.users) for holdout in self.holdouts)
        people = len(np.unique(np.concatenate([holdout.users for holdout in self.holdouts])))
        if people < _FEWEST_USERS:
            raise InputError(
                f"only {people} users have two past items and like one of those held out: too few to tune by, "
                f"which takes {_FEWEST_USERS}"
            )
        self._steps = [_steps(holdout, base.selection.seed) for holdout in self.holdouts]
        self._kinds = [
            holdout.kinds[step] for holdout, steps in zip(self.holdouts, self._steps, strict=True) for step in steps
        ]
        self._whose = [
            holdout.users[step] for holdout, steps in zip(self.holdouts, self._steps, strict=True) for step in steps
        ]
        self._base_values: list[NDArray[np.float64]] = []
        self._base_values = list(self._measure(base))

    def fingerprint(self) -> str:
        """Return a digest of the data and what is held out of it."""
        digest = hashlib.sha256()
        past = self._past
        for array in (past.starts, past.items, past.weights, past.liked, *(one.kept for one in self.holdouts)):
            digest.update(np.ascontiguousarray(array).data)
        digest.update(f"{past.timed} {self._base.selection.model_dump_json()}".encode())
        return digest.hexdigest()

    def judge(self, config: IndexingConfig, on_step: Callable[[int, float], None] | None = None) -> Judgement:
        """Measure a setting.

        Args:
            config: The setting.
            on_step: Told, from 0 on, how many more users were asked and the gain up to them; may raise to stop.
        """
        same = config.evidence == self._base.evidence and config.factorization == self._base.factorization
        values: list[NDArray[np.float64]] = []
        gains = np.zeros(0)
        for step, more in enumerate(self._base_values if same else self._measure(config)):
            values.append(more)
            gains = relative_gains(
                np.concatenate(values),
                np.concatenate(self._base_values[: step + 1]),
                np.concatenate(self._kinds[: step + 1]),
            )
            if on_step is not None:
                on_step(step, float(gains.mean()))
        ndcg, kinds = np.concatenate(values), np.concatenate(self._kinds)
        means = means_by_kind(ndcg, kinds)
        return Judgement(means, *mean_and_error(gains, np.concatenate(self._whose)))

    def _measure(self, config: IndexingConfig) -> Iterator[NDArray[np.float64]]:
        """Yield NDCG per user of each step."""
        factorization = config.factorization
        past = self._weigh(config.evidence).aged(config.evidence.age_half_life_days)
        for holdout, steps in zip(self.holdouts, self._steps, strict=True):
            train = past.keep(holdout.kept)
            decomposition = decompose(
                train.matrix(),
                factorization.rank,
                user_exponent=factorization.user_exponent,
                item_exponent=factorization.item_exponent,
                seed=factorization.seed,
            )
            factors = shape_factors(decomposition, factorization)
            for step in steps:
                asked = replace(
                    holdout,
                    past=past,
                    train=train,
                    users=holdout.users[step],
                    relevant=[holdout.relevant[place] for place in step],
                    kinds=holdout.kinds[step],
                )
                yield HeldOutProfiles(asked).ndcg(factors, config.evidence)

    def _weigh(self, evidence: EvidenceConfig) -> PastItems:
        return locate(weigh_events(self._events, evidence), self._item_ids)


def _steps(holdout: Holdout, seed: int) -> list[NDArray[np.int64]]:
    """Return the places of the users of each step, drawn at random."""
    n_users = len(holdout.users)
    n_steps = min(max(n_users // _USERS_PER_STEP, 1), _STEPS_PER_DRAW)
    order = np.random.default_rng(seed).permutation(n_users)
    return [np.sort(part) for part in np.array_split(order, n_steps)]
