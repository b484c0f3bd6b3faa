"""Past items kept back from learning, so that choices are made on what was not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crossfade.engine.profile import profile_weights
from crossfade.types import FloatArray, RowArray
from crossfade_indexing.config import EvidenceConfig
from crossfade_indexing.learning.factorization import Factors
from crossfade_indexing.past_items import PastItems

__all__ = [
    "KINDS",
    "STANDARD_ERRORS",
    "HeldOutProfiles",
    "Holdout",
    "hold_out",
    "mean_and_error",
    "means_by_kind",
    "ndcg_of_rows",
    "ndcg_of_scores",
    "relative_gains",
    "repeated",
]

KINDS: Mapping[str, float] = {"continue": 1 / 2, "fill": 1 / 2}
"""How the held-out items lie to the others, and how much each kind counts in a choice: the user's latest (what will
they want next), or any (what else would they like). What gains on one and loses as much on the other is not taken:
recency 0.3, that gains 6 % on the latest ratings of MovieLens, loses 7 % on others. Where tastes move on step by step
it gains several times what it loses."""

STANDARD_ERRORS = 2.5
"""By how many of them a gain must be above 0 to count. Some fifty settings are tried, many of them alike: with two,
noise left the default in every second run on 200 users; with one, MovieLens came out worse than by the default."""

_SHARE = 0.2
_PLACES = 20
_MOST_DRAWS = 2
_SCORES_AT_ONCE = 20_000_000


@dataclass(frozen=True)
class Holdout:
    """One draw.

    Attributes:
        past: Everything.
        kept: Shape (n,), which of the past items are in ``train``.
        train: Everything but the held-out past items, of all users.
        users: Shape (v,), the users something was held out of; ascending.
        relevant: One array of liked held-out item rows per such user, never empty.
        kinds: Shape (v,), places in ``KINDS``.
    """

    past: PastItems
    kept: NDArray[np.bool_]
    train: PastItems
    users: RowArray
    relevant: list[RowArray]
    kinds: NDArray[np.int64]

    def aged(self, half_life_days: float | None) -> Holdout:
        """Return the same draw with the training side aged, see ``PastItems.aged``."""
        return replace(self, train=self.train.aged(half_life_days))


def hold_out(past: PastItems, *, users: int, seed: int) -> Holdout:
    """Keep back a fifth of the past items of up to ``users`` users, at least one of each and never all.

    Every second of them loses the latest, the others any; where no times are known all lose any. A user is left out
    of the draw who has fewer than two past items, and out of the result where nothing held out was liked.
    """
    rng = np.random.default_rng(seed)
    counts = past.counts()
    drawn = np.sort(rng.permutation(np.flatnonzero(counts >= 2))[:users])
    kept = np.ones(len(past.items), np.bool_)
    chosen: list[int] = []
    relevant: list[RowArray] = []
    kinds: list[int] = []
    for place, user in enumerate(drawn):
        start, count = past.starts[user], counts[user]
        size = min(max(1, int(_SHARE * count + 0.5)), count - 1)
        kind = place % 2 if past.timed else 1
        inside = np.arange(count - size, count) if kind == 0 else rng.permutation(count)[:size]
        kept[start + inside] = False
        liked = past.items[start + inside][past.liked[start + inside]]
        if len(liked):
            chosen.append(int(user))
            relevant.append(liked)
            kinds.append(kind)
    return Holdout(past, kept, past.keep(kept), np.array(chosen, np.int64), relevant, np.array(kinds, np.int64))


def repeated(past: PastItems, *, users: int, seed: int) -> list[Holdout]:
    """Hold out again, once more if few users are drawn: small data needs several looks."""
    eligible = int((past.counts() >= 2).sum())
    draws = min(max(users // max(eligible, 1), 1), _MOST_DRAWS)
    return [hold_out(past, users=users, seed=seed + draw) for draw in range(draws)]


def mean_and_error(gains: NDArray[np.float64], users: NDArray[np.int64]) -> tuple[float, float]:
    """Return the mean and its standard error, what is of one user taken together.

    Args:
        gains: Shape (v,).
        users: Shape (v,), whose each is; a user asked more than once is still one witness.
    """
    mean = float(gains.mean())
    _, whose = np.unique(users, return_inverse=True)
    sums = np.bincount(whose, gains - mean)
    return mean, float(np.sqrt((sums**2).sum()) / len(gains))


def means_by_kind(values: NDArray[np.float64], kinds: NDArray[np.int64]) -> dict[str, float]:
    """Return the mean per kind that occurs, by its name; both arguments of shape (v,)."""
    return {name: float(values[kinds == kind].mean()) for kind, name in enumerate(KINDS) if (kinds == kind).any()}


def relative_gains(
    values: NDArray[np.float64],
    base: NDArray[np.float64],
    kinds: NDArray[np.int64],
    weights: Sequence[float] = tuple(KINDS.values()),
) -> NDArray[np.float64]:
    """Return what each user adds to the gain over a base; the mean of the result is the gain, 0.01 a percent.

    The gain is the weighted mean over kinds of the kind's gain in units of its mean under the base, so that a percent
    counts alike on the kind that is easier. Where the base finds next to nothing, its mean counts as one first place
    among the kind's users: a single lucky hit must not be worth any loss elsewhere.

    Args:
        values: Shape (v,), NDCG per user.
        base: The same of what it is compared with.
        kinds: Shape (v,), places in ``weights``.
        weights: How much each kind counts, > 0.
    """
    result = np.zeros(len(values))
    present = [kind for kind in range(len(weights)) if (kinds == kind).any()]
    total = sum(weights[kind] for kind in present)
    for kind in present:
        inside = kinds == kind
        scale = weights[kind] / total * len(values) / inside.sum() / max(float(base[inside].mean()), 1 / inside.sum())
        result[inside] = (values[inside] - base[inside]) * scale
    return result


class HeldOutProfiles:
    """The profiles that held-out items are to be found from; scores any factors.

    Attributes:
        users: As in the holdout.
        kinds: As in the holdout.
        timed: Whether the past has an order of time.
        against: Whether some weight is below 0.
    """

    def __init__(self, holdout: Holdout) -> None:
        self._holdout = holdout
        train = holdout.train
        had = train.matrix(np.ones(len(train.items), np.float32))[holdout.users]
        self._had = had
        self.users = holdout.users
        self.kinds = holdout.kinds
        self.timed = train.timed
        self.against = bool((train.weights < 0).any())

    def ndcg(self, factors: Factors, evidence: EvidenceConfig) -> NDArray[np.float64]:
        """Return NDCG@20 of each held-out user's fold-in over all items not had, shape (v,)."""
        folded = self._fold(factors.sources, evidence.recency, evidence.against)
        step = max(1, _SCORES_AT_ONCE // self._holdout.train.n_items)
        parts = []
        for start in range(0, len(folded), step):
            scores = folded[start : start + step] @ factors.targets.T
            scores[self._had[start : start + step].tocoo().coords] = -np.inf
            parts.append(ndcg_of_scores(scores, self._holdout.relevant[start : start + step]))
        return np.concatenate(parts)

    def _fold(self, sources: FloatArray, recency: float, against: float) -> FloatArray:
        train = self._holdout.train
        weights = profile_weights(train.weights, train.steps_back(), recency=recency, against=against)
        folded: FloatArray = train.profiles(weights)[self._holdout.users] @ sources
        return folded


def ndcg_of_scores(scores: FloatArray, relevant: list[RowArray]) -> NDArray[np.float64]:
    """Return NDCG@20 per row of scores, float64, had items already at -inf.

    Ties go by row; of those that tie for the last places, any get in, the same each time.
    """
    places = min(_PLACES, scores.shape[1])
    last = scores.shape[1] - places
    top = np.sort(np.argpartition(scores, last, axis=1)[:, last:], axis=1)
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return ndcg_of_rows(np.take_along_axis(top, order, axis=1), relevant)


def ndcg_of_rows(ranked: RowArray, relevant: list[RowArray]) -> NDArray[np.float64]:
    """Return NDCG per row of ranked item rows, float64: binary gain, discount 1 / log2(rank + 1)."""
    discounts = 1 / np.log2(np.arange(2, ranked.shape[1] + 2))
    ideals = np.cumsum(discounts)
    lengths = np.array([len(wanted) for wanted in relevant], np.int64)
    # One number per (row, item), so that all rows are looked up at once; -1, an item that is never found, becomes 0.
    span = int(max(ranked.max(initial=-1), max((wanted.max() for wanted in relevant), default=-1))) + 2
    rows = np.arange(len(ranked), dtype=np.int64)
    sought = np.repeat(rows, lengths) * span + np.concatenate([*relevant, np.empty(0, np.int64)]) + 1
    gains = np.isin(rows[:, None] * span + ranked + 1, sought) @ discounts
    return np.asarray(gains / ideals[np.minimum(lengths, ranked.shape[1]) - 1], np.float64)
