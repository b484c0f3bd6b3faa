"""Small bundles in memory, hand-made or drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
import pytest
from hand_made import Pasts, contents_of, in_memory
from numpy.typing import NDArray

from crossfade.bundle import ContentSpace, ContextSpace, VectorIndex
from crossfade.bundle.vector_index import IndexKind
from crossfade.engine.items import Items
from crossfade.engine.view import View
from crossfade.types import FloatArray

MakeView = Callable[..., View]

Rows = Sequence[Sequence[float]] | NDArray[np.floating]


class KnownWords:
    """An encoder that knows the words it is given and no other."""

    name = "known-words"

    def __init__(self, words: Mapping[str, FloatArray], dimension: int) -> None:
        self.dimension = dimension
        self._words = words
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.encoded += texts
        nothing = np.zeros(self.dimension, np.float32)
        return np.array([self._words.get(text, nothing) for text in texts], np.float32).reshape(-1, self.dimension)


def content_space(vectors: FloatArray, kind: IndexKind = "flat") -> ContentSpace:
    """Return a space in which embeddings lie where they are."""
    n_items, d = vectors.shape
    index = VectorIndex.build(vectors, kind=kind)
    return ContentSpace(vectors, np.zeros(d, np.float32), np.eye(d, dtype=np.float32), np.arange(n_items), index)


def context_space(
    fields: Mapping[str, Sequence[str]], lifts: Rows, *, weights: Sequence[float] | None = None, scale: float = 1.0
) -> ContextSpace:
    """Return a space of log-lifts, one row per value in the order of the fields, each field of weight 1 by default."""
    by_value = np.asarray(lifts, np.float32)
    by_field = np.asarray(weights or [1.0] * len(fields), np.float32)
    return ContextSpace(fields, by_field, by_value, by_value.mean(axis=1), scale)


def view_of(
    sources: Rows,
    targets: Rows,
    embeddings: Rows,
    *,
    past: Pasts | None = None,
    words: Mapping[str, FloatArray] | None = None,
    properties: Mapping[str, Sequence[object]] | None = None,
    index: IndexKind = "flat",
    **more: object,
) -> View:
    """Return a view of items named i0, i1, … with titles T0, T1, …, which the encoder knows, and further properties.

    Args:
        sources: As in ``contents_of``, like what is not named here.
        targets: As there.
        embeddings: Shape (n_items, d), where the items lie in the content space.
        past: As there.
        words: What else the encoder knows.
        properties: By name, one value for each item.
        index: Of the content space.
        more: See ``contents_of``.
    """
    source_array, target_array, embedding_array = (
        np.asarray(vectors, np.float32).reshape(len(vectors), -1) for vectors in (sources, targets, embeddings)
    )
    rows = range(len(target_array))
    items = pl.DataFrame(
        {
            "item_id": [f"i{row}" for row in rows],
            "title": [f"T{row}" for row in rows],
            "year": [2000 + row for row in rows],
            **(properties or {}),
        }
    )
    contents = contents_of(
        items,
        sources=source_array,
        targets=target_array,
        content=content_space(embedding_array, index),
        past=past or {},
        **more,  # type: ignore[arg-type]  # passed on as they are
    )
    titles = {f"T{row}": embedding_array[row] for row in rows}
    return View(Items.of(in_memory(contents)), KnownWords({**titles, **(words or {})}, embedding_array.shape[1]))


@pytest.fixture(scope="session")
def make_view() -> MakeView:
    """Makes a view of a hand-made bundle; see ``view_of``."""
    return view_of


@pytest.fixture(scope="session")
def make_context_space() -> Callable[..., ContextSpace]:
    """Makes a space of log-lifts; see ``context_space``."""
    return context_space


@pytest.fixture(scope="session")
def drawn_view() -> View:
    """A view of 300 items, 40 users with a past and 5 without, everything drawn, more popular items first.

    Its encoder knows the words "north" and "sea", its context a device and the part of day, its users' attributes an
    age; every third past item speaks against something.
    """
    random = np.random.default_rng(7)
    n_items = 300
    embeddings = random.normal(size=(n_items, 12))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    embeddings[::17] = 0  # items without text
    past = {
        f"u{user}": {int(row): float(random.integers(-1, 4)) for row in random.permutation(n_items)[: 1 + user]}
        for user in range(40)
    }
    device_and_time = {"device": ("tv", "phone"), "part_of_day": ("morning", "afternoon", "evening", "night")}
    return view_of(
        random.normal(size=(n_items, 8)),
        random.normal(size=(n_items, 8)),
        embeddings,
        past=past,
        words={"north": embeddings[1].astype(np.float32), "sea": embeddings[2].astype(np.float32)},
        popularity=np.sort(random.exponential(size=n_items))[::-1].tolist(),
        trend=random.normal(size=n_items).tolist(),
        context=context_space(device_and_time, random.normal(size=(6, n_items)), weights=[1.0, 0.5], scale=2.0),
        attributes=context_space({"age": ("young", "old")}, random.normal(size=(2, n_items))),
        users={f"u{user}": {"age": ("young", "old", None)[user % 3]} for user in range(30, 45)},
    )
