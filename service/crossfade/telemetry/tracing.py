"""Traces for OpenTelemetry: a span for each request and one for each of its stages; nothing unless configured."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from crossfade.telemetry.stages import Stage

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider as ExportingProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["Tracing", "export_traces"]

_log = logging.getLogger(__name__)


class Tracing:
    """Writes requests down as spans, children of the caller's where it sent W3C's ``traceparent``.

    Attributes hold the method, the route's template, the status, the request id and the problem's code.

    Args:
        provider: Where the spans go.
    """

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - only where traces are wanted
            TraceContextTextMapPropagator,
        )

        self._tracer = provider.get_tracer("crossfade", version("crossfade"))
        self._propagator = TraceContextTextMapPropagator()

    def write(
        self,
        parent: Mapping[str, str],
        stages: Sequence[Stage],
        *,
        started_s: float,
        attributes: Mapping[str, str | int],
    ) -> None:
        """Write a request that has just ended.

        Args:
            parent: The headers ``traceparent`` and ``tracestate``, where they were sent.
            stages: Of the request.
            started_s: When it began, on the clock of ``time.perf_counter``.
            attributes: By their names in OpenTelemetry's conventions.
        """
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context  # noqa: PLC0415 - as above

        behind_ns = time.time_ns() - time.perf_counter_ns()
        span = self._tracer.start_span(
            f"{attributes['http.request.method']} {attributes['http.route']}",
            context=self._propagator.extract(dict(parent)),
            kind=SpanKind.SERVER,
            attributes=dict(attributes),
            start_time=_ns(started_s) + behind_ns,
        )
        if int(attributes.get("http.response.status_code", 0)) >= 500:
            span.set_status(Status(StatusCode.ERROR))
        inside = set_span_in_context(span)
        for stage in stages:
            child = self._tracer.start_span(stage.name, context=inside, start_time=_ns(stage.started_s) + behind_ns)
            child.end(_ns(stage.ended_s) + behind_ns)
        span.end()


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)


def export_traces() -> ExportingProvider | None:
    """Return what sends spans to the collector that OpenTelemetry's variables name; shut it down to send the last ones.

    None, with a warning in the log, where the packages for it are not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - an extra
    except ImportError:
        _log.warning(
            "a collector for traces is configured, but not what sends them: pip install 'crossfade[telemetry]'"
        )
        return None
    resource = Resource.create({"service.name": "crossfade"})
    provider = TracerProvider(resource=resource.merge(OTELResourceDetector().detect()))  # OTEL_SERVICE_NAME wins
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
