"""TF-IDF and truncated SVD: the light encoder that needs no model, fitted on the catalogue itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from crossfade.encoding.tfidf import TfidfEncoder
from crossfade.encoding.words import words
from crossfade.types import FloatArray
from crossfade_indexing.progress import Advance

__all__ = ["TfidfItemEncoder"]

_DIMENSION = 256
# 20,000 words by 256 dimensions are 20 MB in the bundle; the rarest words of a larger vocabulary tell little.
_MOST_WORDS = 20_000
_SEED = 0
_VERSION = "tfidf 1"
# Directions with less of the leading singular value than this are rounding noise of a catalogue of lower rank.
_SMALLEST_SHARE = 1e-6
_CHUNK = 256


class TfidfItemEncoder:
    """Learns words and directions from the items' texts, so its vectors mean nothing beside another catalogue's.

    The texts decide alone, not their order: the same catalogue gives the same encoder.
    """

    name = "tfidf"
    languages: frozenset[str] | None = None

    def __init__(self) -> None:
        self._texts: list[str] | None = None

    @property
    def fingerprint(self) -> str:
        """A hash of the texts it was fitted on."""
        digest = hashlib.sha256(_VERSION.encode())
        for text in self._fitted_on:
            digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
        return digest.hexdigest()

    @property
    def dimension(self) -> int:
        """256, or what a smaller catalogue allows: its number of texts, words, or independent directions."""
        return self._encoder.dimension

    def fit(self, texts: Sequence[str]) -> None:
        """Remember the texts; the fitting itself waits until a vector is asked for."""
        self._texts = sorted(set(texts))
        self.__dict__.pop("_encoder", None)

    def encode(self, texts: Sequence[str], *, on_progress: Advance | None = None) -> FloatArray:
        """Return unit vectors of shape (n, d); zeros for a text without a known word."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            vectors[start : start + len(chunk)] = self._encoder.encode(chunk)
            if on_progress is not None:
                on_progress(start + len(chunk), len(texts))
        return vectors

    def export(self, directory: Path) -> None:
        """Write vocabulary, weights and projection."""
        self._encoder.save(directory)

    @property
    def _fitted_on(self) -> list[str]:
        if self._texts is None:
            raise ValueError("the TF-IDF encoder must be fitted on the items' texts first")
        return self._texts

    @cached_property
    def _encoder(self) -> TfidfEncoder:
        return _fit(self.name, self._fitted_on)


def _fit(name: str, texts: Sequence[str]) -> TfidfEncoder:
    # Here, because scikit-learn takes a second to import and most runs embed with a transformer.
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415

    worded = [text for text in texts if words(text)]
    if not worded:
        return TfidfEncoder(name, [], np.zeros(0, np.float32), np.zeros((0, 1), np.float32))
    vectoriser = TfidfVectorizer(analyzer=words, sublinear_tf=True, max_features=_MOST_WORDS)
    matrix = vectoriser.fit_transform(worded)
    # The solver of TruncatedSVD; the class itself divides by the variance, which is 0 for a single text.
    _, singular, directions = randomized_svd(
        matrix, n_components=min(_DIMENSION, *matrix.shape), n_iter=5, random_state=_SEED
    )
    kept = directions[singular > _SMALLEST_SHARE * singular[0]]
    return TfidfEncoder(
        name,
        vectoriser.get_feature_names_out().tolist(),
        vectoriser.idf_.astype(np.float32),
        np.ascontiguousarray(kept.T, np.float32),
    )
