"""Ids in paths: any characters, a slash too, if it is percent-encoded.

A server decodes a path before it is matched, so that ``/v1/items/a%2Fsimilar`` would read as the neighbours of ``a``
instead of the item ``a/similar``; and Starlette's patterns end at a line's end. The routes here match with both marked.
What is no UTF-8 is decoded as U+FFFD, whatever it was: as an id it would be one for many, so it is refused.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import unquote

from fastapi import Path, Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from crossfade.api.documentation import ITEM_EXAMPLES, USER_EXAMPLES
from crossfade.api.problem_route import ProblemRoute, problem_response
from crossfade.wire import WireModel, problem
from crossfade.wire.fields import Id, ScenarioName

__all__ = ["IdRoute", "ItemId", "Name", "UserId", "answer_with", "json_response"]

# What stands for an encoded slash or line end while a path is matched: no characters, so no sensible id holds them.
_SLASH, _LINE_END = "\U0010ffff", "\U0010fffe"
_ENCODED_SLASH = re.compile(rb"%2f", re.IGNORECASE)

ItemId = Annotated[
    Id, Path(description="The item's id; percent-encode what a URL may not hold.", openapi_examples=ITEM_EXAMPLES)
]
UserId = Annotated[
    Id, Path(description="The user's id; percent-encode what a URL may not hold.", openapi_examples=USER_EXAMPLES)
]
Name = Annotated[
    ScenarioName,
    Path(
        description="The scenario's name.",
        openapi_examples={"homepage": {"summary": "What the examples put", "value": "homepage"}},
    ),
]


class IdRoute(ProblemRoute):
    """A route in whose path an encoded slash or line end is a part of an id, not the end of it.

    A slash at the end of a path is an error. A host's router would redirect it, to a path without the encoding.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the path with the encoded slashes told from the others, and without line ends."""
        marked = _marked(scope)
        match, found = super().matches({**scope, "path": marked.rstrip("/")})
        if "path_params" in found:
            found["path_params"] = {name: _unmarked(value) for name, value in found["path_params"].items()}
        return match if match is Match.NONE or not marked.endswith("/") else Match.FULL, found

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a slash at the end, whatever the method."""
        if not _marked(scope).endswith("/"):
            await super().handle(scope, receive, send)
            return
        response = problem_response(problem("route_not_found", "No path ends with a slash here; leave it out."))
        await response(scope, receive, send)


def _marked(scope: Scope) -> str:
    """Return the path with its stand-ins, where it needs any."""
    path: str = scope["path"]
    if _SLASH in path or _LINE_END in path:
        return path
    marked = path.replace("\n", _LINE_END)
    raw = scope.get("raw_path") or b""  # a server need not tell what was sent
    if _ENCODED_SLASH.search(raw):
        sent = unquote(_ENCODED_SLASH.sub(_SLASH.encode(), raw)).replace("\n", _LINE_END)
        # A proxy or a host may have changed the one and not the other.
        marked = sent if _unmarked(sent) == path else marked
    return marked


def _unmarked(value: str) -> str:
    return value.replace(_SLASH, "/").replace(_LINE_END, "\n")


def answer_with(model: WireModel, status: int = 200) -> Response:
    """Return the response that carries a model."""
    return json_response(model.model_dump_json().encode(), status)


def json_response(content: bytes, status: int = 200) -> Response:
    """Return the response that carries JSON."""
    return Response(content, status, media_type="application/json")
