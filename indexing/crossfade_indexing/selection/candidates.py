"""The items worth ranking for each held-out request, scored on every component once: weights are cheap to try."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crossfade.bundle import ItemSpaces
from crossfade.engine import COMPONENTS
from crossfade.engine.fusion import prepare
from crossfade.engine.profile import fold_in
from crossfade.types import FloatArray, RowArray
from crossfade_indexing.config import FusionConfig
from crossfade_indexing.selection.holdout import KINDS, relative_gains
from crossfade_indexing.selection.requests import Request

__all__ = ["Candidates", "score_candidates"]

_PER_COMPONENT = 100
_BATCH = 64
_PLACES = 20
_NEWCOMERS_SHARE = 1 / 2


@dataclass(frozen=True)
class Candidates:
    """Candidates of v requests, padded to the same number m.

    Attributes:
        z: By component, shape (v, m).
        rows: Shape (v, m), item rows; 0 where padded.
        relevant: Shape (v, m); padding is never relevant.
        padding: Shape (v, m).
        ideals: Shape (v,), the best DCG there could be.
        sizes: Shape (v,), past items that collaborative could use; 0 where it is absent.
        users: Shape (v,), who asks.
        kinds: Shape (v,), places in ``KINDS``.
        newcomers: Shape (v,), whose past was cut short.
        cold: Shape (v, m), what a cold item's factors at full length would add to its collaborative z; 0 for warm ones.
    """

    z: Mapping[str, FloatArray]
    rows: RowArray
    relevant: NDArray[np.bool_]
    padding: NDArray[np.bool_]
    ideals: NDArray[np.float64]
    sizes: NDArray[np.int64]
    users: NDArray[np.int64]
    kinds: NDArray[np.int64]
    newcomers: NDArray[np.bool_]
    cold: FloatArray

    def with_cold(self, scale: float) -> Candidates:
        """Return the same with cold items' factors ``scale`` times their full length."""
        return replace(self, z={**self.z, "collaborative": self.z["collaborative"] + np.float32(scale) * self.cold})

    def trending(self, z: FloatArray) -> Candidates:
        """Return the same with another trend, given by item row, shape (n_items,)."""
        return replace(self, z={**self.z, "trend": z[self.rows]})

    def ndcg(self, config: FusionConfig) -> NDArray[np.float64]:
        """Return NDCG@20 per request under a config."""
        shares = config.fade / (config.fade + self.sizes)
        total = np.where(self.padding, -np.inf, 0.0).astype(np.float32)
        for name, z in self.z.items():
            regular, newcomer = config.regular[name], config.newcomer[name]
            weights = (regular + (newcomer - regular) * shares).astype(np.float32)
            if weights.any():
                total += weights[:, None] * z
        places = min(_PLACES, total.shape[1])
        top = np.argpartition(total, total.shape[1] - places, axis=1)[:, total.shape[1] - places :]
        order = np.argsort(-np.take_along_axis(total, top, axis=1), axis=1, kind="stable")
        hits = np.take_along_axis(self.relevant, np.take_along_axis(top, order, axis=1), axis=1)
        return np.asarray((hits @ (1 / np.log2(np.arange(2, places + 2)))) / self.ideals)

    def gains(self, ndcg: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each request adds to the relative gain over a base, newcomers and others counting alike."""
        weights = [weight * share for weight in KINDS.values() for share in (1 - _NEWCOMERS_SHARE, _NEWCOMERS_SHARE)]
        return relative_gains(ndcg, base, 2 * self.kinds + self.newcomers, weights)


def score_candidates(
    requests: Sequence[Request],
    spaces: ItemSpaces,
    trends: Sequence[FloatArray],
    *,
    cold_targets: FloatArray | None = None,
    seconds: float,
) -> Candidates:
    """Score the best of every component among the items not had, and the relevant ones.

    Args:
        requests: At least one; in an order drawn by chance.
        spaces: What items are scored with; a trend is none yet.
        trends: The z of trends that may be tried, shape (n_items,) each: their best are candidates as well.
        cold_targets: Shape (n_items, d), what the targets of cold items may become, zero for others; their best are
            candidates as well. By default there are none.
        seconds: After this time only the first batches count.
    """
    started = time.monotonic()
    cold_rows = np.empty(0, np.int64) if cold_targets is None else np.flatnonzero(cold_targets.any(axis=1))
    lengthened = spaces.collaborative.targets[:0] if cold_targets is None else cold_targets[cold_rows]
    rows: list[RowArray] = []
    values: list[FloatArray] = []
    sizes: list[int] = []
    for start in range(0, len(requests), _BATCH):
        batch = requests[start : start + _BATCH]
        if rows and time.monotonic() - started > seconds:
            break
        profiles = [one.profile for one in batch]
        folded = np.stack([fold_in(profile, spaces.collaborative.sources) for profile in profiles])
        ones = dict.fromkeys(COMPONENTS, np.ones(len(batch), np.float32))
        fusion = prepare(spaces, profiles, folded, ones)
        everywhere = [np.broadcast_to(part.everywhere(), (len(batch), fusion.n_items)) for part in fusion.parts]
        added = (folded * fusion.collaborative.gains[:, None]) @ lengthened.T
        for place, one in enumerate(batch):
            cold = np.zeros(fusion.n_items, np.float32)
            cold[cold_rows] = added[place]
            z = np.stack([*(component[place] for component in everywhere), cold])
            rows.append(_candidates([*z, *trends], one))
            values.append(z[:, rows[-1]])
            sizes.append(one.profile.size if folded[place].any() else 0)
    return _padded(requests[: len(rows)], rows, values, sizes)


def _candidates(scores: Sequence[FloatArray], one: Request) -> RowArray:
    allowed = np.ones(len(scores[0]), np.bool_)
    allowed[one.had] = False
    open_rows = np.flatnonzero(allowed)
    number = min(_PER_COMPONENT, len(open_rows))
    found = [one.relevant]
    present = [score[open_rows] for score in scores if score.any()]
    found += [open_rows[np.argpartition(-score, number - 1)[:number]] for score in present if number]
    return np.unique(np.concatenate(found))


def _padded(
    requests: Sequence[Request], rows: Sequence[RowArray], values: Sequence[FloatArray], sizes: Sequence[int]
) -> Candidates:
    shape = (len(requests), max(len(one) for one in rows))
    z = np.zeros((len(COMPONENTS) + 1, *shape), np.float32)
    padded, relevant, padding = np.zeros(shape, np.int64), np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
    for place, (one, at) in enumerate(zip(rows, values, strict=True)):
        z[:, place, : len(one)] = at
        padded[place, : len(one)] = one
        relevant[place, : len(one)] = np.isin(one, requests[place].relevant)
        padding[place, : len(one)] = False
    discounts = np.cumsum(1 / np.log2(np.arange(2, _PLACES + 2)))
    return Candidates(
        z=dict(zip(COMPONENTS, z, strict=False)),
        rows=padded,
        relevant=relevant,
        padding=padding,
        ideals=discounts[[min(len(one.relevant), _PLACES) - 1 for one in requests]],
        sizes=np.array(sizes),
        users=np.array([one.user for one in requests]),
        kinds=np.array([one.kind for one in requests]),
        newcomers=np.array([one.newcomer for one in requests]),
        cold=z[-1],
    )
