"""What the fields of a query may hold: of which kind, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from numbers import Real

from crossfade.errors import QueryError

__all__ = [
    "MAX_EVENT_TYPE",
    "MAX_FIELDS",
    "MAX_FIELD_NAME",
    "MAX_FIELD_VALUE",
    "MAX_ID",
    "check_context",
    "check_count",
    "check_id",
    "check_ids",
    "check_number",
    "check_text",
    "check_types",
    "check_whole",
]

MAX_FIELDS = 32
MAX_FIELD_NAME = 64
MAX_FIELD_VALUE = 256
MAX_ID = 512
MAX_EVENT_TYPE = 64

_LONGEST_PLACE = 88


def check_ids(where: str, ids: Sequence[str], most: int, *, least: int = 0) -> None:
    """Check that there are so many ids, and that each is text; errors name ``where``, as everywhere here."""
    if isinstance(ids, str):  # a string is a sequence of strings, and never what was meant
        raise QueryError(f"{where}: expected a list of ids, got one string", field=where)
    if not least <= len(ids) <= most:
        wanted = f"{least} to {most}" if least else f"at most {most}"
        raise QueryError(f"{where}: expected {wanted} ids, got {len(ids)}", field=where)
    for place, one in enumerate(ids):
        check_id(f"{where}.{place}", one)


def check_id(where: str, text: str, *, most: int = MAX_ID, least: int = 1) -> None:
    """Check that a text can be an id, or has so many characters and no NUL."""
    if not isinstance(text, str):
        raise QueryError(f"{where}: expected text, got {text!r}", field=where)
    if not least <= len(text) <= most or "\0" in text:
        raise QueryError(f"{where}: expected {least} to {most} characters without NUL", field=where)


def check_types(where: str, types: Sequence[str], most: int) -> None:
    """Check that there are so many types of events, and that each is a short text."""
    if isinstance(types, str):
        raise QueryError(f"{where}: expected a list of types, got one string", field=where)
    check_count(where, types, most)
    for place, one in enumerate(types):
        check_id(f"{where}.{place}", one, most=MAX_EVENT_TYPE)


def check_count(where: str, given: Sized, most: int) -> None:
    """Check that there are at most so many."""
    if len(given) > most:
        raise QueryError(f"{where}: expected at most {most}, got {len(given)}", field=where)


def check_text(where: str, text: str, most: int, *, least: int = 0) -> None:
    """Check that it is a text of so many characters."""
    if not isinstance(text, str):
        raise QueryError(f"{where}: expected text, got {text!r}", field=where)
    if not least <= len(text) <= most:
        wanted = f"{least} to {most}" if least else f"at most {most}"
        raise QueryError(f"{where}: expected {wanted} characters, got {len(text)}", field=where)


def check_context(context: Mapping[str, str]) -> None:
    """Check that the moment's fields are texts, and neither too many nor too long."""
    check_count("context", context, MAX_FIELDS)
    for name, value in context.items():
        where = f"context.{name}"[:_LONGEST_PLACE]
        check_text(where, name, MAX_FIELD_NAME, least=1)
        check_text(where, value, MAX_FIELD_VALUE)


def check_number(where: str, number: float, least: float, most: float) -> None:
    """Check that it is a finite number within bounds."""
    if not (_is_number(number) and least <= number <= most):  # neither holds of NaN
        raise QueryError(f"{where}: expected a number from {least:g} to {most:g}, got {number!r}", field=where)


def check_whole(where: str, number: int, least: int, most: int) -> None:
    """Check that it is a whole number within bounds."""
    if type(number) is not int or not least <= number <= most:  # a bool is an int too
        raise QueryError(f"{where}: expected a whole number from {least} to {most}, got {number!r}", field=where)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
