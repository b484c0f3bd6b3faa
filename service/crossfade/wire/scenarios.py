"""Scenarios and insights as they go over HTTP."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from crossfade import engine
from crossfade.live import Scenario
from crossfade.wire.fields import WireModel
from crossfade.wire.requests import Defaults

__all__ = [
    "Insight",
    "InsightsAnswer",
    "ScenarioAnswer",
    "ScenarioRequest",
    "ScenariosAnswer",
    "insights_to_wire",
    "scenario_to_wire",
    "scenarios_to_wire",
]


class ScenarioRequest(Defaults):
    """What requests that name the scenario leave out is taken from here."""

    def to_engine(self) -> dict[str, object]:
        """Return what is given, as JSON."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)


class ScenarioAnswer(WireModel):
    """A scenario."""

    name: str = Field(description="Its name.")
    defaults: dict[str, object] = Field(description="What it fills in, as it was put.")


class ScenariosAnswer(WireModel):
    """All scenarios, in the order of their names."""

    scenarios: list[ScenarioAnswer] = Field(description="Each with what it fills in.")


class Insight(WireModel):
    """How often what was shown was taken."""

    impressions: int = Field(
        ge=0, description="Events of type `impression` that name the recommendation they followed from."
    )
    clicks: int = Field(ge=0, description="Recommended items that some other act followed on, each counted once.")
    rate: float | None = Field(description="Clicks per impression; null without impressions.")


class InsightsAnswer(WireModel):
    """Click-through of the recommendations that events name in `recommendation_id`."""

    since: datetime | None = Field(description="From when on; null for all.")
    total: Insight = Field(description="Of all.")
    by_scenario: dict[str, Insight] = Field(description="By scenario; the empty name stands for none.")
    by_rank: dict[int, Insight] = Field(description="By place in the answer, from 1, the first hundred.")
    by_component: dict[str, Insight] = Field(description="By the component that said most for the item.")


def scenario_to_wire(scenario: Scenario) -> ScenarioAnswer:
    """Return a scenario as it goes over HTTP."""
    return ScenarioAnswer(name=scenario.name, defaults=dict(scenario.defaults))


def scenarios_to_wire(scenarios: list[Scenario]) -> ScenariosAnswer:
    """Return scenarios as they go over HTTP."""
    ordered = sorted(scenarios, key=lambda one: one.name)
    return ScenariosAnswer(scenarios=[scenario_to_wire(one) for one in ordered])


def insights_to_wire(insights: engine.Insights) -> InsightsAnswer:
    """Return insights as they go over HTTP."""
    return InsightsAnswer.model_validate(insights, from_attributes=True)
