"""Degree-scaled truncated SVD: what people do, as one source and one target vector per item.

X holds the positive weights, users by rows. N = D_u^-a X D_i^-b is factored as U S V^T, largest singular values first.
Each direction passes a filter f(s) = (s^2 / (s^2 + s_m^2))^p that falls to one half (for p = 1) at the m-th singular
value s_m. Items get a source s_j = d_j^-b f(s) v_j and a target t_i = (1 - h_i)^-c d_i^b v_i, where the leverage
h_i = sum_k v_ik^2 s_k^2 / (s_k^2 + s_m^2) says how much of item i the filter has seen. A user is the fold-in
q = sum_j w_j s_j over past items, and a score is q @ t_i.

One family, known members: p = 1/2 and m before the first value is PureSVD weighed by its singular values; p = 0 is
PureSVD; and a = b = 0, p = 1, c = 1 at full rank is exactly EASE with l2 = s_m^2: its item-item weights are
-P_ij / P_jj with P = (X^T X + l2)^-1, which off the diagonal is V diag(s^2 / (l2 (s^2 + l2))) V^T, and
P_jj = (1 - h_j) / l2. So EASE is a ridge-filtered SVD whose targets are divided by 1 - h.

Source: degree scaling as in EigenRec (Nikolakopoulos et al., 2019), PureSVD (Cremonesi et al., RecSys 2010), EASE
(Steck, WWW 2019); the common form is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossfade.types import FloatArray
from crossfade_indexing.config import FactorizationConfig
from crossfade_indexing.learning.truncated_svd import truncated_svd

__all__ = ["Decomposition", "Factors", "decompose", "power", "shape_factors"]

# A leverage of exactly 1 (an item alone in its direction, no ridge) must not divide by zero.
_LARGEST_LEVERAGE = 0.999


@dataclass(frozen=True)
class Decomposition:
    """The SVD of one degree-scaled matrix, before any filter.

    Attributes:
        user_exponent: a.
        item_exponent: b.
        directions: Shape (n_items, k), the right singular vectors; zero rows for cold items.
        singular_values: Shape (k,), descending.
        degrees: Shape (n_items,), float64: sum of each item's weights; 0 for a cold item.
    """

    user_exponent: float
    item_exponent: float
    directions: FloatArray
    singular_values: FloatArray
    degrees: NDArray[np.float64]


@dataclass(frozen=True)
class Factors:
    """What the SVD learned about items.

    Attributes:
        sources: Shape (n_items, k).
        targets: Shape (n_items, k).
        degrees: Shape (n_items,), float64: sum of each item's weights; 0 for a cold item, whose rows are zero.
        cold_map: As in ``VectorSpace``; without rows until ``add_cold_items`` has learned it.
    """

    sources: FloatArray
    targets: FloatArray
    degrees: NDArray[np.float64]
    cold_map: FloatArray


def decompose(
    weights: sp.csr_array, rank: int, *, user_exponent: float, item_exponent: float, seed: int
) -> Decomposition:
    """Factor N = D_u^-a X D_i^-b.

    Args:
        weights: X, shape (n_users, n_items), float32, >= 0.
        rank: Factors; lowered to what the matrix has, and at least 1.
        user_exponent: a.
        item_exponent: b.
        seed: Of the randomized solver.
    """
    user_degrees = np.asarray(weights.sum(axis=1), np.float64)
    degrees = np.asarray(weights.sum(axis=0), np.float64)
    rank = max(1, min(rank, int((user_degrees > 0).sum()), int((degrees > 0).sum())))
    if not degrees.any():
        nothing = np.zeros((weights.shape[1], 1), np.float32)
        return Decomposition(user_exponent, item_exponent, nothing, np.zeros(1, np.float32), degrees)
    scaled = sp.diags_array(power(user_degrees, -user_exponent)) @ weights
    scaled = sp.csr_array((scaled @ sp.diags_array(power(degrees, -item_exponent))).astype(np.float32))
    singular_values, directions = truncated_svd(scaled, rank, seed=seed)
    return Decomposition(user_exponent, item_exponent, directions, singular_values, degrees)


def shape_factors(decomposition: Decomposition, config: FactorizationConfig) -> Factors:
    """Filter and scale a decomposition into sources and targets.

    Args:
        decomposition: With the exponents of the config, and at least as many directions as its rank, if there are.
        config: Rank, filter and leverage.
    """
    rank = min(config.rank, len(decomposition.singular_values))
    directions = decomposition.directions[:, :rank].astype(np.float64)
    energies = decomposition.singular_values[:rank].astype(np.float64) ** 2
    passed = energies / np.maximum(energies + energies[min(config.half_rank, rank) - 1], np.finfo(np.float64).tiny)
    leverages = np.minimum(directions**2 @ passed, _LARGEST_LEVERAGE)
    b = decomposition.item_exponent
    sources = power(decomposition.degrees, -b)[:, None] * directions * passed**config.filter_exponent
    targets = (power(decomposition.degrees, b) * (1 - leverages) ** -config.leverage_exponent)[:, None] * directions
    unlearned = np.empty((0, 2 * rank), np.float32)
    return Factors(sources.astype(np.float32), targets.astype(np.float32), decomposition.degrees, unlearned)


def power(degrees: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Return ``degrees ** exponent``, and 0 where the degree is 0, whatever the exponent."""
    result = np.zeros_like(degrees)
    np.power(degrees, exponent, out=result, where=degrees > 0)
    return result
