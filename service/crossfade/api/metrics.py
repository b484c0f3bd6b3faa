"""What Prometheus may scrape: how much is asked, how long it takes, what goes wrong, how old what we serve is.

With several processes, ``serve`` names a directory in ``PROMETHEUS_MULTIPROC_DIR`` in which each counts in files of its
own, and whichever is scraped adds them up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from crossfade.api.exchange import Exchange
from crossfade.engine import Recommender
from crossfade.errors import CrossfadeError
from crossfade.settings import shared_metrics
from crossfade.telemetry import Stage

__all__ = ["MEDIA_TYPE", "Metrics"]

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

LastEvent = Callable[[], datetime | None]


class Metrics:
    """What one application counts.

    Args:
        recommender: Whose bundle's age is told.
        waiting: How many questions wait for the worker thread.
        last_event: When the last event was accepted; None for never.
    """

    def __init__(self, recommender: Recommender, waiting: Callable[[], int], last_event: LastEvent) -> None:
        own = CollectorRegistry()
        self._requests = Counter(
            "crossfade_requests", "Requests answered.", ("route", "method", "status"), registry=own
        )
        self._request_seconds = Histogram(
            "crossfade_request_seconds", "From a request's head to its answer.", ("route",), registry=own,
            buckets=_BUCKETS_S,
        )  # fmt: skip
        self._stage_seconds = Histogram(
            "crossfade_stage_seconds", "What requests spent in each stage.", ("stage",), registry=own,
            buckets=_BUCKETS_S,
        )  # fmt: skip
        self._errors = Counter("crossfade_errors", "Problems answered, by code.", ("code",), registry=own)
        self._overloaded = Counter("crossfade_overloaded", "Requests refused because too many waited.", registry=own)
        self._in_flight = Gauge(
            "crossfade_requests_in_flight", "Requests being answered.", registry=own, multiprocess_mode="livesum"
        )
        self._waiting = Gauge(
            "crossfade_questions_waiting", "Questions that wait for a batch.", registry=own, multiprocess_mode="livesum"
        )
        self._ask_waiting = waiting
        self._registry = own
        self._at_scrape = _AtScrape(recommender, last_event)

    def begin(self) -> None:
        """Count a request that begins."""
        self._in_flight.inc()

    def end(self, exchange: Exchange, method: str, route: str, seconds: float, stages: Sequence[Stage]) -> None:
        """Count a request that has ended.

        Args:
            exchange: What is known of it.
            method: Of HTTP.
            route: Its template.
            seconds: What it took.
            stages: What it went through.
        """
        self._in_flight.dec()
        self._waiting.set(self._ask_waiting())
        self._requests.labels(route, method, "-" if exchange.status is None else str(exchange.status)).inc()
        self._request_seconds.labels(route).observe(seconds)
        for stage in stages:
            self._stage_seconds.labels(stage.name).observe(stage.ended_s - stage.started_s)
        if exchange.problem is not None:
            self._errors.labels(exchange.problem).inc()
        if exchange.problem == "overloaded":
            self._overloaded.inc()

    def render(self) -> bytes:
        """Return all of it, of every process, as Prometheus reads it; takes milliseconds with many processes."""
        self._waiting.set(self._ask_waiting())
        return self._gathered() + generate_latest(_only(self._at_scrape))

    def _gathered(self) -> bytes:
        directory = shared_metrics()
        if directory is None:
            return generate_latest(self._registry)
        _forget_the_dead(directory)
        gathered = CollectorRegistry()
        MultiProcessCollector(gathered, str(directory))  # type: ignore[no-untyped-call]  # it has no types
        return generate_latest(gathered)


def _only(collector: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


class _AtScrape(Collector):
    """What is not counted but looked up."""

    def __init__(self, recommender: Recommender, last_event: LastEvent) -> None:
        self._recommender = recommender
        self._last_event = last_event

    def collect(self) -> Iterable[Metric]:
        """Return the gauges as they are now."""
        now = time.time()
        bundle = self._recommender.bundle
        age = GaugeMetricFamily("crossfade_bundle_age_seconds", "Since the bundle being served was built.")
        age.add_metric((), now - bundle.manifest.created_at.timestamp())
        build = GaugeMetricFamily(
            "crossfade_build_info", "What answers, and what it serves.", labels=("version", "bundle")
        )
        build.add_metric((version("crossfade"), bundle.version), 1.0)
        yield age
        yield build
        try:
            last_event = self._last_event()
        except CrossfadeError:  # the database is out of reach, which is no reason to hide all else
            last_event = None
        if last_event is not None:
            since = GaugeMetricFamily("crossfade_last_event_age_seconds", "Since the last event was accepted.")
            since.add_metric((), now - last_event.timestamp())
            yield since


def _forget_the_dead(directory: Path) -> None:
    """Drop what processes that have ended said of the present; what they counted stays."""
    for file in directory.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not _is_alive(pid):
            mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]  # it has no types


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # its number was given to a process of somebody else
        return False
    return True
