"""A small bundle on disk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from crossfade.bundle import BundleContents, BundleStore, Catalogue, Manifest, Past, VectorIndex, write_bundle
from crossfade.bundle.manifest import Counts, EncoderInfo, Factorization, FileEntry
from crossfade_indexing.content import build_content_space
from crossfade_indexing.indexes import build_space

N_ITEMS = 5


def empty_encoder(directory: Path) -> None:
    (directory / "encoder.json").write_text("{}")


def contents(seed: int = 0, write_encoder: Callable[[Path], None] | None = None) -> BundleContents:
    """Return a bundle's contents with drawn vectors and an encoder of one file."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(N_ITEMS, 3)).astype(np.float32)
    collaborative, collaborative_info = build_space(vectors, vectors, queries=vectors, seed=0)
    content, content_info = build_content_space(vectors, seed=0)
    past = Past(["u0", "u1"], np.array([0, 1, 3]), np.array([0, 1, 2]), np.array([1.0, 0.0, 2.0], np.float32))

    def manifest(created_at: datetime, files: dict[str, FileEntry]) -> Manifest:
        return Manifest(
            format_version=1,
            crossfade_version="0",
            created_at=created_at,
            counts=Counts(items=N_ITEMS, warm_items=3, described_items=5, users=2, events=3, past_items=3),
            encoder=EncoderInfo(name="none", fingerprint="", dimension=3, languages=("en",)),
            factorization=Factorization(rank=3, user_exponent=0.5, item_exponent=0.5, spectral_exponent=0.5, seed=0),
            indexes={"targets": collaborative_info, "embeddings": content_info},
            weights={"collaborative": 1, "content": 1, "popularity": 0},
            fade=1e9,
            tenth_best={"collaborative": 1, "content": 1, "popularity": 1},
            cleaning={},
            files=files,
        )

    return BundleContents(
        catalogue=Catalogue(
            pl.DataFrame({"item_id": [f"i{row}" for row in range(N_ITEMS)], "title": ["t"] * N_ITEMS}),
            np.arange(N_ITEMS, 0, -1).astype(np.float32),
        ),
        past=past,
        collaborative=collaborative,
        content=content,
        users=VectorIndex.build(vectors[:2], kind="flat"),
        write_encoder=write_encoder or empty_encoder,
        manifest=manifest,
    )


@pytest.fixture
def store(tmp_path: Path) -> BundleStore:
    """A store with one version in use."""
    made = BundleStore(tmp_path / "bundle")
    made.use(write_bundle(contents(), made.versions_directory).name)
    return made


@pytest.fixture
def publish() -> Callable[..., str]:
    """Writes one more version into a store and returns its name; it is not used yet."""

    def write(store: BundleStore, seed: int = 1, write_encoder: Callable[[Path], None] | None = None) -> str:
        return write_bundle(contents(seed, write_encoder), store.versions_directory).name

    return write
