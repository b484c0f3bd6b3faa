"""The page to try the operations on; it asks no other host for anything."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import RedirectResponse

from crossfade.api.problem_route import ProblemRoute

__all__ = ["swagger_router"]

# Two lines that cross: what goes up on one side comes down on the other.
_ICON = b"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke-width="4" stroke-linecap="round">\
<path stroke="#e4572e" d="M4 8c12 0 12 16 24 16"/><path stroke="#2e86ab" d="M4 24c12 0 12-16 24-16"/></svg>"""

_PARAMETERS: Mapping[str, object] = {
    "docExpansion": "list",
    "defaultModelsExpandDepth": 0,
    "defaultModelExpandDepth": 3,
    "displayRequestDuration": True,
    "tryItOutEnabled": True,
    "validatorUrl": None,  # Swagger would ask a server of its makers what it thinks of our document
}

# The page's own script and styles stand in it; everything else comes from here.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)

Asset = Literal["swagger-ui-bundle.js", "swagger-ui.css", "favicon.svg"]


def swagger_router(title: str) -> APIRouter:
    """Make ``/docs`` and the files it needs.

    All its links are relative, so that it works behind any prefix, even one that a proxy has taken away.

    Args:
        title: The page's.
    """
    router = APIRouter(route_class=ProblemRoute, include_in_schema=False)
    page = get_swagger_ui_html(
        openapi_url="openapi.json",
        title=title,
        swagger_js_url="docs/swagger-ui-bundle.js",
        swagger_css_url="docs/swagger-ui.css",
        swagger_favicon_url="docs/favicon.svg",
        swagger_ui_parameters=dict(_PARAMETERS),
    )
    page.headers["Content-Security-Policy"] = _POLICY

    @router.get("/docs")
    async def docs() -> Response:
        return page

    @router.get("/docs/{asset}")
    def docs_asset(asset: Asset) -> Response:
        return _asset(asset)

    @router.get("/")
    async def root() -> Response:
        return RedirectResponse("docs")

    return router


def _asset(name: Asset) -> Response:
    headers = {"Cache-Control": "max-age=3600"}
    if name == "favicon.svg":
        return Response(_ICON, media_type="image/svg+xml", headers=headers)
    kind = "text/javascript" if name.endswith(".js") else "text/css"
    return Response(files("fastapi_offline").joinpath("static", name).read_bytes(), media_type=kind, headers=headers)
