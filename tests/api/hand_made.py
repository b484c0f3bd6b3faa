"""A small bundle made by hand, quick to write and to serve, with ids that are hard on URLs and JSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from hand_made import constant_fusion, contents_of

from crossfade.bundle import BundleContents, BundleStore, ContextSpace, write_bundle
from crossfade.encoding.tfidf import TfidfEncoder
from crossfade_indexing.learning.content import build_content_space

__all__ = ["HARD_IDS", "ITEM_IDS", "PAST", "WORDS", "publish"]

HARD_IDS = ("a/b", "c,d", "e?f=g&h", "100%", "two words", "Łódź ✓ 🎬", "..", "similar", "/similar")
ITEM_IDS = [f"i{row}" for row in range(40)] + list(HARD_IDS)
"""Item ids by row, most popular first."""

PAST = {
    "u0": [0, 4, 8],
    "u1": [0, 4, 12],
    "u2": [1, 5, 9],
    "nobody's": [],
    "x/y": [2, 6],
    "Jürgen": [3, 7, 11],
}
"""Item rows by user id."""

WORDS = ("crime", "northern", "family", "space")
"""Item row r is about word r % 4, and the encoder knows no other words.

In the evening items about space do better, on a phone those about crime; children like family. The user "a child" has
told their age and done nothing yet.
"""


def publish(store: BundleStore, *, seed: int = 0) -> str:
    """Write one version, point at it, and return its name."""
    version = write_bundle(_contents(seed), store.versions_directory).name
    store.use(version)
    return version


def _contents(seed: int) -> BundleContents:
    random = np.random.default_rng(seed)
    n_items = len(ITEM_IDS)
    factors = random.normal(size=(n_items, 3)).astype(np.float32)
    embeddings = np.eye(len(WORDS), dtype=np.float32)[np.arange(n_items) % len(WORDS)]
    embeddings += random.normal(scale=0.05, size=embeddings.shape).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return contents_of(
        pl.DataFrame(
            {
                "item_id": ITEM_IDS,
                "title": [f"Title of {item_id}" for item_id in ITEM_IDS],
                "year": [None, *range(1950, 1949 + n_items)],
                "genres": [[WORDS[row % len(WORDS)], "all"] for row in range(n_items)],
                "share": [float("nan") if row == 0 else row / n_items for row in range(n_items)],
            }
        ),
        sources=factors,
        targets=factors,
        content=build_content_space(embeddings, seed=0)[0],
        past={user_id: dict.fromkeys(rows, 1.0) for user_id, rows in PAST.items()},
        popularity=np.linspace(3.0, 0.0, n_items).tolist(),
        trend=(np.arange(n_items) == n_items - 1).astype(float).tolist(),
        context=_lifts({"device": {"phone": "crime"}, "part_of_day": {"evening": "space"}}),
        attributes=_lifts({"age": {"child": "family"}}),
        users={"a child": {"age": "child"}},
        fusion=constant_fusion(popularity=0.1, trend=0.0),
        encoder="four-words",
        write_encoder=_write_encoder,
    )


def _lifts(favoured: dict[str, dict[str, str]]) -> ContextSpace:
    """Return a space in which each field's value lifts the items about one word by 1."""
    words = [word for values in favoured.values() for word in values.values()]
    about = np.arange(len(ITEM_IDS)) % len(WORDS)
    lifts = np.array([about == WORDS.index(word) for word in words], np.float32)
    fields = {name: tuple(values) for name, values in favoured.items()}
    return ContextSpace(fields, np.ones(len(fields), np.float32), lifts, lifts.mean(axis=1), 1.0)


def _write_encoder(directory: Path) -> None:
    n_words = len(WORDS)
    TfidfEncoder("four-words", WORDS, np.ones(n_words, np.float32), np.eye(n_words, dtype=np.float32)).save(directory)
