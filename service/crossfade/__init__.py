"""Recommendations that fade between what items say and what people do, per request, with reasons.

Names are imported on first use, so that ``import crossfade`` is quick and pulls in no web framework.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossfade.api import create_app, create_router
    from crossfade.engine import Answer, Exclude, Query, Recommender
    from crossfade.errors import CrossfadeError

__all__ = ["Answer", "CrossfadeError", "Exclude", "Query", "Recommender", "create_app", "create_router"]

_HOME = {
    "Answer": "crossfade.engine",
    "CrossfadeError": "crossfade.errors",
    "Exclude": "crossfade.engine",
    "Query": "crossfade.engine",
    "Recommender": "crossfade.engine",
    "create_app": "crossfade.api",
    "create_router": "crossfade.api",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'crossfade' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
