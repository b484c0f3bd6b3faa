"""A table of items that filters are evaluated on, each of them once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl

from crossfade.engine.filters.checking import check_leaf
from crossfade.engine.filters.column import BoolArray, Column
from crossfade.engine.filters.kinds import AddedKinds
from crossfade.engine.filters.nodes import AllOf, AnyOf, FilterNode, Leaf, Not, depends_on_now, leaves
from crossfade.engine.filters.reading import microseconds
from crossfade.engine.filters.standing import STANDING, StandingRules
from crossfade.engine.filters.values import series_of

__all__ = ["FilterTable", "visible_mask"]

MOST_MASKS = 256
MASK_BYTES = 64 * 2**20
"""What the masks of one table may take; a byte per item each."""

MINUTE = 60_000_000
"""Microseconds."""


class FilterTable:
    """Items and their properties; safe to use from several threads.

    Up to 256 masks (64 MiB) are kept, those used last. A filter that asks for an age is evaluated for the minute, and
    part by part, so that within a minute all of it comes from what is kept, and afterwards all but its ages.

    Args:
        frame: One row per item, a column per property; the package says which types can be asked what.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._columns: dict[str, Column] = {}
        self._masks: OrderedDict[tuple[FilterNode, int | None], BoolArray] = OrderedDict()
        self._lock = threading.Lock()
        self.schema: Mapping[str, pl.DataType] = dict(frame.schema)
        self.height = frame.height

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, object]], kinds: AddedKinds) -> FilterTable:
        """Return a table of items that were added since; what does not fit its property is missing.

        Args:
            rows: JSON values by property name.
            kinds: The properties, and what they hold.
        """
        columns = [
            series_of(name, [row.get(name) for row in rows], kinds.shape(name), dtype)
            for name, dtype in kinds.schema.items()
        ]
        table = cls(pl.DataFrame(columns, height=len(rows)))
        # From the values as given: a type that a property happens to have must not make a hidden item visible.
        table.standing_rules = StandingRules.of(len(rows), *([row.get(name) for row in rows] for name in STANDING))
        return table

    def followed_by(self, rows: Sequence[Mapping[str, object]], kinds: AddedKinds) -> FilterTable:
        """Return a table of these items and then some more; ``kinds`` must ``widen`` those that this one is of."""
        more = FilterTable.of_rows(rows, kinds)
        table = FilterTable(pl.concat([self._frame, more._frame], how="diagonal_relaxed"))  # noqa: SLF001 - of its own class
        table.standing_rules = self.standing_rules.followed_by(more.standing_rules)
        return table

    @cached_property
    def standing_rules(self) -> StandingRules:
        """What holds for every request."""
        columns = [self._frame[name].to_list() if name in self.schema else () for name in STANDING]
        return StandingRules.of(self.height, *columns)

    def mask(self, node: FilterNode, *, now: datetime, where: str = "filter") -> BoolArray:
        """Return which items a filter matches, shape (height,), read-only.

        A property that this table lacks is missing from every item of it; ``check_filter`` refuses names that no
        table knows.

        Args:
            node: The filter.
            now: The request's moment; without a zone it is UTC. Its seconds are dropped.
            where: What the request calls the filter.

        Raises:
            QueryError: If a property cannot be asked what the filter asks.
        """
        minute = microseconds(now) // MINUTE * MINUTE
        key = (node, minute if depends_on_now(node) else None)
        kept = self._kept(key)
        if kept is not None:
            return kept
        for place, leaf in leaves(node, where):
            if leaf.field in self.schema:
                check_leaf(leaf, self.schema[leaf.field], place)
        return self._mask(node, minute)

    def _mask(self, node: FilterNode, minute: int) -> BoolArray:
        timed = depends_on_now(node)
        key = (node, minute if timed else None)
        mask = self._kept(key)
        if mask is None:
            mask = self._evaluate(node, minute, keep_parts=timed)
            mask.setflags(write=False)
            self._keep(key, mask)
        return mask

    def _evaluate(self, node: FilterNode, minute: int, *, keep_parts: bool) -> BoolArray:
        def inner(part: FilterNode) -> BoolArray:
            return self._mask(part, minute) if keep_parts else self._evaluate(part, minute, keep_parts=False)

        match node:
            case Leaf():
                return self._column(node.field).holds(node, minute)
            case Not():
                return ~inner(node.part)
            case AllOf():
                mask = np.ones(self.height, np.bool_)
                for part in node.parts:
                    mask &= inner(part)
                return mask
            case AnyOf():
                mask = np.zeros(self.height, np.bool_)
                for part in node.parts:
                    mask |= inner(part)
                return mask

    def _column(self, name: str) -> Column:
        """Return a property as arrays, prepared at its first use; two threads may both do it."""
        if name not in self._columns:
            known = name in self.schema
            series = self._frame[name] if known else pl.Series(name, [None] * self.height, dtype=pl.Null)
            self._columns[name] = Column.of(series)
        return self._columns[name]

    def _kept(self, key: tuple[FilterNode, int | None]) -> BoolArray | None:
        with self._lock:
            mask = self._masks.get(key)
            if mask is not None:
                self._masks.move_to_end(key)
            return mask

    def _keep(self, key: tuple[FilterNode, int | None], mask: BoolArray) -> None:
        most = min(MOST_MASKS, max(1, MASK_BYTES // max(1, self.height)))
        with self._lock:
            self._masks[key] = mask
            while len(self._masks) > most:
                self._masks.popitem(last=False)


def visible_mask(table: FilterTable, now: datetime) -> BoolArray:
    """Return which items may be answered at all, shape (height,), read-only.

    Out are those whose ``is_hidden`` is true, whose ``available_from`` is after ``now`` or whose ``available_until``
    is not. What is missing is no limit, nor is what cannot be read: truths are bools, "true"/"false" in any case, 1
    and 0; times are ISO 8601 or seconds since 1970, UTC unless they say otherwise.
    """
    return table.standing_rules.visible(microseconds(now))
