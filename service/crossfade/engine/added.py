"""What items are scored with that were added or changed since the bundle was built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossfade.bundle import Bundle, ItemSpaces
from crossfade.encoding.item_text import item_text
from crossfade.live import ItemRecord
from crossfade.types import FloatArray

__all__ = ["AddedItems", "AddedRow", "Encode", "base_row", "embeddings_of", "new_row"]

Encode = Callable[[Sequence[str]], FloatArray]
"""Texts to unit vectors, shape (n, d)."""

AddedRow = dict[str, FloatArray]
"""One row of every field of ``AddedItems``."""


@dataclass(frozen=True)
class AddedItems:
    """One row each, in the order of ``ItemSpaces``.

    Attributes:
        sources: Shape (l, rank).
        targets: Shape (l, rank).
        vectors: Shape (l, d), in the content space.
        context: Shape (l, n_values), log-lifts.
        attributes: Shape (l, n_values), log-lifts.
        popularity: Shape (l,).
        trend: Shape (l,).
    """

    sources: FloatArray
    targets: FloatArray
    vectors: FloatArray
    context: FloatArray
    attributes: FloatArray
    popularity: FloatArray
    trend: FloatArray

    def __len__(self) -> int:
        return len(self.popularity)

    @classmethod
    def none(cls, spaces: ItemSpaces) -> AddedItems:
        """Return no rows, of the widths that go with some spaces."""

        def empty(*widths: int) -> FloatArray:
            return np.zeros((0, *widths), np.float32)

        rank = spaces.collaborative.targets.shape[1]
        return cls(
            sources=empty(rank),
            targets=empty(rank),
            vectors=empty(spaces.content.vectors.shape[1]),
            context=empty(len(spaces.context.mean)),
            attributes=empty(len(spaces.attributes.mean)),
            popularity=empty(),
            trend=empty(),
        )

    def row(self, place: int) -> AddedRow:
        """Return one row."""
        return {name: getattr(self, name)[place] for name in AddedItems.__dataclass_fields__}

    def only(self, places: NDArray[np.bool_]) -> AddedItems:
        """Return a copy of some rows; ``places`` has shape (l,)."""
        return AddedItems(**{name: getattr(self, name)[places] for name in AddedItems.__dataclass_fields__})


def base_row(spaces: ItemSpaces, row: int) -> AddedRow:
    """Return what one of the bundle's items is scored with."""
    return {
        "sources": spaces.collaborative.sources[row],
        "targets": spaces.collaborative.targets[row],
        "vectors": spaces.content.vectors[row],
        "context": spaces.context.lifts[:, row],
        "attributes": spaces.attributes.lifts[:, row],
        "popularity": spaces.popularity[row],
        "trend": spaces.trend[row],
    }


def new_row(spaces: ItemSpaces, embedding: FloatArray | None, old: AddedRow | None) -> AddedRow:
    """Return what an item with a new text is scored with.

    What its text says comes from the text; what was learned from events stays. An item about which nothing was learned
    gets the factors of its text, no lift, and the mean popularity: it is not unpopular but unknown.

    Args:
        spaces: What the bundle's items are scored with.
        embedding: Of the text, shape (d,); None for an item without one.
        old: What the item was scored with before; None for one that is new.
    """
    width = spaces.content.vectors.shape[1]
    placed = np.zeros(width, np.float32) if embedding is None else spaces.content.place(embedding[None])[0]
    row = {**(_nothing_learned(spaces) if old is None else old), "vectors": placed}
    if old is None or _is_of_text(old, spaces):
        mapped = placed @ spaces.collaborative.cold_map
        rank = spaces.collaborative.targets.shape[1]
        row["sources"], row["targets"] = mapped[:rank], mapped[rank:]
    return row


def _nothing_learned(spaces: ItemSpaces) -> AddedRow:
    return {
        "context": np.zeros(len(spaces.context.mean), np.float32),
        "attributes": np.zeros(len(spaces.attributes.mean), np.float32),
        "popularity": np.asarray(spaces.popularity.mean() if spaces.popularity.size else 0.0, np.float32),
        "trend": np.zeros((), np.float32),
    }


def _is_of_text(row: Mapping[str, FloatArray], spaces: ItemSpaces) -> bool:
    """Whether factors are those of the item's text alone: nobody has touched it."""
    mapped = row["vectors"] @ spaces.collaborative.cold_map
    return np.allclose(mapped, np.concatenate([row["sources"], row["targets"]]), rtol=1e-3, atol=1e-5)


def embeddings_of(bundle: Bundle, encode: Encode, records: Sequence[ItemRecord]) -> list[FloatArray | None]:
    """Return the embeddings of items' texts by the bundle's encoder; those that are not kept are made, all at once."""
    own = bundle.manifest.encoder.fingerprint
    embeddings = [record.embedding if record.encoder == own else None for record in records]
    texts = [item_text(record.properties) for record in records]
    absent = [place for place, text in enumerate(texts) if text and embeddings[place] is None]
    for place, vector in zip(absent, encode([texts[place] for place in absent]), strict=True):
        embeddings[place] = vector
    return embeddings
