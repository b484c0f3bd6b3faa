"""Runs concurrent questions together: a matrix product over many queries costs little more than over one.

While the worker thread answers one batch, the questions that arrive are collected and make the next one; a question
that finds it idle goes alone and at once. So there is no timer to tune, and a batch is as large as the load asks for.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Batcher"]

Question = TypeVar("Question")
Reply = TypeVar("Reply")

# What the engine scores together; more at once would only make the first of them wait for the last.
_LARGEST_BATCH = 64


@dataclass(frozen=True)
class _Waiting(Generic[Question, Reply]):
    question: Question
    loop: asyncio.AbstractEventLoop
    reply: asyncio.Future[Reply]


@dataclass(frozen=True)
class _Outcome(Generic[Question, Reply]):
    of: _Waiting[Question, Reply]
    reply: Reply | None = None
    error: Exception | None = None

    def deliver(self) -> None:
        """Hand the outcome to whoever waits; on the loop it belongs to."""
        if self.of.reply.done():  # cancelled meanwhile
            return
        if self.error is not None:
            self.of.reply.set_exception(self.error)
        else:
            self.of.reply.set_result(self.reply)  # type: ignore[arg-type]  # None only where that is the reply


class Batcher(Generic[Question, Reply]):
    """Answers questions from any number of event loops in one worker thread, several at a time.

    Args:
        answer_many: Answers some questions, in their order; called in the worker thread. Where it raises, the batch
            is halved until the question that made it do so stands alone, so that no other one suffers.
        capacity: How many questions may wait, > 0.
    """

    def __init__(self, answer_many: Callable[[list[Question]], list[Reply]], *, capacity: int = 1_024) -> None:
        self._answer_many = answer_many
        self._capacity = capacity
        self._waiting: deque[_Waiting[Question, Reply]] = deque()
        self._busy = False
        self._lock = threading.Lock()  # over the two above
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="crossfade-answers")

    async def ask(self, question: Question) -> Reply:
        """Wait for the reply to one question.

        Raises:
            asyncio.QueueFull: If too many others are waiting.
            Exception: Whatever ``answer_many`` raises for this question alone.
        """
        loop = asyncio.get_running_loop()
        waiting: _Waiting[Question, Reply] = _Waiting(question, loop, loop.create_future())
        with self._lock:
            if len(self._waiting) >= self._capacity:
                raise asyncio.QueueFull
            self._waiting.append(waiting)
            idle, self._busy = not self._busy, True
        if idle:
            self._worker.submit(self._work)
        return await waiting.reply

    def _work(self) -> None:
        while batch := self._take():
            by_loop = defaultdict(list)
            for outcome in self._answer(batch):
                by_loop[outcome.of.loop].append(outcome)
            for loop, outcomes in by_loop.items():
                with contextlib.suppress(RuntimeError):  # the loop has been closed, and nobody waits any more
                    loop.call_soon_threadsafe(_deliver, outcomes)

    def _take(self) -> list[_Waiting[Question, Reply]]:
        """Return the next batch; an empty one ends the work."""
        batch: list[_Waiting[Question, Reply]] = []
        with self._lock:
            while self._waiting and len(batch) < _LARGEST_BATCH:
                waiting = self._waiting.popleft()
                if not waiting.reply.cancelled():
                    batch.append(waiting)
            self._busy = bool(batch)
        return batch

    def _answer(self, batch: list[_Waiting[Question, Reply]]) -> list[_Outcome[Question, Reply]]:
        try:
            replies = self._answer_many([waiting.question for waiting in batch])
        except Exception as error:  # noqa: BLE001 - handed on to whoever asked, whatever it is
            if len(batch) == 1:
                return [_Outcome(batch[0], error=error)]
            middle = len(batch) // 2
            return [*self._answer(batch[:middle]), *self._answer(batch[middle:])]
        return [_Outcome(waiting, reply) for waiting, reply in zip(batch, replies, strict=True)]


def _deliver(outcomes: list[_Outcome[Question, Reply]]) -> None:
    for outcome in outcomes:
        outcome.deliver()
