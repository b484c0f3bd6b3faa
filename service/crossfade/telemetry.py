"""What the service says about itself: one line in the log for each request, without a person's or an item's id."""

from __future__ import annotations

import logging
import sys
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["RequestLog", "configure_logging"]

_requests = logging.getLogger("crossfade.requests")


def configure_logging(level: str) -> None:
    """Send what Crossfade logs to standard error; for a process that is ours, never a host's.

    Uvicorn's access log is turned off: it holds whole paths, and so ids.

    Args:
        level: The least level that is logged, as ``logging`` names it, in any case.
    """
    ours = logging.getLogger("crossfade")
    if not ours.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
        ours.addHandler(handler)
    ours.propagate = False  # a handler that some library put on the root would say everything twice
    ours.setLevel(level.upper())
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False


class RequestLog:
    """Logs each request as method, route, status and duration.

    The route is its template (``/v1/users/{user_id}/similar``), so that no id enters the log; ``-`` where no route
    matched. The duration, in ms, lasts until the answer has been handed to the server; the status is ``-`` where the
    caller left before.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log it."""
        if scope["type"] != "http" or not _requests.isEnabledFor(logging.INFO):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status: int | str = "-"

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        except Exception:
            status = 500
            raise
        finally:
            template = getattr(scope.get("route"), "path_format", "-")
            duration_ms = (time.perf_counter() - started) * 1e3
            _requests.info("%s %s %s %.1f ms", scope["method"], template, status, duration_ms)
