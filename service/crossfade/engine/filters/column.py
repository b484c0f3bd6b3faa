"""One property as arrays, and which items satisfy a leaf."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.engine.filters.checking import Shape, shape_of
from crossfade.engine.filters.nodes import Condition, Leaf, Operator, Scalar
from crossfade.engine.filters.reading import LATITUDES, LONGITUDES, PLACE_IN_TEXT, read_time
from crossfade.types import RowArray

__all__ = ["BoolArray", "Column"]

BoolArray = NDArray[np.bool_]

DAY = 86_400_000_000
"""Microseconds."""

EARTH_RADIUS_KM = 6_371.0088
"""The mean of the ellipsoid's three semi-axes."""

_INT64 = np.iinfo(np.int64)


@dataclass(frozen=True)
class Column:
    """The values of a property that are there, lists flattened.

    Attributes:
        series: As the table has it, one value per item.
        shape: What it holds.
        values: Shape (n,), no nulls: String, Boolean, Int64, Float32 or Float64, times as Int64 microseconds since
            1970; unspecified for places and what cannot be compared.
        rows: Shape (n,), the item that each of ``values`` belongs to, ascending.
    """

    series: pl.Series
    shape: Shape
    values: pl.Series
    rows: RowArray

    @classmethod
    def of(cls, series: pl.Series) -> Column:
        """Return the column that a series holds."""
        shape = shape_of(series.dtype)
        rows = np.arange(len(series))
        values = series.cast(pl.List(series.dtype.inner)) if isinstance(series.dtype, pl.Array) else series
        if isinstance(values.dtype, pl.List):
            lengths = values.list.len().fill_null(0).to_numpy()
            if shape.many:
                values = values.filter(pl.Series(lengths > 0)).explode()
                rows = np.repeat(rows, lengths)
            else:
                rows = rows[lengths > 0]
                values = values.filter(pl.Series(lengths > 0))
        values = _plain(values, shape)
        there = values.is_not_null()
        return cls(series, shape, values.filter(there), rows[there.to_numpy()])

    def holds(self, leaf: Leaf, now: int) -> BoolArray:
        """Return which items satisfy a leaf, shape (n_items,).

        Args:
            leaf: One that ``check_leaf`` lets pass.
            now: Microseconds since 1970.
        """
        if self.shape.kind == "nothing" and any(condition.operator != "exists" for condition in leaf.conditions):
            return np.zeros(len(self.series), np.bool_)
        hits = np.ones(len(self.values), np.bool_)
        everywhere = np.ones(len(self.series), np.bool_)
        for condition in leaf.conditions:
            if condition.operator == "within":
                everywhere &= self._within(condition.values)
            elif condition.operator != "exists":
                hits &= self._hits(condition, now)
            elif not condition.values[0]:  # what is missing satisfies no other operator
                return self._missing() if len(leaf.conditions) == 1 else np.zeros_like(everywhere)
        mask = np.zeros_like(everywhere)
        mask[self.rows[hits]] = True
        return mask & everywhere

    def _missing(self) -> BoolArray:
        mask = np.ones(len(self.series), np.bool_)
        mask[self.rows] = False
        return mask

    def _hits(self, condition: Condition, now: int) -> BoolArray:
        """Return which of ``values`` satisfy one operator, shape (n,)."""
        match condition.operator:
            case "newer_than_days":
                return self._times >= now - _span(condition)
            case "older_than_days":
                return self._times < now - _span(condition)
            case "prefix":
                return self.values.str.starts_with(str(condition.values[0])).to_numpy()
            case "eq" | "any_of":
                wanted = self._comparable(condition)
                same = self.values == wanted[0] if len(wanted) == 1 else self.values.is_in(wanted)
                return same.to_numpy()
        return self._beside(condition.operator, self._comparable(condition)[0])

    def _beside(self, name: Operator, bound: Scalar) -> BoolArray:
        if self.values.dtype == pl.Int64:
            return _integers_beside(self.values.to_numpy(), name, bound)
        compare = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}[name]
        hits: BoolArray = compare(self.values, bound).to_numpy()
        return hits

    def _comparable(self, condition: Condition) -> list[Scalar]:
        """Return what to compare the values with; integers can only equal what fits their type."""
        if self.shape.kind == "time":
            return [moment for value in condition.values if (moment := read_time(value)) is not None]
        if self.shape.kind != "number":
            return list(condition.values)
        if self.values.dtype.is_float():  # 0.1 in 32 bits is not 0.1 in 64
            return pl.Series([float(value) for value in condition.values], dtype=self.values.dtype).to_list()
        if condition.operator not in {"eq", "any_of"}:
            return list(condition.values)
        numbers = [value for value in condition.values if not isinstance(value, str)]
        whole = [int(number) for number in numbers if int(number) == number]
        return [number for number in whole if _INT64.min <= number <= _INT64.max]

    @cached_property
    def _times(self) -> NDArray[np.float64]:
        """The values as microseconds since 1970, NaN where text is no time; shape (n,)."""
        if self.shape.kind != "text":
            return self.values.to_numpy().astype(np.float64)
        texts = self.values.unique()
        times = pl.Series([read_time(text) for text in texts], dtype=pl.Float64)
        return self.values.replace_strict(texts, times, return_dtype=pl.Float64).to_numpy()

    def _within(self, circle: Sequence[Scalar]) -> BoolArray:
        """Return which items lie in a circle, by the haversine formula; shape (n_items,)."""
        latitude, longitude, radius = (float(value) for value in circle)
        north, east = np.radians(self._places)
        half_height = (north - math.radians(latitude)) / 2
        half_width = (east - math.radians(longitude)) / 2
        square = np.sin(half_height) ** 2 + np.cos(north) * math.cos(math.radians(latitude)) * np.sin(half_width) ** 2
        hits: BoolArray = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(np.sqrt(square), 1.0)) <= radius
        return hits

    @cached_property
    def _places(self) -> NDArray[np.float64]:
        """Latitudes and longitudes in degrees, NaN where an item has no place; shape (2, n_items)."""
        series = self.series
        if isinstance(series.dtype, pl.Struct):
            names = {field.name for field in series.dtype.fields}
            # A table of objects has every name that one of them has.
            pair = [_first(series, [name for name in axis if name in names]) for axis in (LATITUDES, LONGITUDES)]
        elif self.shape.many:
            lists = series.cast(pl.List(pl.Float64))
            lists = lists.set(lists.list.len() != 2, None)
            pair = [lists.list.get(place, null_on_oob=True) for place in (0, 1)]
        else:
            pair = [series.cast(pl.String).str.extract(PLACE_IN_TEXT, number) for number in (1, 2)]
        places = np.stack([axis.cast(pl.Float64, strict=False).to_numpy() for axis in pair])
        outside = (np.abs(places) > [[90.0], [180.0]]).any(axis=0)
        places[:, outside | ~np.isfinite(places).all(axis=0)] = np.nan
        return places


