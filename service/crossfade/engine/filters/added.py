"""Items that came as JSON, one by one, as a table like the one they came after."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from crossfade.engine.filters.checking import Kind, Shape, shape_of
from crossfade.engine.filters.reading import read_place, read_time, read_truth

__all__ = ["frame_of_rows"]

_INT64 = np.iinfo(np.int64)


def frame_of_rows(rows: Sequence[Mapping[str, object]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return a table with every property of the schema and of the rows; see ``FilterTable.of_rows``.

    Args:
        rows: JSON values by property name, one mapping per item.
        schema: The properties that are known.
    """
    names = dict.fromkeys([*schema, *(name for row in rows for name in row)])
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        shape = shape_of(schema[name]) if name in schema else Shape("nothing")
        columns.append(_series(name, values, _shape_of_values(values) if shape.kind == "nothing" else shape))
    return pl.DataFrame(columns, height=len(rows))


def _shape_of_values(values: Iterable[object]) -> Shape:
    """Return the shape of the first value that has one."""
    for value in values:
        shape = _shape_of_value(value)
        if shape.kind != "nothing":
            return shape
    return Shape("nothing")


def _shape_of_value(value: object) -> Shape:
    if isinstance(value, bool):
        return Shape("boolean")
    if isinstance(value, (int, float)):
        return Shape("number")
    if isinstance(value, str):
        return Shape("text" if value else "nothing")
    if isinstance(value, Mapping):
        return Shape("place" if read_place(value) else "other")
    if isinstance(value, Sequence):
        kind = _shape_of_values(value).kind
        return Shape(kind, many=kind in {"text", "number", "boolean"})
    return Shape("nothing" if value is None else "other")


def _series(name: str, values: Sequence[object], shape: Shape) -> pl.Series:
    """Return the values that fit a shape, null where one does not."""
    if shape.kind == "nothing":
        return pl.Series(name, [None] * len(values), dtype=pl.Null)
    convert = _CONVERSIONS[shape.kind]
    if not shape.many:
        fitting = [None if value is None else convert(value) for value in values]
        return pl.Series(name, fitting, dtype=_type(shape.kind, fitting))
    lists = [_elements(value, shape.kind, convert) for value in values]
    return pl.Series(name, lists, dtype=pl.List(_type(shape.kind, [one for some in lists for one in some])))


def _elements(value: object, kind: Kind, convert: Callable[[object], object]) -> list[object]:
    place = read_place(value) if kind == "number" and isinstance(value, (str, Mapping)) else None
    elements = place or (value if isinstance(value, Sequence) and not isinstance(value, str) else [value])
    return [fitting for one in elements if one is not None and (fitting := convert(one)) is not None]


def _type(kind: Kind, values: Iterable[object]) -> pl.DataType:
    if kind == "number" and not all(value is None or isinstance(value, int) for value in values):
        return pl.Float64()
    return _TYPES[kind]


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
    return value if isinstance(value, float) or _INT64.min <= value <= _INT64.max else float(value)


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
_TYPES: Mapping[Kind, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Int64(),
    "boolean": pl.Boolean(),
    "time": pl.Datetime("us", "UTC"),
    "place": pl.Struct({"latitude": pl.Float64(), "longitude": pl.Float64()}),
    "other": pl.Struct({"given": pl.Boolean()}),
}
