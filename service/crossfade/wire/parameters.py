"""What a caller may send in the query string.

A list is its name repeated (``item_ids=a&item_ids=b``), because an id may hold a comma; where an empty list says
something, it is the name with nothing (``pin=``). A field of an object is
named as errors name it (``weights.content=2``). The context's fields are anyone's, so each is one ``field=value``.
What is neither a text nor a number (filters, boosts, pins, promotion, cap) is JSON.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from crossfade import engine
from crossfade.engine.bounds import MAX_FIELDS
from crossfade.engine.query import MAX_BOOSTS, MAX_INCLUDE, MAX_ITEM_IDS, MAX_PINS, SharedFields, WhyFields
from crossfade.wire.fields import (
    JSON_TEXT,
    MOMENT_SCHEMA,
    Cursor,
    EventType,
    Id,
    JsonText,
    Limit,
    Moment,
    PageLimit,
    PropertyName,
    ScenarioName,
    Seed,
    Share,
    Text,
    Weight,
    WireModel,
)
from crossfade.wire.rules import Boost, Cap, Pin, Promote, without_null

__all__ = [
    "InsightsParameters",
    "PageParameters",
    "RecommendationsParameters",
    "SimilarItemsParameters",
    "SimilarUsersParameters",
]

# In a query string there is no null: what is not given is left out.
_left_out: Any = Field(json_schema_extra=without_null)


def _or_empty(schema: dict[str, Any]) -> None:
    without_null(schema)
    schema["items"].pop("minLength", None)


_OrEmpty: Any = BeforeValidator(lambda given: [] if given == [""] else given)

ContextPair = Annotated[str, Field(max_length=321, pattern=r"^[^=\x00]{1,64}=[^\x00]*$")]
_Weight = Annotated[Weight | None, _left_out]
_Text = Annotated[Text | None, _left_out]
_UserId = Annotated[Id | None, _left_out]
_Moment = Annotated[Moment | None, WithJsonSchema(MOMENT_SCHEMA)]


class PageParameters(WireModel):
    """Which page of a list."""

    limit: PageLimit = Field(100, description="How many to answer at most.")
    cursor: Annotated[Cursor | None, _left_out] = Field(None, description="`next_cursor` of the page before.")


class InsightsParameters(WireModel):
    """Since when to count."""

    since: _Moment = Field(
        None,
        description="Count what happened at or after this moment; everything if left out.",
        examples=["2026-11-01T00:00:00Z"],
    )


class SimilarUsersParameters(WireModel):
    """How many neighbours to answer."""

    limit: Limit = Field(10, description="How many to answer at most.")


class _Shared(WireModel):
    """What every way of asking takes."""

    limit: Annotated[Limit | None, _left_out] = Field(
        None, description="How many items to answer at most; 10 if nothing says more."
    )
    context: list[ContextPair] = Field(
        [], max_length=MAX_FIELDS, description="What is known of the moment, as `field=value`; repeat for more."
    )
    collaborative: _Weight = Field(None, alias="weights.collaborative", description="Weight of what people do.")
    content: _Weight = Field(None, alias="weights.content", description="Weight of what items say.")
    context_weight: _Weight = Field(None, alias="weights.context", description="Weight of what goes with the moment.")
    attributes: _Weight = Field(None, alias="weights.attributes", description="Weight of what goes with who asks.")
    popularity: _Weight = Field(None, alias="weights.popularity", description="Weight of what everyone uses.")
    trend: _Weight = Field(None, alias="weights.trend", description="Weight of what is used lately more than before.")
    blend: Annotated[Share | None, _left_out] = Field(
        None, description="One knob instead of two weights: from 0, what items say, to 1, what people do."
    )
    filter: Annotated[dict[str, object] | None, JsonText, JSON_TEXT] = Field(
        None,
        description="What items must be like, as JSON; see `POST /v1/recommendations`.",
        examples=['{"field": "year", "gte": 1990}'],
    )
    excluded: list[Id] = Field(
        [],
        alias="exclude.item_ids",
        max_length=MAX_ITEM_IDS,
        description="Items that must not be answered; repeat for more.",
    )
    interacted: Annotated[bool | None, _left_out] = Field(
        None,
        alias="exclude.interacted",
        description="Whether to leave out everything the user has had; if not given, it follows the data.",
    )
    since: _Moment = Field(
        None,
        alias="exclude.since",
        description="Leave out what the user has had at or after this moment, whatever `exclude.interacted` says.",
    )
    event_types: Annotated[list[EventType] | None, _OrEmpty] = Field(
        None,
        alias="exclude.event_types",
        max_length=32,
        description="Leave out what the user has had by an event of one of these types, whatever `exclude.interacted` "
        "says; repeat for more, empty for none whatever the scenario says.",
        json_schema_extra=_or_empty,
    )
    boost: Annotated[list[Annotated[Boost, JsonText, JSON_TEXT]] | None, _OrEmpty] = Field(
        None,
        max_length=MAX_BOOSTS,
        description="What to lift or bury, as JSON; repeat for more, empty for nothing whatever the scenario says.",
        json_schema_extra=_or_empty,
        examples=[['{"filter": {"field": "year", "gte": 2020}, "amount": 0.3}']],
    )
    pin: Annotated[list[Annotated[Pin, JsonText, JSON_TEXT]] | None, _OrEmpty] = Field(
        None,
        max_length=MAX_PINS,
        description="What to put where, as JSON; repeat for more, empty for nothing whatever the scenario says.",
        json_schema_extra=_or_empty,
        examples=[['{"item_id": "the-earmark-book", "position": 1}']],
    )
    promote: Annotated[Promote | None, JsonText, JSON_TEXT] = Field(
        None,
        description="What to keep places for, as JSON.",
        examples=['{"filter": {"field": "year", "gte": 2020}, "share": 0.2}'],
    )
    cap: Annotated[Cap | None, JsonText, JSON_TEXT] = Field(
        None,
        description="How many of a kind to answer at most, as JSON.",
        examples=['{"field": "director", "most": 2}'],
    )
    diversity: Annotated[Share | None, _left_out] = Field(
        None, description="How much unlikeness to what stands above counts beside the score."
    )
    exploration: Annotated[Share | None, _left_out] = Field(
        None, description="Share of the places, at most, that go to items drawn from further down."
    )
    seed: Annotated[Seed | None, _left_out] = Field(
        None, description="Of the draws of `exploration`; drawn afresh if left out."
    )
    explain: Annotated[bool | None, _left_out] = Field(None, description="Whether to say how each score came about.")
    include: Annotated[list[PropertyName] | None, _OrEmpty] = Field(
        None,
        max_length=MAX_INCLUDE,
        description="Item properties to answer with each item, the title if left out; repeat for more, empty for none.",
        json_schema_extra=_or_empty,
    )
    scenario: Annotated[ScenarioName | None, _left_out] = Field(
        None, description="Name of stored defaults for what this request leaves out."
    )
    cursor: Annotated[Cursor | None, _left_out] = Field(
        None, description="`next_cursor` of the page before, to continue it; the rest stays as it was."
    )

    def shared(self) -> SharedFields:
        """Return the fields that every way of asking takes, in the engine's words."""
        weights = {
            "collaborative": self.collaborative,
            "content": self.content,
            "context": self.context_weight,
            "attributes": self.attributes,
            "popularity": self.popularity,
            "trend": self.trend,
        }
        return {
            "limit": self.limit,
            "cursor": self.cursor,
            "context": dict(pair.split("=", 1) for pair in self.context),
            "weights": {name: weight for name, weight in weights.items() if weight is not None},
            "blend": self.blend,
            "filter": self.filter,
            "exclude": engine.Exclude(
                item_ids=self.excluded, interacted=self.interacted, since=self.since, event_types=self.event_types
            ),
            "boost": None if self.boost is None else [one.to_engine() for one in self.boost],
            "pin": None if self.pin is None else [one.to_engine() for one in self.pin],
            "promote": None if self.promote is None else self.promote.to_engine(),
            "cap": None if self.cap is None else self.cap.to_engine(),
            "diversity": self.diversity,
            "exploration": self.exploration,
            "seed": self.seed,
            "explain": self.explain,
            "include": None if self.include is None else list(dict.fromkeys(self.include)),
            "scenario": self.scenario,
        }


