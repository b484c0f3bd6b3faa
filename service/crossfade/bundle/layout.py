"""Where everything lies inside a version's directory; the reader and the writer both go by this page."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from crossfade.bundle.context_space import CONTEXT_SPACE_FILES

__all__ = [
    "ATTRIBUTES",
    "COLLABORATIVE",
    "CONTENT",
    "CONTEXT",
    "ENCODER",
    "ITEMS",
    "PAST_ITEMS",
    "PAST_STARTS",
    "PAST_TIMES",
    "PAST_TYPES",
    "PAST_WEIGHTS",
    "POPULARITY",
    "REQUIRED",
    "TREND",
    "USERS",
    "USER_ATTRIBUTES",
    "USER_INDEX",
    "ContentFiles",
    "SpaceFiles",
]


@dataclass(frozen=True)
class SpaceFiles:
    """The files of a ``VectorSpace``."""

    sources: str
    targets: str
    mean: str
    root: str
    cold_map: str
    index: str


@dataclass(frozen=True)
class ContentFiles:
    """The files of a ``ContentSpace``."""

    vectors: str
    centre: str
    projection: str
    reference: str
    index: str


ITEMS = "items.parquet"
USERS = "users.parquet"
POPULARITY = "popularity.npy"
TREND = "trend.npy"
CONTEXT = "context"
ATTRIBUTES = "attributes"
USER_ATTRIBUTES = "attributes/users.parquet"
PAST_STARTS = "past/starts.npy"
PAST_ITEMS = "past/items.npy"
PAST_WEIGHTS = "past/weights.npy"
PAST_TIMES = "past/times.npy"
PAST_TYPES = "past/types.npy"
COLLABORATIVE = SpaceFiles(
    sources="collaborative/sources.npy",
    targets="collaborative/targets.npy",
    mean="collaborative/mean.npy",
    root="collaborative/root.npy",
    cold_map="collaborative/cold_map.npy",
    index="collaborative/targets.faiss",
)
CONTENT = ContentFiles(
    vectors="content/vectors.npy",
    centre="content/centre.npy",
    projection="content/projection.npy",
    reference="content/reference.npy",
    index="content/vectors.faiss",
)
USER_INDEX = "users.faiss"
ENCODER = "encoder"

REQUIRED = (
    ITEMS,
    USERS,
    POPULARITY,
    TREND,
    USER_ATTRIBUTES,
    *(f"{space}/{name}" for space in (CONTEXT, ATTRIBUTES) for name in CONTEXT_SPACE_FILES),
    PAST_STARTS,
    PAST_ITEMS,
    PAST_WEIGHTS,
    PAST_TIMES,
    PAST_TYPES,
    *astuple(COLLABORATIVE),
    *astuple(CONTENT),
    USER_INDEX,
)
"""Every file a bundle cannot do without; those of the encoder depend on its kind."""
