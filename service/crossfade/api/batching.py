"""Runs concurrent questions together: a matrix product over many queries costs little more than over one.

While the worker thread answers one batch, the questions that arrive are collected and make the next one; a question
that finds it idle goes alone and at once. So there is no timer to tune, and a batch is as large as the load asks for,
but no larger than a quarter of a second's work: whoever comes next waits for all of it.

A question that would wait too long is refused when it comes, not when its time is over: ``load`` estimates. Where the
first answers show that those already taken were more work than they seemed, the last of them are refused then.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from crossfade.api.load import Load
from crossfade.telemetry import Stage, collect, note

__all__ = ["Batcher", "OverloadedError"]

Question = TypeVar("Question")
Reply = TypeVar("Reply")

# What the engine scores together; more at once would only make the first of them wait for the last.
_LARGEST_BATCH = 64
_LONGEST_BATCH_S = 0.25


class OverloadedError(Exception):
    """A question is not taken because too many wait, or would wait too long.

    Args:
        retry_after_s: After which it might be taken.
    """

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"try again after {retry_after_s:.1f} s")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class _Waiting(Generic[Question, Reply]):
    question: Question
    loop: asyncio.AbstractEventLoop
    reply: asyncio.Future[Reply]
    units: float
    asked_s: float
    stages: list[Stage]  # what became of it, once there is a reply


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
        units_of: How much work a question is, > 0, in units of which a plain one is 1.
        capacity: How many questions may wait, > 0.
        max_wait_s: How long a question may be expected to wait. One that finds nobody waiting is always taken: its
            answer corrects the estimate.
        longest_batch_s: How long a batch of more than one question may be expected to take.
    """

    def __init__(
        self,
        answer_many: Callable[[list[Question]], list[Reply]],
        *,
        units_of: Callable[[Question], float] = lambda _question: 1.0,
        capacity: int = 1_024,
        max_wait_s: float = 1.0,
        longest_batch_s: float = _LONGEST_BATCH_S,
    ) -> None:
        self._answer_many = answer_many
        self._units_of = units_of
        self._capacity = capacity
        self._max_wait_s = max_wait_s
        self._longest_batch_s = longest_batch_s
        self._waiting: deque[_Waiting[Question, Reply]] = deque()
        self._units = 0.0  # of those that wait
        self._busy = False
        self._load = Load()
        self._lock = threading.Lock()  # over the four above
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="crossfade-answers")

    @property
    def waiting(self) -> int:
        """How many questions wait."""
        return len(self._waiting)

    async def ask(self, question: Question, *, urgent: bool = False) -> Reply:
        """Wait for the reply to one question; what it went through is noted as the stages ``wait`` and below.

        Args:
            question: The question.
            urgent: Whether it is of the next batch, however many wait.

        Raises:
            OverloadedError: If too many others wait, or it would wait too long.
            Exception: Whatever ``answer_many`` raises for this question alone.
        """
        loop = asyncio.get_running_loop()
        waiting: _Waiting[Question, Reply] = _Waiting(
            question, loop, loop.create_future(), self._units_of(question), time.perf_counter(), []
        )
        with self._lock:
            if urgent:
                self._waiting.appendleft(waiting)
            else:
                self._refuse_if_overloaded()
                self._waiting.append(waiting)
            self._units += waiting.units
            idle, self._busy = not self._busy, True
        if idle:
            self._worker.submit(self._work)
        try:
            return await waiting.reply
        finally:
            note(waiting.stages)

    def _refuse_if_overloaded(self) -> None:
        wait_s = self._load.wait_s(self._units, time.perf_counter())
        if len(self._waiting) >= self._capacity or (self._waiting and wait_s > self._max_wait_s):
            raise OverloadedError(wait_s)

    def _work(self) -> None:
        while True:
            batch, refused = self._take()
            _hand_out(refused)
            if not batch:
                return
            began_s = time.perf_counter()
            with collect() as stages:
                outcomes = self._answer(batch)
            for outcome in outcomes:
                outcome.of.stages.extend((Stage("wait", outcome.of.asked_s, began_s), *stages))
            _hand_out(outcomes)

    def _take(self) -> tuple[list[_Waiting[Question, Reply]], list[_Outcome[Question, Reply]]]:
        """Return the next batch, and those who are refused after all; an empty batch ends the work."""
        batch: list[_Waiting[Question, Reply]] = []
        refused: list[_Outcome[Question, Reply]] = []
        with self._lock:
            now_s = time.perf_counter()
            self._load.end(now_s)
            largest = self._load.units_in(self._longest_batch_s)
            before = 0.0
            staying: deque[_Waiting[Question, Reply]] = deque()
            for waiting in self._waiting:
                wait_s = self._load.wait_s(before, now_s)
                if waiting.reply.done():  # its caller's time is over, or they have gone
                    continue
                if wait_s > self._max_wait_s:
                    refused.append(_Outcome(waiting, error=OverloadedError(wait_s)))
                    continue
                if not batch or (not staying and len(batch) < _LARGEST_BATCH and before + waiting.units <= largest):
                    batch.append(waiting)
                else:
                    staying.append(waiting)
                before += waiting.units
            self._waiting = staying
            self._units = sum(waiting.units for waiting in staying)
            self._busy = bool(batch)
            self._load.begin(sum(waiting.units for waiting in batch), now_s)
        return batch, refused

    def _answer(self, batch: list[_Waiting[Question, Reply]]) -> list[_Outcome[Question, Reply]]:
        try:
            replies = self._answer_many([waiting.question for waiting in batch])
        except Exception as error:  # noqa: BLE001 - handed on to whoever asked, whatever it is
            if len(batch) == 1:
                return [_Outcome(batch[0], error=error)]
            middle = len(batch) // 2
            return [*self._answer(batch[:middle]), *self._answer(batch[middle:])]
        return [_Outcome(waiting, reply) for waiting, reply in zip(batch, replies, strict=True)]


def _hand_out(outcomes: list[_Outcome[Question, Reply]]) -> None:
    """Deliver outcomes, each on the loop it belongs to."""
    by_loop = defaultdict(list)
    for outcome in outcomes:
        by_loop[outcome.of.loop].append(outcome)
    for loop, of_loop in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop has been closed, and nobody waits any more
            loop.call_soon_threadsafe(_deliver, of_loop)


def _deliver(outcomes: list[_Outcome[Question, Reply]]) -> None:
    for outcome in outcomes:
        outcome.deliver()
