"""Factors for items nobody has touched, mapped from their embeddings.

A ridge regression from embedding to direction, fitted on the warm items, each weighed by its degree. Its outputs come
out short, so they are stretched to the warm items' median length, and a cold item gets the degree of a rarely used
warm one.

Source: attribute-to-factor mapping, Gantner et al., ICDM 2010.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from sklearn.linear_model import Ridge

from crossfade.types import FloatArray
from crossfade_indexing.config import FactorizationConfig
from crossfade_indexing.factorization import Factors, power

__all__ = ["add_cold_items"]

_RIDGE_PENALTY = 1.0
# A cold item stands where the lower quarter of the warm items stands: known little, not unknown.
_COLD_DEGREE_QUANTILE = 0.25
# Fewer warm items than this teach no map worth having.
_FEWEST_WARM = 10


def add_cold_items(factors: Factors, embeddings: FloatArray, config: FactorizationConfig) -> Factors:
    """Return the factors with sources and targets filled in for every cold item that has text.

    Args:
        factors: As learned; not changed.
        embeddings: Shape (n_items, d), unit length, zero for items without text.
        config: The exponents the factors were learned with.
    """
    described = embeddings.any(axis=1)
    warm = factors.degrees > 0
    teachers = warm & described
    pupils = ~warm & described
    if not pupils.any() or teachers.sum() < _FEWEST_WARM:
        return factors
    # Weights are scaled to mean 1, so that the penalty means the same on every data set.
    degrees = factors.degrees[teachers]
    mapping = Ridge(alpha=_RIDGE_PENALTY, fit_intercept=False)
    mapping.fit(embeddings[teachers], factors.directions[teachers], sample_weight=degrees / degrees.mean())
    mapped = np.asarray(mapping.predict(embeddings[pupils]), np.float64).reshape(int(pupils.sum()), -1)
    lengths = np.linalg.norm(mapped, axis=1)
    wanted = float(np.median(np.linalg.norm(factors.directions[teachers], axis=1)))
    typical = float(np.median(lengths))
    if typical == 0:
        return factors
    mapped *= wanted / typical
    degree = np.full(len(mapped), np.quantile(factors.degrees[warm], _COLD_DEGREE_QUANTILE))
    spectrum = factors.singular_values.astype(np.float64) ** config.spectral_exponent
    sources, targets, directions = factors.sources.copy(), factors.targets.copy(), factors.directions.copy()
    sources[pupils] = power(degree, -config.item_exponent)[:, None] * mapped * spectrum
    targets[pupils] = power(degree, config.item_exponent)[:, None] * mapped
    directions[pupils] = mapped
    return dataclasses.replace(factors, sources=sources, targets=targets, directions=directions)
