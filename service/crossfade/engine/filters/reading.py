"""One value that means a moment, a truth or a place, however it was written down."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeGuard

__all__ = ["LATITUDES", "LONGITUDES", "PLACE_IN_TEXT", "microseconds", "read_place", "read_time", "read_truth"]

LATITUDES = ("latitude", "lat")
LONGITUDES = ("longitude", "lon", "lng")
PLACE_IN_TEXT = r"^\s*([-+]?[0-9]*\.?[0-9]+)\s*,\s*([-+]?[0-9]*\.?[0-9]+)\s*$"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return microseconds since 1970; without a zone it is UTC."""
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def read_time(value: object) -> int | None:
    """Return microseconds since 1970 for ISO 8601 text, a datetime or a date; None for anything else."""
    if isinstance(value, str):
        try:
            return microseconds(datetime.fromisoformat(value.strip()))
        except ValueError:
            return None
    if isinstance(value, datetime):
        return microseconds(value)
    if isinstance(value, date):
        return microseconds(datetime(value.year, value.month, value.day, tzinfo=UTC))
    return None


def read_truth(value: object) -> bool | None:
    """Return a bool, also for "true" and "false" in any case, 1 and 0; None for anything else."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, (bool, int, float)) and value in {0, 1} else None


def read_place(value: object) -> tuple[float, float] | None:
    """Return latitude and longitude in degrees; None if the value is no place."""
    first: object = None
    second: object = None
    if isinstance(value, str):
        found = re.match(PLACE_IN_TEXT, value)
        first, second = (float(found[1]), float(found[2])) if found else (None, None)
    elif isinstance(value, Mapping):
        first = next((value[name] for name in LATITUDES if name in value), None)
        second = next((value[name] for name in LONGITUDES if name in value), None)
    elif isinstance(value, Sequence) and len(value) == 2:
        first, second = value
    if not _is_number(first) or not _is_number(second):
        return None
    latitude, longitude = float(first), float(second)
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
