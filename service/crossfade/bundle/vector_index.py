"""The one wrapper around FAISS: validation, padding and threads are settled here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import faiss
import numpy as np

from crossfade.errors import BundleCorruptError
from crossfade.types import FloatArray, RowArray

__all__ = ["IndexKind", "VectorIndex"]

IndexKind = Literal["flat", "hnsw"]

# Neighbours per node and search breadth. On 20,000 sample-like vectors they gave recall@100 above 0.95; each bundle
# records its own figure.
_HNSW_LINKS = 32
_HNSW_BUILD_BREADTH = 128
_HNSW_SEARCH_BREADTH = 256


class VectorIndex:
    """Rows of vectors, searched by inner product.

    Args:
        index: A FAISS index whose metric is the inner product.
    """

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: FloatArray, *, kind: IndexKind) -> VectorIndex:
        """Index vectors under their positions.

        Args:
            vectors: Shape (n, d), finite; n may be 0.
            kind: ``flat`` is exact; ``hnsw`` is approximate and faster from some ten thousand vectors on.

        Raises:
            ValueError: If a value is not finite.
        """
        if not np.isfinite(vectors).all():
            raise ValueError("vectors: expected finite values only")
        dimension = vectors.shape[1]
        index: faiss.Index
        if kind == "flat":
            index = faiss.IndexFlatIP(dimension)
        else:
            index = faiss.IndexHNSWFlat(dimension, _HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = _HNSW_BUILD_BREADTH
            index.hnsw.efSearch = _HNSW_SEARCH_BREADTH
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> VectorIndex:
        """Open an index written by ``save``; flat vectors stay in the file, mapped and shared between processes.

        Raises:
            BundleCorruptError: If the file is missing or not an index.
        """
        try:
            return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))
        except RuntimeError as error:
            raise BundleCorruptError(f"{path}: not readable as a FAISS index; build the bundle again") from error

    def save(self, path: Path) -> None:
        """Write the index to a file.

        Raises:
            OSError: If it cannot be written, for example because the disk is full.
        """
        try:
            faiss.write_index(self._index, str(path))
        except RuntimeError as error:  # FAISS knows no other kind of error
            raise OSError(f"{path}: cannot be written; is the disk full?") from error

    def select(self, rows: RowArray) -> VectorIndex:
        """Return an index of the same kind that holds only these rows, under their positions in ``rows``."""
        # FAISS reads nothing out of an index that is empty.
        vectors = self._index.reconstruct_n(0, self.size) if self.size else np.empty((0, self.dimension), np.float32)
        return self.build(vectors[rows], kind="hnsw" if isinstance(self._index, faiss.IndexHNSW) else "flat")

    @property
    def size(self) -> int:
        """How many vectors it holds."""
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def search(self, queries: FloatArray, n: int) -> tuple[FloatArray, RowArray]:
        """Find the rows of largest inner product with each query.

        Args:
            queries: Shape (b, d), finite.
            n: How many rows to ask for, > 0; at most ``size`` are returned.

        Returns:
            Inner products and rows, both of shape (b, min(n, size)), best first, ties as FAISS leaves them. A place
            that an approximate search could not fill holds -inf and row -1.

        Raises:
            ValueError: If the dimension is wrong, a value is not finite, or n is not positive.
        """
        if queries.ndim != 2 or queries.shape[1] != self.dimension:
            raise ValueError(f"queries: expected shape (b, {self.dimension}), got {queries.shape}")
        if n <= 0:
            raise ValueError(f"n: expected a positive number, got {n}")
        if not np.isfinite(queries).all():  # FAISS would answer such a query with nothing, in silence
            raise ValueError("queries: expected finite values only")
        n = min(n, self.size)
        if n == 0 or len(queries) == 0:
            return np.empty((len(queries), n), np.float32), np.empty((len(queries), n), np.int64)
        scores, rows = self._index.search(np.ascontiguousarray(queries, dtype=np.float32), n)
        return scores, rows
