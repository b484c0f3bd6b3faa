"""The operations under ``/v1``: a wire model in, one question, a wire model out."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from crossfade.api.documentation import ITEM_EXAMPLES, USER_EXAMPLES, body_examples, responses
from crossfade.api.problem_route import ProblemRoute
from crossfade.api.service import Service
from crossfade.engine import Recommender
from crossfade.wire import (
    BundleAnswer,
    RankRequest,
    RecommendationsAnswer,
    RecommendationsParameters,
    RecommendationsRequest,
    ReloadAnswer,
    ReloadRequest,
    SearchRequest,
    SimilarItemsParameters,
    SimilarUsersAnswer,
    SimilarUsersParameters,
    bundle_to_wire,
)
from crossfade.wire.fields import Id

__all__ = ["create_router", "router_of"]

# An id may hold anything, a slash too: ":path" lets it.
ItemId = Annotated[
    Id, Path(description="The item's id; percent-encode what a URL may not hold.", openapi_examples=ITEM_EXAMPLES)
]
UserId = Annotated[
    Id, Path(description="The user's id; percent-encode what a URL may not hold.", openapi_examples=USER_EXAMPLES)
]

_NOTHING_ASKED = RecommendationsRequest()
_NO_VERSION = ReloadRequest()


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
    router = APIRouter(route_class=ProblemRoute)
    _add_recommendations(router, service)
    _add_search_and_rank(router, service)
    _add_neighbours(router, service)
    _add_bundle(router, service)
    return router


def _add_recommendations(router: APIRouter, service: Service) -> None:
    @router.post(
        "/v1/recommendations",
        operation_id="recommend",
        tags=["Recommendations"],
        summary="Recommend items",
        response_model=RecommendationsAnswer,
        responses=responses("recommend"),
    )
    async def recommend(
        request: Annotated[RecommendationsRequest, Body(openapi_examples=body_examples("recommend"))] = _NOTHING_ASKED,
    ) -> Response:
        """Answer the items that suit a user, some items, a text, or all of these together.

        Every field is optional. A user or an item that the bundle does not know is no error: the answer names it
        under `missing` and recommends what it can, and nothing at all asks for what is popular. With `explain` each
        item says how its score came about, exactly: the parts add up to the score.
        """
        return _json(await service.answer(request.to_engine()))

    @router.get(
        "/v1/users/{user_id:path}/recommendations",
        operation_id="recommend_for_user",
        tags=["Recommendations"],
        summary="Recommend items for a user",
        response_model=RecommendationsAnswer,
        responses=responses("recommend_for_user"),
    )
    async def recommend_for_user(
        user_id: UserId, parameters: Annotated[RecommendationsParameters, Query()]
    ) -> Response:
        """Answer the same as `POST /v1/recommendations`, from query parameters.

        A list is its name repeated: `include=title&include=categories`.
        """
        return _json(await service.answer(parameters.to_engine(user_id)))


def _add_search_and_rank(router: APIRouter, service: Service) -> None:
    @router.post(
        "/v1/search",
        operation_id="search",
        tags=["Recommendations"],
        summary="Search by meaning",
        response_model=RecommendationsAnswer,
        responses=responses("search"),
    )
    async def search(request: Annotated[SearchRequest, Body(openapi_examples=body_examples("search"))]) -> Response:
        """Answer the items whose text is nearest in meaning to the words given, tilted to a user's taste if named.

        Words need not occur in an item's text. What the user has had stays in, unless `exclude.interacted` is set,
        and popularity, trend, context and attributes count only if their weights are given.
        """
        return _json(await service.answer(request.to_engine()))

    @router.post(
        "/v1/rank",
        operation_id="rank",
        tags=["Recommendations"],
        summary="Order a list of your own",
        response_model=RecommendationsAnswer,
        responses=responses("rank"),
    )
    async def rank(request: Annotated[RankRequest, Body(openapi_examples=body_examples("rank"))]) -> Response:
        """Answer the given items, all of them, in the order that suits the user or the text.

        For lists that come from elsewhere: an editor's shelf, a search engine, a promotion.
        """
        return _json(await service.answer(request.to_engine()))


def _add_neighbours(router: APIRouter, service: Service) -> None:
    @router.get(
        "/v1/items/{item_id:path}/similar",
        operation_id="similar_items",
        tags=["Neighbours"],
        summary="Items like an item",
        response_model=RecommendationsAnswer,
        responses=responses("similar_items"),
    )
    async def similar_items(item_id: ItemId, parameters: Annotated[SimilarItemsParameters, Query()]) -> Response:
        """Answer an item's neighbours, in what it says and in who uses it; never the item itself.

        Popularity and trend count only if their weights are given. For an unknown item, which the answer names under
        `missing`, what is popular is answered.
        """
        return _json(await service.answer(parameters.to_neighbours(item_id)))

    @router.get(
        "/v1/users/{user_id:path}/similar",
        operation_id="similar_users",
        tags=["Neighbours"],
        summary="Users like a user",
        response_model=SimilarUsersAnswer,
        responses=responses("similar_users"),
    )
    async def similar_users(user_id: UserId, parameters: Annotated[SimilarUsersParameters, Query()]) -> Response:
        """Answer the users whose scores over the whole catalogue go most the same way.

        For a user without past items the list is empty and `cold_start` is true.
        """
        return _json(await service.answer(partial(service.recommender.similar_users, user_id, limit=parameters.limit)))


def _add_bundle(router: APIRouter, service: Service) -> None:
    @router.get(
        "/v1/bundle",
        operation_id="get_bundle",
        tags=["Bundle"],
        summary="What is being served",
        responses=responses("get_bundle"),
    )
    async def get_bundle() -> BundleAnswer:
        """Answer the version being served, what it holds, and how it was made."""
        return bundle_to_wire(service.recommender.bundle)

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


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
