"""Why an item is recommended to a user, or is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from crossfade.engine.answer import Explanation, PlacedBy, RemovedBy, Why
from crossfade.engine.answering import wanted_of
from crossfade.engine.excluding import interacted, named
from crossfade.engine.explanation import NO_REASON
from crossfade.engine.ordering import Page, first_places, order, pins_of
from crossfade.engine.ready import Ready
from crossfade.engine.retrieval import RetrievalSettings, Scored, Wanted, retrieve
from crossfade.types import FloatArray

__all__ = ["explain_why"]

_SAID: dict[RemovedBy, str] = {
    "unknown": "There is no such item.",
    "deleted": "It was deleted.",
    "hidden": "It is hidden: its property is_hidden is true.",
    "not_available": "It is not available at this moment: see its properties available_from and available_until.",
    "excluded": "The request leaves it out by its id.",
    "interacted": "The user has had it, and what they had is left out here.",
    "filter": "The request's filter does not match it.",
    "earlier_page": "It stands on an earlier page.",
    "cap": "Enough items of its kind have places: the request's cap leaves it out.",
    "pin": "Pinned items take its place.",
    "promote": "Items that the request promotes take its place.",
    "diversity": "Items more unlike those above take its place: the request asks for diversity.",
    "exploration": "Items drawn from further down take its place: the request asks for exploration.",
}
_SAID_ANSWERED: dict[PlacedBy, str] = {
    "score": "It is recommended.",
    "pin": "It is recommended: the request pins it.",
    "promote": "It is recommended: the request promotes it.",
    "exploration": "It is recommended: drawn from further down, as the request asks for exploration.",
}
_NAMED = 2
_REORDERING: tuple[RemovedBy, ...] = ("cap", "pin", "promote", "diversity", "exploration")


@dataclass(frozen=True)
class _Question:
    """An item that can be scored, and the answer it is or is not in.

    Attributes:
        ready: The request, alone.
        row: The item's.
        wanted: What may be answered.
        pool: The best of that.
        page: The answer.
    """

    ready: Ready
    row: int
    wanted: Wanted
    pool: Scored
    page: Page

    @property
    def reach(self) -> int:
        """How many places of the whole order there are up to the page's end, were the page full."""
        return self.page.end + self.ready.asked.limit - len(self.page.rows)

    @property
    def pinned_to(self) -> int | None:
        """Where the item is pinned; None where it is not."""
        return next((place for place, row in pins_of(self.ready).items() if row == self.row), None)

    def among_first(self, places: int, *, without: Sequence[RemovedBy] = ()) -> bool:
        """Return whether the item is among the first places of the whole order, as it is without some rules.

        Without the cap means that it does not hold for this item.
        """
        ready = _without(self.ready, without)
        found = first_places(
            ready, self.wanted.allowed, self.pool, places, uncapped=self.row if "cap" in without else None
        )
        return self.row in found.rows[:places]


def explain_why(ready: Ready, item_id: str, settings: RetrievalSettings) -> Why:
    """Return why an item is in the answer to a request, or is not.

    Args:
        ready: The request, alone.
        item_id: Which item.
        settings: How far to look for candidates.

    Raises:
        QueryError: As ``answer_queries`` does.
    """
    wanted = wanted_of(ready)
    (pool,) = retrieve(ready.fusion, [wanted], settings)
    page = order(ready, wanted.allowed, pool)
    may_come = wanted.allowed.copy()
    may_come[list(pins_of(ready).values())] = True
    of = int(may_come.sum())
    kept_back, row = _kept_back(ready, item_id), ready.asked.items.row_of(item_id)
    if row is None or kept_back in ("unknown", "deleted"):
        gone = kept_back or "unknown"
        return Why(item_id, {}, None, of, None, None, gone, _SAID[gone])
    question = _Question(ready, row, wanted, pool, page)
    rows = np.union1d(np.flatnonzero(may_come), [row])
    scores = ready.scores(rows)
    scores[np.searchsorted(rows, pool.rows)] = pool.scores  # the floats that the pool is ordered by
    place_of_row = np.searchsorted(rows, [row])
    score = float(scores[place_of_row][0])
    rank = 1 + int(((scores > score) | ((scores == score) & (rows < row))).sum())
    removed_by = kept_back or _removed_by(question)
    (explanation,) = ready.explain(np.array([row]), scores[place_of_row])
    (properties,) = ready.asked.items.properties([row], ready.asked.include)
    place = f"By its score it {'is' if may_come[row] else 'would be'} number {rank} of {len(rows)}."
    against = _what_speaks_against(question, explanation, scores, score)
    text = _sentence(question, removed_by, rank, explanation, against)
    text = f"{place} {text}" if removed_by == "below_limit" else f"{text} {place}"
    return Why(item_id, properties, rank, of, score, explanation, removed_by, text)


