"""Questions that arrive together are answered together, and none suffers for another."""

from __future__ import annotations

import asyncio
import gc
import math
import threading
import time
import weakref

import pytest

from crossfade.api.batching import Batcher, OverloadedError


class Doubler:
    """Doubles numbers; refuses odd ones; can be held up."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.begun = threading.Event()

    def __call__(self, questions: list[int]) -> list[int]:
        self.begun.set()
        assert self.go_on.wait(10)
        self.batches.append(questions)
        if any(question % 2 for question in questions):
            raise ValueError("odd")
        return [2 * question for question in questions]


async def hold_up(batcher: Batcher[int, int], doubler: Doubler) -> asyncio.Task[int]:
    """Ask something that keeps the worker busy until ``doubler.go_on`` is set."""
    doubler.go_on.clear()
    doubler.begun.clear()
    first = asyncio.ensure_future(batcher.ask(0))
    await asyncio.to_thread(doubler.begun.wait, 10)
    return first


async def ask_all(batcher: Batcher[int, int], questions: list[int]) -> list[asyncio.Task[int]]:
    tasks = [asyncio.ensure_future(batcher.ask(question)) for question in questions]
    await asyncio.sleep(0)  # each task runs up to its wait
    return tasks


def test_a_lone_question_is_answered_at_once() -> None:
    doubler = Doubler()

    reply = asyncio.run(Batcher(doubler).ask(4))

    assert reply == 8
    assert doubler.batches == [[4]]


def test_what_arrives_while_the_worker_is_busy_makes_the_next_batch() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler)

    async def ask() -> list[int]:
        first = await hold_up(batcher, doubler)
        others = await ask_all(batcher, [2, 4, 6])
        doubler.go_on.set()
        return await asyncio.gather(first, *others)

    replies = asyncio.run(ask())

    assert replies == [0, 4, 8, 12]
    assert doubler.batches == [[0], [2, 4, 6]]


def test_a_batch_has_a_largest_size() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler, max_wait_s=10.0, longest_batch_s=math.inf)

    async def ask() -> list[int]:
        first = await hold_up(batcher, doubler)
        others = await ask_all(batcher, list(range(2, 202, 2)))
        doubler.go_on.set()
        return await asyncio.gather(first, *others)

    replies = asyncio.run(ask())

    assert replies == [0, *range(4, 404, 4)]
    assert [len(batch) for batch in doubler.batches] == [1, 64, 36]


def test_a_batch_is_no_more_work_than_it_may_take() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler, units_of=lambda question: 20.0 if question >= 100 else 1.0, longest_batch_s=0.1)

    async def ask() -> list[int]:
        first = await hold_up(batcher, doubler)
        others = await ask_all(batcher, [2, 4, 100, 102, 104, 6])
        doubler.go_on.set()
        return await asyncio.gather(first, *others)

    replies = asyncio.run(ask())

    assert replies == [0, 4, 8, 200, 204, 208, 12]
    assert max(sum(20 if one >= 100 else 1 for one in batch) for batch in doubler.batches) <= 50  # at 2 ms or more each
    assert [one for batch in doubler.batches for one in batch] == [0, 2, 4, 100, 102, 104, 6]


def test_of_a_crowd_with_slow_questions_those_taken_are_answered_in_time_and_the_rest_refused_early() -> None:
    answered: list[int] = []

    def answer_slowly(questions: list[int]) -> list[int]:
        time.sleep(0.2 * len(questions))  # it is what is tested
        answered.extend(questions)
        return questions

    batcher = Batcher(answer_slowly, max_wait_s=1.0)

    async def ask(question: int) -> tuple[str, float]:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(2.0):
                await batcher.ask(question)
        except OverloadedError:
            return "refused", time.perf_counter() - began
        except TimeoutError:
            return "timed out", time.perf_counter() - began
        return "answered", time.perf_counter() - began

    async def ask_all_at_once() -> list[tuple[str, float]]:
        return await asyncio.gather(*(ask(question) for question in range(64)))

    outcomes = asyncio.run(ask_all_at_once())

    told = [outcome for outcome, _ in outcomes]
    assert told.count("answered") == len(answered) >= 5
    assert told.count("answered") + told.count("refused") == 64
    assert max(took for outcome, took in outcomes if outcome == "refused") < 1.0


def test_what_has_been_answered_is_waited_for_no_more() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler, max_wait_s=10.0)

    async def ask(questions: list[int]) -> float:
        first = await hold_up(batcher, doubler)
        others = await ask_all(batcher, questions)
        waiting = batcher._units
        doubler.go_on.set()
        await asyncio.gather(first, *others)
        return waiting

    assert [asyncio.run(ask([2, 4, 6])) for _ in range(3)] == [3.0, 3.0, 3.0]


def test_a_question_whose_time_is_over_is_not_computed() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler, max_wait_s=10.0)

    async def ask() -> int:
        first = await hold_up(batcher, doubler)
        late = asyncio.ensure_future(asyncio.wait_for(batcher.ask(2), 0.01))
        with pytest.raises(TimeoutError):
            await late
        doubler.go_on.set()
        return await first

    asyncio.run(ask())

    assert doubler.batches == [[0]]


def test_a_bad_question_fails_alone() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler)

    async def ask() -> list[int | BaseException]:
        first = await hold_up(batcher, doubler)
        others = await ask_all(batcher, [2, 3, 4, 6, 8, 9])
        doubler.go_on.set()
        return await asyncio.gather(first, *others, return_exceptions=True)

    replies = asyncio.run(ask())

    assert [str(reply) for reply in replies] == ["0", "4", "odd", "8", "12", "16", "odd"]


def test_a_caller_who_leaves_is_not_answered_and_disturbs_nobody() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler)

    async def ask() -> list[int]:
        first = await hold_up(batcher, doubler)
        leaving, staying = await ask_all(batcher, [2, 4])
        leaving.cancel()
        await asyncio.sleep(0)
        doubler.go_on.set()
        return [await first, await staying]

    replies = asyncio.run(ask())

    assert replies == [0, 8]
    assert doubler.batches == [[0], [4]]


def test_a_caller_who_leaves_while_being_answered_disturbs_nobody() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler)

    async def ask() -> int:
        first = await hold_up(batcher, doubler)
        first.cancel()
        await asyncio.sleep(0)
        doubler.go_on.set()
        return await batcher.ask(2)

    reply = asyncio.run(ask())

    assert reply == 4


def test_more_questions_than_may_wait_are_refused_at_once() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler, capacity=2)

    async def ask() -> list[int | BaseException]:
        first = await hold_up(batcher, doubler)
        others = await ask_all(batcher, [2, 4, 6])
        doubler.go_on.set()
        return await asyncio.gather(first, *others, return_exceptions=True)

    replies = asyncio.run(ask())

    assert replies[:3] == [0, 4, 8]
    assert isinstance(replies[3], OverloadedError)


def test_it_serves_several_event_loops() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler)
    replies: list[int] = []
    threads = [
        threading.Thread(target=lambda number=number: replies.append(asyncio.run(batcher.ask(number))))
        for number in (2, 4, 6)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(replies) == [4, 8, 12]


def test_a_loop_that_is_closed_before_its_reply_does_no_harm() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler)

    async def leave() -> None:
        first = await hold_up(batcher, doubler)
        first.cancel()

    asyncio.run(leave())
    doubler.go_on.set()
    reply = asyncio.run(batcher.ask(2))

    assert reply == 4


@pytest.mark.parametrize("asked", [False, True])
def test_its_thread_ends_with_it(asked: bool) -> None:
    before = set(threading.enumerate())
    batcher = Batcher(Doubler())
    if asked:
        asyncio.run(batcher.ask(2))
    gone = weakref.ref(batcher)

    del batcher
    gc.collect()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)

    assert gone() is None
    assert set(threading.enumerate()) <= before