def _first(objects: pl.Series, names: Sequence[str]) -> pl.Series:
    """Return of each object the first of these numbers that it has."""
    numbers = [objects.struct.field(name).cast(pl.Float64, strict=False) for name in names]
    return pl.select(pl.coalesce(numbers)).to_series()


def _plain(values: pl.Series, shape: Shape) -> pl.Series:
    """Return values as ``Column.values`` has them, null where they are missing."""
    dtype = values.dtype
    if shape.kind == "text":
        return values.cast(pl.String).replace("", None)
    if shape.kind == "time":
        return values.cast(pl.Datetime("us", getattr(dtype, "time_zone", None))).to_physical()
    if shape.kind == "number" and dtype.is_float():
        return values.fill_nan(None)
    if shape.kind == "number":
        return values.cast(pl.Int64 if dtype.is_integer() and dtype not in {pl.UInt64, pl.Int128} else pl.Float64)
    return values


def _integers_beside(values: NDArray[np.int64], name: Operator, bound: Scalar) -> BoolArray:
    """Compare integers with a number exactly: a float between two of them, or beyond all, becomes a whole bound."""
    number = float(bound) if isinstance(bound, str) else bound
    above = name in {"gt", "gte"}
    whole = math.floor(number) if name in {"gt", "lte"} else math.ceil(number)
    if not _INT64.min <= whole <= _INT64.max:
        return np.full(len(values), above == (whole < 0))
    compare = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}[name]
    hits: BoolArray = compare(values, whole)
    return hits


def _span(condition: Condition) -> float:
    return float(condition.values[0]) * DAY
