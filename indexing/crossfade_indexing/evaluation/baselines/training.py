"""What the baselines read of the training side."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import scipy.sparse as sp

__all__ = ["fitted", "liked"]

T = TypeVar("T")


def liked(weights: sp.csr_array) -> sp.csr_array:
    """Return a copy with only the weights above 0, float32, rows in order of their columns."""
    kept: sp.csr_array = weights.astype(np.float32, copy=True)
    np.maximum(kept.data, 0, out=kept.data)
    kept.eliminate_zeros()
    kept.sort_indices()
    return kept


def fitted(learned: T | None) -> T:
    """Return what ``fit`` has learned.

    Raises:
        ValueError: If there is nothing yet.
    """
    if learned is None:
        raise ValueError("a ranker must be fitted before it can score")
    return learned
