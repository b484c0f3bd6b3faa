"""The HTTP service: an application, or a router for somebody else's.

``app`` makes the application and ``router`` the operations, ``service`` is what their handlers ask, ``batching`` runs
concurrent questions together, ``watching`` follows the bundle's pointer, ``problem_route`` turns errors into problem
documents, ``swagger`` serves the page to try it all. Names are imported on first use: whoever starts a process can
still set how many threads the numeric libraries use before they are loaded.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossfade.api.app import create_app, from_environment
    from crossfade.api.router import create_router

__all__ = ["create_app", "create_router", "from_environment"]

_HOME = {
    "create_app": "crossfade.api.app",
    "create_router": "crossfade.api.router",
    "from_environment": "crossfade.api.app",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'crossfade.api' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
