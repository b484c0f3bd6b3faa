"""How much more, or less, often each item is used in each situation than on the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.learning.context.fields import ATTRIBUTE_PREFIX, CONTEXT_PREFIX

__all__ = ["Counts", "count_events"]

_MOST_VALUES = 100
_FEWEST_EVENTS = 20
# What fewer people than that do says who they are, not what the situation is.
_FEWEST_USERS = 5
# 128 MB of float32.
_MOST_CELLS = 32_000_000


@dataclass(frozen=True)
class Counts:
    """How often each item was used in each situation, and on the whole.

    Attributes:
        item_ids: By row.
        fields: Values by field, most frequent first; the rows of the counts go by them in this order.
        counts: Shape (n_values, n_items), events of the item under the value, weighted if the events were.
        known: Shape (n_fields, n_items), events of the item whose field is known; float64.
        used: Shape (n_items,), all events of the item; float64.
    """

    item_ids: Sequence[str]
    fields: Mapping[str, tuple[str, ...]]
    counts: FloatArray
    known: NDArray[np.float64]
    used: NDArray[np.float64]

    def rows_of(self, field: str) -> slice:
        """Return where a field's values lie among the rows of the counts."""
        before = list(self.fields)[: list(self.fields).index(field)]
        start = sum(len(self.fields[name]) for name in before)
        return slice(start, start + len(self.fields[field]))

    def without(self, part: Counts) -> Counts:
        """Return the counts of the events that are not in ``part``, which has the same items and fields."""
        return Counts(
            self.item_ids, self.fields, self.counts - part.counts, self.known - part.known, self.used - part.used
        )

    def expected(self, rows: RowArray, items: RowArray) -> NDArray[np.float64]:
        """Return what the counts at ``[rows, items]`` were if the values meant nothing; the two broadcast."""
        field = self._field_of[rows]
        return np.asarray(self._share_of_known[rows] * self.known[field, items])

    def log_lifts(self, kappas: Sequence[float]) -> FloatArray:
        """Return ``log((count + kappa) / (expected + kappa))``, shape (n_values, n_items).

        Args:
            kappas: One per field, in events per item, > 0. An item without events gets exactly 0.
        """
        lifts = np.empty_like(self.counts)
        items = np.arange(self.counts.shape[1])
        for row, field in enumerate(self._field_of):  # one at a time: in float64 all of them would take twice the room
            expected = self.expected(np.array(row), items)
            lifts[row] = np.log((self.counts[row] + kappas[field]) / (expected + kappas[field]))
        return lifts

    @cached_property
    def _field_of(self) -> RowArray:
        """Shape (n_values,), which field each value belongs to."""
        return np.repeat(np.arange(len(self.fields)), [len(values) for values in self.fields.values()])

    @cached_property
    def _share_of_known(self) -> NDArray[np.float64]:
        """Shape (n_values,), each value's share of the events whose field is known."""
        known = np.maximum(self.known.sum(axis=1), np.finfo(np.float64).tiny)
        return np.asarray(self.counts.sum(axis=1, dtype=np.float64) / known[self._field_of])

    def locate(self, table: pl.DataFrame) -> tuple[RowArray, RowArray]:
        """Return each event's item row, shape (n,), and its row in the counts by field, shape (n, n_fields).

        Args:
            table: As ``situations`` returns it. Rows are -1 where nothing is known.
        """
        codes = np.full((table.height, len(self.fields)), -1, np.int64)
        for place, (field, values) in enumerate(self.fields.items()):
            found = _places(table[field], values)
            codes[:, place] = np.where(found >= 0, found + self.rows_of(field).start, -1)
        return _places(table["item_id"], self.item_ids), codes


def count_events(
    table: pl.DataFrame, item_ids: Sequence[str], *, fields: Mapping[str, tuple[str, ...]] | None = None
) -> Counts:
    """Count events by item and situation.

    A user's attributes do not change from event to event, so for them an item used again is one event, of the largest
    weight.

    Args:
        table: As ``situations`` returns it, of acts that speak for an item.
        item_ids: By row; events of other items are left out.
        fields: What to count. By default the values that have at least 20 events of at least 5 users, of more than 100
            in a field the most frequent, and of all of them the most frequent that fit in 128 MB; fields with a single
            value tell nothing and are left out.
    """
    rows = _places(table["item_id"], item_ids)
    table, rows = table.filter(rows >= 0), rows[rows >= 0]
    weight = table["weight"].to_numpy().astype(np.float64) if "weight" in table.columns else np.ones(len(rows))
    first = _once_per_user(table, rows, weight)
    fields = _values_that_count(table, len(item_ids)) if fields is None else fields
    counts = [np.zeros((0, len(item_ids)), np.float32)]
    known = np.zeros((len(fields), len(item_ids)))
    for place, (field, values) in enumerate(fields.items()):
        is_known = table[field].is_not_null().to_numpy()
        counted = np.flatnonzero(is_known & first if field.startswith(ATTRIBUTE_PREFIX) else is_known)
        known[place] = np.bincount(rows[counted], weight[counted], minlength=len(item_ids))
        value = _places(table[field].gather(counted), values)
        chosen = counted[value >= 0]
        cells = value[value >= 0] * len(item_ids) + rows[chosen]
        by_cell = np.bincount(cells, weight[chosen], minlength=len(values) * len(item_ids))
        counts.append(by_cell.reshape(len(values), len(item_ids)).astype(np.float32))
    used = np.bincount(rows, weight, minlength=len(item_ids)).astype(np.float64)
    return Counts(item_ids, fields, np.concatenate(counts), known, used)


def _places(values: pl.Series, names: Sequence[str]) -> RowArray:
    """Return each value's place among the names, which are distinct; -1 where it is null or none of them."""
    if not names:
        return np.full(len(values), -1, np.int64)
    return values.cast(pl.Enum(names), strict=False).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()


def _once_per_user(table: pl.DataFrame, rows: RowArray, weight: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which events to take so that each user's each item is taken once, with its largest weight."""
    once = np.zeros(len(rows), np.bool_)
    user = table["user_id"].rank("dense").to_numpy().astype(np.int64)
    heaviest = np.argsort(-weight, kind="stable")
    pair = (user * (rows.max(initial=0) + 1) + rows)[heaviest]
    once[heaviest[np.unique(pair, return_index=True)[1]]] = True
    return once


def _values_that_count(table: pl.DataFrame, n_items: int) -> dict[str, tuple[str, ...]]:
    found: list[pl.DataFrame] = []
    for field in table.columns:
        if field.startswith((CONTEXT_PREFIX, ATTRIBUTE_PREFIX)):
            values = (
                table.lazy()
                .select("user_id", value=field)
                .drop_nulls()
                .group_by("value")
                .agg(events=pl.len(), users=pl.col("user_id").n_unique())
                .filter((pl.col("events") >= _FEWEST_EVENTS) & (pl.col("users") >= _FEWEST_USERS))
                .sort("events", "value", descending=[True, False])
                .head(_MOST_VALUES)
                .select(pl.lit(field).alias("field"), "value", "events")
            )
            found.append(values.collect())
    if not found:
        return {}
    room = max(1, _MOST_CELLS // max(n_items, 1))
    kept = pl.concat(found).with_columns(rank=pl.col("events").rank("ordinal", descending=True))
    kept = kept.filter(pl.col("rank") <= room)
    # A field of a single value is the same for everyone.
    fields = {field: tuple(part["value"]) for (field,), part in kept.partition_by("field", as_dict=True).items()}
    return {field: values for field, values in fields.items() if len(values) > 1}
