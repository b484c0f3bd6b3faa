"""Goes away without dropping a request: first says so, then stops listening, then answers what it has."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import signal
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import FrameType

from fastapi import FastAPI

from crossfade.api.readiness import Readiness

__all__ = ["drained"]

_log = logging.getLogger(__name__)


def drained(
    readiness: Readiness, delay_s: float, *, at_end: Sequence[Callable[[], object]] = ()
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan in which SIGTERM turns ``/health/ready`` to 503, and reaches the server ``delay_s`` later.

    The server, uvicorn, has set its handler before the lifespan begins; it then closes its socket, lets requests under
    way finish and ends. A second SIGTERM reaches it at once. For a process that is ours, never a host's.

    Args:
        readiness: To be told.
        delay_s: How long requests are taken after the signal.
        at_end: What to call when the last request has been answered, in this order; may block.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        servers = signal.getsignal(signal.SIGTERM)

        def hand_on(number: int, frame: FrameType | None) -> None:
            if callable(servers):
                servers(number, frame)

        def begin(number: int, frame: FrameType | None) -> None:
            if readiness.draining:
                hand_on(number, frame)
                return
            readiness.draining = True
            loop.call_soon_threadsafe(lambda: loop.call_later(delay_s, hand_on, number, None))
            _log.info("going away in %g s", delay_s)

        if threading.current_thread() is threading.main_thread():  # no other one hears signals
            signal.signal(signal.SIGTERM, begin)
            if multiprocessing.parent_process() is not None:
                # A terminal's Ctrl-C goes to all processes at once; this one is told to end by the one that began it.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        yield
        for end in at_end:
            await asyncio.to_thread(end)

    return lifespan
