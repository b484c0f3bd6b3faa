"""The application: the operations, health, metrics, the page to try them on, and the doors before them."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from crossfade.api.documentation import DESCRIPTION, SUMMARY, TAGS, name_problem_schema
from crossfade.api.doors import KeyBook, LiveKeys
from crossfade.api.doors.documenting import document_doors
from crossfade.api.doors.doors import Doors
from crossfade.api.draining import drained
from crossfade.api.metrics import MEDIA_TYPE, Metrics
from crossfade.api.observed import Observed
from crossfade.api.problem_route import ProblemRoute, problem_response
from crossfade.api.readiness import Readiness, health_router
from crossfade.api.router import router_of
from crossfade.api.service import Service
from crossfade.api.swagger import swagger_router
from crossfade.bundle import BundleStore
from crossfade.engine import Query, Recommender
from crossfade.engine.recommender import LIVE_FILE
from crossfade.errors import CrossfadeError
from crossfade.live import LiveData
from crossfade.settings import DoorSettings, ServiceSettings, read_settings, traces_are_wanted
from crossfade.telemetry import configure_logging
from crossfade.telemetry.tracing import Tracing, export_traces
from crossfade.wire import problem

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

__all__ = ["create_app", "from_environment", "live_url"]

_log = logging.getLogger(__name__)

_FIRST = Query(text="first", limit=1)  # takes twenty times as long as the next; no caller should wait for it
_OPEN = DoorSettings(auth="off")
_CORS_HEADERS = ("Authorization", "Content-Type", "X-API-Key", "X-Request-ID")


def _never() -> datetime | None:
    return None


def create_app(
    source: Recommender | str | os.PathLike[str],
    *,
    settings: DoorSettings = _OPEN,
    keys: KeyBook | None = None,
    last_event: Callable[[], datetime | None] = _never,
    tracer_provider: TracerProvider | None = None,
) -> FastAPI:
    """Make an application that answers over HTTP; run it, or mount it in another one.

    Everything it needs is open when this returns, because the lifespan of a mounted application does not run.

    Args:
        source: What answers, or the directory that ``crossfade index --out`` wrote.
        settings: Who is let in. Default: everyone, for the host to decide.
        keys: Where API keys are kept, if the settings ask for them.
        last_event: When the last event was accepted, for the metrics.
        tracer_provider: Where spans go. Default: nowhere.

    Raises:
        BundleError: If the directory holds no bundle, or it is damaged or too new.
        CrossfadeError: If the keys cannot be read.
    """
    recommender = source if isinstance(source, Recommender) else Recommender.open(Path(source))
    service = Service(recommender, max_wait_s=settings.max_wait_s)
    metrics = Metrics(recommender, lambda: service.waiting, last_event)
    app = _Application(
        title="Crossfade",
        summary=SUMMARY,
        description=DESCRIPTION,
        version=version("crossfade"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _http_exception},
        # FastAPI's own spans hold whole paths and query strings, and so ids.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.readiness = Readiness(service)
    app.include_router(router_of(service))
    app.include_router(health_router(service, app.state.readiness))
    app.include_router(_metrics_router(metrics))
    app.include_router(swagger_router("Crossfade"))
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=_CORS_HEADERS,
            expose_headers=("Retry-After", "X-Request-ID"),
        )
    tracing = None if tracer_provider is None else Tracing(tracer_provider)
    app.add_middleware(Observed, doors=Doors(settings, keys), metrics=metrics, tracing=tracing)
    counts = recommender.bundle.manifest.counts
    _log.info("serving %s: %d items, %d users", recommender.bundle.version, counts.items, counts.users)
    return app


def from_environment() -> FastAPI:
    """Make the application that the environment describes, and set up logging; for ``uvicorn --factory``.

    Raises:
        SettingsError: If a variable is missing, wrong or unknown.
        BundleError: If the bundle cannot be served.
        LiveError: If the live data cannot be opened.
    """
    settings = read_settings()
    configure_logging(settings.log_level, settings.log_format)
    provider = export_traces() if traces_are_wanted() else None
    store = BundleStore(settings.bundle)
    store.current()  # before a database is made where no bundle lies
    live = LiveData.open(live_url(settings))
    recommender = Recommender(store, live=live)
    with contextlib.suppress(CrossfadeError):  # readiness asks the like, and says why it is not answered
        recommender.recommend(_FIRST)
    app = create_app(
        recommender,
        settings=settings,
        keys=LiveKeys(live),
        last_event=lambda: live.call(live.store.newest_event()),
        tracer_provider=provider,
    )
    at_end = (live.close, *(() if provider is None else (provider.shutdown,)))
    app.router.lifespan_context = drained(app.state.readiness, settings.drain_s, at_end=at_end)
    return app


def live_url(settings: ServiceSettings) -> str:
    """Return where live data is kept; the URL may hold a password."""
    return settings.live.get_secret_value() if settings.live else str(settings.bundle / LIVE_FILE)


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Return the document with what stands beside no single operation: the problems' schema, keys and limits."""
        if self.openapi_schema is None:
            self.openapi_schema = name_problem_schema(document_doors(super().openapi()))
        return self.openapi_schema


def _metrics_router(metrics: Metrics) -> APIRouter:
    router = APIRouter(route_class=ProblemRoute, include_in_schema=False)

    @router.get("/metrics", operation_id="metrics")
    def scrape() -> Response:
        return Response(metrics.render(), media_type=MEDIA_TYPE)

    return router


async def _http_exception(request: Request, error: HTTPException) -> Response:
    code = {404: "route_not_found", 405: "method_not_allowed"}.get(error.status_code)
    if code is None:  # raised by an operation that somebody added to the application
        return await http_exception_handler(request, error)
    return problem_response(problem(code, f"{error.detail}; /docs shows the operations there are."), error.headers)
