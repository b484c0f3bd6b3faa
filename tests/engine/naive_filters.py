"""What filters mean, one item and one value at a time: slow, plain, and written apart from the engine's."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

__all__ = ["matches"]

_COMPARISONS: Mapping[str, Callable[[Any, Any], object]] = {
    "eq": operator.eq,
    "any_of": lambda value, given: value in given,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "prefix": str.startswith,
}


def matches(raw: Mapping[str, Any], item: Mapping[str, object], now: datetime) -> bool:
    """Return whether a filter, as JSON has it, matches an item, given as plain Python values."""
    if "all" in raw:
        return all(matches(part, item, now) for part in raw["all"])
    if "any" in raw:
        return any(matches(part, item, now) for part in raw["any"])
    if "not" in raw:
        return not matches(raw["not"], item, now)
    conditions = {name: value for name, value in raw.items() if name != "field"}
    value = item.get(raw["field"])
    circle = conditions.pop("within", None)
    wanted = conditions.pop("exists", None)
    elements = [one for one in (value if isinstance(value, list) else [value]) if not _is_missing(one)]
    if wanted is False:
        return not elements and not conditions and circle is None
    if circle is not None and not _within(value, circle):
        return False
    return any(all(_holds(one, name, given, now) for name, given in conditions.items()) for one in elements)


def _is_missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _holds(value: Any, name: str, given: Any, now: datetime) -> bool:  # noqa: ANN401 - it compares whatever comes
    if name in {"newer_than_days", "older_than_days"}:
        moment = _moment(value)
        if moment is None:
            return False
        newer = now.replace(second=0, microsecond=0) - moment <= timedelta(days=given)
        return newer if name == "newer_than_days" else not newer
    if isinstance(value, date):
        value, given = _moment(value), [_moment(one) for one in given] if name == "any_of" else _moment(given)
    return bool(_COMPARISONS[name](value, given))


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None


def _within(value: object, circle: Mapping[str, float]) -> bool:
    if isinstance(value, str):
        value = [float(part) for part in value.split(",")] if value.count(",") == 1 else None
    if isinstance(value, Mapping):
        value = [value["latitude"], value["longitude"]]
    if not isinstance(value, list) or len(value) != 2 or abs(value[0]) > 90 or abs(value[1]) > 180:
        return False
    here, there = _direction(*value), _direction(circle["latitude"], circle["longitude"])
    cosine = math.fsum(a * b for a, b in zip(here, there, strict=True))
    return 6371.0088 * math.acos(max(-1.0, min(1.0, cosine))) <= circle["km"]


def _direction(latitude: float, longitude: float) -> tuple[float, float, float]:
    north, east = math.radians(latitude), math.radians(longitude)
    return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)
