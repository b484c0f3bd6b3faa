"""Degree-scaled truncated SVD: what people do, as one source and one target vector per item.

X holds the weights, users by rows. N = D_u^-a X D_i^-b is factored as U S V^T with the largest singular values, and
items get a source s_j = d_j^-b v_j sigma^p and a target t_i = d_i^b v_i. A user is the fold-in q = sum_j w_j s_j, and
a score is q @ t_i.

Source: degree scaling as in EigenRec (Nikolakopoulos et al., 2019) and PureSVD (Cremonesi et al., RecSys 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from crossfade.types import FloatArray
from crossfade_indexing.config import FactorizationConfig

__all__ = ["Factors", "factorize", "power"]

_POWER_ITERATIONS = 4


@dataclass(frozen=True)
class Factors:
    """What the SVD learned about items.

    Attributes:
        sources: Shape (n_items, k).
        targets: Shape (n_items, k).
        directions: Shape (n_items, k), the right singular vectors v_i before any scaling.
        singular_values: Shape (k,), descending.
        degrees: Shape (n_items,), float64: sum of each item's weights; 0 for a cold item, whose rows are zero.
    """

    sources: FloatArray
    targets: FloatArray
    directions: FloatArray
    singular_values: FloatArray
    degrees: NDArray[np.float64]


def factorize(weights: sp.csr_array, config: FactorizationConfig) -> Factors:
    """Learn item factors.

    Args:
        weights: Shape (n_users, n_items), float32, >= 0.
        config: Exponents and rank. The rank is lowered to what the matrix has, and is at least 1.

    Returns:
        The factors; the same for the same input and seed on the same machine.
    """
    n_items = weights.shape[1]
    user_degrees = np.asarray(weights.sum(axis=1), np.float64)
    item_degrees = np.asarray(weights.sum(axis=0), np.float64)
    rank = max(1, min(config.rank, int((user_degrees > 0).sum()), int((item_degrees > 0).sum())))
    if weights.nnz == 0 or not item_degrees.any():
        nothing = np.zeros((n_items, 1), np.float32)
        return Factors(nothing, nothing, nothing, np.zeros(1, np.float32), item_degrees)
    scaled = sp.diags_array(power(user_degrees, -config.user_exponent)) @ weights
    scaled = (scaled @ sp.diags_array(power(item_degrees, -config.item_exponent))).astype(np.float32)
    _, singular_values, v_transposed = randomized_svd(
        scaled, n_components=rank, n_iter=_POWER_ITERATIONS, random_state=config.seed
    )
    directions = np.ascontiguousarray(v_transposed.T, np.float32)
    spectrum = singular_values.astype(np.float64) ** config.spectral_exponent
    return Factors(
        sources=(power(item_degrees, -config.item_exponent)[:, None] * directions * spectrum).astype(np.float32),
        targets=(power(item_degrees, config.item_exponent)[:, None] * directions).astype(np.float32),
        directions=directions,
        singular_values=singular_values.astype(np.float32),
        degrees=item_degrees,
    )


def power(degrees: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Return ``degrees ** exponent``, and 0 where the degree is 0, whatever the exponent."""
    result = np.zeros_like(degrees)
    np.power(degrees, exponent, out=result, where=degrees > 0)
    return result
