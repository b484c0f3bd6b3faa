"""JSON values as what a property holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from crossfade.engine.filters.checking import Kind, Shape
from crossfade.engine.filters.reading import read_place, read_time, read_truth

__all__ = ["fits", "series_of"]

_INT64 = np.iinfo(np.int64)


def fits(shape: Shape, value: object) -> bool:
    """Whether a value, not a missing one, can be kept as what a property holds without losing a part of it.

    Numbers and truths fit texts, one value fits a list, ISO text a time, and a place whatever form of place it is.
    """
    if shape.many:
        return all(one is not None for one in _converted(value, shape.kind))
    if shape.kind == "other":
        return isinstance(value, Sequence | Mapping) and not isinstance(value, str)
    return _CONVERSIONS[shape.kind](value) is not None


def series_of(name: str, values: Sequence[object], shape: Shape, dtype: pl.DataType) -> pl.Series:
    """Return JSON values as a column of a shape; what does not fit is missing.

    Args:
        name: Of the property.
        values: None where an item has none.
        shape: What the property holds.
        dtype: The type that goes with it; of whole numbers where all that fit are.
    """
    if shape.kind == "nothing":
        return pl.Series(name, [None] * len(values), dtype=dtype)
    if shape.many:
        lists = [[] if value is None else _converted(value, shape.kind) for value in values]
        whole = dtype == pl.List(pl.Int64)
        kept = [[one for one in some if one is not None and not (whole and isinstance(one, float))] for some in lists]
        return pl.Series(name, kept, dtype=dtype)
    convert = _CONVERSIONS[shape.kind]
    fitting = [None if value is None else convert(value) for value in values]
    if dtype == pl.Int64:
        fitting = [None if isinstance(one, float) else one for one in fitting]
    return pl.Series(name, fitting, dtype=dtype)


def _converted(value: object, kind: Kind) -> list[object]:
    """Return the elements of a list, or one value, None where one does not fit; those that are missing are left out."""
    place = read_place(value) if kind == "number" and isinstance(value, (str, Mapping)) else None
    elements = place or (value if isinstance(value, Sequence) and not isinstance(value, str) else [value])
    return [_CONVERSIONS[kind](one) for one in elements if one is not None and one != ""]


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # half a surrogate pair is JSON, but no text for a table
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    place = read_place(value)
    return None if place is None else f"{place[0]!r},{place[1]!r}"


def _number(value: object) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) or _INT64.min <= value <= _INT64.max:
        return value
    try:
        return float(value)
    except OverflowError:
        return None


def _place(value: object) -> dict[str, float] | None:
    place = read_place(value)
    return None if place is None else {"latitude": place[0], "longitude": place[1]}


_CONVERSIONS: Mapping[Kind, Callable[[object], object]] = {
    "text": _text,
    "number": _number,
    "boolean": read_truth,
    "time": read_time,
    "place": _place,
    "other": lambda _: {"given": True},
}
