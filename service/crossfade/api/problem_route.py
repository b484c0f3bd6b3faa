"""Routes whose every error is a problem document, in our application and in anyone's that includes them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.types import Message, Receive, Scope, Send

from crossfade.api.doors.doors import doors_of
from crossfade.api.doors.rules import rule_of
from crossfade.api.problems import ProblemError, crossfade_problem, http_problem, problem_response
from crossfade.errors import CrossfadeError
from crossfade.wire import FieldProblem, problem

__all__ = ["ProblemError", "ProblemRoute", "http_problem", "problem_response"]

_MOST_ERRORS = 20
_NAMED_ERRORS = 3
_LONGEST_NAME = 80


class ProblemRoute(APIRoute):
    """A route that answers every error of ours and every invalid request with a problem document.

    An ``HTTPException`` of the host's, say from a dependency that asks for a login, is left to the host's handlers.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler, FastAPI's reading of the request included."""
        handle = super().get_route_handler()
        largest = rule_of(self.operation_id).largest_body

        async def handle_with_problems(request: Request) -> Response:
            try:
                _check_encoding(request)
                _check_declared_length(request, largest)
                return await handle(_JsonRequest(request.scope, _bounded(request.receive, largest)))
            except ProblemError as error:
                return http_problem(error)
            except CrossfadeError as error:
                return crossfade_problem(error)
            except RequestValidationError as error:
                return _validation_problem(error)

        return handle_with_problems

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a wrong method here, where the host's handlers would do it otherwise; ask the doors, if any."""
        if scope["method"] in (self.methods or ()):
            await self._pass_doors(scope, receive, send)
            return
        allowed = ", ".join(sorted(self.methods or ()))
        detail = f"{scope['method'][:_LONGEST_NAME]} is not allowed here; use {allowed}."
        response = problem_response(problem("method_not_allowed", detail), {"Allow": allowed})
        await response(scope, receive, send)

    async def _pass_doors(self, scope: Scope, receive: Receive, send: Send) -> None:
        doors = doors_of(scope)
        if doors is None:
            await super().handle(scope, receive, send)
            return
        try:
            await doors.admit(self.operation_id, scope)
            await doors.hold_to_time(self.operation_id, super().handle, scope, receive, send)
        except ProblemError as error:
            await http_problem(error)(scope, receive, send)
        except CrossfadeError as error:
            await crossfade_problem(error)(scope, receive, send)


class _JsonRequest(Request):
    """A request whose body is JSON in the strict sense of RFC 8259: UTF-8, no NaN, no endless nesting."""

    async def body(self) -> bytes:
        body = await super().body()
        packed = self.headers.get("content-encoding", "identity").strip().lower()
        if body and packed not in {"", "identity"}:
            raise ProblemError(
                "content_type_unsupported",
                f"The body's Content-Encoding is {packed[:_LONGEST_NAME]}; send it as it is, without.",
            )
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


def _check_encoding(request: Request) -> None:
    """Refuse what is percent-encoded and no UTF-8, which the server has read as U+FFFD: many ids would become one."""
    path, query = request.scope["path"], request.scope["query_string"]
    if "\ufffd" in path and not _is_utf8(request.scope.get("raw_path") or b""):
        raise _not_utf8("path", request.path_params)
    if b"%" in query and not _is_utf8(query):
        raise _not_utf8("query", request.query_params)


def _is_utf8(encoded: bytes) -> bool:
    try:
        unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        return False
    return True


def _not_utf8(place: str, values: Mapping[str, str]) -> RequestValidationError:
    names = [name for name, value in values.items() if "\ufffd" in value]
    said = "Expected UTF-8, percent-encoded"
    return RequestValidationError([{"type": "encoding", "loc": (place, *names[:1]), "msg": said}])


def _check_declared_length(request: Request, largest: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > largest:
        raise _too_large(largest)


def _bounded(receive: Receive, largest: int) -> Receive:
    size = 0

    async def receive_at_most() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > largest:
            raise _too_large(largest)
        return message

    return receive_at_most


def _too_large(largest: int) -> ProblemError:
    return ProblemError("body_too_large", f"The body is larger than {largest:,} bytes.")


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
