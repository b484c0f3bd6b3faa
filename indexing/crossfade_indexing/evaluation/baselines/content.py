"""Content alone, the classical way: words in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from crossfade.encoding.words import words
from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation.baselines.training import fitted, liked
from crossfade_indexing.evaluation.ranker import TrainingData

__all__ = ["TfidfContent"]


class TfidfContent:
    """Scores an item by the cosine of its text with the sum of the user's liked items' texts, in TF-IDF.

    Each item's vector is of unit length and counts by the user's weight. An item without text scores 0.
    """

    name = "tf-idf"

    def __init__(self) -> None:
        self._vectors: sp.csr_array | None = None
        self._profiles: sp.csr_array | None = None

    def fit(self, data: TrainingData) -> None:
        """Read the texts and sum up the users.

        Raises:
            ValueError: If there is not one text per item.
        """
        n_items = data.weights.shape[1]
        if len(data.texts) != n_items:
            raise ValueError(f"{len(data.texts)} texts for {n_items} items: there must be one each")
        self._vectors = _vectors(data.texts)
        self._profiles = sp.csr_array(normalize(liked(data.weights) @ self._vectors))

    def scores(self, users: RowArray) -> FloatArray:
        """Return the cosines."""
        cosines: FloatArray = (fitted(self._profiles)[users] @ fitted(self._vectors).T).toarray()
        return cosines


def _vectors(texts: Sequence[str]) -> sp.csr_array:
    # The vectoriser refuses a catalogue without a single word.
    if not any(words(text) for text in texts):
        return sp.csr_array(np.zeros((len(texts), 1), np.float32))
    vectoriser = TfidfVectorizer(analyzer=words, sublinear_tf=True, dtype=np.float32)
    vectors = vectoriser.fit_transform(texts)
    return sp.csr_array((vectors.data, vectors.indices, vectors.indptr), shape=vectors.shape)
