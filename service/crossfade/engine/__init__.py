"""One request, in the order it flows: profile, retrieval, components, fusion, explanation.

``query`` holds what is asked and answered, ``view`` what a bundle looks like to the engine, ``recommender`` the way
in. Everything here is synchronous, works on immutable data and knows no web framework.
"""

from crossfade.engine.query import (
    COMPONENTS,
    Answer,
    AppliedContext,
    Contribution,
    Exclude,
    Explanation,
    Missing,
    Query,
    RecommendedItem,
    SimilarUser,
    SimilarUsers,
)
from crossfade.engine.recommender import Recommender
from crossfade.engine.retrieval import RetrievalSettings
from crossfade.engine.shapes import neighbours_query, rank_query, search_query

__all__ = [
    "COMPONENTS",
    "Answer",
    "AppliedContext",
    "Contribution",
    "Exclude",
    "Explanation",
    "Missing",
    "Query",
    "RecommendedItem",
    "Recommender",
    "RetrievalSettings",
    "SimilarUser",
    "SimilarUsers",
    "neighbours_query",
    "rank_query",
    "search_query",
]
