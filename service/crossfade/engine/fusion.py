"""Components to one score: a weighted sum of standardised parts, for a whole batch of queries at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crossfade.bundle import Bundle, ItemSpaces
from crossfade.bundle.manifest import FusionWeights
from crossfade.engine.added import AddedItems
from crossfade.engine.asked import Asked
from crossfade.engine.components import (
    AdjustmentPart,
    LookedUp,
    Part,
    PopularityPart,
    VectorPart,
    popularity_part,
    vector_part,
)
from crossfade.engine.content import ContentPart, content_evidence, content_part
from crossfade.engine.context import ContextPart, context_part
from crossfade.engine.growth import grown
from crossfade.engine.items import Items
from crossfade.engine.people import Evidence
from crossfade.engine.profile import Known, Profile, fold_in
from crossfade.engine.query import COMPONENTS
from crossfade.engine.view import View
from crossfade.types import FloatArray, RowArray

__all__ = ["Fusion", "default_weights", "fuse", "fuse_by_default", "prepare"]

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
        adjustments: What is added beside.
    """

    collaborative: VectorPart
    content: ContentPart
    context: ContextPart
    attributes: ContextPart
    popularity: PopularityPart
    trend: PopularityPart
    adjustments: tuple[AdjustmentPart, ...] = ()

    @property
    def components(self) -> tuple[LookedUp, ...]:
        """Those that a weight goes with, in the order they are shown."""
        return (self.collaborative, self.content, self.context, self.attributes, self.popularity, self.trend)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything that is added up, in the order it is shown."""
        return (*self.components, *self.adjustments)

    @property
    def boosts(self) -> Sequence[FloatArray | None]:
        """What boosts add to every item, by query; None where they add nothing."""
        return next(part.values for part in self.adjustments if part.name == "boost")

    @property
    def n_base(self) -> int:
        """How many items are the bundle's."""
        return len(self.collaborative.space.targets)

    @property
    def n_items(self) -> int:
        """Size of the catalogue, items added since included."""
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
    spaces: ItemSpaces,
    profiles: Sequence[Profile],
    folded: FloatArray,
    weights: Mapping[str, FloatArray],
    *,
    added: AddedItems | None = None,
    adjustments: tuple[AdjustmentPart, ...] = (),
) -> Fusion:
    """Prepare every component for a batch of profiles.

    Args:
        spaces: What items are scored with.
        profiles: One per query.
        folded: Shape (b, d), the profiles' user factors.
        weights: By component, shape (b,), >= 0.
        added: What the items are scored with that follow on those of the spaces.
        adjustments: What is added beside the components.
    """
    tenth_best = spaces.tenth_best
    added = added or AddedItems.none(spaces)
    return Fusion(
        collaborative=vector_part(
            "collaborative",
            spaces.collaborative,
            folded,
            weights=weights["collaborative"],
            tenth_best=tenth_best["collaborative"],
            added=added.targets,
        ),
        content=content_part(
            "content",
            spaces.content,
            [
                content_evidence(spaces.content, one.rows, one.weights, one.text, added=added.vectors)
                for one in profiles
            ],
            weights=weights["content"],
            tenth_best=tenth_best["content"],
            added=added.vectors,
        ),
        context=context_part(
            "context",
            spaces.context,
            [one.context for one in profiles],
            weights=weights["context"],
            added=added.context,
        ),
        attributes=context_part(
            "attributes",
            spaces.attributes,
            [one.attributes for one in profiles],
            weights=weights["attributes"],
            added=added.attributes,
        ),
        popularity=popularity_part(
            "popularity",
            spaces.popularity,
            weights=weights["popularity"],
            tenth_best=tenth_best["popularity"],
            added=added.popularity,
        ),
        trend=popularity_part(
            "trend", spaces.trend, weights=weights["trend"], tenth_best=tenth_best["trend"], added=added.trend
        ),
        adjustments=adjustments,
    )


def fuse(view: View, asked: Sequence[Asked], known: Sequence[Known]) -> Fusion:
    """Prepare every component, and what is added beside, for a batch of requests.

    Args:
        view: What they are answered from.
        asked: The requests.
        known: Their profiles.

    Raises:
        QueryError: If the filter of a boost asks for what the items cannot tell.
    """
    items, profiles = view.items, [one.profile for one in known]
    spaces, added = view.bundle.spaces, items.overlay.added
    sources = grown(spaces.collaborative.sources, added.sources)
    folded = np.stack([fold_in(profile, sources) for profile in profiles])
    has_factors = np.atleast_1d(folded.any(axis=1))
    fusion = view.bundle.manifest.fusion
    settled = [
        _settled(default_weights(fusion, profile, has_factors=bool(has)), one)
        for one, profile, has in zip(asked, profiles, has_factors, strict=True)
    ]
    weights = {name: np.array([one[name] for one in settled], np.float32) for name in COMPONENTS}
    adjustments = (
        AdjustmentPart("boost", [_boosts(items, one) for one in asked]),
        AdjustmentPart("impressions", [_against_shown(items, one.evidence) for one in known]),
    )
    return prepare(spaces, profiles, folded, weights, added=added, adjustments=adjustments)


def fuse_by_default(bundle: Bundle, profiles: Sequence[Profile]) -> Fusion:
    """Prepare every component of a bundle for a batch of profiles, with the weights it has by default."""
    folded = np.stack([fold_in(profile, bundle.spaces.collaborative.sources) for profile in profiles])
    settled = [
        default_weights(bundle.manifest.fusion, profile, has_factors=bool(has))
        for profile, has in zip(profiles, np.atleast_1d(folded.any(axis=1)), strict=True)
    ]
    weights = {name: np.array([one[name] for one in settled], np.float32) for name in COMPONENTS}
    return prepare(bundle.spaces, profiles, folded, weights)


def default_weights(fusion: FusionWeights, profile: Profile, *, has_factors: bool) -> dict[str, float]:
    """Return what each component weighs where a request says nothing.

    The weights fade from a newcomer's to a regular's with the number of past items. Whoever brings a text, or has no
    past that the collaborative component can use, is a newcomer; and a text has been asked for, so beside one content
    weighs at least 1, whatever held-out events say of those who bring none.
    """
    size = profile.size if profile.text is None and has_factors else 0
    weights = {name: fusion.at(name, size) for name in COMPONENTS}
    if profile.text is not None:
        weights["content"] = max(weights["content"], _CONTENT_BESIDE_TEXT)
    return weights


def _settled(default: Mapping[str, float], asked: Asked) -> dict[str, float]:
    """Return the weights of a request: those it names, or that its blend stands for, over the default ones."""
    query, shared = asked.query, {}
    if query.blend is not None:
        instead_of = {**default, **asked.blended}
        both = instead_of["collaborative"] + instead_of["content"]
        shared = {"collaborative": both * query.blend, "content": both * (1 - query.blend)}
    return {**default, **shared, **query.weights}


def _boosts(items: Items, asked: Asked) -> FloatArray | None:
    if not asked.boosts:
        return None
    added = np.zeros(items.n_rows, np.float32)
    for place, (node, amount) in enumerate(asked.boosts):
        added[items.matching(node, now=asked.now, where=f"boost.{place}.filter")] += amount
    return added


def _against_shown(items: Items, evidence: Evidence) -> FloatArray | None:
    if not evidence.shown:
        return None
    added = np.zeros(items.n_rows, np.float32)
    for row, value in evidence.shown.items():
        added[row] = value
    return added
