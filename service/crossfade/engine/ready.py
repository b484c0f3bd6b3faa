"""One request of a batch with all that its answer is made of."""

from __future__ import annotations

from dataclasses import dataclass

from crossfade.engine.answer import Explanation
from crossfade.engine.asked import Asked, read_query
from crossfade.engine.explanation import explain
from crossfade.engine.fusion import Fusion, fuse
from crossfade.engine.profile import Known, build_profiles
from crossfade.engine.query import Query
from crossfade.engine.view import View
from crossfade.types import FloatArray, RowArray

__all__ = ["Ready"]


@dataclass(frozen=True)
class Ready:
    """One request, ready to be scored.

    Attributes:
        view: What it is answered from.
        asked: What is asked.
        known: What is known of whoever asks.
        fusion: The batch's components.
        place: Which of the batch it is.
    """

    view: View
    asked: Asked
    known: Known
    fusion: Fusion
    place: int

    @classmethod
    def alone(cls, view: View, query: Query) -> Ready:
        """Prepare a query on its own.

        Raises:
            QueryError: As ``answer_queries`` does.
        """
        asked = [read_query(view, query)]
        known = build_profiles(view, asked)
        return cls(view, asked[0], known[0], fuse(view, asked, known), 0)

    def scores(self, rows: RowArray) -> FloatArray:
        """Return the score of some items, shape (len(rows),)."""
        return self.fusion.scores(self.place, rows)

    def explain(self, rows: RowArray, scores: FloatArray) -> list[Explanation]:
        """Return how the scores of some items come about."""
        return explain(self.view.items, self.fusion, self.place, self.known.profile, rows, scores=scores)
