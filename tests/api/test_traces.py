"""Spans for OpenTelemetry, where somebody wants them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from crossfade import Recommender, create_app
from crossfade.bundle import BundleStore
from crossfade.telemetry.tracing import export_traces

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def client(recommender: Recommender, exporter: InMemorySpanExporter) -> TestClient:
    """A service whose spans are kept in memory."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return TestClient(create_app(recommender, tracer_provider=provider))


def spans_of(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_a_request_is_a_span_and_its_stages_are_children(client: TestClient, exporter: InMemorySpanExporter) -> None:
    client.get("/v1/users/u0/similar", headers={"X-Request-ID": "r1"})
    client.get("/v1/users/u0/recommendations?text=secret", headers={"X-Request-ID": "r2"})

    spans = spans_of(exporter)
    request = spans["GET /v1/users/{user_id}/recommendations"]
    assert request.kind == SpanKind.SERVER
    assert request.attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/users/{user_id}/recommendations",
        "http.response.status_code": 200,
        "crossfade.request_id": "r2",
    }
    for stage in ("wait", "answer"):
        child = spans[stage]
        assert child.parent == request.get_span_context()
        assert request.start_time <= child.start_time <= child.end_time <= request.end_time + 1_000_000  # type: ignore[operator]


def test_a_callers_trace_goes_on(client: TestClient, exporter: InMemorySpanExporter) -> None:
    client.get("/v1/bundle", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})

    (span,) = exporter.get_finished_spans()
    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == PARENT


def test_a_failure_is_marked_without_saying_of_what(
    client: TestClient, exporter: InMemorySpanExporter, recommender: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(queries: object) -> None:
        raise LookupError(queries)

    monkeypatch.setattr(recommender, "recommend_many", fail)
    client.post("/v1/recommendations", json={"user_id": "secret"})

    span = spans_of(exporter)["POST /v1/recommendations"]
    assert span.status.status_code == StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "internal_error"
    assert "secret" not in span.to_json()
    assert not span.events


def test_spans_go_where_the_standard_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop-recommendations")

    provider = export_traces()

    assert provider is not None
    assert provider.resource.attributes["service.name"] == "shop-recommendations"
    provider.shutdown()


def test_without_the_packages_a_collector_is_only_warned_about(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    provider = export_traces()

    assert provider is None
    assert "crossfade[telemetry]" in caplog.text


def test_nothing_of_the_exporter_is_imported_unless_it_is_configured(shared_store: BundleStore, tmp_path: Path) -> None:
    program = (
        "import sys; from crossfade.api import from_environment; from_environment();"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    environment = {
        "CROSSFADE_BUNDLE": str(shared_store.directory),
        "CROSSFADE_LIVE": str(tmp_path / "live.sqlite"),
        "PYTHONPATH": ":".join(sys.path),
    }

    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
