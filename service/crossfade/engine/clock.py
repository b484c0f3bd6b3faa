"""What the user's clock says: part of day, weekday and weekend of a moment in their own local time.

The same fields are derived from past events when a bundle is built, by the constants here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossfade.errors import QueryError

__all__ = [
    "CLOCK_FIELDS",
    "PART_OF_DAY_STARTS",
    "TIME_FIELDS",
    "WEEKDAYS",
    "WEEKEND",
    "derived_fields",
    "local_moment",
    "read_moment",
    "read_zone",
]

CLOCK_FIELDS = ("part_of_day", "weekday", "weekend")
"""The fields that a local time tells."""

TIME_FIELDS = ("timestamp", "timezone")
"""The fields of a request's context that tell a local time; they are no context fields themselves."""

PART_OF_DAY_STARTS = {"morning": 5, "afternoon": 11, "evening": 17, "night": 22}
"""The local hour each part begins at; the night lasts until the morning."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKEND = ("saturday", "sunday")

# Unix times by their size, as the indexing job reads them: 1e11 seconds is the year 5138.
_UNIX_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
_FIRST_YEAR, _LAST_YEAR = 1970, 2099
# RFC 9557 section 2.2: these say which instant it is, not what the user's clock showed.
_NO_CLOCK = re.compile(r"(?:[Zz]|-00(?::?00)?)$")


def derived_fields(local: datetime) -> dict[str, str]:
    """Return the value of each clock field at a moment.

    Args:
        local: What the user's clock shows; a zone, if it has one, is not looked at.
    """
    part = "night"
    for name, start in PART_OF_DAY_STARTS.items():
        if local.hour >= start:
            part = name
    weekday = WEEKDAYS[local.weekday()]
    return dict(zip(CLOCK_FIELDS, (part, weekday, "yes" if weekday in WEEKEND else "no"), strict=True))


def local_moment(
    context: Mapping[str, str], *, now: datetime | None = None, default_zone: str | None = None
) -> datetime | None:
    """Return what the user's clock shows at the moment a request speaks of; None where that is unknown.

    ``timestamp`` is ISO 8601 or a unix time in seconds (milli-, micro- and nanoseconds are known by their size), and
    now when left out. The clock is that of ``timezone``; else of the timestamp's own offset (``Z`` is none: it says
    that the time is in UTC, not that the user is); else of the default zone. An ISO time without zone or offset is
    taken for what the user's clock shows.

    Args:
        context: A request's context; other fields are not looked at.
        now: The present, with a zone; by default the system's.
        default_zone: IANA name of the zone to take users to be in who do not tell.

    Returns:
        A datetime without a zone.

    Raises:
        QueryError: If the timestamp or the time zone cannot be read.
    """
    zone = read_zone(context["timezone"]) if "timezone" in context else None
    text = context.get("timestamp")
    if text is None:
        moment, by_offset = now or datetime.now(UTC), False
    else:
        moment, by_offset = read_moment(text)
    if moment.tzinfo is None or (zone is None and by_offset):
        return moment.replace(tzinfo=None)
    if zone is None and default_zone is not None:
        zone = read_zone(default_zone)
    return None if zone is None else moment.astimezone(zone).replace(tzinfo=None)


def read_zone(name: str, *, field: str = "context.timezone") -> ZoneInfo:
    """Return the IANA time zone of a name.

    Raises:
        QueryError: If there is none; it names ``field``.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder's name is an OSError
        raise QueryError(f"{field}: {name!r} is no IANA time zone, such as Europe/Berlin", field=field) from error


def read_moment(text: str, *, field: str = "context.timestamp") -> tuple[datetime, bool]:
    """Return the moment, without a zone where the text has none, and whether its own offset tells the clock.

    Raises:
        QueryError: If the text is neither ISO 8601 nor a unix time, or not from 1970 to 2099; it names ``field``.
    """
    unix = _number(text)
    moment = _from_iso(text.strip().upper()) if unix is None else _from_unix(unix)
    if moment is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise QueryError(
            f"{field}: {text!r} is neither ISO 8601, such as 2026-11-21T08:15:00+01:00, nor a unix time "
            f"from {_FIRST_YEAR} to {_LAST_YEAR}",
            field=field,
        )
    return moment, unix is None and not _NO_CLOCK.search(text.strip())


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _from_unix(number: float) -> datetime | None:
    for below, per_second in _UNIX_UNITS:
        if abs(number) < below:
            try:
                return datetime.fromtimestamp(number / per_second, UTC)
            except (ValueError, OverflowError):  # 1e11 is a year beyond the calendar's
                return None
    return None


def _from_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
