"""Problem documents as answers over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from crossfade.api.exchange import exchange_of
from crossfade.errors import CrossfadeError, QueryError
from crossfade.wire import (
    PROBLEM_MEDIA_TYPE,
    PROBLEM_TYPES,
    FieldProblem,
    Problem,
    problem,
    problem_type_of,
)

__all__ = ["ProblemError", "crossfade_problem", "http_problem", "problem_response"]


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
    errors = [FieldProblem(field=error.field, message=str(error))] if isinstance(error, QueryError) else None
    return problem_response(problem(problem_type_of(error).code, str(error), errors=errors))
