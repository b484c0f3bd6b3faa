"""How long a question that comes now would wait, from what the ones before it took."""

from __future__ import annotations

__all__ = ["Load"]

# A batch counts 0.9 of the one after it. Times and questions are averaged apart, so a batch of 64 outweighs the single
# slow question of an idle process: what one question costs falls as batches grow.
_KEPT = 0.9


class Load:
    """Keeps a moving average of the time per question, and what is under way; not safe to share between threads."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._questions = 0.0
        self._under_way = 0
        self._began_s = 0.0

    def begin(self, questions: int, now_s: float) -> None:
        """Note that a batch of so many questions begins; 0 that none does."""
        self._under_way = questions
        self._began_s = now_s

    def end(self, now_s: float) -> None:
        """Note that the batch under way, if any, has been answered."""
        if self._under_way:
            self._seconds = _KEPT * self._seconds + now_s - self._began_s
            self._questions = _KEPT * self._questions + self._under_way
        self._under_way = 0

    def wait_s(self, waiting: int, now_s: float) -> float:
        """Estimate how long a question waits behind so many others, in seconds.

        A batch that has gone on for longer than expected is expected to go on for as long again: a database that
        hangs shows here before any average has moved.
        """
        each_s = self._seconds / self._questions if self._questions else 0.0
        under_way_s = max(each_s * self._under_way, now_s - self._began_s) if self._under_way else 0.0
        return each_s * waiting + under_way_s
