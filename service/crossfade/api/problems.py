"""Problem documents as answers over HTTP."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from fastapi import Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from crossfade.api.exchange import exchange_of
from crossfade.errors import CrossfadeError, LiveError, QueryError
from crossfade.telemetry import frames_of
from crossfade.wire import (
    PROBLEM_MEDIA_TYPE,
    PROBLEM_TYPES,
    FieldProblem,
    Problem,
    problem,
    problem_type_of,
)

__all__ = ["ProblemError", "crossfade_problem", "http_problem", "problem_response"]

_log = logging.getLogger(__name__)

_SILENT_S = 60.0
_MOST_REMEMBERED = 100
_logged_at: dict[str, float] = {}


class ProblemError(HTTPException):
    """A problem of HTTP, not of the engine.

    It is an ``HTTPException`` because FastAPI lets no other error out of the reading of a body.

    Args:
        code: One of ``PROBLEM_TYPES``.
        detail: What happened this time.
        headers: To answer with.
    """

    def __init__(self, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(PROBLEM_TYPES[code].status, detail, headers)
        self.code = code


class _ProblemResponse(Response):
    """A problem document; its code is noted for the log and the metrics."""

    def __init__(self, document: Problem, headers: Mapping[str, str] | None) -> None:
        super().__init__(
            document.model_dump_json(exclude_none=True),
            status_code=document.status,
            headers=None if headers is None else dict(headers),
            media_type=PROBLEM_MEDIA_TYPE,
        )
        self._code = document.code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        if exchange is not None:
            exchange.problem = self._code
        await super().__call__(scope, receive, send)


def problem_response(document: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response that carries a problem document."""
    return _ProblemResponse(document, headers)


def http_problem(error: ProblemError) -> Response:
    """Return the response for a problem of HTTP."""
    return problem_response(problem(error.code, error.detail), error.headers)


def crossfade_problem(error: CrossfadeError) -> Response:
    """Return the response for an error of ours."""
    if isinstance(error, LiveError):
        return _live_problem(error)
    errors = [FieldProblem(field=error.field, message=str(error))] if isinstance(error, QueryError) else None
    return problem_response(problem(problem_type_of(error).code, str(error), errors=errors))


def _live_problem(error: LiveError) -> Response:
    """Log what is wrong with the database, and tell the caller only that something is.

    What the database's driver says names a file or a host of ours, which is for the log alone. What we say ourselves
    may name who was asked for, which is for the caller alone.
    """
    from_driver = error.__cause__ is not None
    _log_once_a_minute(str(error) if from_driver else frames_of(error))
    detail = "The live data cannot be read or written now; nothing was changed." if from_driver else str(error)
    return problem_response(problem(error.code, detail), {"Retry-After": "1"})


def _log_once_a_minute(message: str) -> None:
    """Log an error, unless it was within the last minute: every request meets it while the database is away."""
    now_s = time.monotonic()
    if now_s - _logged_at.get(message, -_SILENT_S) < _SILENT_S:
        return
    if len(_logged_at) >= _MOST_REMEMBERED:
        _logged_at.clear()
    _logged_at[message] = now_s
    _log.error("live data: %s", message)
