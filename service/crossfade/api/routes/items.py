"""The catalogue, as it changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from crossfade.api.documentation import body_examples, responses
from crossfade.api.routes.paths import ItemId, answer_with
from crossfade.api.service import Service
from crossfade.errors import QueryError
from crossfade.wire import (
    BulkAnswer,
    ItemAnswer,
    ItemChanges,
    ItemRequest,
    ItemsAnswer,
    ItemsRequest,
    PageParameters,
    item_to_wire,
    items_to_wire,
)

__all__ = ["add_item", "add_items"]


def add_items(router: APIRouter, service: Service) -> None:
    """Add the catalogue as a whole: bulk and pages."""
    recommender = service.recommender

    @router.post(
        "/v1/items",
        operation_id="put_items",
        tags=["Live data"],
        summary="Put many items",
        response_model=BulkAnswer,
        responses=responses("put_items"),
    )
    def put_items(request: Annotated[ItemsRequest, Body(openapi_examples=body_examples("put_items"))]) -> Response:
        """Put up to 100 items, each in the place of one with its id; all are taken, or none.

        Their texts are embedded before this is answered, some hundred a second; from then on they can be
        recommended, searched for and explained.
        """
        items = request.to_engine()
        recommender.put_items(items)
        return answer_with(BulkAnswer(count=len(items)))

    @router.get(
        "/v1/items",
        operation_id="list_items",
        tags=["Live data"],
        summary="The catalogue, page by page",
        response_model=ItemsAnswer,
        responses=responses("list_items"),
    )
    def list_items(parameters: Annotated[PageParameters, Query()]) -> Response:
        """Answer items in the order of their ids, as they are now; hidden ones too."""
        return answer_with(items_to_wire(recommender.list_items(limit=parameters.limit, cursor=parameters.cursor)))


def add_item(router: APIRouter, service: Service) -> None:
    """Add what can be done to one item; after the operations below its path."""
    recommender = service.recommender

    @router.put(
        "/v1/items/{item_id}",
        operation_id="put_item",
        tags=["Live data"],
        summary="Put an item",
        response_model=ItemAnswer,
        responses=responses("put_item"),
    )
    def put_item(
        item_id: ItemId, request: Annotated[ItemRequest, Body(openapi_examples=body_examples("put_item"))]
    ) -> Response:
        """Add an item, or put it in the place of the one with its id.

        Its text (`title`, `categories`, `description`) is embedded before this is answered; from then on it can be
        recommended, searched for and explained. Any further properties can be filtered by and shown.
        """
        item = request.to_item(item_id)
        try:
            recommender.put_items([item])
        except QueryError as error:  # which speaks of the first of a list
            first = "items.0."
            raise QueryError(str(error).replace(first, "", 1), field=error.field.removeprefix(first)) from error
        return answer_with(item_to_wire(item))

    @router.get(
        "/v1/items/{item_id}",
        operation_id="get_item",
        tags=["Live data"],
        summary="An item",
        response_model=ItemAnswer,
        responses=responses("get_item"),
    )
    def get_item(item_id: ItemId) -> Response:
        """Answer an item with all its properties, as it is now."""
        return answer_with(item_to_wire(recommender.get_item(item_id)))

    @router.patch(
        "/v1/items/{item_id}",
        operation_id="patch_item",
        tags=["Live data"],
        summary="Change an item",
        response_model=ItemAnswer,
        responses=responses("patch_item"),
    )
    def patch_item(
        item_id: ItemId, changes: Annotated[ItemChanges, Body(openapi_examples=body_examples("patch_item"))]
    ) -> Response:
        """Set the properties named, take away those that are null, leave the others; answer the whole item."""
        return answer_with(item_to_wire(recommender.patch_item(item_id, changes.to_engine())))

    @router.delete(
        "/v1/items/{item_id}",
        operation_id="delete_item",
        tags=["Live data"],
        summary="Delete an item",
        status_code=204,
        response_class=Response,
        responses=responses("delete_item"),
    )
    def delete_item(item_id: ItemId) -> None:
        """Take an item out of every answer at once; what people did with it keeps telling of their taste."""
        recommender.delete_item(item_id)
