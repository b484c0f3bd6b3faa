"""What travels over HTTP: requests, answers and problems, and their conversion from and to the engine's words.

Nothing here knows a web framework, so that the command line prints and a client reads the very same documents.
"""

from crossfade.wire.answers import (
    BundleAnswer,
    LiveAnswer,
    ReadyAnswer,
    RecommendationsAnswer,
    ReloadAnswer,
    SimilarUsersAnswer,
    answer_to_wire,
    bundle_to_wire,
    similar_users_to_wire,
)
from crossfade.wire.parameters import RecommendationsParameters, SimilarItemsParameters, SimilarUsersParameters
from crossfade.wire.problems import (
    ERROR_STATUS,
    PROBLEM_MEDIA_TYPE,
    PROBLEM_TYPES,
    FieldProblem,
    Problem,
    ProblemType,
    problem,
    problem_type_of,
)
from crossfade.wire.requests import (
    RankRequest,
    RecommendationsRequest,
    ReloadRequest,
    SearchRequest,
)

__all__ = [
    "ERROR_STATUS",
    "PROBLEM_MEDIA_TYPE",
    "PROBLEM_TYPES",
    "BundleAnswer",
    "FieldProblem",
    "LiveAnswer",
    "Problem",
    "ProblemType",
    "RankRequest",
    "ReadyAnswer",
    "RecommendationsAnswer",
    "RecommendationsParameters",
    "RecommendationsRequest",
    "ReloadAnswer",
    "ReloadRequest",
    "SearchRequest",
    "SimilarItemsParameters",
    "SimilarUsersAnswer",
    "SimilarUsersParameters",
    "answer_to_wire",
    "bundle_to_wire",
    "problem",
    "problem_type_of",
    "similar_users_to_wire",
]
