"""Why an item has its score: the components, and the user's own past items behind them.

The collaborative component's weighted z is ``gain * (vector @ target - vector @ mean)`` and its vector is a sum over
past items, so with the gain held constant past item j adds exactly ``gain * w_j * s_j @ (target - mean)``. Content is a
sum over past items and the text from the start, each above its own mean. Sums are taken in float64; the score itself is
one in float32, and what it was rounded by goes to the largest summand that is not the request's own, as a boost is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crossfade.engine.answer import Contribution, Explanation
from crossfade.engine.components import Part, VectorPart
from crossfade.engine.content import ContentPart
from crossfade.engine.fusion import Fusion
from crossfade.engine.growth import grown
from crossfade.engine.items import Items
from crossfade.engine.profile import Profile
from crossfade.types import FloatArray, RowArray

__all__ = ["NO_REASON", "explain"]

NO_REASON = "The nearest of what is left."
"""What is said of an item that nothing worth a word speaks for."""

_LISTED = 5
_SAID_BESIDE = {
    "context": "right for the moment",
    "attributes": "liked by people like you",
    "popularity": "popular with everyone",
    "trend": "used more than before",
    "boost": "lifted by the request",
}
_LIFTS = ("context", "attributes", "trend")
# Less than a quarter of what speaks for an item is not worth a word.
_WORTH_A_WORD = 0.25
_NAMED = 2
# Of what speaks for and against an item together.
_ROUNDING = 1e-5


def explain(
    items: Items, fusion: Fusion, query: int, profile: Profile, rows: RowArray, *, scores: FloatArray
) -> list[Explanation]:
    """Return one explanation per item row, in the order given.

    Args:
        items: For names.
        fusion: The batch's components.
        query: Which query of the batch.
        profile: The query's profile, as given to the fusion.
        rows: Item rows, shape (n,).
        scores: Shape (n,), as answered.
    """
    done = _by_what_was_done(fusion.collaborative, items, query, profile, rows)
    said, by_text = _by_what_is_said(fusion.content, query, profile, rows)
    plain: tuple[Part, ...] = (fusion.context, fusion.attributes, fusion.popularity, fusion.trend, *fusion.adjustments)
    values = [part.at(query, rows).astype(np.float64) for part in plain]
    summands = np.column_stack([done, said, by_text, *values])
    _take_up_rounding(summands, scores, n_exact=len(fusion.adjustments))
    n_past = len(profile.rows)
    done, said, by_text = summands[:, :n_past], summands[:, n_past : 2 * n_past], summands[:, 2 * n_past]
    components = {
        fusion.collaborative.name: done.sum(axis=1),
        fusion.content.name: said.sum(axis=1) + by_text,
        **{part.name: summands[:, place - len(plain)] for place, part in enumerate(plain)},
    }
    by_past_item, lifts = done + said, _lifts(items, fusion, query, rows)
    return [
        _one(
            items,
            profile,
            {name: float(of_items[place]) for name, of_items in components.items()},
            by_past_item[place],
            float(by_text[place]),
            lifted={name for name, of_items in lifts.items() if of_items[place] > 0},
        )
        for place in range(len(rows))
    ]


def _take_up_rounding(summands: NDArray[np.float64], scores: FloatArray, *, n_exact: int) -> None:
    """Add to the largest summand of each item what the score was rounded by; more than rounding is left as it is.

    Args:
        summands: Shape (n, s), changed in place.
        scores: Shape (n,).
        n_exact: How many of the summands, the last ones, stay as they are.
    """
    rounded = scores.astype(np.float64) - summands.sum(axis=1)
    items = np.flatnonzero(np.abs(rounded) <= _ROUNDING * np.abs(summands).sum(axis=1))
    inexact = summands[items, : summands.shape[1] - n_exact]
    summands[items, np.abs(inexact).argmax(axis=1)] += rounded[items]


def _by_what_was_done(
    part: VectorPart, items: Items, query: int, profile: Profile, rows: RowArray
) -> NDArray[np.float64]:
    """Return what each past item adds to each item, shape (n, n_past)."""
    centred = part.targets[rows].astype(np.float64) - part.space.mean.astype(np.float64)
    sources = grown(part.space.sources, items.overlay.added.sources)[profile.rows].astype(np.float64)
    return (centred @ sources.T) * (float(part.gains[query]) * profile.weights.astype(np.float64))


def _by_what_is_said(
    part: ContentPart, query: int, profile: Profile, rows: RowArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each past item adds to each item, shape (n, n_past), and what the text adds, shape (n,)."""
    by_evidence, by_text = part.shares(query, rows)
    by_past_item = np.zeros((len(rows), len(profile.rows)))
    by_past_item[:, np.searchsorted(profile.rows, part.evidence[query].rows)] = by_evidence
    return by_past_item, by_text


def _lifts(items: Items, fusion: Fusion, query: int, rows: RowArray) -> dict[str, FloatArray]:
    """Return the log-lift itself of the components that are one, for each item, in some unit.

    A component is above the catalogue's mean, and the mean may be below 0: then nothing is known for an item that it
    lifts.
    """
    by_value = (replace(part, means=np.zeros_like(part.means)) for part in (fusion.context, fusion.attributes))
    trend = grown(items.bundle.spaces.trend, items.overlay.added.trend)
    return {part.name: part.at(query, rows) for part in by_value} | {fusion.trend.name: trend[rows]}


def _one(
    items: Items,
    profile: Profile,
    components: dict[str, float],
    by_past_item: NDArray[np.float64],
    by_text: float,
    *,
    lifted: Collection[str],
) -> Explanation:
    def contributions(places: NDArray[np.int64]) -> list[Contribution]:
        rows = [int(profile.rows[place]) for place in places]
        return [
            Contribution(items.id_of(row), items.title_of(row), float(by_past_item[place]))
            for place, row in zip(places, rows, strict=True)
        ]

    order = np.argsort(-np.abs(by_past_item), kind="stable")
    because = contributions(order[:_LISTED][by_past_item[order[:_LISTED]] != 0])
    reasons = np.flatnonzero((by_past_item > 0) & (profile.weights > 0))  # that one is disliked is no reason for others
    named = contributions(reasons[np.argsort(-by_past_item[reasons], kind="stable")[:_NAMED]])
    return Explanation(
        components=components,
        because=because,
        other_items=float(by_past_item[order[_LISTED:]].sum()),
        query_text=by_text,
        text=_sentence(named, by_text, _beside(components, lifted)),
    )


def _sentence(named: list[Contribution], by_text: float, beside: list[str]) -> str:
    """Name what speaks for the item most; what speaks against it is left to the numbers."""
    names = [f"“{one.title or one.item_id}”" for one in named]
    past = f"because of {' and '.join(names)}" if names else ""
    words = "close to your words" if by_text > 0 else ""
    reasons = [words, past] if by_text >= sum(one.contribution for one in named) else [past, words]
    said = "; ".join([reason for reason in reasons if reason] + beside)
    return f"{said[0].upper()}{said[1:]}." if said else NO_REASON


def _beside(components: Mapping[str, float], lifted: Collection[str]) -> list[str]:
    """Say what speaks for an item beside the past and the words, strongest first; of log-lifts those above 0."""
    for_it = sum(max(value, 0.0) for value in components.values())
    telling = [
        name
        for name in _SAID_BESIDE
        if components[name] > _WORTH_A_WORD * for_it and (name in lifted or name not in _LIFTS)
    ]
    return [_SAID_BESIDE[name] for name in sorted(telling, key=lambda name: -components[name])]
