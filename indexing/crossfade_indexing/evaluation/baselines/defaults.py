"""The baselines of every comparison, in the order the tables list them."""

from __future__ import annotations

from crossfade_indexing.evaluation.baselines.content import TfidfContent
from crossfade_indexing.evaluation.baselines.ease import Ease, ease_fits
from crossfade_indexing.evaluation.baselines.neighbours import ItemNeighbours, NeighbourHybrid, UserNeighbours
from crossfade_indexing.evaluation.baselines.unpersonalised import Popularity, Random
from crossfade_indexing.evaluation.ranker import Ranker

__all__ = ["default_baselines"]


def default_baselines(seed: int, *, n_users: int, n_items: int) -> list[Ranker]:
    """Return all baselines, not fitted; EASE only where it can be had.

    Args:
        seed: For the random one, at least 0.
        n_users: Of the training side.
        n_items: Likewise.
    """
    baselines: list[Ranker] = [
        Popularity(),
        Random(seed),
        UserNeighbours("cosine"),
        # Two ratings in common correlate perfectly: without this much shrinkage chance fills the neighbourhoods.
        UserNeighbours("pearson", shrinkage=100),
        ItemNeighbours("cosine"),
        ItemNeighbours("pearson", shrinkage=100),
        NeighbourHybrid(UserNeighbours("cosine"), ItemNeighbours("cosine")),
        TfidfContent(),
    ]
    return [*baselines, Ease()] if ease_fits(n_users, n_items) else baselines
