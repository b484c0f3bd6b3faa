"""What questions will take, from what the ones before them took: how long one waits, and how many go together.

Some questions cost a hundred times what others do, so they are counted in units of work, of which a plain one is 1.
"""

from __future__ import annotations

__all__ = ["Load"]

# A batch counts 0.9 of the one after it. Times and units are averaged apart, so a batch of 64 outweighs the single
# slow question of an idle process: what one unit costs falls as batches grow.
_KEPT = 0.9

# What falls is the cost of plain questions, which share matrix products; reasons and diversity are worked out for each.
# A batch is sized as if a unit never took less than this, so that large questions after many plain ones go few at once.
_LEAST_S = 0.002


class Load:
    """Keeps a moving average of the time per unit, and what is under way; not safe to share between threads."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._units = 0.0
        self._under_way = 0.0
        self._began_s = 0.0

    def begin(self, units: float, now_s: float) -> None:
        """Note that a batch of so many units begins; 0 that none does."""
        self._under_way = units
        self._began_s = now_s

    def end(self, now_s: float) -> None:
        """Note that the batch under way, if any, has been answered."""
        if self._under_way:
            self._seconds = _KEPT * self._seconds + now_s - self._began_s
            self._units = _KEPT * self._units + self._under_way
        self._under_way = 0.0

    def wait_s(self, waiting: float, now_s: float) -> float:
        """Estimate how long a question waits behind so many units, in seconds.

        A batch that has gone on for longer than expected is expected to go on for as long again: a database that
        hangs shows here before any average has moved.
        """
        under_way_s = max(self._each_s * self._under_way, now_s - self._began_s) if self._under_way else 0.0
        return self._each_s * waiting + under_way_s

    def units_in(self, seconds: float) -> float:
        """Estimate, on the cautious side, how many units are answered in so many seconds."""
        return seconds / max(self._each_s, _LEAST_S)

    @property
    def _each_s(self) -> float:
        return self._seconds / self._units if self._units else 0.0
