"""The kinds of value that requests are made of, each with its bounds."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crossfade.engine.query import MAX_LIMIT, MAX_TEXT, MAX_WEIGHT

__all__ = ["ContextField", "ContextValue", "Id", "Limit", "PropertyName", "Text", "Weight", "WireModel"]

Id = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00]+$")]
"""An item's or user's id as the indexing job was given it; any characters but NUL."""

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Weight = Annotated[float, Field(ge=0, le=MAX_WEIGHT, allow_inf_nan=False)]
PropertyName = Annotated[str, Field(min_length=1, max_length=128)]
ContextField = Annotated[str, Field(min_length=1, max_length=64)]
ContextValue = Annotated[str, Field(max_length=256)]


class WireModel(BaseModel):
    """What travels over HTTP: immutable, and nothing beside the fields that are named."""

    model_config = ConfigDict(frozen=True, extra="forbid")