class _AskedOfUser(WireModel):
    item_ids: list[Id] = Field(
        [], max_length=MAX_ITEM_IDS, description="Items to take as liked beside the user's own; repeat for more."
    )
    text: _Text = Field(None, description="What to look for, in words.")


class RecommendationsParameters(_Shared, _AskedOfUser):
    """The request for recommendations, without its user."""

    def to_engine(self, user_id: str) -> engine.Query:
        """Return the query that this asks for a user.

        Raises:
            QueryError: If a value is out of its bounds.
        """
        return engine.Query(user_id=user_id, item_ids=self.item_ids, text=self.text, **self.shared())

    def to_why(self) -> WhyFields:
        """Return what the question why takes beside the user and the item."""
        return {"item_ids": self.item_ids, "text": self.text, **self.shared()}


class _AskedOfItem(WireModel):
    user_id: _UserId = Field(None, description="Whose taste tilts the order.")
    text: _Text = Field(None, description="What to look for, in words.")


class SimilarItemsParameters(_Shared, _AskedOfItem):
    """What neighbours to answer, and how; context, attributes, popularity and trend weigh 0 unless given."""

    def to_engine(self, item_id: str) -> engine.Query:
        """Return the query for an item's neighbours.

        Raises:
            QueryError: If a value is out of its bounds.
        """
        return engine.neighbours_query(item_id, user_id=self.user_id, text=self.text, **self.shared())
