"""Factors for items nobody has touched, mapped from what they say.

A ridge regression from the content vectors to the factors, fitted on the warm items, each weighed by its degree, so
that an item about which much is known teaches much. It answers with the factors of an item that is much used; most of
those that nobody has touched never will be, and at full length they would push all others off the lists. So all are
scaled by a factor that is chosen on held-out items. (On two draws of MovieLens-small with a tenth of the movies held
out whole, at a cost of 2.5 % to the others, NDCG@10 on the cold ones was 0.0147 and 0.0224; with lengths that follow
the use a text lets one expect, 0.0139 and 0.0227. On a third, weights by the root of the degree and a squared kernel in
place of the vectors were no better at a like cost.)

Source: attribute-to-factor mapping, Gantner et al., ICDM 2010.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from sklearn.linear_model import Ridge

from crossfade.types import FloatArray
from crossfade_indexing.learning.factorization import Factors

__all__ = ["add_cold_items", "scale_cold_items"]

_RIDGE_PENALTY = 10.0  # in units of the mean item's weight
# Fewer warm items than this teach no map worth having.
_FEWEST_WARM = 10


def add_cold_items(factors: Factors, vectors: FloatArray) -> Factors:
    """Return the factors with sources and targets at full length for every cold item that has text.

    Args:
        factors: As learned; not changed.
        vectors: Shape (n_items, d), the content space's: unit length, zero for items without text.
    """
    described = vectors.any(axis=1)
    warm = factors.degrees > 0
    teachers, pupils = warm & described, ~warm & described
    if not pupils.any() or teachers.sum() < _FEWEST_WARM:
        return factors
    # Weights are scaled to mean 1, so that the penalty means the same on every data set.
    weights = factors.degrees[teachers] / factors.degrees[teachers].mean()
    mapping = Ridge(alpha=_RIDGE_PENALTY, fit_intercept=False)
    mapping.fit(vectors[teachers], np.hstack([factors.sources, factors.targets])[teachers], sample_weight=weights)
    mapped = np.asarray(mapping.predict(vectors[pupils]), np.float32)
    rank = factors.sources.shape[1]
    sources, targets = factors.sources.copy(), factors.targets.copy()
    sources[pupils], targets[pupils] = mapped[:, :rank], mapped[:, rank:]
    return dataclasses.replace(factors, sources=sources, targets=targets)


def scale_cold_items(factors: Factors, scale: float) -> Factors:
    """Return the factors with the cold items' ``scale`` times as long; 0 leaves them without."""
    lengths = np.where(factors.degrees > 0, 1.0, scale).astype(np.float32)[:, None]
    return dataclasses.replace(factors, sources=factors.sources * lengths, targets=factors.targets * lengths)
