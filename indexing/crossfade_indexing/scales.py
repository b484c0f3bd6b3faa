"""How far out each component's best items stand, so that equal weights mean equal say.

In deviations from the catalogue's mean, the tenth-best item may stand at 12 in one component and at 2.6 in another;
the median over users goes into the manifest, and every score is divided by it.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from crossfade.bundle import VectorSpace
from crossfade.engine.components import Evidence, Part, popularity_part, vector_part
from crossfade.types import FloatArray

__all__ = ["tenth_best_of_popularity", "tenth_best_of_vectors"]

_USERS = 1_000
_PLACE = 10
_BATCH = 64


def tenth_best_of_vectors(space: VectorSpace, past: sp.csr_array, *, seed: int) -> float:
    """Return the median over up to 1,000 drawn users of their tenth-best z among items they have not had.

    Args:
        space: The component's vectors.
        past: Shape (n_users, n_items), the weights; a stored 0 is an item had without liking.
        seed: Of the draw.

    Returns:
        A positive number; 1.0 when no user has evidence.
    """
    weights = past.sum(axis=1)
    users = np.random.default_rng(seed).permutation(np.flatnonzero(weights > 0))[:_USERS]
    places: list[float] = []
    for start in range(0, len(users), _BATCH):
        batch = past[users[start : start + _BATCH]]
        vectors = batch @ space.sources
        part = vector_part(
            "", space, [Evidence(v) for v in vectors], weights=np.ones(len(vectors), np.float32), tenth_best=1.0
        )
        z = np.array(np.broadcast_to(part.everywhere(), batch.shape))
        z[batch.tocoo().coords] = -np.inf  # a stored 0 was had as well
        places += [_tenth(row) for row, known in zip(z, part.present, strict=True) if known]
    return _positive_median(places)


def tenth_best_of_popularity(popularity: FloatArray) -> float:
    """Return the tenth-best z of the popularity component; 1.0 when all items are alike."""
    part: Part = popularity_part(popularity, weights=np.ones(1, np.float32), tenth_best=1.0)
    return _positive_median([_tenth(part.at(0, np.arange(len(popularity))))])


def _tenth(z: FloatArray) -> float:
    place = min(_PLACE, len(z)) - 1
    return float(-np.partition(-z, place)[place]) if len(z) else 0.0


def _positive_median(values: list[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    median = float(np.median(finite)) if finite else 1.0
    return median if median > 0 else 1.0
