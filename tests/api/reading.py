"""Read what the service answers, as strictly as its models have it."""

from __future__ import annotations

import httpx2

from crossfade.wire import (
    PROBLEM_MEDIA_TYPE,
    EventsAnswer,
    Problem,
    RecommendationsAnswer,
    SimilarUsersAnswer,
    WhyAnswer,
)

__all__ = ["answer_of", "events_of", "ids_of", "problem_of", "same_answer", "users_of", "why_of"]


def answer_of(response: httpx2.Response) -> RecommendationsAnswer:
    """Read recommendations."""
    assert response.status_code == 200, response.text
    return RecommendationsAnswer.model_validate_json(response.content)


def ids_of(response: httpx2.Response) -> list[str]:
    """Read the ids of recommended items, best first."""
    return [item.item_id for item in answer_of(response).items]


def users_of(response: httpx2.Response) -> SimilarUsersAnswer:
    """Read similar users."""
    assert response.status_code == 200, response.text
    return SimilarUsersAnswer.model_validate_json(response.content)


def problem_of(response: httpx2.Response) -> Problem:
    """Read a problem document."""
    assert response.headers["content-type"] == PROBLEM_MEDIA_TYPE, response.text
    return Problem.model_validate_json(response.content)


def why_of(response: httpx2.Response) -> WhyAnswer:
    """Read why an item is recommended, or is not."""
    assert response.status_code == 200, response.text
    return WhyAnswer.model_validate_json(response.content)


def events_of(response: httpx2.Response) -> EventsAnswer:
    """Read what became of events."""
    assert response.status_code in {200, 207, 422}, response.text
    return EventsAnswer.model_validate_json(response.content)


def same_answer(one: httpx2.Response, other: httpx2.Response) -> bool:
    """Whether two answers say the same; the tokens in each are its own."""
    tokens = {"recommendation_id": "", "next_cursor": None}
    return answer_of(one).model_copy(update=tokens) == answer_of(other).model_copy(update=tokens)
