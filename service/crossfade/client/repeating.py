"""When a request is sent again, and after how long."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TypeVar

from crossfade.client.errors import UnreachableError
from crossfade.client.exchange import Reply, Request, Unreached

__all__ = ["Call", "Patience", "Pause", "Send", "Steps", "retry_after_s", "steps"]

Result = TypeVar("Result")

_REFUSED = 429  # before anything was done, so that any request may be sent again
_PASSING = frozenset((502, 503, 504))
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_LEAST_S = 0.001


@dataclass(frozen=True)
class Patience:
    """How long a request may take, and how often it may be sent.

    Attributes:
        timeout_s: All tries and the pauses between them together, > 0.
        retries: How many tries may follow the first.
        clock: Seconds that never go back.
        jitter: Returns a number from 0 to 1.
    """

    timeout_s: float
    retries: int
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if not (math.isfinite(self.timeout_s) and self.timeout_s > 0):
            raise ValueError(f"timeout_s: expected more than 0, got {self.timeout_s}")
        if self.retries < 0:
            raise ValueError(f"retries: expected 0 or more, got {self.retries}")


@dataclass(frozen=True)
class Send:
    """Send a request now, and wait so many seconds for its reply."""

    request: Request
    timeout_s: float


@dataclass(frozen=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


Call = Generator[Request, Reply, Result]
"""What one method sends, one request after the other, and what it makes of the replies."""

Steps = Generator[Send | Pause, Reply | Unreached, Result]
"""What to do next; the outcome of ``Send`` is sent back, and after ``Pause`` the next step is asked for."""


def steps(call: Call[Result], patience: Patience) -> Steps[Result]:
    """Say what to do next until a call has its result, and return that.

    Raises:
        CrossfadeError: What the call raises.
        UnreachableError: If a request had no reply.
    """
    advance: Callable[[], Request] = partial(next, call)
    while True:
        try:
            request = advance()
        except StopIteration as done:
            result: Result = done.value
            return result
        outcome = yield from _tries(request, patience)
        if isinstance(outcome, Unreached):
            raise UnreachableError(outcome.reason)
        advance = partial(call.send, outcome)


def _tries(request: Request, patience: Patience) -> Steps[Reply | Unreached]:
    """Send a request until it has its final outcome.

    Clients that failed together do not come back together: a pause is twice as long as the one before, give or take
    half, and never shorter than the service asks for. One that would outlast the time is not begun.
    """
    deadline = patience.clock() + patience.timeout_s
    again, retry = False, 0
    while True:
        outcome = yield Send(request, max(deadline - patience.clock(), _LEAST_S))
        pause_s = min(_FIRST_PAUSE_S * 2**retry, _LONGEST_PAUSE_S) * (0.5 + patience.jitter())
        if isinstance(outcome, Reply):
            outcome = replace(outcome, again=again)
            pause_s = max(pause_s, outcome.retry_after_s or 0.0)
        left_s = deadline - patience.clock()
        if retry >= patience.retries or not _may_pass(request, outcome) or pause_s >= left_s:
            return outcome
        again = again or _may_be_done(outcome)
        retry += 1
        yield Pause(pause_s)


def _may_pass(request: Request, outcome: Reply | Unreached) -> bool:
    """Whether a request may be sent again and may then fare better."""
    if isinstance(outcome, Unreached):
        return request.repeatable or not outcome.sent
    return outcome.status == _REFUSED or (request.repeatable and outcome.status in _PASSING)


def _may_be_done(outcome: Reply | Unreached) -> bool:
    """Whether what was asked for may be done although the outcome does not say so."""
    return outcome.sent if isinstance(outcome, Unreached) else outcome.status in _PASSING


def retry_after_s(header: str | None) -> float | None:
    """Return what a ``Retry-After`` header asks for, in seconds from now, >= 0; None where it cannot be read."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
