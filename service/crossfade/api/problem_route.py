"""Routes whose every error is a problem document, in our application and in anyone's that includes them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from crossfade.errors import CrossfadeError, QueryError
from crossfade.wire import PROBLEM_MEDIA_TYPE, PROBLEM_TYPES, FieldProblem, Problem, problem, problem_type_of

__all__ = ["ProblemError", "ProblemRoute", "http_problem", "problem_response"]

_LARGEST_BODY = 1 << 20
_MOST_ERRORS = 20
_NAMED_ERRORS = 3
_LONGEST_NAME = 80


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


class ProblemRoute(APIRoute):
    """A route that answers every error of ours and every invalid request with a problem document.

    An ``HTTPException`` of the host's, say from a dependency that asks for a login, is left to the host's handlers.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler, FastAPI's reading of the request included."""
        handle = super().get_route_handler()

        async def handle_with_problems(request: Request) -> Response:
            try:
                return await handle(_JsonRequest(request.scope, _bounded(request.receive)))
            except ProblemError as error:
                return http_problem(error)
            except CrossfadeError as error:
                return _crossfade_problem(error)
            except RequestValidationError as error:
                return _validation_problem(error)

        return handle_with_problems

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a wrong method here, where the host's handlers would do it otherwise."""
        if scope["method"] in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        allowed = ", ".join(sorted(self.methods or ()))
        detail = f"{scope['method'][:_LONGEST_NAME]} is not allowed here; use {allowed}."
        response = problem_response(problem("method_not_allowed", detail), {"Allow": allowed})
        await response(scope, receive, send)


class _JsonRequest(Request):
    """A request whose body is JSON in the strict sense of RFC 8259: UTF-8, no NaN, no endless nesting."""

    async def body(self) -> bytes:
        body = await super().body()
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if body and not (kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))):
            raise ProblemError(
                "content_type_unsupported",
                f"The body's Content-Type is {kind[:_LONGEST_NAME] or 'not given'}; send application/json.",
            )
        return body

    async def json(self) -> Any:  # noqa: ANN401 - JSON is any of its types
        try:
            return from_json(await self.body(), allow_inf_nan=False)
        except ValueError as error:
            raise ProblemError("body_malformed", f"The body cannot be read as JSON in UTF-8: {error}.") from error


def _bounded(receive: Receive) -> Receive:
    size = 0

    async def receive_at_most() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > _LARGEST_BODY:
            raise ProblemError("body_too_large", f"The body is larger than {_LARGEST_BODY:,} bytes.")
        return message

    return receive_at_most


def problem_response(document: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response that carries a problem document."""
    return Response(
        document.model_dump_json(exclude_none=True),
        status_code=document.status,
        headers=None if headers is None else dict(headers),
        media_type=PROBLEM_MEDIA_TYPE,
    )


def http_problem(error: ProblemError) -> Response:
    """Return the response for a problem of HTTP."""
    return problem_response(problem(error.code, error.detail), error.headers)


def _crossfade_problem(error: CrossfadeError) -> Response:
    errors = [FieldProblem(field=error.field, message=str(error))] if isinstance(error, QueryError) else None
    return problem_response(problem(problem_type_of(error).code, str(error), errors=errors))


def _validation_problem(error: RequestValidationError) -> Response:
    found = error.errors()
    errors = [FieldProblem(field=_dotted(one["loc"]), message=_message(one)) for one in found[:_MOST_ERRORS]]
    shown = errors[:_NAMED_ERRORS]
    detail = "; ".join(f"{one.field}: {one.message}" for one in shown)
    if len(found) > len(shown):
        detail += f"; and {len(found) - len(shown)} more"
    return problem_response(problem("request_invalid", detail, errors=errors))


def _dotted(location: Sequence[str | int]) -> str:
    """Name a field as its place in the request; the first part of a location says where the request held it."""
    place, *inside = location
    return ".".join(str(part)[:_LONGEST_NAME] for part in inside) or str(place)


def _message(error: Mapping[str, str]) -> str:
    if error["type"] == "extra_forbidden":
        return "There is no such field"
    return error["msg"]
