"""What the indexing job left, and which version of it is served."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from crossfade.api.documentation import body_examples, responses
from crossfade.api.service import Service
from crossfade.wire import BundleAnswer, ReloadAnswer, ReloadRequest, bundle_to_wire

__all__ = ["add_bundle"]

_NO_VERSION = ReloadRequest()


def add_bundle(router: APIRouter, service: Service) -> None:
    """Add what tells of the bundle, and what moves its pointer."""

    @router.get(
        "/v1/bundle",
        operation_id="get_bundle",
        tags=["Bundle"],
        summary="What is being served",
        responses=responses("get_bundle"),
    )
    def get_bundle() -> BundleAnswer:
        """Answer the version being served, what it holds, and how it was made."""
        return bundle_to_wire(service.recommender.bundle, service.recommender.property_names)

    @router.post(
        "/v1/bundle/reload",
        operation_id="reload_bundle",
        tags=["Bundle"],
        summary="Serve another version",
        responses=responses("reload_bundle"),
    )
    def reload_bundle(
        request: Annotated[ReloadRequest, Body(openapi_examples=body_examples("reload_bundle"))] = _NO_VERSION,
    ) -> ReloadAnswer:
        """Move the bundle's pointer to a version, or read it again, without dropping a request.

        Every process that serves the bundle follows within a second, as it does after `crossfade index` and
        `crossfade rollback`; this call only makes sure and says what went wrong. A version that fails its checks is
        refused, and the present one goes on.
        """
        return service.reload(request.version)
