"""Where everything lies inside a version's directory; the reader and the writer both go by this page."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "COLLABORATIVE",
    "CONTENT",
    "ENCODER",
    "ITEMS",
    "PAST_ITEMS",
    "PAST_STARTS",
    "PAST_WEIGHTS",
    "POPULARITY",
    "REQUIRED",
    "USERS",
    "USER_INDEX",
    "SpaceFiles",
]


@dataclass(frozen=True)
class SpaceFiles:
    """The files of one vector space; without ``sources`` the targets serve as both."""

    sources: str | None
    targets: str
    mean: str
    root: str
    index: str


ITEMS = "items.parquet"
USERS = "users.parquet"
POPULARITY = "popularity.npy"
PAST_STARTS = "past/starts.npy"
PAST_ITEMS = "past/items.npy"
PAST_WEIGHTS = "past/weights.npy"
COLLABORATIVE = SpaceFiles(
    sources="collaborative/sources.npy",
    targets="collaborative/targets.npy",
    mean="collaborative/mean.npy",
    root="collaborative/root.npy",
    index="collaborative/targets.faiss",
)
CONTENT = SpaceFiles(
    sources=None,
    targets="content/embeddings.npy",
    mean="content/mean.npy",
    root="content/root.npy",
    index="content/embeddings.faiss",
)
USER_INDEX = "users.faiss"
ENCODER = "encoder"

REQUIRED = (
    ITEMS,
    USERS,
    POPULARITY,
    PAST_STARTS,
    PAST_ITEMS,
    PAST_WEIGHTS,
    *(
        name
        for space in (COLLABORATIVE, CONTENT)
        for name in (space.sources, space.targets, space.mean, space.root, space.index)
        if name is not None
    ),
    USER_INDEX,
)
"""Every file a bundle cannot do without; those of the encoder depend on its kind."""
