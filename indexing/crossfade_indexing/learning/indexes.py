"""Vectors to FAISS indexes: exact while that is quick, approximate beyond, with the recall written down."""

from __future__ import annotations

import numpy as np

from crossfade.bundle import VectorIndex, VectorSpace
from crossfade.bundle.manifest import IndexInfo
from crossfade.types import FloatArray

__all__ = ["build_index", "build_space", "user_vectors"]

# An exact search of 20,000 x 256 takes about a millisecond on one core.
_EXACT_UP_TO = 20_000
_RECALL_QUERIES = 200
_RECALL_AT = 100


def build_index(vectors: FloatArray, *, queries: FloatArray, seed: int) -> tuple[VectorIndex, IndexInfo]:
    """Index vectors and measure how much of the exact answer a search finds.

    Args:
        vectors: Shape (n, d).
        queries: Shape (m, d), what the index will be asked; up to 200 of them are drawn for the measurement.
        seed: Of that draw.

    Returns:
        The index, and its description: recall is the mean share of the exact 100 nearest among 100 found.
    """
    exact = VectorIndex.build(vectors, kind="flat")
    if len(vectors) <= _EXACT_UP_TO:
        return exact, IndexInfo(kind="flat", vectors=len(vectors), dimension=vectors.shape[1], recall=1.0)
    index = VectorIndex.build(vectors, kind="hnsw")
    chosen = np.random.default_rng(seed).permutation(len(queries))[:_RECALL_QUERIES]
    _, found = index.search(queries[chosen], _RECALL_AT)
    _, truth = exact.search(queries[chosen], _RECALL_AT)
    shares = [len(np.intersect1d(a, b)) / len(b) for a, b in zip(found, truth, strict=True)]
    recall = float(np.mean(shares)) if shares else 1.0
    return index, IndexInfo(kind="hnsw", vectors=len(vectors), dimension=vectors.shape[1], recall=recall)


def build_space(sources: FloatArray, targets: FloatArray, cold_map: FloatArray) -> VectorSpace:
    """Take the targets' mean and the square root of their covariance, in float64; the index is an exact one."""
    mean = targets.mean(axis=0, dtype=np.float64)
    covariance = (targets.T.astype(np.float64) @ targets) / len(targets) - np.outer(mean, mean)
    eigenvalues, eigenvectors = np.linalg.eigh(covariance)
    root = (eigenvectors * np.sqrt(np.maximum(eigenvalues, 0.0))) @ eigenvectors.T
    index = VectorIndex.build(targets, kind="flat")
    return VectorSpace(sources, targets, mean.astype(np.float32), root.astype(np.float32), cold_map, index)


def user_vectors(folded: FloatArray, space: VectorSpace) -> FloatArray:
    """Return each user's factors in the metric of the scores, unit length, shape (n_users, d).

    The inner product of two of them is the correlation of the two users' scores over the catalogue. A user without
    positive weights has a zero row.

    Args:
        folded: Shape (n_users, d), the users' fold-ins.
        space: The item factors.
    """
    vectors = folded @ space.root
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: FloatArray = np.zeros_like(vectors)
    np.divide(vectors, lengths, out=result, where=lengths > 0)
    return result
