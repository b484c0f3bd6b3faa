"""The outermost layer of our application: gives each request an id, and tells log, metrics and traces how it went."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossfade.api.doors.doors import Doors
from crossfade.api.exchange import Exchange, begin, method_of, route_of
from crossfade.api.metrics import Metrics
from crossfade.api.problems import problem_response
from crossfade.telemetry import Stage, collect, frames_of, log_request
from crossfade.wire import problem

if TYPE_CHECKING:
    from crossfade.telemetry.tracing import Tracing

__all__ = ["Observed"]

_log = logging.getLogger(__name__)


class Observed:
    """Observes each request, and answers one that the application fails on.

    Args:
        app: What answers.
        doors: For the routes to ask.
        metrics: What counts.
        tracing: What writes spans; None for nothing.
    """

    def __init__(self, app: ASGIApp, *, doors: Doors, metrics: Metrics, tracing: Tracing | None) -> None:
        self._app = app
        self._doors = doors
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and observe it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        exchange = begin(scope)
        self._doors.put_into(scope)
        with collect() as stages:
            self._metrics.begin()
            try:
                await self._answer(exchange, scope, receive, send)
            finally:
                self._tell(exchange, scope, stages, started_s)

    async def _answer(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_observed(message: Message) -> None:
            await send(exchange.observe(message))

        try:
            await self._app(scope, receive, send_observed)
        except Exception as error:  # noqa: BLE001 - the outermost edge; beyond it the server would log the message
            _log.error("request %s failed: %s", exchange.request_id, frames_of(error))
            if exchange.status is not None:
                exchange.problem = "internal_error"
                raise _BrokenOffError(exchange.request_id) from None
            document = problem("internal_error", "The service failed; its log says more.")
            await problem_response(document)(scope, receive, send_observed)

    def _tell(self, exchange: Exchange, scope: Scope, stages: Sequence[Stage], started_s: float) -> None:
        seconds = time.perf_counter() - started_s
        method, route = method_of(scope), route_of(scope)
        self._metrics.end(exchange, method, route, seconds, stages)
        more = {"request_id": exchange.request_id, "key_id": exchange.key_id, "problem": exchange.problem}
        log_request(method, route, exchange.status, seconds * 1e3, more)
        if self._tracing is not None:
            attributes: dict[str, str | int] = {
                "http.request.method": method,
                "http.route": route,
                "crossfade.request_id": exchange.request_id,
            }
            if exchange.status is not None:
                attributes["http.response.status_code"] = exchange.status
            if exchange.problem is not None:
                attributes["error.type"] = exchange.problem
            headers = Headers(scope=scope)
            parent = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
            self._tracing.write(parent, stages, started_s=started_s, attributes=attributes)


class _BrokenOffError(RuntimeError):
    """An answer that had begun cannot be ended; tells the server to close the connection."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"the answer to request {request_id} broke off; the line before says where")
