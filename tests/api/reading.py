"""Read what the service answers, as strictly as its models have it."""

from __future__ import annotations

import httpx2

from crossfade.wire import PROBLEM_MEDIA_TYPE, Problem, RecommendationsAnswer, SimilarUsersAnswer

__all__ = ["answer_of", "ids_of", "problem_of", "users_of"]


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
