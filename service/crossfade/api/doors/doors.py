"""Decides on each request before its body is read, and ends those that take too long."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossfade.api.doors.keys import ROLES, KeyBook, KeyRing
from crossfade.api.doors.rate import RateLimit
from crossfade.api.doors.rules import Rule, rule_of
from crossfade.api.exchange import exchange_of
from crossfade.api.problems import ProblemError
from crossfade.live import ApiKey
from crossfade.settings import DoorSettings

__all__ = ["Doors", "doors_of"]

_log = logging.getLogger(__name__)

_SCOPE_KEY = "crossfade.doors"
_NOBODY = ""  # whoever calls where no keys are asked for
# Questions are refused by how long they would wait; this bounds all else, the bodies held in memory included.
_MOST_AT_ONCE = 1_024


class Doors:
    """The doors of one application.

    Args:
        settings: Whether keys are asked for, how often a caller may come, how long a request may take.
        keys: Where keys are kept; None for nowhere, so that nobody has one.
    """

    def __init__(self, settings: DoorSettings, keys: KeyBook | None) -> None:
        self.locked = settings.auth != "off"
        self._ring = KeyRing(keys) if keys is not None else None
        self._rate = None if settings.rate_limit_per_s is None else RateLimit(settings.rate_limit_per_s)
        self._timeout_s = settings.request_timeout_s
        self._inside = 0
        if self.locked and (keys is None or all(key.revoked_at is not None for key in keys.all())):
            _log.warning(
                "API keys are asked for and there are none, so every call will be answered 401; "
                "make one with: crossfade keys create --live URL --role admin --name NAME"
            )

    def put_into(self, scope: Scope) -> None:
        """Have the routes of this request ask these doors."""
        scope[_SCOPE_KEY] = self

    async def admit(self, operation_id: str | None, scope: Scope) -> None:
        """Return if the caller may use the operation now.

        Raises:
            ProblemError: If not.
            CrossfadeError: If it cannot be told.
        """
        rule = rule_of(operation_id)
        if rule.role is None:
            return
        caller = _NOBODY
        if self.locked:
            known = await self._identify(Headers(scope=scope))
            exchange = exchange_of(scope)
            if exchange is not None:
                exchange.key_id = known.key_id
            _check_role(known, rule)
            caller = known.key_id
        wait_s = 0.0 if self._rate is None else self._rate.wait_s(caller)
        if wait_s > 0.0:
            raise ProblemError(
                "rate_limited",
                "This caller sends more requests per second than it may; see Retry-After.",
                headers={"Retry-After": str(math.ceil(wait_s))},
            )

    async def _identify(self, headers: Headers) -> ApiKey:
        key = _sent_key(headers)
        known = None if key is None or self._ring is None else await self._ring.find(key)
        if known is None:
            challenge = 'Bearer realm="crossfade"' + ("" if key is None else ', error="invalid_token"')
            detail = "No API key was sent" if key is None else "The API key is not, or no longer, good"
            raise ProblemError(
                "unauthorized",
                f"{detail}; send one as Authorization: Bearer cf_… or as X-API-Key: cf_….",
                headers={"WWW-Authenticate": challenge},
            )
        return known

    async def hold_to_time(
        self, operation_id: str | None, answer: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request, unless the beginning of the answer takes longer than it may.

        Raises:
            ProblemError: If it does, and what was begun may go on in a thread or the database, and be done in the end;
                or if too many requests are being answered.
        """
        rule = rule_of(operation_id)
        if rule.role is not None and self._inside >= _MOST_AT_ONCE:
            raise ProblemError("overloaded", "Too many requests are being answered.", headers={"Retry-After": "1"})
        self._inside += 1
        try:
            await self._answer(rule, answer, scope, receive, send)
        finally:
            self._inside -= 1

    async def _answer(self, rule: Rule, answer: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if not rule.timed:
            await answer(scope, receive, send)
            return
        body, deadline = _Body(receive), asyncio.timeout(self._timeout_s)
        try:
            async with deadline:
                await answer(scope, body.receive, _without_deadline(send, deadline))
        except TimeoutError:
            if not deadline.expired():
                raise
            raise _too_slow(self._timeout_s, body_is_missing=body.awaited) from None


def doors_of(scope: Scope) -> Doors | None:
    """Return the doors a request has to pass; None in an application that has none."""
    doors = scope.get(_SCOPE_KEY)
    return doors if isinstance(doors, Doors) else None


class _Body:
    """A request's body as it arrives."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._whole = False
        self.awaited = False

    async def receive(self) -> Message:
        self.awaited = not self._whole
        message = await self._receive()
        self._whole = not message.get("more_body", False)
        self.awaited = not self._whole
        return message


def _without_deadline(send: Send, deadline: asyncio.Timeout) -> Callable[[Message], Awaitable[None]]:
    async def send_at_leisure(message: Message) -> None:
        if not deadline.expired():
            deadline.reschedule(None)  # whoever reads slowly gets all of the answer
        await send(message)

    return send_at_leisure


def _too_slow(timeout_s: float, *, body_is_missing: bool) -> ProblemError:
    if body_is_missing:
        detail = f"The body had not arrived whole after {timeout_s:g} s."
        return ProblemError("body_timed_out", detail, headers={"Connection": "close"})
    detail = f"There was no answer after {timeout_s:g} s; what was asked for may still be done."
    return ProblemError("timed_out", detail, headers={"Retry-After": "1"})


def _sent_key(headers: Headers) -> str | None:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return key.strip()
    return headers.get("x-api-key") or None


def _check_role(known: ApiKey, rule: Rule) -> None:
    if rule.role is not None and ROLES.index(known.role) < ROLES.index(rule.role):
        raise ProblemError(
            "forbidden",
            f"This needs a key of the role {rule.role}; the one sent has the role {known.role}.",
            headers={"WWW-Authenticate": f'Bearer realm="crossfade", error="insufficient_scope", scope="{rule.role}"'},
        )
