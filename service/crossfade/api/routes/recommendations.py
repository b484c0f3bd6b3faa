"""Items for a user, for some items, for a text, or for all together."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from crossfade.api.documentation import body_examples, responses
from crossfade.api.routes.paths import ItemId, UserId, json_response
from crossfade.api.service import Service
from crossfade.wire import (
    BatchAnswer,
    BatchRequest,
    RankRequest,
    RecommendationsAnswer,
    RecommendationsParameters,
    RecommendationsRequest,
    SearchRequest,
    SimilarItemsParameters,
    SimilarUsersAnswer,
    SimilarUsersParameters,
    WhyAnswer,
)

__all__ = ["add_neighbours", "add_recommendations", "add_search_and_rank"]

_NOTHING_ASKED = RecommendationsRequest()


def add_recommendations(router: APIRouter, service: Service) -> None:
    """Add the one call, by body, by query string and many at once, and the question why."""

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

        Every field is optional. A user or an item that nobody knows is no error: the answer names it under `missing`
        and recommends what it can, and nothing at all asks for what is popular. With `explain` each item says how its
        score came about, exactly: the parts add up to the score. `filter`, `exclude`, `boost`, `pin`, `promote` and
        `cap` are the caller's rules; `next_cursor` leads to the next page of the same order, even while events keep
        arriving.
        """
        return json_response(await service.answer(request.to_engine()))

    @router.post(
        "/v1/recommendations/batch",
        operation_id="recommend_batch",
        tags=["Recommendations"],
        summary="Recommend items for many users",
        response_model=BatchAnswer,
        responses=responses("recommend_batch"),
    )
    async def recommend_batch(
        request: Annotated[BatchRequest, Body(openapi_examples=body_examples("recommend_batch"))],
    ) -> Response:
        """Answer up to 100 requests at once, in their order, for much less than the cost of each alone.

        If one of them cannot be answered none is, and the error's field names its place: `queries.3.filter.year`.
        """
        return json_response(await service.answer(request.to_engine()))

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

        A list is its name repeated: `include=title&include=categories`. Filters and other rules are JSON.
        """
        return json_response(await service.answer(parameters.to_engine(user_id)))

    @router.get(
        "/v1/users/{user_id:path}/why/{item_id:path}",
        operation_id="why",
        tags=["Recommendations"],
        summary="Why this item, or why not?",
        response_model=WhyAnswer,
        responses=responses("why"),
    )
    async def why(
        user_id: UserId, item_id: ItemId, parameters: Annotated[RecommendationsParameters, Query()]
    ) -> Response:
        """Answer what an item's place is among all that may be recommended to a user, and what its score is made of.

        Takes the same parameters as a request for recommendations. Where the item would not be in that answer,
        `removed_by` names the rule that keeps it out, and the score and the place it would have had are told as well.
        """
        fields = parameters.to_why()
        return json_response(await service.answer(partial(service.recommender.why, user_id, item_id, **fields)))


def add_search_and_rank(router: APIRouter, service: Service) -> None:
    """Add what is asked in words, and the order of a list of one's own."""

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
        return json_response(await service.answer(request.to_engine()))

    @router.post(
        "/v1/rank",
        operation_id="rank",
        tags=["Recommendations"],
        summary="Order a list of your own",
        response_model=RecommendationsAnswer,
        responses=responses("rank"),
    )
    async def rank(request: Annotated[RankRequest, Body(openapi_examples=body_examples("rank"))]) -> Response:
        """Answer the given items, all that the request's rules allow, in the order that suits the user or the text.

        For lists that come from elsewhere: an editor's shelf, a search engine, a promotion.
        """
        return json_response(await service.answer(request.to_engine()))


def add_neighbours(router: APIRouter, service: Service) -> None:
    """Add what is like an item, and who is like a user."""

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

        Popularity, trend, context and attributes count only if their weights are given. For an unknown item, which
        the answer names under `missing`, what is popular is answered.
        """
        return json_response(await service.answer(parameters.to_engine(item_id)))

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
        question = partial(service.recommender.similar_users, user_id, limit=parameters.limit)
        return json_response(await service.answer(question))
