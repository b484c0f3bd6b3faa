"""Users, what is known of them, and their right to be forgotten."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic_core import to_json

from crossfade.api.documentation import body_examples, responses
from crossfade.api.routes.paths import UserId, answer_with, json_response
from crossfade.api.service import Service
from crossfade.errors import QueryError
from crossfade.wire import (
    BulkAnswer,
    MergeRequest,
    PageParameters,
    ProfileAnswer,
    UserAnswer,
    UserChanges,
    UserRequest,
    UsersAnswer,
    UsersRequest,
    as_sent,
    user_to_wire,
    users_to_wire,
)

__all__ = ["add_below_user", "add_user", "add_users"]


def add_users(router: APIRouter, service: Service) -> None:
    """Add all users: bulk and pages."""
    recommender = service.recommender

    @router.post(
        "/v1/users",
        operation_id="put_users",
        tags=["Live data"],
        summary="Put many users",
        response_model=BulkAnswer,
        responses=responses("put_users"),
    )
    def put_users(request: Annotated[UsersRequest, Body(openapi_examples=body_examples("put_users"))]) -> Response:
        """Put the attributes of up to 1,000 users, each in the place of what was put before; all are taken, or none."""
        users = request.to_engine()
        recommender.put_users(users)
        return answer_with(BulkAnswer(count=len(users)))

    @router.get(
        "/v1/users",
        operation_id="list_users",
        tags=["Live data"],
        summary="All users, page by page",
        response_model=UsersAnswer,
        responses=responses("list_users"),
    )
    def list_users(parameters: Annotated[PageParameters, Query()]) -> Response:
        """Answer users in the order of their ids, as they are now."""
        return answer_with(users_to_wire(recommender.list_users(limit=parameters.limit, cursor=parameters.cursor)))


def add_below_user(router: APIRouter, service: Service) -> None:
    """Add what is told of one user, and what joins two."""
    recommender = service.recommender

    @router.get(
        "/v1/users/{user_id:path}/profile",
        operation_id="profile",
        tags=["Live data"],
        summary="What is known of a user",
        response_model=ProfileAnswer,
        responses=responses("profile"),
    )
    async def profile(user_id: UserId) -> Response:
        """Answer a user's past items, latest first, how much each counts, and what each component would weigh.

        A user nobody knows is no error: `known` is false.
        """
        return json_response(await service.answer(partial(recommender.profile, user_id)))

    @router.get(
        "/v1/users/{user_id:path}/export",
        operation_id="export_user",
        tags=["Live data"],
        summary="All that is kept of a user",
        response_model=dict[str, object],
        responses=responses("export_user"),
    )
    def export_user(user_id: UserId) -> Response:
        """Answer everything that is kept of a user, as a file to hand over to them."""
        response = json_response(to_json(recommender.export_user(user_id)))
        response.headers["Content-Disposition"] = 'attachment; filename="user.json"'
        return response

    @router.post(
        "/v1/users/{user_id:path}/merge",
        operation_id="merge_users",
        tags=["Live data"],
        summary="Have an anonymous session join a user",
        status_code=204,
        response_class=Response,
        responses=responses("merge_users"),
    )
    def merge_users(
        user_id: UserId, request: Annotated[MergeRequest, Body(openapi_examples=body_examples("merge_users"))]
    ) -> None:
        """Count what one id did, and does from now on, for another: when somebody logs in, nothing is lost."""
        try:
            recommender.merge_users(user_id, request.from_id)
        except QueryError as error:
            raise as_sent(error) from error


def add_user(router: APIRouter, service: Service) -> None:
    """Add what can be done to one user; after the operations below their path."""
    recommender = service.recommender

    @router.put(
        "/v1/users/{user_id}",
        operation_id="put_user",
        tags=["Live data"],
        summary="Put a user",
        response_model=UserAnswer,
        responses=responses("put_user"),
    )
    def put_user(
        user_id: UserId, request: Annotated[UserRequest, Body(openapi_examples=body_examples("put_user"))]
    ) -> Response:
        """Put a user's attributes, in the place of those known before; they count from the next answer on.

        Whoever was merged is one user, whichever of the ids is in the path.
        """
        user = request.to_user(user_id)
        recommender.put_users([user])
        return answer_with(user_to_wire(user))

    @router.get(
        "/v1/users/{user_id}",
        operation_id="get_user",
        tags=["Live data"],
        summary="A user",
        response_model=UserAnswer,
        responses=responses("get_user"),
    )
    def get_user(user_id: UserId) -> Response:
        """Answer a user's attributes; `GET /v1/users/{user_id}/profile` tells the rest."""
        return answer_with(user_to_wire(recommender.get_user(user_id)))

    @router.patch(
        "/v1/users/{user_id}",
        operation_id="patch_user",
        tags=["Live data"],
        summary="Change a user",
        response_model=UserAnswer,
        responses=responses("patch_user"),
    )
    def patch_user(
        user_id: UserId, changes: Annotated[UserChanges, Body(openapi_examples=body_examples("patch_user"))]
    ) -> Response:
        """Set the attributes named, take away those that are null, leave the others; answer the user."""
        return answer_with(user_to_wire(recommender.patch_user(user_id, changes.attributes)))

    @router.delete(
        "/v1/users/{user_id}",
        operation_id="delete_user",
        tags=["Live data"],
        summary="Forget a user",
        status_code=204,
        response_class=Response,
        responses=responses("delete_user"),
    )
    def delete_user(user_id: UserId) -> None:
        """Erase all that is kept of a user: gone from every answer at once, and left out of later bundles.

        What remains is a keyed hash of the id, which tells the indexing job whom to leave out. A user nobody knows
        is no error: nothing is kept of them, which is what was asked.
        """
        recommender.delete_user(user_id)
