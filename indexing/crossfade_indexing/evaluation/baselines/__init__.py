"""The models that ours must beat, made as well as we can, with their parameters chosen as carefully."""

from __future__ import annotations

from crossfade_indexing.evaluation.baselines.choosing import EASE_GRID, NEIGHBOUR_GRID, Choice, choose
from crossfade_indexing.evaluation.baselines.content import TfidfContent
from crossfade_indexing.evaluation.baselines.defaults import default_baselines
from crossfade_indexing.evaluation.baselines.ease import Ease
from crossfade_indexing.evaluation.baselines.neighbours import ItemNeighbours, NeighbourHybrid, UserNeighbours
from crossfade_indexing.evaluation.baselines.ranking import ranker_ranking
from crossfade_indexing.evaluation.baselines.unpersonalised import Popularity, Random

__all__ = [
    "EASE_GRID",
    "NEIGHBOUR_GRID",
    "Choice",
    "Ease",
    "ItemNeighbours",
    "NeighbourHybrid",
    "Popularity",
    "Random",
    "TfidfContent",
    "UserNeighbours",
    "choose",
    "default_baselines",
    "ranker_ranking",
]