def _kept_back(ready: Ready, item_id: str) -> RemovedBy | None:
    """Return what keeps an item out of every answer, at the first page's moment or at this one's."""
    for items, moment in ((ready.asked.items, ready.asked.now), (ready.view.items, ready.asked.present)):
        row = items.row_of(item_id)
        if row is None:
            return "deleted" if item_id in items.overlay.deleted else "unknown"
        if not items.standing(moment)[row]:
            return "hidden" if items.is_hidden(row) else "not_available"
    return None


def _removed_by(question: _Question) -> RemovedBy | None:
    ready, row, offset = question.ready, question.row, question.ready.asked.offset
    if row in question.page.rows:
        return None
    pinned = question.pinned_to is not None
    if row in named(ready):
        return "excluded"
    if not pinned and not question.wanted.allowed[row]:
        return "interacted" if row in interacted(ready) else "filter"
    if offset and question.among_first(offset):
        return "earlier_page"
    return "pin" if pinned else _displaced_by(question) or "below_limit"


def _displaced_by(question: _Question) -> RemovedBy | None:
    """Return the rule without which an item would be answered; None where others simply score better.

    Where it takes several, the last one that has to go, if they go in the order of ``RemovedBy``.
    """
    asked = question.ready.asked
    given = (asked.query.cap, asked.query.pin, asked.promote, asked.diversity, asked.exploration)
    active = [rule for rule, value in zip(_REORDERING, given, strict=True) if value]
    trials = [[rule] for rule in active] + [active[:n] for n in range(2, len(active) + 1)]
    return next((trial[-1] for trial in trials if question.among_first(question.reach, without=trial)), None)


def _without(ready: Ready, rules: Sequence[RemovedBy]) -> Ready:
    """Return a request without some of the rules that change the order, but for the cap."""
    asked = ready.asked
    return replace(
        ready,
        asked=replace(
            asked,
            query=replace(asked.query, pin=()) if "pin" in rules else asked.query,
            promote=None if "promote" in rules else asked.promote,
            diversity=0.0 if "diversity" in rules else asked.diversity,
            exploration=0.0 if "exploration" in rules else asked.exploration,
        ),
    )


def _sentence(
    question: _Question, removed_by: RemovedBy | None, rank: int, explanation: Explanation, against: str
) -> str:
    """Say everything at once, but for where the item stands by its score."""
    page, asked = question.page, question.ready.asked
    if removed_by is None:
        placed_by = page.placed_by[page.rows.tolist().index(question.row)]
        return f"{_SAID_ANSWERED[placed_by]} {explanation.text}{against}"
    if removed_by == "pin" and question.pinned_to is not None:
        return f"It is pinned to place {question.pinned_to}, further down than is answered."
    if removed_by != "below_limit":
        return _SAID[removed_by]
    if rank <= question.reach:
        answered = "Looking for candidates among so many items, it was not found."
    else:
        count = f"{len(page.rows)} {'is' if len(page.rows) == 1 else 'are'} answered."
        answered = f"The page ends with place {page.end}." if asked.offset else count
    return f"{answered} {_what_speaks(explanation)}{against}"


def _what_speaks(explanation: Explanation) -> str:
    if explanation.text == NO_REASON:
        return "Nothing speaks for it." if max(explanation.components.values()) <= 0 else "Little speaks for it."
    return f"What speaks for it: {explanation.text[:1].lower()}{explanation.text[1:]}"


def _what_speaks_against(question: _Question, explanation: Explanation, scores: FloatArray, score: float) -> str:
    """Name what was left alone or disliked, where the item would stand further up without it."""
    items, profile = question.ready.view.items, question.ready.known.profile
    disliked = {items.id_of(row) for row in profile.rows[profile.weights < 0].tolist()}
    against = [one for one in explanation.because if one.contribution < 0 and one.item_id in disliked]
    own = items.id_of(question.row)
    names = ["it" if one.item_id == own else f"“{one.title or one.item_id}”" for one in against[:_NAMED]]
    taken_off = {
        "it was shown to the user and left alone": explanation.components["impressions"],
        f"the user did not like {' and '.join(names)}": sum(one.contribution for one in against),
    }
    above = (scores > score).sum()
    said = [reason for reason, amount in taken_off.items() if (scores > score - amount).sum() < above]
    return f" What speaks against it: {'; '.join(said)}." if said else ""
