"""How long the factors of cold items may be, so that the lists have room for them and the others pay little."""

from __future__ import annotations

from bisect import bisect

import numpy as np

from crossfade_indexing.config import FusionConfig
from crossfade_indexing.selection.candidates import Candidates
from crossfade_indexing.selection.factors import Trial
from crossfade_indexing.selection.holdout import mean_and_error, means_by_kind

__all__ = ["choose_cold_scale"]

_SCALES = tuple(float(scale) for scale in np.geomspace(1 / 32, 64, 90).round(4))  # steps of 9 %
_COST = 0.025


def choose_cold_scale(candidates: Candidates, config: FusionConfig) -> tuple[float, list[Trial]]:
    """Return the largest scale at which no group's fused lists lose more than a fortieth, and what was tried.

    The groups are newcomers and others, with the latest or any items held out. Most of what is held out others have
    had, so cold items mostly cost; what they are worth to those whom they suit is hardly measured but wanted.

    Args:
        candidates: Where cold items have no factors yet.
        config: The weights of the components.
    """
    base = candidates.ndcg(config)
    groups = 2 * candidates.kinds + candidates.newcomers
    present = [group for group in np.unique(groups) if base[groups == group].any()]
    trials: list[Trial] = []

    def too_dear(scale: float) -> bool:
        ndcg = candidates.with_cold(scale).ndcg(config)
        gains, kinds = candidates.gains(ndcg, base), candidates.kinds
        means = means_by_kind(ndcg, kinds)
        trials.append(Trial({"cold_scale": scale}, means, *mean_and_error(gains, candidates.users)))
        return any(ndcg[groups == group].mean() < (1 - _COST) * base[groups == group].mean() for group in present)

    affordable = bisect(_SCALES, x=False, key=too_dear)
    return (_SCALES[affordable - 1] if affordable else 0.0), trials
