"""A bundle of five items with something in every part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from hand_made import contents_of, no_encoder

from crossfade.bundle import BundleContents, ContextSpace
from crossfade_indexing.learning.content import build_content_space

__all__ = ["contents"]

N_ITEMS = 5


def context_space(field: str, lifts: list[float]) -> ContextSpace:
    """Return a space of one field with one value."""
    by_item = np.array([lifts], np.float32)
    return ContextSpace({field: ("yes",)}, np.ones(1, np.float32), by_item, by_item.mean(axis=1), 1.0)


def contents(seed: int = 0, write_encoder: Callable[[Path], None] | None = None) -> BundleContents:
    """Return a bundle's contents with drawn vectors and an encoder of one file."""
    vectors = np.random.default_rng(seed).normal(size=(N_ITEMS, 3)).astype(np.float32)
    content, _ = build_content_space(vectors, seed=0)
    return contents_of(
        pl.DataFrame({"item_id": [f"i{row}" for row in range(N_ITEMS)], "title": ["t"] * N_ITEMS}),
        sources=vectors,
        targets=vectors,
        content=content,
        past={"u0": {0: 1.0}, "u1": {2: -1.0, 1: 2.0}},
        popularity=[5.0, 4.0, 3.0, 2.0, 1.0],
        trend=[0.0, 0.0, 0.5, 0.0, -0.5],
        context=context_space("tv", [0.0, 0.1, 0.0, 0.0, 0.2]),
        attributes=context_space("adult", [0.3, 0.0, 0.0, 0.0, 0.0]),
        users={"u1": {"adult": "yes"}, "never here": {"adult": None}},
        write_encoder=write_encoder or no_encoder,
    )
