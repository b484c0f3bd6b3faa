"""How far out each component's best items stand, so that equal weights mean equal say.

In deviations from the catalogue's mean, the tenth-best item may stand at 12 in one component and at 2.6 in another;
the median over users goes into the manifest, and every score is divided by it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from crossfade.bundle import ContentSpace, VectorSpace
from crossfade.engine.components import Part, popularity_part, vector_part
from crossfade.engine.content import content_evidence, content_part
from crossfade.types import FloatArray

__all__ = ["tenth_best_of_content", "tenth_best_of_popularity", "tenth_best_of_vectors"]

_USERS = 1_000
_PLACE = 10
_BATCH = 64


def tenth_best_of_vectors(space: VectorSpace, past: sp.csr_array, *, seed: int) -> float:
    """Return the median over up to 1,000 drawn users of their tenth-best z among items they have not had.

    Args:
        space: The component's vectors.
        past: Shape (n_users, n_items), what each past item counts in its profile.
        seed: Of the draw.

    Returns:
        A positive number; 1.0 when no user has evidence.
    """

    def part_of(batch: sp.csr_array) -> Part:
        vectors = batch @ space.sources
        return vector_part("", space, vectors, weights=np.ones(len(vectors), np.float32), tenth_best=1.0)

    return _tenth_best(part_of, past, seed)


def tenth_best_of_content(space: ContentSpace, past: sp.csr_array, *, seed: int) -> float:
    """Return the same for the content component; arguments and result as for ``tenth_best_of_vectors``.

    Args:
        space: What the items say.
        past: Its column indices ascend in every row.
        seed: Of the draw.
    """

    def part_of(batch: sp.csr_array) -> Part:
        spans = [slice(start, end) for start, end in pairwise(batch.indptr)]
        evidence = [
            content_evidence(space, batch.indices[span].astype(np.int64), batch.data[span], None) for span in spans
        ]
        return content_part("", space, evidence, weights=np.ones(len(evidence), np.float32), tenth_best=1.0)

    return _tenth_best(part_of, past, seed)


def tenth_best_of_popularity(popularity: FloatArray) -> float:
    """Return the tenth-best z of the popularity component; 1.0 when all items are alike."""
    part: Part = popularity_part("", popularity, weights=np.ones(1, np.float32), tenth_best=1.0)
    return _positive_median([_tenth(part.at(0, np.arange(len(popularity))))])


def _tenth_best(part_of: Callable[[sp.csr_array], Part], past: sp.csr_array, seed: int) -> float:
    weights = past.sum(axis=1)
    users = np.random.default_rng(seed).permutation(np.flatnonzero(weights > 0))[:_USERS]
    places: list[float] = []
    for start in range(0, len(users), _BATCH):
        batch = past[users[start : start + _BATCH]]
        part = part_of(batch)
        z = np.array(np.broadcast_to(part.everywhere(), batch.shape))
        z[batch.tocoo().coords] = -np.inf
        places += [_tenth(row) for row, known in zip(z, part.present, strict=True) if known]
    return _positive_median(places)


def _tenth(z: FloatArray) -> float:
    place = min(_PLACE, len(z)) - 1
    return float(-np.partition(-z, place)[place]) if len(z) else 0.0


def _positive_median(values: list[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    median = float(np.median(finite)) if finite else 1.0
    return median if median > 0 else 1.0
