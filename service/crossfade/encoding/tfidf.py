"""Weighted words projected to a few dimensions (latent semantic analysis), from plain arrays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossfade.encoding.description import EncoderDescription
from crossfade.encoding.words import words
from crossfade.errors import BundleCorruptError
from crossfade.types import FloatArray

__all__ = ["IDF_FILE", "PROJECTION_FILE", "VOCABULARY_FILE", "TfidfEncoder"]

VOCABULARY_FILE = "vocabulary.json"
IDF_FILE = "idf.npy"
PROJECTION_FILE = "projection.npy"

_NOTHING = 1e-6
# Below one page sharing saves nothing, and an array without elements cannot be mapped at all.
_MAPPED_FROM_BYTES = 4096


class TfidfEncoder:
    """TF-IDF with sublinear term frequency, then a linear projection.

    A word that occurs n times in the text weighs (1 + ln n) · idf; the weights are scaled to unit length, projected,
    and scaled again.

    Args:
        name: As the encoder names itself.
        vocabulary: The known words, in the order of the rows below.
        idf: Shape (w,), one factor per word.
        projection: Shape (w, d) with d ≥ 1; may be memory-mapped.
    """

    def __init__(self, name: str, vocabulary: Sequence[str], idf: FloatArray, projection: FloatArray) -> None:
        self.name = name
        self.dimension = int(projection.shape[1])
        self._rows = {word: row for row, word in enumerate(vocabulary)}
        self._idf = idf
        self._projection = projection

    @classmethod
    def open(cls, directory: Path, description: EncoderDescription) -> TfidfEncoder:
        """Read the files that ``save`` wrote.

        Raises:
            BundleCorruptError: If one is missing or damaged, or they do not fit together.
        """
        vocabulary = _read_vocabulary(directory / VOCABULARY_FILE)
        count = len(vocabulary)
        idf = _read_array(directory / IDF_FILE, (count,))
        projection = _read_array(directory / PROJECTION_FILE, (count, description.dimension))
        return cls(description.name, vocabulary, idf, projection)

    def save(self, directory: Path) -> None:
        """Write the encoder and its description into an existing directory."""
        vocabulary = json.dumps(list(self._rows), ensure_ascii=False)
        (directory / VOCABULARY_FILE).write_text(vocabulary, encoding="utf-8")
        np.save(directory / IDF_FILE, self._idf, allow_pickle=False)
        np.save(directory / PROJECTION_FILE, self._projection, allow_pickle=False)
        EncoderDescription(kind="tfidf", name=self.name, dimension=self.dimension).write(directory)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape (n, d); zeros for a text without a known word."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            counts = Counter(column for word in words(text) if (column := self._rows.get(word)) is not None)
            if counts:
                vectors[row] = self._project(counts)
        return vectors

    def _project(self, counts: Counter[int]) -> NDArray[np.float64]:
        columns = np.fromiter(counts, np.int64, len(counts))
        frequencies = np.fromiter(counts.values(), np.float64, len(counts))
        weights = (1 + np.log(frequencies)) * self._idf[columns]
        vector = (weights / np.linalg.norm(weights)) @ self._projection[columns].astype(np.float64)
        norm = float(np.linalg.norm(vector))
        # Words of dropped directions alone leave rounding noise, which must not be blown up to a unit vector.
        return vector / norm if norm > _NOTHING else np.zeros_like(vector)


def _read_vocabulary(path: Path) -> list[str]:
    try:
        vocabulary: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BundleCorruptError(f"{path}: not a readable list of words ({error})") from error
    if not isinstance(vocabulary, list) or not all(isinstance(word, str) for word in vocabulary):
        raise BundleCorruptError(f"{path}: expected a list of words")
    if len(set(vocabulary)) != len(vocabulary):
        raise BundleCorruptError(f"{path}: lists a word twice")
    return vocabulary


def _read_array(path: Path, shape: tuple[int, ...]) -> FloatArray:
    try:
        mapped = path.stat().st_size >= _MAPPED_FROM_BYTES
        array: NDArray[np.float32] = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BundleCorruptError(f"{path}: not a readable array ({error})") from error
    if array.shape != shape or array.dtype != np.float32:
        raise BundleCorruptError(f"{path}: holds {array.dtype} of shape {array.shape}, expected float32 of {shape}")
    return array
