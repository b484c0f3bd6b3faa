"""Ask a view and read what it answers."""

from __future__ import annotations

from crossfade.engine import Answer, Explanation, Query, RetrievalSettings
from crossfade.engine.answering import answer_queries
from crossfade.engine.view import View

__all__ = ["WHOLE", "answer", "explanation_of", "scores"]

WHOLE = RetrievalSettings()
"""Small catalogues are scored whole."""


def answer(view: View, query: Query, settings: RetrievalSettings = WHOLE) -> Answer:
    """Return the answer to one query."""
    return answer_queries(view, [query], settings)[0]


def scores(found: Answer) -> dict[str, float]:
    """Return the scores by item id, best first."""
    return {item.item_id: item.score for item in found.items}


def explanation_of(found: Answer, item_id: str) -> Explanation:
    """Return the explanation of one answered item."""
    (explanation,) = (item.explanation for item in found.items if item.item_id == item_id)
    assert explanation is not None
    return explanation
