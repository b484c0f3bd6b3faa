"""What the handlers ask: one recommender, its questions answered together in one worker thread."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator

from crossfade.api.batching import Batcher, OverloadedError
from crossfade.api.problem_route import ProblemError
from crossfade.api.watching import watch
from crossfade.engine import Answer, Profile, Query, Recommender, SimilarUsers, Why
from crossfade.errors import QueryError
from crossfade.telemetry import observe
from crossfade.wire import (
    ReloadAnswer,
    WireModel,
    answer_to_wire,
    answers_to_wire,
    at_place,
    profile_to_wire,
    similar_users_to_wire,
    why_to_wire,
)

__all__ = ["Question", "Service"]

Told = SimilarUsers | Why | Profile
Question = Query | list[Query] | Callable[[], Told]
"""A query or many, answered together with those of other requests, or anything else to be asked of the recommender."""

_CHECK = Query(text="ready", limit=1, include=())  # with words, so that the text encoder is asked as well


# What a question costs beside its score, where a plain query of ten items, 2 ms alone, is about 1.
_UNITS_TOLD = 3.0
_UNITS_OF_TEXT = 2.0
_UNITS_PER_ITEM = 0.01
_UNITS_PER_REASON = 0.06
_UNITS_PER_UNLIKE = 0.06


class Service:
    """A recommender as the handlers see it; follows its bundle's pointer.

    Args:
        recommender: Answers.
        max_wait_s: How long a question may be expected to wait for those before it.
    """

    def __init__(self, recommender: Recommender, *, max_wait_s: float = 1.0) -> None:
        self.recommender = recommender
        self._batcher = Batcher(self._answer_many, units_of=_units_of, max_wait_s=max_wait_s)
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
        queries = [query for question in questions for query in _queries(question)]
        with observe("answer"):
            try:
                answers = iter(self.recommender.recommend_many(queries))
            except QueryError:
                if len(questions) == 1 and isinstance(questions[0], list):
                    self._name_the_wrong_one(questions[0])
                raise
        return [_json(question, answers) for question in questions]

    def _name_the_wrong_one(self, queries: list[Query]) -> None:
        """Ask one by one, because an error tells what is wrong with a query and not with which.

        Raises:
            QueryError: Of the first that cannot be answered, with its place.
        """
        for place, query in enumerate(queries):
            try:
                self.recommender.recommend(query)
            except QueryError as error:
                raise at_place(error, place) from error


def _units_of(question: Question) -> float:
    """Return how much work a question is, a plain query being 1; measured on the sample bundle, roughly.

    What a scenario fills in is not known yet; the batcher learns from how long the batches take.
    """
    if not isinstance(question, Query | list):
        return _UNITS_TOLD
    return sum(_units_of_query(query) for query in _queries(question))


def _units_of_query(query: Query) -> float:
    each = _UNITS_PER_ITEM + _UNITS_PER_REASON * bool(query.explain) + _UNITS_PER_UNLIKE * bool(query.diversity)
    limit = (len(query.among or ()) or 10) if query.limit is None else query.limit
    return 1.0 + limit * each + _UNITS_OF_TEXT * (query.text is not None)


def _queries(question: Question) -> list[Query]:
    if isinstance(question, list):
        return question
    return [question] if isinstance(question, Query) else []


def _json(question: Question, answers: Iterator[Answer]) -> bytes:
    """Return the answer to a question; those to its queries, if it has any, are the next of ``answers``."""
    wire: WireModel
    if isinstance(question, Query):
        wire = answer_to_wire(next(answers))
    elif isinstance(question, list):
        wire = answers_to_wire([next(answers) for _ in question])
    else:
        wire = _told_to_wire(question())
    return wire.model_dump_json().encode()


def _told_to_wire(told: Told) -> WireModel:
    match told:
        case SimilarUsers():
            return similar_users_to_wire(told)
        case Why():
            return why_to_wire(told)
        case Profile():
            return profile_to_wire(told)
