"""The kinds of value that requests are made of, each with its bounds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, from_json

from crossfade.engine.bounds import MAX_FIELD_NAME, MAX_FIELD_VALUE, MAX_FIELDS
from crossfade.engine.clock import in_texts, read_moment, read_zone
from crossfade.engine.query import MAX_LIMIT, MAX_TEXT, MAX_WEIGHT
from crossfade.errors import QueryError

__all__ = [
    "JSON_TEXT",
    "NO_NUL",
    "Amount",
    "Body",
    "Context",
    "ContextField",
    "ContextValue",
    "Cursor",
    "EventType",
    "Id",
    "JsonText",
    "Limit",
    "Moment",
    "PageLimit",
    "PropertyName",
    "ScenarioName",
    "Seed",
    "Share",
    "ShownAs",
    "Text",
    "TimeZone",
    "Weight",
    "Whole",
    "WireModel",
    "moment_of",
]

NO_NUL = r"^[^\x00]*$"
"""Any text but with NUL, which no database keeps."""

Id = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00]+$")]
"""An item's or user's id as the indexing job was given it; any characters but NUL."""


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
"""Reads 10.0 as 10: JSON has one kind of number, and many who write it have no other."""

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT), Whole]
PageLimit = Annotated[int, Field(ge=1, le=500), Whole]
Weight = Annotated[float, Field(ge=0, le=MAX_WEIGHT, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=-MAX_WEIGHT, le=MAX_WEIGHT, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, le=2**53 - 1), Whole]
Cursor = Annotated[str, Field(min_length=1, max_length=1_024, pattern=NO_NUL)]
PropertyName = Annotated[str, Field(min_length=1, max_length=128, pattern=NO_NUL)]
ContextField = Annotated[str, Field(min_length=1, max_length=MAX_FIELD_NAME, pattern=NO_NUL)]
ContextValue = Annotated[str, Field(max_length=MAX_FIELD_VALUE, pattern=NO_NUL)]
EventType = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]
ScenarioName = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]


class WireModel(BaseModel):
    """What travels over HTTP: immutable, and nothing beside the fields that are named."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Body(WireModel):
    """What comes in a body. JSON has its own types: a number in quotes is a mistake to be told about."""

    model_config = ConfigDict(strict=True)


class ShownAs:
    """Shows one type in the document where another is read.

    Args:
        shown: What the document says.
    """

    def __init__(self, shown: Any) -> None:  # noqa: ANN401 - a type, or anything else that an annotation may be
        self._shown = shown

    def __get_pydantic_json_schema__(self, _read: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(TypeAdapter(self._shown).core_schema)


class _NumberInTimestamp:
    """Shows that a context's timestamp may be a number."""

    def __get_pydantic_json_schema__(self, read: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(read)
        # Patterns hold for the names that "properties" names too; "additionalProperties" holds for the others alone.
        ((pattern, text),) = schema.pop("patternProperties").items()
        schema["propertyNames"]["pattern"] = pattern
        timestamp = {"anyOf": [text, _UNIX_SCHEMA]}
        return {**schema, "properties": {"timestamp": timestamp}, "additionalProperties": text}


Context = Annotated[
    dict[ContextField, ContextValue],
    Field(max_length=MAX_FIELDS),
    BeforeValidator(lambda value: in_texts(value) if isinstance(value, dict) else value),
    _NumberInTimestamp(),
]
"""What is known of a request's moment."""


def moment_of(value: object) -> datetime:
    """Read ISO 8601 or a unix time, as text or as a number; the result has a zone only if the text tells its offset.

    Raises:
        PydanticCustomError: If it is neither, or not from 1970 to 2099.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PydanticCustomError("moment", "Expected ISO 8601, such as 2026-11-21T08:15:00+01:00, or a unix time")
    try:
        return read_moment(value)[0]
    except QueryError as error:
        raise PydanticCustomError(
            "moment", "Expected ISO 8601, such as 2026-11-21T08:15:00+01:00, or a unix time, from 1970 to 2099"
        ) from error


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise PydanticCustomError("moment", "Expected an offset, such as Z or +01:00, with the time")
    return moment


_UNIX_SCHEMA: JsonDict = {"type": "number", "minimum": 1e8, "maximum": 1e20}
MOMENT_SCHEMA: JsonDict = {"anyOf": [{"type": "string", "maxLength": 64}, _UNIX_SCHEMA]}

Moment = Annotated[
    datetime,
    PlainValidator(moment_of),
    AfterValidator(_with_zone),
    PlainSerializer(datetime.isoformat, return_type=str),
    WithJsonSchema(MOMENT_SCHEMA),
]
"""A moment with a zone."""


def _known_zone(name: str) -> str:
    try:
        read_zone(name)
    except QueryError as error:
        raise PydanticCustomError("timezone", "Expected an IANA time zone, such as Europe/Berlin") from error
    return name


TimeZone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_known_zone)]


_LONGEST_JSON = 65_536  # no server takes a longer address


def _from_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    if len(value) > _LONGEST_JSON:
        raise PydanticCustomError("json_text", f"Expected at most {_LONGEST_JSON:,} characters")
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError as error:
        raise PydanticCustomError("json_text", "Expected JSON: {error}", {"error": str(error)}) from error


JsonText = BeforeValidator(_from_text)
"""Reads a value from JSON in a text, as a query string has it."""

JSON_TEXT = WithJsonSchema({"type": "string", "maxLength": _LONGEST_JSON, "contentMediaType": "application/json"})
"""Shows the text that it is read from."""
