"""The example of a host application, run as somebody would run it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from api.processes import uvicorn_process


@pytest.fixture
def website(repository: Path, bundle: Path, tmp_path: Path) -> Iterator[httpx2.Client]:
    """The website; the folder it is started from holds a ``service`` that is Crossfade's."""
    environment = {"CROSSFADE_BUNDLE": str(bundle)}
    with uvicorn_process(
        "main:app",
        "--app-dir",
        "examples/host_app",
        folder=repository,
        environment=environment,
        log=tmp_path / "log",
    ) as client:
        yield client


def test_a_host_with_a_package_named_service_includes_mounts_and_calls(website: httpx2.Client) -> None:
    included = website.post("/recommend/v1/recommendations", json={"user_id": "u0", "limit": 3}).json()
    mounted = website.post("/recommender/v1/recommendations", json={"user_id": "u0", "limit": 3}).json()
    called = website.get("/tonight/u0").json()
    page = website.get("/recommender/docs").text

    titles = [item["properties"]["title"] for item in included["items"]]
    assert included["items"] == mounted["items"]
    assert called == [f"Grand Hall: {titles[0]}", f"Balcony Room: {titles[1]}", f"Cellar: {titles[2]}"]
    assert "swagger-ui" in page
