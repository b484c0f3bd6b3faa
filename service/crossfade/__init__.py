"""Recommendations that fade between what items say and what people do, per request, with reasons.

Names are imported on first use, so that ``import crossfade`` is quick and pulls in no web framework.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossfade.api import create_app, create_router
    from crossfade.client import AsyncCrossfadeClient, CrossfadeClient
    from crossfade.engine import Answer, Boost, Cap, Exclude, Item, Pin, Promote, Query, Recommender, User
    from crossfade.errors import CrossfadeError, CursorExpiredError, NotFoundError, QueryError
    from crossfade.live import Event, EventOutcome

__all__ = [
    "Answer",
    "AsyncCrossfadeClient",
    "Boost",
    "Cap",
    "CrossfadeClient",
    "CrossfadeError",
    "CursorExpiredError",
    "Event",
    "EventOutcome",
    "Exclude",
    "Item",
    "NotFoundError",
    "Pin",
    "Promote",
    "Query",
    "QueryError",
    "Recommender",
    "User",
    "create_app",
    "create_router",
]

_HOME = {
    "Answer": "crossfade.engine",
    "AsyncCrossfadeClient": "crossfade.client",
    "Boost": "crossfade.engine",
    "Cap": "crossfade.engine",
    "CrossfadeClient": "crossfade.client",
    "CrossfadeError": "crossfade.errors",
    "CursorExpiredError": "crossfade.errors",
    "Event": "crossfade.live",
    "EventOutcome": "crossfade.live",
    "Exclude": "crossfade.engine",
    "Item": "crossfade.engine",
    "NotFoundError": "crossfade.errors",
    "Pin": "crossfade.engine",
    "Promote": "crossfade.engine",
    "Query": "crossfade.engine",
    "QueryError": "crossfade.errors",
    "Recommender": "crossfade.engine",
    "User": "crossfade.engine",
    "create_app": "crossfade.api",
    "create_router": "crossfade.api",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'crossfade' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
