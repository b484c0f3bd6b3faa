"""How long each part of a request took; collected where it is asked for, and free where it is not."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

__all__ = ["Stage", "collect", "note", "observe"]


class Stage(NamedTuple):
    """One part of a request's way.

    Attributes:
        name: Such as ``wait`` or ``answer``.
        started_s: On the clock of ``time.perf_counter``.
        ended_s: On the same clock.
    """

    name: str
    started_s: float
    ended_s: float


_collected: ContextVar[list[Stage] | None] = ContextVar("crossfade_stages", default=None)


@contextmanager
def collect() -> Iterator[list[Stage]]:
    """Collect the stages observed inside the block, in the order of their ends."""
    stages: list[Stage] = []
    token = _collected.set(stages)
    try:
        yield stages
    finally:
        _collected.reset(token)


@contextmanager
def observe(name: str) -> Iterator[None]:
    """Observe the block as a stage, if anybody collects them; an error ends it as well."""
    started_s = time.perf_counter()
    try:
        yield
    finally:
        note([Stage(name, started_s, time.perf_counter())])


def note(stages: Iterable[Stage]) -> None:
    """Add stages that were observed elsewhere, say in the thread that answered for several requests at once."""
    collected = _collected.get()
    if collected is not None:
        collected.extend(stages)
