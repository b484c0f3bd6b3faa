"""Items as they go over HTTP: what a caller puts, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from crossfade import engine
from crossfade.engine.kept.items import MAX_PROPERTIES
from crossfade.errors import QueryError
from crossfade.wire.fields import NO_NUL, Body, Id, PropertyName, ShownAs, WireModel, moment_of

__all__ = [
    "MAX_ITEMS",
    "BulkAnswer",
    "BulkItem",
    "ItemAnswer",
    "ItemChanges",
    "ItemRequest",
    "ItemsAnswer",
    "ItemsRequest",
    "item_to_wire",
    "items_to_wire",
]

MAX_ITEMS = 100
"""How many items one request may put: to embed their texts takes seconds, and a request may take ten."""

_MOST_IN_A_LIST = 1_000
_MOST_IN_AN_OBJECT = 16
_LONGEST_TEXT = 20_000
_LARGEST = 2**53 - 1  # what every reader of JSON keeps exactly

_NAMES: JsonDict = {"minLength": 1, "maxLength": 128}

LongText = Annotated[str, Field(max_length=_LONGEST_TEXT, pattern=NO_NUL)]
_Number = Annotated[float, Field(ge=-1e300, le=1e300)]
_Scalar = bool | _Number | Annotated[str, Field(max_length=_LONGEST_TEXT)]
_Shown = (
    _Scalar
    | Annotated[list[_Scalar], Field(max_length=_MOST_IN_A_LIST)]
    | Annotated[dict[str, _Scalar | None], Field(max_length=_MOST_IN_AN_OBJECT)]
)


def _property(value: object) -> object:
    """Check a property's value by hand: of a union, pydantic would tell what is wrong with it as each of its types."""
    if isinstance(value, list):
        if len(value) > _MOST_IN_A_LIST:
            raise _refused(f"a list of at most {_MOST_IN_A_LIST:,}")
        return [_scalar(one) for one in value]
    if isinstance(value, dict):
        if len(value) > _MOST_IN_AN_OBJECT or not all(0 < len(name) <= 128 and "\0" not in name for name in value):
            raise _refused(f"an object of at most {_MOST_IN_AN_OBJECT}, their names of 1 to 128 characters without NUL")
        return {name: None if one is None else _scalar(one) for name, one in value.items()}
    return _scalar(value)


def _scalar(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT or "\0" in value:
            raise _refused(f"text of at most {_LONGEST_TEXT:,} characters without NUL")
        return value
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise _refused("a whole number of at most 2^53 - 1; a longer one can be sent as text")
        return value
    if isinstance(value, float) and abs(value) <= 1e300:
        return value
    raise _refused("text, a number, true or false, a list of these, or a flat object")


def _refused(expected: str) -> PydanticCustomError:
    return PydanticCustomError("property", "Expected {expected}", {"expected": expected})


PropertyValue = Annotated[
    object, PlainValidator(lambda value: None if value is None else _property(value)), ShownAs(_Shown | None)
]


def _a_moment(text: str) -> str:
    if text.strip().isdecimal():
        raise _refused("an ISO 8601 date or time")
    moment_of(text)
    return text


_Time = Annotated[str, Field(max_length=64), AfterValidator(_a_moment)]
_ItemIdInBody = Annotated[
    Id | None, Field(description="Its id. May be left out where the path holds it; must agree with it otherwise.")
]


class ItemChanges(Body):
    """Properties to set; null takes one away, and those that are not named stay."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"maxProperties": MAX_PROPERTIES, "propertyNames": _NAMES},
    )
    __pydantic_extra__: dict[PropertyName, PropertyValue]

    title: LongText | None = Field(None, description="Its name; embedded.", examples=["The Lighthouse Ledger"])
    description: LongText | None = Field(None, description="What it is about; embedded.")
    categories: list[LongText] | None = Field(
        None, max_length=1_000, description="What kind of thing it is; the first ten are embedded."
    )
    is_hidden: bool | None = Field(None, description="Whether to keep it out of every answer.")
    available_from: _Time | None = Field(None, description="ISO 8601; kept out of answers before.")
    available_until: _Time | None = Field(None, description="ISO 8601; kept out of answers from then on.")

    @model_validator(mode="after")
    def _of_bounded_size(self) -> ItemChanges:
        if len(self.model_fields_set - {"item_id"}) > MAX_PROPERTIES:
            raise PydanticCustomError("too_many_properties", f"Expected at most {MAX_PROPERTIES} properties")
        return self

    def to_engine(self) -> dict[str, object]:
        """Return the properties that are named, None for those to be taken away."""
        return self.model_dump(exclude_unset=True, exclude={"item_id"})


class ItemRequest(ItemChanges):
    """An item: what is known by name, and any further properties to filter by and to show.

    A property is a text, a number, true or false, a list of these, or a flat object such as a place's
    `{"latitude": …, "longitude": …}`; null is the same as leaving it out.
    """

    model_config = ConfigDict(json_schema_extra={"maxProperties": MAX_PROPERTIES + 1, "propertyNames": _NAMES})

    item_id: _ItemIdInBody = None

    def to_item(self, item_id: str) -> engine.Item:
        """Return the item.

        Args:
            item_id: As the path has it.

        Raises:
            QueryError: If the body names another id.
        """
        if self.item_id not in {None, item_id}:
            raise QueryError(f"item_id: the path says {item_id!r}, the body {self.item_id!r}", field="item_id")
        return engine.Item(item_id, _without_none(self.to_engine()))


class BulkItem(ItemRequest):
    """An item of many."""

    item_id: Id = Field(description="Its id.")


class ItemsRequest(Body):
    """Many items at once; all are taken, or none."""

    items: list[BulkItem] = Field(
        min_length=1, max_length=MAX_ITEMS, description="Each takes the place of one with its id."
    )

    def to_engine(self) -> list[engine.Item]:
        """Return the items."""
        return [one.to_item(one.item_id) for one in self.items]


class BulkAnswer(WireModel):
    """What was taken."""

    count: int = Field(ge=1, description="How many; each can be found and recommended from now on.")


class ItemAnswer(WireModel):
    """An item with all its properties."""

    model_config = ConfigDict(extra="allow")

    item_id: str = Field(description="Its id.")


class ItemsAnswer(WireModel):
    """A page of items, in the order of their ids."""

    items: list[ItemAnswer] = Field(description="At most `limit` items.")
    next_cursor: str | None = Field(description="Asks for the items after these; null at the end.")


def item_to_wire(item: engine.Item) -> ItemAnswer:
    """Return an item as it goes over HTTP."""
    return ItemAnswer.model_validate({**item.properties, "item_id": item.item_id})


def items_to_wire(page: engine.ItemPage) -> ItemsAnswer:
    """Return a page of items as it goes over HTTP."""
    return ItemsAnswer(items=[item_to_wire(item) for item in page.items], next_cursor=page.next_cursor)


def _without_none(properties: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in properties.items() if value is not None}
