"""Array types used across Crossfade; every shape is stated where one of them is used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "RowArray"]

FloatArray = NDArray[np.float32]
"""Vectors and scores. C-contiguous at an index's edge."""

RowArray = NDArray[np.int64]
"""Integer positions of items or users inside one bundle."""
