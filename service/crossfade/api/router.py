"""The operations under ``/v1``: a wire model in, one question, a wire model out."""

from __future__ import annotations

from fastapi import APIRouter

from crossfade.api.routes.bundle import add_bundle
from crossfade.api.routes.events import add_events
from crossfade.api.routes.items import add_item, add_items
from crossfade.api.routes.paths import IdRoute
from crossfade.api.routes.recommendations import add_neighbours, add_recommendations, add_search_and_rank
from crossfade.api.routes.scenarios import add_scenarios
from crossfade.api.routes.users import add_below_user, add_user, add_users
from crossfade.api.service import Service
from crossfade.engine import Recommender

__all__ = ["create_router", "router_of"]


def create_router(recommender: Recommender) -> APIRouter:
    """Make the operations under ``/v1`` for including in any FastAPI application.

    Their errors are problem documents whatever the application does with its own. Several routers over several
    recommenders can live in one application. The recommender follows its bundle's pointer from now on.

    Args:
        recommender: What answers.
    """
    return router_of(Service(recommender))


def router_of(service: Service) -> APIRouter:
    """Make the operations for a service."""
    router = APIRouter(route_class=IdRoute)
    add_recommendations(router, service)
    add_search_and_rank(router, service)
    add_neighbours(router, service)
    add_events(router, service)
    add_items(router, service)
    add_item(router, service)
    add_users(router, service)
    add_below_user(router, service)
    add_user(router, service)
    add_scenarios(router, service)
    add_bundle(router, service)
    return router
