"""What the user's clock says: part of day, weekday and weekend of a moment in their own local time.

The same fields are derived from past events when a bundle is built, by the constants here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from crossfade.errors import QueryError

__all__ = [
    "CLOCK_FIELDS",
    "PART_OF_DAY_STARTS",
    "TIME_FIELDS",
    "WEEKDAYS",
    "WEEKEND",
    "derived_fields",
    "in_texts",
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
_LEAST_UNIX = 100_000_000
# As text only seconds from 1973 and the finer units from 2001: fewer digits may be a date, such as 20261110.
_UNIX = re.compile(r"(?:[0-9]{9,10}|[0-9]{13}|[0-9]{16}|[0-9]{19})(?:\.[0-9]{1,9})?")
# Python takes any character for the one between day and time, the sign of an offset too.
_ISO = re.compile(r"[0-9W-]{7,10}(?:[T ].+)?")
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

    ``timestamp`` is as ``read_moment`` takes it, and now when left out. The clock is that of ``timezone``; else of the
    timestamp's own offset (``Z`` is none: it says that the time is in UTC, not that the user is); else of the default
    zone. An ISO time without zone or offset is taken for what the user's clock shows.

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
    if name not in _zone_names():
        raise QueryError(f"{field}: {name!r} is no IANA time zone, such as Europe/Berlin", field=field)
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    """Return the names there are, but for the server's own zone and for none; read from disk, which takes 0.1 s."""
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


def read_moment(given: str | float, *, field: str = "context.timestamp") -> tuple[datetime, bool]:
    """Return the moment, without a zone where a text has none, and whether its own offset tells the clock.

    Args:
        given: ISO 8601, the basic form too, or a unix time in seconds (milli-, micro- and nanoseconds are known by
            their size) of at least 100,000,000, which was in 1973: less may be a date, such as 20261110. As a text
            one of as many digits as these have had since then and, for the finer ones, 2001.
        field: What to name.

    Raises:
        QueryError: If it is neither, or not from 1970 to 2099; it names ``field``.
    """
    if isinstance(given, str):
        text = given.strip().upper()
        unix = _UNIX.fullmatch(text) is not None
        moment = _from_unix(float(text)) if unix else _from_iso(text)
        tells_clock = not unix and not _NO_CLOCK.search(text)
    else:
        moment, tells_clock = _from_unix(given) if abs(given) >= _LEAST_UNIX else None, False
    if moment is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise QueryError(
            f"{field}: {given!r} is neither ISO 8601, such as 2026-11-21T08:15:00+01:00, nor a unix time "
            f"from {_FIRST_YEAR} to {_LAST_YEAR}",
            field=field,
        )
    return moment, tells_clock


def in_texts(context: Mapping[str, object]) -> Mapping[str, object]:
    """Return a context as JSON has it, with a text for a timestamp that is a number; it need not be readable."""
    given = context.get("timestamp")
    if isinstance(given, bool) or not isinstance(given, int | float):
        return context
    try:
        text = read_moment(given)[0].isoformat().replace("+00:00", "Z")
    except QueryError:
        text = f"{given:.0f}" if isinstance(given, float) else str(given)
    return {**context, "timestamp": text}


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
        return datetime.fromisoformat(text) if _ISO.fullmatch(text) else None
    except ValueError:
        return None
