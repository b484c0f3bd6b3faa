"""One user's evidence at request time: weighted past items and the request's text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossfade.engine.query import Missing, Query
from crossfade.engine.view import View
from crossfade.types import FloatArray, RowArray

__all__ = ["Profile", "build_profiles", "fold_in", "profile_weights"]

_GIVEN_ITEM_WEIGHT = 1.0


@dataclass(frozen=True)
class Profile:
    """What is known of whoever asks.

    Attributes:
        rows: Shape (n,), item rows of the past items, ascending, each once.
        weights: Shape (n,), how much each speaks for the user's taste, > 0.
        had: Shape (m,), item rows the user has had in any way; repeats are possible.
        text: Shape (d,), unit length: the request's text; None without one, or when no word of it is known.
        missing: Names the bundle does not know.
    """

    rows: RowArray
    weights: FloatArray
    had: RowArray
    text: FloatArray | None
    missing: Missing


def build_profiles(view: View, queries: Sequence[Query]) -> list[Profile]:
    """Return one profile per query; their texts are encoded together."""
    asked = [index for index, query in enumerate(queries) if query.text is not None and query.text.strip()]
    vectors = view.encoder.encode([queries[index].text or "" for index in asked])
    texts = {index: vector for index, vector in zip(asked, vectors, strict=True) if vector.any()}
    return [_profile(view, query, texts.get(index)) for index, query in enumerate(queries)]


def _profile(view: View, query: Query, text: FloatArray | None) -> Profile:
    past, row_of = view.bundle.past, view.bundle.catalogue.row_of
    user_row = None if query.user_id is None else past.row_of.get(query.user_id)
    given = np.unique(np.array([row_of[i] for i in query.item_ids if i in row_of], dtype=np.int64))
    had, weights = (np.empty(0, np.int64), np.empty(0, np.float32)) if user_row is None else past.of(user_row)
    had = np.concatenate([had, given])
    weights = np.concatenate([weights, np.full(len(given), _GIVEN_ITEM_WEIGHT, np.float32)])
    rows, place = np.unique(had[weights > 0], return_inverse=True)
    return Profile(
        rows=rows,
        weights=np.bincount(place, weights[weights > 0], minlength=len(rows)).astype(np.float32),
        had=had,
        text=text,
        missing=Missing(
            user_id=query.user_id if user_row is None else None,
            item_ids=[item_id for item_id in query.item_ids if item_id not in row_of],
        ),
    )


def profile_weights(weights: FloatArray, steps_back: RowArray, *, recency: float, against: float) -> FloatArray:
    """Return what each past item counts in a profile: ``w (1 + n)^-recency``, times ``against`` where w is below 0.

    Args:
        weights: Shape (n,), of either sign.
        steps_back: Shape (n,), how many of the user's past items are later.
        recency: >= 0; 0 counts old and new alike.
        against: >= 0; 0 leaves evidence against out.
    """
    signed = np.where(weights < 0, against * weights, weights)
    counted: FloatArray = (signed * (1.0 + steps_back) ** -recency).astype(np.float32)
    return counted


def fold_in(profile: Profile, sources: FloatArray) -> FloatArray:
    """Return the user's factors, ``sum_j weights[j] * sources[rows[j]]``, shape (d,)."""
    folded: FloatArray = profile.weights @ sources[profile.rows]
    return folded
