"""What the service says of itself, and what it takes from its environment."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from api.processes import uvicorn_process
from fastapi.testclient import TestClient

import crossfade.api
from crossfade import Recommender, create_app
from crossfade.api import from_environment
from crossfade.api.app import live_url
from crossfade.bundle import BundleStore
from crossfade.settings import ServiceSettings, SettingsError, read_settings
from crossfade.telemetry import configure_logging


@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("GET", "/v1/users/secret-person/recommendations?text=secret", "GET /v1/users/{user_id}/recommendations 200"),
        ("GET", "/v1/items/a%2Fb/similar", "GET /v1/items/{item_id}/similar 200"),
        ("POST", "/v1/search", "POST /v1/search 422"),
        ("GET", "/v1/search", "GET /v1/search 405"),
        ("GET", "/secret-person", "GET - 404"),
        ("GET", "/docs/swagger-ui.css", "GET /docs/{asset} 200"),
    ],
)
def test_a_request_is_one_line_with_the_template_of_its_route(
    client: TestClient, caplog: pytest.LogCaptureFixture, method: str, path: str, line: str
) -> None:
    with caplog.at_level(logging.INFO, logger="crossfade.requests"):
        client.request(method, path)

    (message,) = (record.getMessage() for record in caplog.records if record.name == "crossfade.requests")
    assert message.startswith(f"{line} ")
    assert re.search(r" \d+\.\d ms request_id=[0-9a-f]{16}( problem=\w+)?$", message)
    assert "secret" not in message


def test_a_defect_is_logged_as_what_the_caller_saw(recommender: Recommender, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(recommender)

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError

    with (
        caplog.at_level(logging.INFO, logger="crossfade.requests"),
        TestClient(app, raise_server_exceptions=False) as client,
    ):
        client.get("/broken")

    assert "GET /broken 500" in caplog.text


def test_what_is_served_is_logged_at_the_start(recommender: Recommender, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="crossfade"):
        create_app(recommender)

    assert f"serving {recommender.bundle.version}: 49 items, 6 users" in caplog.text


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without anything of ours."""
    for name in os.environ:
        if name.startswith("CROSSFADE_"):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def our_log() -> Iterator[logging.Logger]:
    """Our logger, as it was before once the test is over."""
    ours = logging.getLogger("crossfade")
    handlers, level, propagate = list(ours.handlers), ours.level, ours.propagate
    ours.handlers.clear()
    yield ours
    ours.handlers[:] = handlers
    ours.propagate = propagate
    ours.setLevel(level)


def test_settings_come_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CROSSFADE_BUNDLE", "bundles/mine")
    environment.setenv("CROSSFADE_LOG_LEVEL", "warning")

    settings = read_settings()

    assert settings.bundle == Path("bundles/mine")
    assert settings.log_level == "warning"


def test_a_misspelt_setting_is_refused_with_those_there_are(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CROSSFADE_BUNDLE", "bundles/mine")
    environment.setenv("CROSSFADE_LOGLEVEL", "warning")

    with pytest.raises(ValueError, match="CROSSFADE_LOGLEVEL: no such setting; there are CROSSFADE_AUTH, CROSSFADE_"):
        read_settings()


def test_every_setting_is_documented_with_its_default(repository: Path) -> None:
    document = (repository / "docs" / "operations.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `CROSSFADE_(\w+)` \| (.*?) \|", document, flags=re.MULTILINE))

    assert {name.lower() for name in documented} == set(ServiceSettings.model_fields)
    for name, field in ServiceSettings.model_fields.items():
        assert field.description
        if isinstance(field.default, str):
            assert documented[name.upper()] == f"`{field.default}`"
        elif isinstance(field.default, float):
            assert documented[name.upper()] == f"`{field.default:g}`"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("CORS_ORIGINS", "https://shop.example/path", "is no origin"),
        ("CORS_ORIGINS", "shop.example", "is no origin"),
        ("AUTH", "maybe", "'auto', 'on' or 'off'"),
        ("RATE_LIMIT_PER_S", "0", "greater than 0"),
        ("REQUEST_TIMEOUT_S", "inf", "finite"),
        ("DRAIN_S", "-1", "greater than or equal to 0"),
    ],
)
def test_a_setting_out_of_its_bounds_is_named(
    environment: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    environment.setenv("CROSSFADE_BUNDLE", "bundles/mine")
    environment.setenv(f"CROSSFADE_{name}", value)

    with pytest.raises(SettingsError, match=f"^CROSSFADE_{name}: .*{complaint}"):
        read_settings()


def test_origins_are_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CROSSFADE_BUNDLE", "bundles/mine")
    environment.setenv("CROSSFADE_CORS_ORIGINS", "https://a.example, http://localhost:3000,")

    assert read_settings().cors_origins == ("https://a.example", "http://localhost:3000")


def test_a_password_in_the_databases_address_is_not_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CROSSFADE_BUNDLE", "bundles/mine")
    environment.setenv("CROSSFADE_LIVE", "postgresql://shop:s3cret@db/live")

    settings = read_settings()

    assert "s3cret" not in repr(settings)
    assert live_url(settings) == "postgresql://shop:s3cret@db/live"


def test_variables_of_other_parts_are_left_alone(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CROSSFADE_BUNDLE", "bundles/mine")
    environment.setenv("CROSSFADE_CACHE_DIR", "cache")

    assert read_settings().log_level == "info"


@pytest.mark.parametrize(("name", "value"), [("CROSSFADE_LOG_LEVEL", "loud"), ("CROSSFADE_BUNDLE", None)])
def test_a_setting_that_is_wrong_or_missing_is_named(
    environment: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    environment.setenv("CROSSFADE_BUNDLE", "bundles/mine")
    environment.delenv(name, raising=False)
    if value is not None:
        environment.setenv(name, value)

    with pytest.raises(ValueError, match=f"^{name}: "):
        read_settings()


def test_a_process_of_ours_logs_to_standard_error_without_ids(shared_store: BundleStore, tmp_path: Path) -> None:
    environment = {
        "CROSSFADE_BUNDLE": str(shared_store.directory),
        "CROSSFADE_LIVE": str(tmp_path / "live.sqlite"),
        "CROSSFADE_AUTH": "off",
        "CROSSFADE_DRAIN_S": "0",
    }
    log = tmp_path / "log"
    with uvicorn_process(
        "--factory", "crossfade.api:from_environment", folder=tmp_path, environment=environment, log=log
    ) as client:
        client.get("/v1/users/secret-person/similar")

    said = log.read_text(encoding="utf-8")
    assert f"serving {shared_store.current()}: 49 items, 6 users" in said
    assert "GET /v1/users/{user_id}/similar 200" in said
    assert "secret" not in said


def test_the_environment_is_enough_to_make_the_application(
    environment: pytest.MonkeyPatch, shared_store: BundleStore, tmp_path: Path, our_log: logging.Logger
) -> None:
    environment.setenv("CROSSFADE_BUNDLE", str(shared_store.directory))
    environment.setenv("CROSSFADE_LIVE", str(tmp_path / "live.sqlite"))
    environment.setenv("CROSSFADE_LOG_LEVEL", "error")

    app = from_environment()

    assert app.title == "Crossfade"
    assert our_log.level == logging.ERROR


def test_the_api_has_no_names_but_its_own() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'create_ap'"):
        crossfade.api.create_ap  # noqa: B018 - asking for it is the test


def test_setting_up_the_log_twice_writes_each_line_once(our_log: logging.Logger) -> None:
    configure_logging("info")
    configure_logging("warning")

    assert len(our_log.handlers) == 1
    assert our_log.level == logging.WARNING
