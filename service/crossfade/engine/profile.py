"""One user's evidence at request time: weighted past items, the request's text, the moment, and who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from crossfade.engine.answer import Missing
from crossfade.engine.asked import Asked
from crossfade.engine.context import ReadContext, read_context
from crossfade.engine.growth import ItemRows
from crossfade.engine.people import Evidence, evidence_of
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
        evidence: What is known of the user.
        given: Shape (m,), rows of the request's own items.
        context: What the request's context did.
        missing: Names the bundle does not know.
    """

    profile: Profile
    evidence: Evidence
    given: RowArray
    context: ReadContext
    missing: Missing = field(default_factory=Missing)


def build_profiles(view: View, asked: Sequence[Asked]) -> list[Known]:
    """Return one profile per request; their texts are encoded together.

    Raises:
        QueryError: If a context's timestamp or time zone cannot be read.
    """
    with_text = [index for index, one in enumerate(asked) if one.query.text is not None and one.query.text.strip()]
    vectors = view.encoder.encode([asked[index].query.text or "" for index in with_text])
    texts = {index: vector for index, vector in zip(with_text, vectors, strict=True) if vector.any()}
    return [_known(view, one, texts.get(index)) for index, one in enumerate(asked)]


def _known(view: View, asked: Asked, text: FloatArray | None) -> Known:
    query, bundle, items = asked.query, view.bundle, asked.items
    evidence = Evidence()
    if query.user_id is not None:
        evidence = evidence_of(items, view.person(query.user_id), now=asked.now, until=asked.watermark)
    given = items.rows_of(query.item_ids)
    context = read_context(bundle.spaces.context, query.context, now=asked.now, default_zone=bundle.manifest.timezone)
    rows, weights = _counted(view, evidence, given)
    return Known(
        Profile(
            rows=rows,
            weights=weights,
            text=text,
            context=context.vector,
            attributes=bundle.spaces.attributes.active(evidence.attributes)[0],
        ),
        evidence=evidence,
        given=given,
        context=context,
        missing=Missing(
            user_id=None if evidence.known else query.user_id,
            item_ids=[item_id for item_id in query.item_ids if items.row_of(item_id) is None],
        ),
    )


def _counted(view: View, evidence: Evidence, given: RowArray) -> tuple[RowArray, FloatArray]:
    """Return the rows that count, ascending and each once, and how much."""
    rules = view.bundle.manifest.profile
    had = np.concatenate([evidence.rows, given])
    weights = np.concatenate([evidence.weights, np.full(len(given), _GIVEN_ITEM_WEIGHT, np.float32)])
    counted = profile_weights(weights, np.arange(len(weights))[::-1], recency=rules.recency, against=rules.against)
    rows, place = np.unique(had[counted != 0], return_inverse=True)
    return rows, np.bincount(place, counted[counted != 0], minlength=len(rows)).astype(np.float32)


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


def fold_in(profile: Profile, sources: ItemRows) -> FloatArray:
    """Return the user's factors, ``sum_j weights[j] * sources[rows[j]]``, shape (d,).

    With nothing but evidence against they are zero: the opposite of what somebody dislikes is no taste.
    """
    if profile.size == 0:
        return np.zeros(sources.shape[1], np.float32)
    folded: FloatArray = profile.weights @ sources[profile.rows]
    return folded
