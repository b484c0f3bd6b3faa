"""Ids in paths: any characters, a slash too, if it is percent-encoded.

A server decodes a path before it is matched, so that ``/v1/items/a%2Fsimilar`` would read as the neighbours of ``a``
instead of the item ``a/similar``; and Starlette's patterns end at a line's end. The routes here match with both marked.
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

# What stands for an encoded slash or line end while a path is matched: no characters, so no sensible id holds them.
_STAND_INS = {"\U0010ffff": "/", "\U0010fffe": "\n"}
_MARKED = {b"%2f": "\U0010ffff".encode(), b"%0a": "\U0010fffe".encode()}
_TO_MARK = re.compile(rb"%2f|%0a", re.IGNORECASE)

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
            found["path_params"] = {name: _unmarked(value) for name, value in found["path_params"].items()}
        return match, found


def _marked(scope: Scope) -> str | None:
    """Return the path with its stand-ins; None where it needs none, or the server does not tell what was sent."""
    raw = scope.get("raw_path") or b""
    if not _TO_MARK.search(raw) or any(one in scope["path"] for one in _STAND_INS):
        return None
    marked = unquote(_TO_MARK.sub(lambda found: _MARKED[found[0].lower()], raw))
    # A proxy or a host may have changed the one and not the other.
    return marked if _unmarked(marked) == scope["path"] else None


def _unmarked(value: str) -> str:
    for stand_in, meant in _STAND_INS.items():
        value = value.replace(stand_in, meant)
    return value


def answer_with(model: WireModel, status: int = 200) -> Response:
    """Return the response that carries a model."""
    return json_response(model.model_dump_json().encode(), status)


def json_response(content: bytes, status: int = 200) -> Response:
    """Return the response that carries JSON."""
    return Response(content, status, media_type="application/json")
