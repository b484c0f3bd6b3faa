"""One user's evidence at request time: weighted past items, the request's text, the moment, and who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossfade.engine.context import ReadContext, read_context
from crossfade.engine.query import Missing, Query
from crossfade.engine.view import View
from crossfade.types import FloatArray, RowArray

__all__ = ["Known", "Profile", "build_profiles", "fold_in", "profile_weights"]

_GIVEN_ITEM_WEIGHT = 1.0


@dataclass(frozen=True)
class Profile:
    """What is known of whoever asks.

    Attributes:
        rows: Shape (n,), item rows of the past items that speak for or against something, ascending, each once.
        weights: Shape (n,), how much each counts; below 0 it speaks against.
        text: Shape (d,), unit length: the request's text; None without one, or when no word of it is known.
        context: Shape (n_values,), the active values of the context space.
        attributes: Shape (n_values,), the active values of the attribute space.
    """

    rows: RowArray
    weights: FloatArray
    text: FloatArray | None
    context: FloatArray
    attributes: FloatArray

    @property
    def size(self) -> int:
        """How many past items speak for something."""
        return int((self.weights > 0).sum())


@dataclass(frozen=True)
class Known:
    """A query's profile and what the answer says about it.

    Attributes:
        profile: What is scored with.
        had: Shape (m,), item rows the user has had in any way; repeats are possible.
        context: What the request's context did.
        missing: Names the bundle does not know.
    """

    profile: Profile
    had: RowArray
    context: ReadContext
    missing: Missing


def build_profiles(view: View, queries: Sequence[Query]) -> list[Known]:
    """Return one profile per query; their texts are encoded together.

    Raises:
        QueryError: If a context's timestamp or time zone cannot be read.
    """
    asked = [index for index, query in enumerate(queries) if query.text is not None and query.text.strip()]
    vectors = view.encoder.encode([queries[index].text or "" for index in asked])
    texts = {index: vector for index, vector in zip(asked, vectors, strict=True) if vector.any()}
    return [_known(view, query, texts.get(index)) for index, query in enumerate(queries)]


def _known(view: View, query: Query, text: FloatArray | None) -> Known:
    bundle = view.bundle
    past, row_of, spaces = bundle.past, bundle.catalogue.row_of, bundle.spaces
    user_row = None if query.user_id is None else past.row_of.get(query.user_id)
    attributes = {} if query.user_id is None else bundle.user_attributes.of(query.user_id)
    given = np.array([row_of[i] for i in dict.fromkeys(query.item_ids) if i in row_of], dtype=np.int64)
    had, weights = (np.empty(0, np.int64), np.empty(0, np.float32)) if user_row is None else past.of(user_row)
    had = np.concatenate([had, given])
    weights = np.concatenate([weights, np.full(len(given), _GIVEN_ITEM_WEIGHT, np.float32)])
    rules = bundle.manifest.profile
    counted = profile_weights(weights, np.arange(len(weights))[::-1], recency=rules.recency, against=rules.against)
    rows, place = np.unique(had[counted != 0], return_inverse=True)
    context = read_context(spaces.context, query.context, default_zone=bundle.manifest.timezone)
    return Known(
        Profile(
            rows=rows,
            weights=np.bincount(place, counted[counted != 0], minlength=len(rows)).astype(np.float32),
            text=text,
            context=context.vector,
            attributes=spaces.attributes.active(attributes)[0],
        ),
        had=had,
        context=context,
        missing=Missing(
            user_id=query.user_id if user_row is None and query.user_id not in bundle.user_attributes else None,
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
    """Return the user's factors, ``sum_j weights[j] * sources[rows[j]]``, shape (d,).

    With nothing but evidence against they are zero: the opposite of what somebody dislikes is no taste.
    """
    if profile.size == 0:
        return np.zeros(sources.shape[1], np.float32)
    folded: FloatArray = profile.weights @ sources[profile.rows]
    return folded
