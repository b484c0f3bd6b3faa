"""What Prometheus reads."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from crossfade import Recommender, create_app
from crossfade.errors import LiveError
from crossfade.telemetry import collect, observe


@pytest.fixture
def client(recommender: Recommender) -> TestClient:
    """A service that has been asked nothing yet; its last event is a minute old."""
    an_event = datetime.now(UTC) - timedelta(seconds=60)
    return TestClient(create_app(recommender, last_event=lambda: an_event))


def scrape(client: TestClient) -> dict[tuple[str, ...], float]:
    """Return each sample's value by its name and its labels' values, in the order of the labels' names."""
    text = client.get("/metrics").text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_method_route_and_status(client: TestClient) -> None:
    client.post("/v1/search", json={"text": "crime"})
    client.post("/v1/search", json={"text": "space"})
    client.post("/v1/search", json={})
    client.get("/v1/users/u0/similar")
    client.get("/nowhere/u0")
    client.request("SECRET", "/nowhere")

    samples = scrape(client)

    assert samples["crossfade_requests_total", "POST", "/v1/search", "200"] == 2
    assert samples["crossfade_requests_total", "POST", "/v1/search", "422"] == 1
    assert samples["crossfade_requests_total", "GET", "/v1/users/{user_id}/similar", "200"] == 1
    assert samples["crossfade_requests_total", "GET", "-", "404"] == 1
    assert samples["crossfade_requests_total", "-", "-", "404"] == 1
    assert samples["crossfade_request_seconds_count", "/v1/search"] == 3
    assert samples["crossfade_errors_total", "request_invalid"] == 1
    assert samples["crossfade_errors_total", "route_not_found"] == 2


def test_stages_are_timed(client: TestClient) -> None:
    client.post("/v1/search", json={"text": "crime"})

    samples = scrape(client)

    assert samples["crossfade_stage_seconds_count", "wait"] == 1
    assert samples["crossfade_stage_seconds_count", "answer"] == 1
    assert samples["crossfade_stage_seconds_sum", "answer"] <= samples["crossfade_request_seconds_sum", "/v1/search"]


def test_what_is_served_and_its_age_are_told(client: TestClient, recommender: Recommender) -> None:
    samples = scrape(client)

    age = (datetime.now(UTC) - recommender.bundle.manifest.created_at).total_seconds()
    assert samples["crossfade_build_info", recommender.bundle.version, version("crossfade")] == 1
    assert samples["crossfade_bundle_age_seconds",] == pytest.approx(age, abs=10)
    assert samples["crossfade_last_event_age_seconds",] == pytest.approx(60, abs=10)


def test_the_age_of_the_last_event_is_left_out_where_there_was_none(recommender: Recommender) -> None:
    text = TestClient(create_app(recommender)).get("/metrics").text

    assert "crossfade_last_event_age_seconds" not in text


def test_a_database_out_of_reach_hides_nothing_else(recommender: Recommender) -> None:
    def out_of_reach() -> datetime:
        raise LiveError("the database is gone")

    text = TestClient(create_app(recommender, last_event=out_of_reach)).get("/metrics").text

    assert "crossfade_bundle_age_seconds" in text
    assert "crossfade_last_event_age_seconds" not in text


def test_every_metric_is_documented_by_its_name_and_labels(client: TestClient, repository: Path) -> None:
    client.post("/v1/search", json={})
    client.post("/v1/search", json={"text": "crime"})
    families = text_string_to_metric_families(client.get("/metrics").text)
    documented = dict(
        re.findall(r"^\| `(crossfade_\w+?)(?:_total)?` \| (.*?) \|", _operations(repository), flags=re.MULTILINE)
    )

    names = {}
    for family in families:
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        if not family.name.endswith("_created"):
            names[family.name] = labels

    assert {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in documented.items()} == names


def _operations(repository: Path) -> str:
    return (repository / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_scrape_is_itself_in_flight_and_nothing_else_is(client: TestClient) -> None:
    client.get("/v1/bundle")

    samples = scrape(client)

    assert samples["crossfade_requests_in_flight",] == 1
    assert samples["crossfade_questions_waiting",] == 0


def test_two_applications_in_one_process_count_apart(client: TestClient, recommender: Recommender) -> None:
    TestClient(create_app(recommender)).get("/v1/bundle")

    assert ("crossfade_requests_total", "GET", "/v1/bundle", "200") not in scrape(client)


def test_a_stage_that_fails_is_timed_too_and_one_that_nobody_collects_costs_nothing() -> None:
    with observe("unheard"), collect() as stages, pytest.raises(LookupError), observe("failing"):
        raise LookupError

    assert [stage.name for stage in stages] == ["failing"]
    assert stages[0].ended_s >= stages[0].started_s
