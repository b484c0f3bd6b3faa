"""One request and its answer, as the log, the metrics and the traces know them: never by an id, a text or a key."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Message, Scope

__all__ = ["Exchange", "begin", "exchange_of", "method_of", "route_of"]

_SCOPE_KEY = "crossfade.exchange"
_SANE_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,64}")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"))

# Answers are for whoever asked, JSON is never to be taken for a page, and no page of somebody else's may frame ours.
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


@dataclass(slots=True)
class Exchange:
    """What is known of a request besides its route.

    Attributes:
        request_id: The caller's ``X-Request-ID`` where it looks like one, else a drawn one; sent back.
        key_id: Of the API key; None where none was asked for or none was good.
        problem: The code of the problem it was answered with; None where it went well.
        status: Of the answer; None before there is one.
    """

    request_id: str
    key_id: str | None = None
    problem: str | None = None
    status: int | None = None

    def observe(self, message: Message) -> Message:
        """Note the status of an answer that begins, and return the message with our headers where it has none."""
        if message["type"] != "http.response.start":
            return message
        self.status = message["status"]
        headers = list(message.get("headers", ()))
        present = {name.lower() for name, _ in headers}
        headers += [(name, value) for name, value in _HEADERS if name not in present]
        headers.append((b"x-request-id", self.request_id.encode("ascii")))
        return {**message, "headers": headers}


def begin(scope: Scope) -> Exchange:
    """Return the exchange that a request begins, and put it into its scope."""
    sent = Headers(scope=scope).get("x-request-id", "")
    exchange = Exchange(sent if _SANE_ID.fullmatch(sent) else secrets.token_hex(8))
    scope[_SCOPE_KEY] = exchange
    return exchange


def exchange_of(scope: Scope) -> Exchange | None:
    """Return the exchange a request is part of; None in an application that is not ours."""
    exchange = scope.get(_SCOPE_KEY)
    return exchange if isinstance(exchange, Exchange) else None


def route_of(scope: Scope) -> str:
    """Return the template of the route that was found (``/v1/users/{user_id}/similar``), ``-`` where none was."""
    return getattr(scope.get("route"), "path_format", None) or "-"


def method_of(scope: Scope) -> str:
    """Return the method, ``-`` for one that HTTP does not have: a caller may write anything there."""
    return scope["method"] if scope["method"] in _METHODS else "-"
