"""The catalogue as it is now: a bundle's items and the overlay of what has changed since, under one row numbering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.bundle import Bundle
from crossfade.engine.filters import AddedKinds, FilterNode, FilterTable, check_filter, visible_mask
from crossfade.engine.overlay import Overlay
from crossfade.types import RowArray

__all__ = ["Items"]


@dataclass(frozen=True)
class Items:
    """Items by row: the bundle's first, most popular first, then those that were added or changed since.

    Attributes:
        bundle: Whose items come first.
        overlay: What has changed.
        table: The bundle's items, to filter.
    """

    bundle: Bundle
    overlay: Overlay
    table: FilterTable

    @classmethod
    def of(cls, bundle: Bundle, overlay: Overlay | None = None) -> Items:
        """Return the items of a bundle."""
        return cls(bundle, overlay or Overlay.over(bundle), FilterTable(bundle.catalogue.table))

    def as_of(self, seq: int) -> Items:
        """Return the items as they were at an earlier point, by the same rows; see ``Overlay.as_of``."""
        overlay = self.overlay.as_of(self.bundle, seq)
        return self if overlay is self.overlay else replace(self, overlay=overlay)

    @property
    def n_base(self) -> int:
        """How many rows are the bundle's."""
        return len(self.bundle.catalogue.item_ids)

    @property
    def n_rows(self) -> int:
        """How many rows there are, gone ones included."""
        return len(self.overlay.gone)

    def row_of(self, item_id: str) -> int | None:
        """Return an item's present row; None for one that is unknown or deleted."""
        if item_id in self.overlay.deleted:
            return None
        row = self.overlay.row_of.get(item_id)
        return self.bundle.catalogue.row_of.get(item_id) if row is None else row

    def rows_of(self, item_ids: Sequence[str]) -> RowArray:
        """Return the present rows of those items that exist, in their order, each once."""
        rows = (self.row_of(item_id) for item_id in dict.fromkeys(item_ids))
        return np.array([row for row in rows if row is not None], np.int64)

    def present(self, row: int) -> int | None:
        """Return where the item of a bundle's row lies now; None if it was deleted."""
        if not self.overlay.gone[row]:
            return row
        return self.row_of(self.bundle.catalogue.item_ids[row])

    def id_of(self, row: int) -> str:
        """Return the item's id."""
        if row < self.n_base:
            return self.bundle.catalogue.item_ids[row]
        return str(self.overlay.properties[row - self.n_base]["item_id"])

    def title_of(self, row: int) -> str:
        """Return the item's title, "" where it has none."""
        if row < self.n_base:
            return self.bundle.catalogue.titles[row]
        title = self.overlay.properties[row - self.n_base].get("title")
        return title if isinstance(title, str) else ""

    @cached_property
    def ids_in_order(self) -> list[str]:
        """The ids of all items there are, hidden ones included, in their own order."""
        base = self.bundle.catalogue.row_of.keys() - self.overlay.deleted
        return sorted(base | self.overlay.row_of.keys())

    @cached_property
    def property_names(self) -> frozenset[str]:
        """What an answer can include about an item: what the bundle's table has, and what an added item has now."""
        return frozenset(self._schema) - {"item_id"}

    def properties(self, rows: Sequence[int], names: Sequence[str]) -> list[dict[str, object]]:
        """Return the named properties of some items, in the order of ``rows``; None where an item has none."""
        base_names = [name for name in names if name in self.bundle.catalogue.property_names]
        base = iter(self.bundle.catalogue.properties([row for row in rows if row < self.n_base], base_names))
        nothing = dict.fromkeys(names)
        return [
            {**nothing, **_plain(next(base))}
            if row < self.n_base
            else {name: self.overlay.properties[row - self.n_base].get(name) for name in names}
            for row in rows
        ]

    def all_properties(self, row: int) -> dict[str, object]:
        """Return everything that is known of an item, but for what it has no value for."""
        if row < self.n_base:
            (found,) = self.properties([row], sorted(self.bundle.catalogue.property_names))
        else:
            found = dict(self.overlay.properties[row - self.n_base])
        return {name: value for name, value in found.items() if name != "item_id" and value is not None}

    def kinds_without(self, item_ids: Sequence[str]) -> AddedKinds:
        """Return what the properties hold if some items were not there."""
        rows = [self.overlay.row_of[item_id] for item_id in item_ids if item_id in self.overlay.row_of]
        return self.overlay.kinds.changed(came=[], gone=[self.overlay.properties[row - self.n_base] for row in rows])

    def matching(self, node: FilterNode, *, now: datetime, where: str = "filter") -> NDArray[np.bool_]:
        """Return which rows match a filter, shape (n_rows,), gone ones included.

        Raises:
            QueryError: If the filter names a property there is not, or asks of one what its type cannot tell.
        """
        check_filter(node, self._schema, where=where)
        return np.concatenate([self.table.mask(node, now=now), self.overlay.table.mask(node, now=now)])

    def standing(self, now: datetime) -> NDArray[np.bool_]:
        """Return which rows may be answered at all, shape (n_rows,): not gone, not hidden, available at a moment."""
        visible = np.concatenate([visible_mask(self.table, now), visible_mask(self.overlay.table, now)])
        allowed: NDArray[np.bool_] = visible & ~self.overlay.gone
        return allowed

    def is_hidden(self, row: int) -> bool:
        """Whether an item's ``is_hidden`` keeps it out of every answer."""
        table, place = (self.table, row) if row < self.n_base else (self.overlay.table, row - self.n_base)
        return bool(table.standing_rules.hidden[place])

    @cached_property
    def _schema(self) -> Mapping[str, pl.DataType]:
        known = {name: dtype for name, dtype in self.table.schema.items() if dtype != pl.Null}
        return {**self.table.schema, **self.overlay.kinds.schema, **known}


def _plain(properties: Mapping[str, object]) -> dict[str, object]:
    """Return properties of a table with objects that have what they were given, not what others in it have."""
    return {
        name: {key: one for key, one in value.items() if one is not None} if isinstance(value, Mapping) else value
        for name, value in properties.items()
    }
