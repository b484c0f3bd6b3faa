"""Ids in paths: any characters, a slash too, if it is percent-encoded.

A server decodes a path before it is matched, so that ``/v1/items/a%2Fsimilar`` would read as the neighbours of ``a``
instead of the item ``a/similar``. The routes here match the path as it was sent.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import unquote

from fastapi import Path, Response
from starlette.routing import Match
from starlette.types import Scope

from crossfade.api.documentation import ITEM_EXAMPLES, USER_EXAMPLES
from crossfade.api.problem_route import ProblemRoute
from crossfade.wire import WireModel
from crossfade.wire.fields import Id, ScenarioName

__all__ = ["IdRoute", "ItemId", "Name", "UserId", "answer_with", "json_response"]

_SLASH = re.compile(rb"%2[Ff]")
# What stands for an encoded slash while a path is matched: no character, so that no sensible id holds it.
_STAND_IN = "\U0010ffff"

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
    """A route in whose path an encoded slash is a part of an id, not the end of it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the path with the encoded slashes told from the others."""
        marked = _marked(scope)
        if marked is None:
            return super().matches(scope)
        match, found = super().matches({**scope, "path": marked})
        if "path_params" in found:
            found["path_params"] = {
                name: value.replace(_STAND_IN, "/") if isinstance(value, str) else value
                for name, value in found["path_params"].items()
            }
        return match, found


def _marked(scope: Scope) -> str | None:
    """Return the path with a stand-in for each encoded slash; None where there is none, or the server does not tell."""
    raw = scope.get("raw_path") or b""
    if not _SLASH.search(raw) or _STAND_IN in scope["path"]:
        return None
    marked = unquote(_SLASH.sub(_STAND_IN.encode(), raw))
    # A proxy or a host may have changed the one and not the other.
    return marked if marked.replace(_STAND_IN, "/") == scope["path"] else None


def answer_with(model: WireModel, status: int = 200) -> Response:
    """Return the response that carries a model."""
    return json_response(model.model_dump_json().encode(), status)


def json_response(content: bytes, status: int = 200) -> Response:
    """Return the response that carries JSON."""
    return Response(content, status, media_type="application/json")
