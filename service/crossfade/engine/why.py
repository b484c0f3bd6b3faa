"""Why an item is recommended to a user, or is not."""

from __future__ import annotations

import math

import numpy as np

from crossfade.engine.answer import Answer, Explanation, RemovedBy, Why
from crossfade.engine.answering import wanted_of
from crossfade.engine.excluding import interacted, named
from crossfade.engine.ordering import groups_of
from crossfade.engine.ready import Ready
from crossfade.engine.retrieval import Wanted

__all__ = ["explain_why"]

_SAID: dict[RemovedBy, str] = {
    "unknown": "There is no such item.",
    "deleted": "It was deleted.",
    "hidden": "It is hidden: its property is_hidden is true.",
    "not_available": "It is not available at this moment: see its properties available_from and available_until.",
    "excluded": "The request leaves it out by its id.",
    "interacted": "The user has had it, and what they had is left out here.",
    "filter": "The request's filter does not match it.",
    "cap": "Enough items of its kind stand above it: the request's cap leaves it out.",
    "below_limit": "Others score better.",
}


def explain_why(ready: Ready, item_id: str, answer: Answer) -> Why:
    """Return why an item is in an answer, or is not.

    Args:
        ready: The request, alone.
        item_id: Which item.
        answer: What the request is answered with.
    """
    items, wanted = ready.asked.items, wanted_of(ready)
    row, allowed = items.row_of(item_id), np.flatnonzero(wanted.allowed)
    if row is None:
        gone: RemovedBy = "deleted" if item_id in items.overlay.deleted else "unknown"
        return Why(item_id, {}, None, len(allowed), None, None, gone, _SAID[gone])
    (score,) = ready.scores(np.array([row]))
    others = ready.scores(allowed)
    above = int(((others > score) | ((others == score) & (allowed < row))).sum())
    removed_by = _removed_by(ready, wanted, row, float(score), answer)
    (explanation,) = ready.explain(np.array([row]))
    (properties,) = items.properties([row], ready.asked.include)
    place = f"By its score it is number {above + 1} of {len(allowed)}."
    if removed_by is None:
        text = f"It is recommended. {explanation.text} {place}"
    elif removed_by == "below_limit":
        text = f"{place} {len(answer.items)} are answered. {_what_speaks(explanation)}"
    else:
        text = f"{_SAID[removed_by]} By its score it would be number {above + 1} of {len(allowed) + 1}."
    return Why(item_id, properties, above + 1, len(allowed), float(score), explanation, removed_by, text)


def _removed_by(ready: Ready, wanted: Wanted, row: int, score: float, answer: Answer) -> RemovedBy | None:
    asked, items = ready.asked, ready.asked.items
    if items.id_of(row) in {item.item_id for item in answer.items}:
        return None
    if not items.standing(asked.now)[row]:
        return "hidden" if items.is_hidden(row) else "not_available"
    if row in named(ready):
        return "excluded"
    if row in interacted(ready):
        return "interacted"
    if not wanted.allowed[row]:
        return "filter"
    return "cap" if _is_capped(ready, row, score, answer) else "below_limit"


def _is_capped(ready: Ready, row: int, score: float, answer: Answer) -> bool:
    """Whether an item would be in an answer but for those of its kind that are."""
    cap = ready.asked.query.cap
    if cap is None:
        return False
    by_score = [item.score for item in answer.items if item.placed_by == "score"]
    if len(answer.items) >= ready.asked.limit and score <= min(by_score, default=math.inf):
        return False
    rows = ready.asked.items.rows_of([item.item_id for item in answer.items])
    own, *others = groups_of(ready, np.concatenate([[row], rows])) or [[]]
    return any(sum(value in one for one in others) >= cap.most for value in own)


def _what_speaks(explanation: Explanation) -> str:
    if max(explanation.components.values()) <= 0:
        return "Nothing speaks for it."
    return f"What speaks for it: {explanation.text[:1].lower()}{explanation.text[1:]}"
