"""Stored defaults of requests, and what came of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from crossfade.api.documentation import body_examples, responses
from crossfade.api.routes.paths import Name, answer_with
from crossfade.api.service import Service
from crossfade.wire import (
    InsightsAnswer,
    InsightsParameters,
    ScenarioAnswer,
    ScenarioRequest,
    ScenariosAnswer,
    insights_to_wire,
    scenario_to_wire,
    scenarios_to_wire,
)

__all__ = ["add_scenarios"]


def add_scenarios(router: APIRouter, service: Service) -> None:
    """Add scenarios, and insights into them."""
    recommender = service.recommender

    @router.put(
        "/v1/scenarios/{name}",
        operation_id="put_scenario",
        tags=["Scenarios"],
        summary="Put a scenario",
        response_model=ScenarioAnswer,
        responses=responses("put_scenario"),
    )
    def put_scenario(
        name: Name, request: Annotated[ScenarioRequest, Body(openapi_examples=body_examples("put_scenario"))]
    ) -> Response:
        """Store defaults that requests can name as `scenario`; they hold where a request says nothing."""
        return answer_with(scenario_to_wire(recommender.put_scenario(name, request.to_engine())))

    @router.get(
        "/v1/scenarios/{name}",
        operation_id="get_scenario",
        tags=["Scenarios"],
        summary="A scenario",
        response_model=ScenarioAnswer,
        responses=responses("get_scenario"),
    )
    def get_scenario(name: Name) -> Response:
        """Answer what a scenario fills in."""
        return answer_with(scenario_to_wire(recommender.get_scenario(name)))

    @router.get(
        "/v1/scenarios",
        operation_id="list_scenarios",
        tags=["Scenarios"],
        summary="All scenarios",
        response_model=ScenariosAnswer,
        responses=responses("list_scenarios"),
    )
    def list_scenarios() -> Response:
        """Answer every scenario with what it fills in, in the order of their names."""
        return answer_with(scenarios_to_wire(recommender.list_scenarios()))

    @router.delete(
        "/v1/scenarios/{name}",
        operation_id="delete_scenario",
        tags=["Scenarios"],
        summary="Delete a scenario",
        status_code=204,
        response_class=Response,
        responses=responses("delete_scenario"),
    )
    def delete_scenario(name: Name) -> None:
        """Delete a scenario; requests that name it are refused from then on."""
        recommender.delete_scenario(name)

    @router.get(
        "/v1/insights",
        operation_id="insights",
        tags=["Scenarios"],
        summary="What came of the answers",
        response_model=InsightsAnswer,
        responses=responses("insights"),
    )
    def insights(parameters: Annotated[InsightsParameters, Query()]) -> Response:
        """Answer click-through by scenario, by rank and by component, from the events that name their recommendation.

        Send an `impression` for each item that was shown, and whatever people then did, each with the answer's
        `recommendation_id`.
        """
        return answer_with(insights_to_wire(recommender.insights(since=parameters.since)))
