"""The calls about the service as a whole: scenarios, insights, the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crossfade.client.documents import json_of, path, target
from crossfade.client.exchange import Request
from crossfade.client.reading import require_done, require_gone, value_of
from crossfade.client.repeating import Call
from crossfade.engine import Insights
from crossfade.errors import QueryError
from crossfade.live import Scenario
from crossfade.wire import BundleAnswer, ReloadAnswer

__all__ = [
    "delete_scenario",
    "get_bundle",
    "get_scenario",
    "insights",
    "list_scenarios",
    "put_scenario",
    "reload",
    "use",
]

_RELOAD = "/v1/bundle/reload"


@dataclass(frozen=True)
class _Scenarios:
    scenarios: list[Scenario]


def put_scenario(name: str, defaults: Mapping[str, object]) -> Call[Scenario]:
    """Keep request defaults under a name."""
    reply = yield Request("PUT", path("scenarios", "{name}", name=name), json_of(defaults))
    return value_of(reply, Scenario)


def get_scenario(name: str) -> Call[Scenario]:
    """Ask for the defaults of a name."""
    return value_of((yield Request("GET", path("scenarios", "{name}", name=name))), Scenario)


def list_scenarios() -> Call[list[Scenario]]:
    """Ask for all scenarios."""
    return value_of((yield Request("GET", "/v1/scenarios")), _Scenarios).scenarios


def delete_scenario(name: str) -> Call[None]:
    """Delete a scenario."""
    require_gone((yield Request("DELETE", path("scenarios", "{name}", name=name))))


def insights(*, since: datetime | None) -> Call[Insights]:
    """Ask how often what was recommended was taken."""
    if since is not None and since.tzinfo is None:
        raise QueryError("since: expected a time with a zone", field="since")
    document = {} if since is None else {"since": since.isoformat()}
    return value_of((yield Request("GET", target("/v1/insights", document))), Insights)


def get_bundle() -> Call[BundleAnswer]:
    """Ask what is being served."""
    return value_of((yield Request("GET", "/v1/bundle")), BundleAnswer)


def reload() -> Call[bool]:
    """Have the version served that the pointer names."""
    return value_of((yield Request("POST", _RELOAD, b"{}")), ReloadAnswer).changed


def use(version: str) -> Call[None]:
    """Have a version served."""
    require_done((yield Request("POST", _RELOAD, json_of({"version": version}))))
