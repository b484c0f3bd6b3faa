"""Properties that came as JSON, in columns as a JSON Lines file would have them, or as the files have them already."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from crossfade.engine.filters.checking import shape_of
from crossfade.engine.filters.reading import LATITUDES, LONGITUDES, read_place, read_time, read_truth
from crossfade.engine.filters.standing import STANDING
from crossfade.engine.filters.values import fits

__all__ = ["column_like", "column_of", "is_whole"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def column_of(name: str, values: Sequence[object]) -> pl.Series:
    """The values in a column of the type that holds them all; text where only that does, objects with all fields."""
    dtype = _type_of(values)
    return pl.Series(name, [None if _is_missing(value, dtype) else _as(value, dtype) for value in values], dtype=dtype)


def column_like(name: str, values: Sequence[object], dtype: pl.DataType) -> tuple[pl.Series, list[int]]:
    """The values as a column that goes together with one of a type, and the places of those that are lost by it.

    Numbers may be floating ones, and objects have further fields; all else is as a value that is put must be.
    """
    kept, lost = [], []
    for place, value in enumerate(values):
        fitting = None if _is_missing(value, dtype) else _fitting(name, value, dtype)
        kept.append(fitting)
        if fitting is None and not _is_missing(value, dtype):
            lost.append(place)
    own = dtype if dtype.is_temporal() else _type_of(kept)
    return pl.Series(name, kept, dtype=own), lost


def is_whole(value: object, kept: object) -> bool:
    """Whether a column, where a value is ``kept``, still says all that the value said.

    Whatever was read from text in a form of its own does: numbers, truths, places, times; but not the day of a time.
    """
    if isinstance(kept, str):
        return value == kept
    if isinstance(value, str):
        moment = read_time(value) if isinstance(kept, date) and not isinstance(kept, datetime) else None
        return moment is None or (_EPOCH + timedelta(microseconds=moment)).time() == time()
    if isinstance(value, Mapping):
        return _is_whole_object(value, kept)
    if isinstance(kept, list):
        return all(map(is_whole, value if isinstance(value, list) else [value], kept))
    if isinstance(value, list):
        return not value or isinstance(kept, Mapping)
    return value is None or value == kept


def _is_whole_object(value: Mapping[object, object], kept: object) -> bool:
    if isinstance(kept, Mapping):
        return all(is_whole(one, kept.get(name)) for name, one in value.items())
    return not value or (isinstance(kept, list) and value.keys() <= {*LATITUDES, *LONGITUDES})


def _type_of(values: Iterable[object]) -> pl.DataType:
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        return pl.Boolean()
    if present and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        whole = all(isinstance(value, int) and -(2**63) <= value < 2**63 for value in present)
        return pl.Int64() if whole else pl.Float64()
    if present and all(isinstance(value, list) for value in present):
        return pl.List(_type_of(one for value in present if isinstance(value, list) for one in value))
    objects = [value for value in present if isinstance(value, Mapping)]
    names = dict.fromkeys(name for value in objects for name in value)
    if names and len(objects) == len(present):
        return pl.Struct({name: _type_of(value.get(name) for value in objects) for name in names})
    return pl.String()


def _is_missing(value: object, dtype: pl.DataType) -> bool:
    if value == "":
        return dtype != pl.String
    return value is None or value == {} or (value == [] and not isinstance(dtype, pl.List | pl.Array))


def _fitting(name: str, value: object, dtype: pl.DataType) -> object:
    """The value as a column of the files has it; None if that cannot be."""
    if dtype.is_numeric() and name in STANDING:
        return _rule_as_number(value)
    if dtype.is_numeric() and isinstance(value, str):
        return _number_in(value)
    if not fits(shape_of(dtype), value):
        return None
    try:
        return _as(value, dtype)
    except TypeError:
        return None


def _as(value: object, dtype: pl.DataType) -> object:
    """The value as the type has it.

    Raises:
        TypeError: If it cannot be.
    """
    if value is None:
        return None
    if isinstance(dtype, pl.Struct):
        return _as_object(value, dtype)
    if isinstance(dtype, pl.List | pl.Array):
        return _as_list(value, dtype)
    if dtype.is_temporal():
        return _as_time(value, dtype)
    if dtype.is_numeric() and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise TypeError(value)
    if dtype == pl.Boolean:
        return read_truth(value)
    return value if dtype.is_numeric() else _as_text(value)


def _as_list(value: object, dtype: pl.List | pl.Array) -> list[object]:
    inner = dtype.inner if isinstance(dtype.inner, pl.DataType) else dtype.inner()
    place = read_place(value) if inner.is_numeric() and not isinstance(value, list) else None
    elements = list(place) if place else value if isinstance(value, list) else [value]
    return [_as(one, inner) for one in elements]


def _as_object(value: object, dtype: pl.Struct) -> dict[str, object]:
    types = {
        field.name: field.dtype if isinstance(field.dtype, pl.DataType) else field.dtype() for field in dtype.fields
    }
    if isinstance(value, Mapping):
        return {name: _as(one, types.get(name) or _type_of([one])) for name, one in value.items()}
    place = read_place(value)
    if place is None:
        raise TypeError(value)
    axes = [next(name for name in axis if name in types) for axis in (LATITUDES, LONGITUDES)]
    return dict(zip(axes, place, strict=True))


def _as_time(value: object, dtype: pl.DataType) -> object:
    moment = read_time(value)
    if moment is None:
        raise TypeError(value)
    time = _EPOCH + timedelta(microseconds=moment)
    if dtype == pl.Date:
        return time.date()
    return time if isinstance(dtype, pl.Datetime) and dtype.time_zone else time.replace(tzinfo=None)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # half a surrogate pair is JSON, but no text for a table
    place = read_place(value) if isinstance(value, Mapping | list) else None
    return f"{place[0]!r},{place[1]!r}" if place else json.dumps(value, ensure_ascii=False)


def _number_in(text: str) -> float | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _rule_as_number(value: object) -> float | None:
    """What a standing rule says as files say it in numbers: 1 and 0, or seconds since 1970."""
    if isinstance(value, int | float):
        return int(value) if isinstance(value, bool) else value
    moment = read_time(value)
    return None if moment is None else moment / 1e6
