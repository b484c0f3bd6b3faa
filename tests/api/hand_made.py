"""A small bundle made by hand, quick to write and to serve, with ids that are hard on URLs and JSON."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from crossfade.bundle import BundleContents, BundleStore, Catalogue, Manifest, Past, VectorIndex, write_bundle
from crossfade.bundle.manifest import Counts, EncoderInfo, Factorization, FileEntry
from crossfade.encoding.tfidf import TfidfEncoder
from crossfade_indexing.content import build_content_space
from crossfade_indexing.indexes import build_space, user_vectors

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
"""Item row r is about word r % 4, and the encoder knows no other words."""


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
    folded = np.stack([factors[rows].sum(axis=0) for rows in PAST.values()])
    collaborative, collaborative_info = build_space(factors, factors, queries=folded, seed=0)
    content, content_info = build_content_space(embeddings, seed=0)
    past_items = np.array([row for rows in PAST.values() for row in rows], np.int64)

    def manifest(created_at: datetime, files: dict[str, FileEntry]) -> Manifest:
        return Manifest(
            format_version=1,
            crossfade_version="0",
            created_at=created_at,
            counts=Counts(
                items=n_items,
                warm_items=n_items,
                described_items=n_items,
                users=len(PAST),
                events=len(past_items),
                past_items=len(past_items),
            ),
            encoder=EncoderInfo(name="four-words", fingerprint="", dimension=len(WORDS), languages=("en",)),
            factorization=Factorization(rank=3, user_exponent=0.5, item_exponent=0.5, spectral_exponent=0.5, seed=seed),
            indexes={"targets": collaborative_info, "embeddings": content_info},
            weights={"collaborative": 1.0, "content": 1.0, "popularity": 0.1},
            fade=1e9,
            tenth_best={"collaborative": 1.0, "content": 1.0, "popularity": 1.0},
            cleaning={},
            files=files,
        )

    return BundleContents(
        catalogue=Catalogue(
            pl.DataFrame(
                {
                    "item_id": ITEM_IDS,
                    "title": [f"Title of {item_id}" for item_id in ITEM_IDS],
                    "year": [None, *range(1950, 1949 + n_items)],
                    "genres": [[WORDS[row % len(WORDS)], "all"] for row in range(n_items)],
                    "share": [float("nan") if row == 0 else row / n_items for row in range(n_items)],
                }
            ),
            np.linspace(3.0, 0.0, n_items, dtype=np.float32),
        ),
        past=Past(
            list(PAST),
            starts=np.cumsum([0, *(len(rows) for rows in PAST.values())]),
            items=past_items,
            weights=np.ones(len(past_items), np.float32),
        ),
        collaborative=collaborative,
        content=content,
        users=VectorIndex.build(user_vectors(folded, collaborative), kind="flat"),
        write_encoder=_write_encoder,
        manifest=manifest,
    )


def _write_encoder(directory: Path) -> None:
    n_words = len(WORDS)
    TfidfEncoder("four-words", WORDS, np.ones(n_words, np.float32), np.eye(n_words, dtype=np.float32)).save(directory)
