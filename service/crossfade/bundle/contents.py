"""The parts of an opened bundle: the catalogue, what people did, and the vector spaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from crossfade.bundle.vector_index import VectorIndex
from crossfade.types import FloatArray, RowArray

__all__ = ["Catalogue", "Past", "VectorSpace"]


@dataclass(frozen=True)
class Catalogue:
    """The items and what is known of them.

    Attributes:
        table: One row per item, most popular first: ``item_id``, ``title``, ``description``, ``categories`` and
            every property of the items file.
        popularity: Shape (n_items,), the natural logarithm of 1 + the number of users who liked the item.
    """

    table: pl.DataFrame
    popularity: FloatArray

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
        items: Shape (n_past,), item rows, in no order that means anything.
        weights: Shape (n_past,), how much each speaks for the user's taste, >= 0; 0 for items the user has had
            without liking them.
    """

    user_ids: list[str]
    starts: RowArray
    items: RowArray
    weights: FloatArray

    @cached_property
    def row_of(self) -> dict[str, int]:
        """User rows by external id."""
        return {user_id: row for row, user_id in enumerate(self.user_ids)}

    def of(self, user_row: int) -> tuple[RowArray, FloatArray]:
        """Return the item rows and weights of one user, both of shape (n,)."""
        span = slice(self.starts[user_row], self.starts[user_row + 1])
        return self.items[span], self.weights[span]


@dataclass(frozen=True)
class VectorSpace:
    """One kind of item vector, with what is needed to score, standardise and look up.

    Attributes:
        sources: Shape (n_items, d): what a past item adds to a user's vector.
        targets: Shape (n_items, d): what that vector is multiplied with. Content uses the embeddings for both.
        mean: Shape (d,), of the targets over the catalogue.
        root: Shape (d, d), the symmetric square root of the targets' covariance over the catalogue. The scores of a
            vector q over the whole catalogue have mean ``q @ mean`` and standard deviation ``|root @ q|``, without
            scoring it; two users are alike as their ``root @ q`` point the same way.
        index: The targets by inner product.
    """

    sources: FloatArray
    targets: FloatArray
    mean: FloatArray
    root: FloatArray
    index: VectorIndex
