"""Components to one score: a weighted sum of standardised parts, for a whole batch of queries at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossfade.bundle import Bundle
from crossfade.engine.components import Part, PopularityPart, VectorPart, popularity_part, vector_part
from crossfade.engine.content import ContentPart, content_evidence, content_part
from crossfade.engine.profile import Profile, fold_in
from crossfade.engine.query import Query
from crossfade.types import FloatArray, RowArray

__all__ = ["Fusion", "fuse"]


@dataclass(frozen=True)
class Fusion:
    """The components of a batch, ready to score any item for any of its queries.

    Attributes:
        collaborative: What people do.
        content: What items say.
        popularity: What everyone uses.
    """

    collaborative: VectorPart
    content: ContentPart
    popularity: PopularityPart

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of them, in the order they are shown."""
        return (self.collaborative, self.content, self.popularity)

    def scores(self, query: int, rows: RowArray) -> FloatArray:
        """Return the score of some items for one query, shape (len(rows),)."""
        total = np.zeros(len(rows), np.float32)
        for part in self.parts:
            total += part.at(query, rows)
        return total

    def scores_everywhere(self) -> FloatArray:
        """Return the score of every item for every query, shape (b, n_items)."""
        total = np.zeros((len(self.popularity.weights), len(self.popularity.z)), np.float32)
        for part in self.parts:
            total += part.everywhere()
        return total


def fuse(bundle: Bundle, queries: Sequence[Query], profiles: Sequence[Profile]) -> Fusion:
    """Prepare every component for a batch of queries and their profiles.

    A weight that a query names counts as it is. Where it names none the bundle's default does, and content's fades
    with what is known of the user: at n past items it is ``default * fade / (fade + n)``, unless the request brings a
    text of its own or the collaborative component is absent.
    """
    manifest = bundle.manifest

    def weights_of(name: str, shares: Sequence[float] | None = None) -> FloatArray:
        defaults = [manifest.weights[name] * share for share in shares or [1.0] * len(queries)]
        given = [query.weights.get(name, default) for query, default in zip(queries, defaults, strict=True)]
        return np.array(given, np.float32)

    collaborative = vector_part(
        "collaborative",
        bundle.collaborative,
        np.stack([fold_in(profile, bundle.collaborative.sources) for profile in profiles]),
        weights=weights_of("collaborative"),
        tenth_best=manifest.tenth_best["collaborative"],
    )
    shares = [
        manifest.fade / (manifest.fade + len(profile.rows)) if known and profile.text is None else 1.0
        for profile, known in zip(profiles, collaborative.present, strict=True)
    ]
    return Fusion(
        collaborative=collaborative,
        content=content_part(
            "content",
            bundle.content,
            [content_evidence(bundle.content, one.rows, one.weights, one.text) for one in profiles],
            weights=weights_of("content", shares),
            tenth_best=manifest.tenth_best["content"],
        ),
        popularity=popularity_part(
            bundle.catalogue.popularity,
            weights=weights_of("popularity"),
            tenth_best=manifest.tenth_best["popularity"],
        ),
    )
