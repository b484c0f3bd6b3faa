"""What the handlers ask: one recommender, its questions answered together in one worker thread."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from crossfade.api.batching import Batcher, OverloadedError
from crossfade.api.problem_route import ProblemError
from crossfade.api.watching import watch
from crossfade.engine import Answer, Query, Recommender, SimilarUsers
from crossfade.telemetry import observe
from crossfade.wire import ReloadAnswer, answer_to_wire, similar_users_to_wire

__all__ = ["Question", "Service"]

Question = Query | Callable[[], Answer | SimilarUsers]
"""A query, answered together with those of other requests, or anything else to be asked of the recommender."""

_CHECK = Query(text="ready", limit=1, include=())  # with words, so that the text encoder is asked as well


class Service:
    """A recommender as the handlers see it; follows its bundle's pointer.

    Args:
        recommender: Answers.
        max_wait_s: How long a question may be expected to wait for those before it.
    """

    def __init__(self, recommender: Recommender, *, max_wait_s: float = 1.0) -> None:
        self.recommender = recommender
        self._batcher = Batcher(self._answer_many, max_wait_s=max_wait_s)
        self._reloading = threading.Lock()
        watch(recommender)

    async def answer(self, question: Question) -> bytes:
        """Return the answer as JSON; it is made in the worker thread, because a long one takes its time as well.

        Raises:
            CrossfadeError: As the recommender does.
            ProblemError: If too many questions are waiting.
        """
        try:
            return await self._batcher.ask(question)
        except OverloadedError as error:
            raise ProblemError(
                "overloaded",
                "More requests are waiting than this process can answer soon.",
                headers={"Retry-After": str(math.ceil(max(error.retry_after_s, 1.0)))},
            ) from error

    @property
    def waiting(self) -> int:
        """How many questions wait for the worker thread."""
        return self._batcher.waiting

    async def check(self) -> None:
        """Return once a small question has gone all the way, at the head of the queue.

        Raises:
            CrossfadeError: Why it could not be answered.
        """
        await self._batcher.ask(_CHECK, urgent=True)

    def reload(self, version: str | None) -> ReloadAnswer:
        """Serve a version, or the one the pointer names; takes as long as checking the bundle's files does.

        Raises:
            BundleError: If it cannot be served; the present one then goes on.
        """
        with self._reloading:
            before = self.recommender.bundle.version
            if version is None:
                self.recommender.reload()
            else:
                self.recommender.use(version)
            now = self.recommender.bundle.version
        return ReloadAnswer(bundle=now, previous=before, changed=now != before)

    def _answer_many(self, questions: list[Question]) -> list[bytes]:
        queries = [question for question in questions if isinstance(question, Query)]
        with observe("answer"):
            answers = iter(self.recommender.recommend_many(queries))
        return [_json(next(answers) if isinstance(question, Query) else question()) for question in questions]


def _json(answer: Answer | SimilarUsers) -> bytes:
    wire = answer_to_wire(answer) if isinstance(answer, Answer) else similar_users_to_wire(answer)
    return wire.model_dump_json().encode()
