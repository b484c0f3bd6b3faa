"""The parts of an opened bundle: the catalogue, what people did, and the spaces items lie in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.bundle.context_space import ContextSpace
from crossfade.bundle.vector_index import VectorIndex
from crossfade.types import FloatArray, RowArray

__all__ = [
    "NO_TIME",
    "Catalogue",
    "ContentSpace",
    "ItemSpaces",
    "Past",
    "UserAttributes",
    "VectorSpace",
    "place_texts",
]

NO_TIME = int(np.iinfo(np.int64).min)
"""Stands for an unknown time in ``Past.times``."""


@dataclass(frozen=True)
class Catalogue:
    """The items and what is known of them.

    Attributes:
        table: One row per item, most popular first: ``item_id``, ``title``, ``description``, ``categories`` and
            every property of the items file.
    """

    table: pl.DataFrame

    @cached_property
    def item_ids(self) -> list[str]:
        """External ids by row."""
        return self.table["item_id"].to_list()

    @cached_property
    def titles(self) -> list[str]:
        """Titles by row, "" where the items file gave none."""
        return self.table["title"].to_list()

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Rows by external id."""
        return {item_id: row for row, item_id in enumerate(self.item_ids)}

    @cached_property
    def property_names(self) -> frozenset[str]:
        """What an answer can include about an item."""
        return frozenset(self.table.columns) - {"item_id"}

    def properties(self, rows: Sequence[int], names: Sequence[str]) -> list[dict[str, object]]:
        """Return the named properties of some items, in the order of ``rows``; None where an item has none.

        Raises:
            KeyError: If a name is no property of this catalogue.
        """
        columns = {name: self._column(name) for name in names}
        return [{name: column[row] for name, column in columns.items()} for row in rows]

    def _column(self, name: str) -> list[object]:
        """Return a property by row as plain values: a table is slow at giving out ten rows."""
        if name not in self._columns:
            if name not in self.property_names:
                raise KeyError(name)
            self._columns[name] = self.table[name].to_list()
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[str, list[object]]:
        return {}


@dataclass(frozen=True)
class Past:
    """Every user's past items as compressed sparse rows.

    Attributes:
        user_ids: External ids by user row.
        starts: Shape (n_users + 1,): the past of user row u is ``[starts[u]:starts[u + 1]]`` of the other two.
        items: Shape (n_past,), item rows, each user's oldest first.
        weights: Shape (n_past,), how much each speaks for the user's taste; below 0 it speaks against, 0 is an item
            the user has had and no more.
        times: Shape (n_past,), unix seconds of the user's latest act on each, ``NO_TIME`` where unknown.
        types: Shape (n_past,), bit i is set where the user did an act of ``Manifest.event_types[i]``.
    """

    user_ids: list[str]
    starts: RowArray
    items: RowArray
    weights: FloatArray
    times: RowArray
    types: NDArray[np.uint32]

    @cached_property
    def row_of(self) -> dict[str, int]:
        """User rows by external id."""
        return {user_id: row for row, user_id in enumerate(self.user_ids)}

    def of(self, user_row: int) -> tuple[RowArray, FloatArray]:
        """Return the item rows and weights of one user, both of shape (n,)."""
        span = self._span(user_row)
        return self.items[span], self.weights[span]

    def acts(self, user_row: int) -> tuple[RowArray, NDArray[np.uint32]]:
        """Return the times and types of one user's acts on the items of ``of``, both of shape (n,)."""
        span = self._span(user_row)
        return self.times[span], self.types[span]

    def _span(self, user_row: int) -> slice:
        return slice(self.starts[user_row], self.starts[user_row + 1])


@dataclass(frozen=True)
class VectorSpace:
    """Item factors, with what is needed to score, standardise and look up.

    Attributes:
        sources: Shape (n_items, d): what a past item adds to a user's vector.
        targets: Shape (n_items, d): what that vector is multiplied with.
        mean: Shape (d,), of the targets over the catalogue.
        root: Shape (d, d), the symmetric square root of the targets' covariance over the catalogue. The scores of a
            vector q over the whole catalogue have mean ``q @ mean`` and standard deviation ``|root @ q|``, without
            scoring it; two users are alike as their ``root @ q`` point the same way.
        cold_map: Shape (d_content, 2 d): a row of ``ContentSpace.vectors`` times it is the source and the target, one
            after the other, of an item that nobody has touched; zeros where nothing was learned.
        index: The targets by inner product.
    """

    sources: FloatArray
    targets: FloatArray
    mean: FloatArray
    root: FloatArray
    cold_map: FloatArray
    index: VectorIndex


