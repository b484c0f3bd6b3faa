"""How often: a token bucket for each key."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["RateLimit"]


class RateLimit:
    """Lets each caller send so many requests a second on average, a second's worth at once.

    Args:
        per_s: Requests per second, > 0; a bucket holds that many, at least one.
        clock: Seconds that never go back.
    """

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._size = max(1.0, per_s)
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # of each caller: tokens left, and when that was

    def wait_s(self, caller: str) -> float:
        """Take a token and return 0.0; where there is none, return the seconds until there will be one."""
        now = self._clock()
        tokens, at = self._buckets.get(caller, (self._size, now))
        tokens = min(self._size, tokens + (now - at) * self._per_s)
        allowed = tokens >= 1.0
        self._buckets[caller] = (tokens - 1.0 if allowed else tokens, now)
        return 0.0 if allowed else (1.0 - tokens) / self._per_s
