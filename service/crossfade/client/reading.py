"""Replies, as the values that a recommender here would return."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from crossfade.client.errors import ProtocolError
from crossfade.client.exchange import Reply
from crossfade.client.problems import error_of
from crossfade.errors import NotFoundError

__all__ = ["read", "require_done", "require_gone", "value_of"]

Value = TypeVar("Value")

_ADAPTERS: dict[object, TypeAdapter[Any]] = {}  # each takes a millisecond to make


def value_of(reply: Reply, kind: type[Value]) -> Value:
    """Return what a reply says; fields that only a newer service knows are left out.

    Args:
        reply: What came back.
        kind: A dataclass or another type that pydantic reads.

    Raises:
        CrossfadeError: If the reply is no answer, or not one of this kind.
    """
    require_done(reply)
    return read(reply, kind)


def require_done(reply: Reply) -> None:
    """Return if what was asked for was done.

    Raises:
        CrossfadeError: If not.
    """
    if not 200 <= reply.status < 300:
        raise error_of(reply)


def require_gone(reply: Reply) -> None:
    """Return if something was deleted, by this try or by one before it that had no reply.

    Raises:
        CrossfadeError: If not.
    """
    if not (reply.again and reply.status == 404 and isinstance(error_of(reply), NotFoundError)):
        require_done(reply)


def read(reply: Reply, kind: type[Value]) -> Value:
    """Return what a reply says, whatever its status.

    Raises:
        ProtocolError: If it says something else.
    """
    try:
        value: Value = _adapter(kind).validate_json(reply.content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
    else:
        return value
    raise ProtocolError(f"the reply is not what was expected: {where}: {first['msg']}")


def _adapter(kind: type[Value]) -> TypeAdapter[Value]:
    adapter: TypeAdapter[Value] | None = _ADAPTERS.get(kind)
    if adapter is None:
        adapter = _ADAPTERS[kind] = TypeAdapter(kind)
    return adapter