@dataclass(frozen=True)
class ContentSpace:
    """What the items say, as directions that tell items apart instead of what all texts share.

    Attributes:
        vectors: Shape (n_items, d), unit length; zero for items without text.
        centre: Shape (d_text,), what is taken off an embedding.
        projection: Shape (d_text, d), what is then multiplied with it.
        reference: Shape (r,), the item rows that scores are standardised over, ascending, each once, r > 0: the whole
            catalogue or a sample of it, items without text included.
        index: The vectors by inner product.
    """

    vectors: FloatArray
    centre: FloatArray
    projection: FloatArray
    reference: RowArray
    index: VectorIndex

    @cached_property
    def reference_vectors(self) -> FloatArray:
        """The vectors of the reference items, shape (r, d)."""
        return self.vectors[self.reference]

    def place(self, texts: FloatArray) -> FloatArray:
        """Return where items with embeddings of shape (n, d_text) lie among ``vectors``; see ``place_texts``."""
        return place_texts(texts, centre=self.centre, projection=self.projection)

    def place_words(self, texts: FloatArray) -> FloatArray:
        """Return what to compare ``vectors`` with for a few words, arguments and result as for ``place_texts``.

        The directions are those of the items, but none is stretched. Of a few words it stretches what they mean
        least: with it the sample's two heists were 1st and 26th for "heist that goes wrong", without it 1st and 3rd.
        """
        return place_texts(texts, centre=self.centre, projection=self._directions)

    @cached_property
    def _directions(self) -> FloatArray:
        lengths = np.linalg.norm(self.projection, axis=0).astype(np.float32)
        directions: FloatArray = np.zeros_like(self.projection)
        np.divide(self.projection, lengths, out=directions, where=lengths > 0)
        return directions


def place_texts(texts: FloatArray, *, centre: FloatArray, projection: FloatArray) -> FloatArray:
    """Centre and project embeddings.

    Args:
        texts: Shape (n, d_text), unit length, zero where there is no text.
        centre: As in ``ContentSpace``.
        projection: As in ``ContentSpace``.

    Returns:
        Shape (n, d), unit length; zero for a zero row and for one that the projection leaves nothing of.
    """
    placed = ((texts - centre) @ projection).astype(np.float32, copy=False)
    placed[~texts.any(axis=1)] = 0.0
    lengths = np.linalg.norm(placed, axis=1, keepdims=True)
    np.divide(placed, lengths, out=placed, where=lengths > 0)
    return placed


@dataclass(frozen=True)
class ItemSpaces:
    """Everything items are scored with, one attribute per component.

    Attributes:
        collaborative: Item factors.
        content: What the items say.
        context: How each item fares in each situation.
        attributes: How each item fares with each kind of user.
        popularity: Shape (n_items,), the natural logarithm of 1 + the number of users who liked the item.
        trend: Shape (n_items,), the log-lift of the item's latest events over its share of all; zeros without times.
        tenth_best: As in the manifest, for the components that are standardised per query.
    """

    collaborative: VectorSpace
    content: ContentSpace
    context: ContextSpace
    attributes: ContextSpace
    popularity: FloatArray
    trend: FloatArray
    tenth_best: Mapping[str, float]


@dataclass(frozen=True)
class UserAttributes:
    """What is known of users beside what they did.

    Attributes:
        table: One row per user of the users file: ``user_id`` and the attributes that count, as text, null where
            unknown.
    """

    table: pl.DataFrame

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._row_of

    def of(self, user_id: str) -> dict[str, str]:
        """Return the known attributes of a user, {} for a stranger."""
        row = self._row_of.get(user_id)
        if row is None:
            return {}
        values = ((name, column[row]) for name, column in self._columns.items())
        return {name: value for name, value in values if value is not None}

    @cached_property
    def _columns(self) -> dict[str, list[str | None]]:
        """Plain values: a table is slow at giving out a single row."""
        return {name: self.table[name].to_list() for name in self.table.columns if name != "user_id"}

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {user_id: row for row, user_id in enumerate(self.table["user_id"].to_list())}
