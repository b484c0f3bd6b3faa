"""Small bundles in memory, hand-made or drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from crossfade.bundle import Bundle, Catalogue, ContentSpace, Manifest, Past, VectorIndex
from crossfade.bundle.manifest import Counts, EncoderInfo, Factorization
from crossfade.engine.view import View
from crossfade.types import FloatArray
from crossfade_indexing.indexes import build_space, user_vectors

MakeView = Callable[..., View]


class Wordless:
    """An encoder that knows no word."""

    name = "wordless"
    dimension = 1

    def encode(self, texts: Sequence[str]) -> FloatArray:
        return np.zeros((len(texts), self.dimension), np.float32)


def content_space(vectors: FloatArray) -> ContentSpace:
    """Return a space in which embeddings lie where they are."""
    n_items, d = vectors.shape
    index = VectorIndex.build(vectors, kind="flat")
    return ContentSpace(vectors, np.zeros(d, np.float32), np.eye(d, dtype=np.float32), np.arange(n_items), index)


def make_bundle(
    sources: Sequence[Sequence[float]] | FloatArray,
    targets: Sequence[Sequence[float]] | FloatArray,
    embeddings: Sequence[Sequence[float]] | FloatArray,
    *,
    past: dict[str, dict[int, float]],
    popularity: Sequence[float] | None = None,
    weights: dict[str, float] | None = None,
    fade: float = 1e9,
) -> Bundle:
    """Return a bundle of items named i0, i1, … with titles T0, T1, … and users who had the given rows."""
    source_array, target_array, embedding_array = (
        np.asarray(vectors, np.float32).reshape(len(vectors), -1) for vectors in (sources, targets, embeddings)
    )
    n_items = len(target_array)
    starts = np.cumsum([0, *(len(had) for had in past.values())])
    items = np.array([row for had in past.values() for row in had], np.int64)
    amounts = np.array([weight for had in past.values() for weight in had.values()], np.float32)
    folded = (sp.csr_array((amounts, items, starts), shape=(len(past), n_items)) @ source_array).astype(np.float32)
    collaborative, _ = build_space(source_array, target_array, queries=folded, seed=0)
    manifest = Manifest(
        format_version=1,
        crossfade_version="0",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        counts=Counts(items=n_items, warm_items=0, described_items=0, users=len(past), events=0, past_items=len(items)),
        encoder=EncoderInfo(name="none", fingerprint="", dimension=embedding_array.shape[1], languages=None),
        factorization=Factorization(
            rank=target_array.shape[1], user_exponent=0, item_exponent=0, spectral_exponent=0, seed=0
        ),
        indexes={},
        weights=weights or {"collaborative": 1.0, "content": 1.0, "popularity": 0.1},
        fade=fade,
        tenth_best={"collaborative": 1.0, "content": 1.0, "popularity": 1.0},
        cleaning={},
        files={},
    )
    table = pl.DataFrame(
        {
            "item_id": [f"i{row}" for row in range(n_items)],
            "title": [f"T{row}" for row in range(n_items)],
            "year": [2000 + row for row in range(n_items)],
        }
    )
    return Bundle(
        version="20260101T000000.000000Z-000000000000",
        manifest=manifest,
        catalogue=Catalogue(table, np.asarray(popularity or [0.0] * n_items, np.float32)),
        past=Past(list(past), starts.astype(np.int64), items, amounts),
        collaborative=collaborative,
        content=content_space(embedding_array),
        users=VectorIndex.build(user_vectors(folded, collaborative), kind="flat"),
        encoder_directory=Path("no-encoder"),
    )


@pytest.fixture(scope="session")
def make_view() -> MakeView:
    """Makes a view of a hand-made bundle; see ``make_bundle``."""
    return lambda *args, **kwargs: View(make_bundle(*args, **kwargs), Wordless())


@pytest.fixture(scope="session")
def drawn_view() -> View:
    """A view of 300 items and 40 users with drawn vectors, more popular items first."""
    random = np.random.default_rng(7)
    n_items = 300
    embeddings = random.normal(size=(n_items, 12))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    embeddings[::17] = 0  # items without text
    past = {
        f"u{user}": {int(row): float(random.integers(0, 4)) for row in random.permutation(n_items)[: 1 + user]}
        for user in range(40)
    }
    popularity = np.sort(random.exponential(size=n_items))[::-1]
    return View(
        make_bundle(
            random.normal(size=(n_items, 8)).astype(np.float32),
            random.normal(size=(n_items, 8)).astype(np.float32),
            embeddings.astype(np.float32),
            past=past,
            popularity=popularity.tolist(),
        ),
        Wordless(),
    )
