"""From weighed past items and what the items say to everything items are scored with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from crossfade.bundle import ContentSpace, ItemSpaces
from crossfade.engine.profile import profile_weights
from crossfade.types import FloatArray
from crossfade_indexing.config import EvidenceConfig, FactorizationConfig
from crossfade_indexing.learning.cold_items import add_cold_items
from crossfade_indexing.learning.context import LearnedContext, attribute_space, context_space, learn_context
from crossfade_indexing.learning.factorization import Factors, decompose, shape_factors
from crossfade_indexing.learning.indexes import build_space
from crossfade_indexing.learning.scales import tenth_best_of_content, tenth_best_of_popularity, tenth_best_of_vectors
from crossfade_indexing.learning.trend import trend
from crossfade_indexing.past_items import PastItems

__all__ = ["Learned", "Material", "learn_factors", "learn_spaces", "with_trend"]


@dataclass(frozen=True)
class Material:
    """What is learned from; all events, or the training side of a holdout.

    Attributes:
        past: The weighed past items.
        situations: As ``context.situations`` returns it, of speaking events, with their ``timestamp``.
        content: What the items say; learned without events, so the same on every side.
        item_ids: By row.
    """

    past: PastItems
    situations: pl.DataFrame
    content: ContentSpace
    item_ids: pl.Series


@dataclass(frozen=True)
class Learned:
    """What was learned.

    Attributes:
        spaces: For scoring; the collaborative index is exact, which is slow to ask where there are many items.
        context: How the fields' weights came out.
        folded: Shape (n_users, d), every user's factors.
        warm_items: How many items have factors of their own.
    """

    spaces: ItemSpaces
    context: LearnedContext
    folded: FloatArray
    warm_items: int

    @property
    def rank(self) -> int:
        """How many factors there turned out to be."""
        return int(self.spaces.collaborative.targets.shape[1])


def learn_factors(material: Material, config: FactorizationConfig) -> Factors:
    """Return item factors, cold items' included."""
    decomposition = decompose(
        material.past.matrix(),
        config.rank,
        user_exponent=config.user_exponent,
        item_exponent=config.item_exponent,
        seed=config.seed,
    )
    return add_cold_items(shape_factors(decomposition, config), material.content.vectors, config.cold_scale)


def learn_spaces(
    material: Material, factors: Factors, evidence: EvidenceConfig, *, half_life_days: float | None, seed: int
) -> Learned:
    """Learn all components.

    Args:
        material: What to learn from.
        factors: As ``learn_factors`` returns them for it.
        evidence: How past items count in a profile.
        half_life_days: Of the trend; None leaves the trend out.
        seed: Of draws.
    """
    past = material.past
    counted = profile_weights(past.weights, past.steps_back(), recency=evidence.recency, against=evidence.against)
    profiles = past.profiles(counted)
    folded: FloatArray = profiles @ factors.sources
    collaborative = build_space(factors.sources, factors.targets, factors.cold_map)
    context = learn_context(material.situations, material.item_ids.to_list(), seed=seed)
    popularity = _popularity(past)
    spaces = ItemSpaces(
        collaborative=collaborative,
        content=material.content,
        context=context_space(context, material.situations, seed=seed),
        attributes=attribute_space(context, material.situations, seed=seed),
        popularity=popularity,
        trend=np.zeros(past.n_items, np.float32),
        tenth_best={
            "collaborative": tenth_best_of_vectors(collaborative, profiles, seed=seed),
            "content": tenth_best_of_content(material.content, profiles, seed=seed),
            "popularity": tenth_best_of_popularity(popularity),
            "trend": 1.0,
        },
    )
    if half_life_days is not None:
        spaces = with_trend(spaces, material, half_life_days)
    return Learned(spaces, context, folded, int((factors.degrees > 0).sum()))


def _popularity(past: PastItems) -> FloatArray:
    """Return log1p of how many like each item, shape (n_items,), and the mean of that where nobody has had it.

    An item nobody has had is not unpopular, it is unknown; at the mean it is neither pushed nor held back.
    """
    liked = np.bincount(past.items[past.weights > 0], minlength=past.n_items)
    popularity = np.log1p(liked).astype(np.float32)
    had = np.bincount(past.items, minlength=past.n_items) > 0
    if had.any():
        popularity[~had] = popularity[had].mean()
    return popularity


def with_trend(spaces: ItemSpaces, material: Material, half_life_days: float) -> ItemSpaces:
    """Return the spaces with a trend of this half-life."""
    trending = trend(material.situations, material.item_ids, half_life_days)
    tenth_best = {**spaces.tenth_best, "trend": tenth_best_of_popularity(trending)}
    return replace(spaces, trend=trending, tenth_best=tenth_best)
