"""The application: the operations, health, the page to try them on, and a line in the log for each request."""

from __future__ import annotations

import logging
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException

from crossfade.api.documentation import DESCRIPTION, SUMMARY, TAGS, name_problem_schema, responses
from crossfade.api.problem_route import ProblemRoute, problem_response
from crossfade.api.router import router_of
from crossfade.api.service import Service
from crossfade.api.swagger import swagger_router
from crossfade.engine import Query, Recommender
from crossfade.settings import read_settings
from crossfade.telemetry import RequestLog, configure_logging
from crossfade.wire import LiveAnswer, ReadyAnswer, problem

__all__ = ["create_app", "from_environment"]

_log = logging.getLogger(__name__)


def create_app(source: Recommender | str | os.PathLike[str]) -> FastAPI:
    """Make an application that answers over HTTP; run it, or mount it in another one.

    Everything it needs is open when this returns, because the lifespan of a mounted application does not run.

    Args:
        source: What answers, or the directory that ``crossfade index --out`` wrote.

    Raises:
        BundleError: If the directory holds no bundle, or it is damaged or too new.
    """
    recommender = source if isinstance(source, Recommender) else Recommender.open(Path(source))
    service = Service(recommender)
    app = _Application(
        title="Crossfade",
        summary=SUMMARY,
        description=DESCRIPTION,
        version=version("crossfade"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        exception_handlers={HTTPException: _http_exception, Exception: _defect},
    )
    app.include_router(router_of(service))
    app.include_router(_health_router(service))
    app.include_router(swagger_router("Crossfade"))
    app.add_middleware(RequestLog)
    bundle = recommender.bundle
    _log.info("serving %s: %d items, %d users", bundle.version, *_sizes(recommender))
    return app


def from_environment() -> FastAPI:
    """Make the application that the environment describes, and set up logging; for ``uvicorn --factory``.

    Raises:
        ValueError: If a variable is missing, wrong or unknown.
        BundleError: If the bundle cannot be served.
    """
    settings = read_settings()
    configure_logging(settings.log_level)
    return create_app(settings.bundle)


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Return the document with the problems' schema named once instead of repeated in every operation."""
        if self.openapi_schema is None:
            self.openapi_schema = name_problem_schema(super().openapi())
        return self.openapi_schema


def _health_router(service: Service) -> APIRouter:
    router = APIRouter(route_class=ProblemRoute, tags=["Health"])

    @router.get("/health/live", operation_id="live", summary="Is the process running?", responses=responses("live"))
    async def live() -> LiveAnswer:
        """Answer at once, whatever the rest does; a process that does not should be started again."""
        return LiveAnswer()

    @router.get("/health/ready", operation_id="ready", summary="Can it answer?", responses=responses("ready"))
    async def ready() -> ReadyAnswer:
        """Answer once a small query with words in it has gone all the way, so that every part is known to work.

        A process that is not ready should get no requests for the time being.
        """
        await service.answer(Query(text="ready", limit=1, include=()))
        items, users = _sizes(service.recommender)
        return ReadyAnswer(bundle=service.recommender.bundle.version, items=items, users=users)

    return router


def _sizes(recommender: Recommender) -> tuple[int, int]:
    counts = recommender.bundle.manifest.counts
    return counts.items, counts.users


async def _http_exception(request: Request, error: HTTPException) -> Response:
    code = {404: "route_not_found", 405: "method_not_allowed"}.get(error.status_code)
    if code is None:  # raised by an operation that somebody added to the application
        return await http_exception_handler(request, error)
    return problem_response(problem(code, f"{error.detail}; /docs shows the operations there are."), error.headers)


async def _defect(_request: Request, _error: Exception) -> Response:
    return problem_response(problem("internal_error", "The service failed; its log says more."))
