"""Whether the service can answer, told quickly however much it is asked."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from fastapi import APIRouter

from crossfade.api.documentation import responses
from crossfade.api.problem_route import ProblemError, ProblemRoute
from crossfade.api.service import Service
from crossfade.errors import CrossfadeError
from crossfade.wire import LiveAnswer, ReadyAnswer

__all__ = ["Readiness", "health_router"]

_FRESH_S = 1.0
_PATIENCE_S = 0.1
_FIRST_PATIENCE_S = 5.0  # the text encoder is opened on the way
_CREDIT_S = 30.0


class Readiness:
    """Checks that a question with words in it goes all the way, at the head of the queue and at most once a second.

    Args:
        service: What answers.
        clock: Seconds that never go back.
    """

    def __init__(self, service: Service, clock: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._clock = clock
        self._passed_at: float | None = None
        self._checking: asyncio.Task[None] | None = None
        self.draining = False

    async def check(self) -> None:
        """Return if the service can answer.

        A check that a long batch holds up is waited for only for a moment: the last one counts until it is half a
        minute old.

        Raises:
            ProblemError: If the process is going away, or its worker thread has hung.
            CrossfadeError: Why the question could not be answered.
        """
        if self.draining:
            raise ProblemError("shutting_down", "The process is going away.")
        age_s = math.inf if self._passed_at is None else self._clock() - self._passed_at
        if age_s < _FRESH_S:
            return
        try:
            async with asyncio.timeout(_PATIENCE_S if age_s < _CREDIT_S else _FIRST_PATIENCE_S):
                await asyncio.shield(self._check_once())
        except TimeoutError:
            if age_s >= _CREDIT_S:
                detail = "The service's check of itself does not come to an end."
                raise ProblemError("timed_out", detail, headers={"Retry-After": "1"}) from None

    def _check_once(self) -> asyncio.Task[None]:
        """Check once for all who ask meanwhile on this loop."""
        loop = asyncio.get_running_loop()
        if self._checking is None or self._checking.done() or self._checking.get_loop() is not loop:
            self._checking = loop.create_task(self._go_all_the_way())
            self._checking.add_done_callback(_hear)
        return self._checking

    async def _go_all_the_way(self) -> None:
        try:
            await self._service.check()
        except CrossfadeError:
            self._passed_at = None  # whoever asks next waits for the outcome, even if nobody waited for this one
            raise
        self._passed_at = self._clock()


def _hear(check: asyncio.Task[None]) -> None:
    """Take note of an error that nobody waits for any more, which asyncio would log otherwise."""
    if not check.cancelled():
        check.exception()


def health_router(service: Service, readiness: Readiness) -> APIRouter:
    """Make ``/health/live`` and ``/health/ready``."""
    router = APIRouter(route_class=ProblemRoute, tags=["Health"])

    @router.get("/health/live", operation_id="live", summary="Is the process running?", responses=responses("live"))
    async def live() -> LiveAnswer:
        """Answer at once, whatever the rest does; a process that does not should be started again."""
        return LiveAnswer()

    @router.get("/health/ready", operation_id="ready", summary="Can it answer?", responses=responses("ready"))
    async def ready() -> ReadyAnswer:
        """Answer once a small query with words in it has gone all the way, so that every part is known to work.

        A process that is not ready should get no requests for the time being.
        """
        await readiness.check()
        bundle = service.recommender.bundle
        counts = bundle.manifest.counts
        return ReadyAnswer(bundle=bundle.version, items=counts.items, users=counts.users)

    return router
