"""Replies that are no answers, as the exceptions that a recommender here would raise."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ValidationError

from crossfade.client.errors import (
    BodyTimedOutError,
    ForbiddenError,
    OverloadedError,
    ProtocolError,
    RateLimitedError,
    ServiceError,
    ServiceFailedError,
    ShuttingDownError,
    TimedOutError,
    TooLargeError,
    UnauthorizedError,
)
from crossfade.client.exchange import Reply
from crossfade.errors import CrossfadeError, QueryError
from crossfade.wire import ERROR_STATUS, PROBLEM_MEDIA_TYPE

__all__ = ["REBUILT", "error_of"]

_OF_HTTP: tuple[type[ServiceError], ...] = (
    BodyTimedOutError,
    ForbiddenError,
    OverloadedError,
    RateLimitedError,
    ServiceFailedError,
    ShuttingDownError,
    TimedOutError,
    TooLargeError,
    UnauthorizedError,
)

REBUILT: Mapping[str, type[CrossfadeError]] = {
    **{error.code: error for error in ERROR_STATUS},
    **{error.code: error for error in _OF_HTTP},
    "request_invalid": QueryError,  # found by the service before the engine could
    **dict.fromkeys(
        ("body_malformed", "content_type_unsupported", "method_not_allowed", "route_not_found"), ProtocolError
    ),
}
"""The exception for each code of a problem document."""


class _Document(BaseModel):
    """What is read of a problem document; a newer service may say more."""

    code: str
    detail: str
    field: str | None = None


def error_of(reply: Reply) -> CrossfadeError:
    """Return the exception that a reply stands for."""
    document = _read(reply)
    if document is None:
        return ProtocolError(
            f"the reply is no problem document of Crossfade's: status {reply.status}, {reply.media_type or 'no type'}",
            retry_after_s=reply.retry_after_s,
        )
    kind = REBUILT.get(document.code)
    if kind is None:
        return ServiceError(f"{document.code}: {document.detail}", retry_after_s=reply.retry_after_s)
    if issubclass(kind, QueryError):
        return kind(document.detail, field=document.field or "")
    if issubclass(kind, ServiceError):
        return kind(document.detail, retry_after_s=reply.retry_after_s)
    return kind(document.detail)


def _read(reply: Reply) -> _Document | None:
    if reply.media_type != PROBLEM_MEDIA_TYPE:
        return None
    try:
        return _Document.model_validate_json(reply.content)
    except ValidationError:
        return None
