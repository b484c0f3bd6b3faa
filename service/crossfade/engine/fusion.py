"""Components to one score: a weighted sum of standardised parts, for a whole batch of queries at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crossfade.bundle import Bundle, ItemSpaces
from crossfade.engine.components import Part, PopularityPart, VectorPart, popularity_part, vector_part
from crossfade.engine.content import ContentPart, content_evidence, content_part
from crossfade.engine.context import ContextPart, context_part
from crossfade.engine.profile import Profile, fold_in
from crossfade.engine.query import COMPONENTS, Query
from crossfade.types import FloatArray, RowArray

__all__ = ["Fusion", "fuse", "prepare"]

_CONTENT_BESIDE_TEXT = 1.0


@dataclass(frozen=True)
class Fusion:
    """The components of a batch, ready to score any item for any of its queries.

    Attributes:
        collaborative: What people do.
        content: What items say.
        context: What goes with the moment.
        attributes: What goes with who asks.
        popularity: What everyone uses.
        trend: What everyone uses lately more than before.
    """

    collaborative: VectorPart
    content: ContentPart
    context: ContextPart
    attributes: ContextPart
    popularity: PopularityPart
    trend: PopularityPart

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of them, in the order they are shown."""
        return (self.collaborative, self.content, self.context, self.attributes, self.popularity, self.trend)

    @property
    def n_items(self) -> int:
        """Size of the catalogue."""
        return len(self.popularity.z)

    def scores(self, query: int, rows: RowArray) -> FloatArray:
        """Return the score of some items for one query, shape (len(rows),)."""
        total = np.zeros(len(rows), np.float32)
        for part in self.parts:
            total += part.at(query, rows)
        return total

    def scores_everywhere(self) -> FloatArray:
        """Return the score of every item for every query, shape (b, n_items)."""
        total = np.zeros((len(self.popularity.weights), self.n_items), np.float32)
        for part in self.parts:
            total += part.everywhere()
        return total


def prepare(
    spaces: ItemSpaces, profiles: Sequence[Profile], folded: FloatArray, weights: Mapping[str, FloatArray]
) -> Fusion:
    """Prepare every component for a batch of profiles.

    Args:
        spaces: What items are scored with.
        profiles: One per query.
        folded: Shape (b, d), the profiles' user factors.
        weights: By component, shape (b,), >= 0.
    """
    tenth_best = spaces.tenth_best
    return Fusion(
        collaborative=vector_part(
            "collaborative",
            spaces.collaborative,
            folded,
            weights=weights["collaborative"],
            tenth_best=tenth_best["collaborative"],
        ),
        content=content_part(
            "content",
            spaces.content,
            [content_evidence(spaces.content, one.rows, one.weights, one.text) for one in profiles],
            weights=weights["content"],
            tenth_best=tenth_best["content"],
        ),
        context=context_part("context", spaces.context, [one.context for one in profiles], weights=weights["context"]),
        attributes=context_part(
            "attributes", spaces.attributes, [one.attributes for one in profiles], weights=weights["attributes"]
        ),
        popularity=popularity_part(
            "popularity", spaces.popularity, weights=weights["popularity"], tenth_best=tenth_best["popularity"]
        ),
        trend=popularity_part("trend", spaces.trend, weights=weights["trend"], tenth_best=tenth_best["trend"]),
    )


def fuse(bundle: Bundle, queries: Sequence[Query], profiles: Sequence[Profile]) -> Fusion:
    """Prepare every component for a batch of queries and their profiles.

    A weight that a query names counts as it is. Where it names none the bundle's default does, which fades from a
    newcomer's to a regular's with the number of past items. Whoever brings a text, or has no past that the
    collaborative component can use, is a newcomer; and a text has been asked for, so beside one content weighs at
    least 1, whatever held-out events say of those who bring none.
    """
    fusion = bundle.manifest.fusion
    folded = np.stack([fold_in(profile, bundle.spaces.collaborative.sources) for profile in profiles])
    sizes = [
        profile.size if profile.text is None and known else 0
        for profile, known in zip(profiles, np.atleast_1d(folded.any(axis=1)), strict=True)
    ]
    least_contents = [0.0 if profile.text is None else _CONTENT_BESIDE_TEXT for profile in profiles]
    weights = {
        name: np.array(
            [
                query.weights.get(name, max(fusion.at(name, size), least if name == "content" else 0.0))
                for query, size, least in zip(queries, sizes, least_contents, strict=True)
            ],
            np.float32,
        )
        for name in COMPONENTS
    }
    return prepare(bundle.spaces, profiles, folded, weights)
