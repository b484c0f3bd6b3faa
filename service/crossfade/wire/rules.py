"""The rules that a request brings along: filter, exclusions, boosts, pins, promotion, cap; and the weights."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from crossfade import engine
from crossfade.engine.filters import MAX_LEAVES, MAX_NAME, MAX_NUMBER, MAX_VALUES, MAX_WORDS
from crossfade.engine.query import MAX_ITEM_IDS
from crossfade.wire.fields import Amount, Body, EventType, Id, Limit, Moment, PropertyName, Share, ShownAs, Weight

__all__ = [
    "AllOf",
    "AnyOf",
    "Boost",
    "Cap",
    "Circle",
    "Condition",
    "Exclude",
    "Filter",
    "Not",
    "Pin",
    "Promote",
    "Weights",
    "without_null",
]


def without_null(schema: dict[str, Any]) -> None:
    """Describe the value alone, where what is not given is left out and null is not known."""
    choices = [choice for choice in schema.pop("anyOf") if choice != {"type": "null"}]
    schema.pop("default", None)
    schema.update(choices[0] if len(choices) == 1 else {"anyOf": choices})


_Words = Annotated[str, Field(max_length=MAX_WORDS)]
_Number = Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)]
_Value = _Words | bool | _Number
_Ordered = _Words | _Number
_Days = Annotated[float, Field(ge=0, le=1_000_000)]
_left_out: Any = Field(None, json_schema_extra=without_null)


class Circle(Body):
    """A circle on the globe."""

    latitude: float = Field(ge=-90, le=90, description="Of its centre, in degrees.")
    longitude: float = Field(ge=-180, le=180, description="Of its centre, in degrees.")
    km: float = Field(ge=0, le=100_000, description="Its radius.")


class Condition(Body):
    """What one property must be like: one operator or more, all of which must hold.

    A property that holds a list satisfies it by any one of its elements. A property that is missing satisfies
    `exists: false` and nothing else. Times are ISO 8601. A property whose times are text in
    the data is compared as text, which is right for ISO 8601 of one form.
    """

    model_config = ConfigDict(
        json_schema_extra={"minProperties": 2, "examples": [{"field": "year", "gte": 1990, "lt": 2000}]}
    )

    field: str = Field(
        min_length=1, max_length=MAX_NAME, description="Name of the property; `GET /v1/bundle` lists them."
    )
    eq: Annotated[_Value | None, _left_out] = Field(None, description="Is this value.")
    any_of: Annotated[list[_Value] | None, _left_out] = Field(
        None, max_length=MAX_VALUES, description="Is one of these values."
    )
    gt: Annotated[_Ordered | None, _left_out] = Field(None, description="Is above this.")
    gte: Annotated[_Ordered | None, _left_out] = Field(None, description="Is at least this.")
    lt: Annotated[_Ordered | None, _left_out] = Field(None, description="Is below this.")
    lte: Annotated[_Ordered | None, _left_out] = Field(None, description="Is at most this.")
    prefix: Annotated[_Words | None, _left_out] = Field(None, description="Starts with this text.")
    newer_than_days: Annotated[_Days | None, _left_out] = Field(
        None, description="Lies at most so many days back, or ahead."
    )
    older_than_days: Annotated[_Days | None, _left_out] = Field(None, description="Lies more than so many days back.")
    within: Annotated[Circle | None, _left_out] = Field(None, description="Lies in this circle.")
    exists: Annotated[bool | None, _left_out] = Field(None, description="Is there (true), or is missing (false).")


class AllOf(Body):
    """Every one of these holds."""

    all: list[FilterShape] = Field(max_length=MAX_LEAVES, description="Filters; none at all holds for every item.")


class AnyOf(Body):
    """At least one of these holds."""

    any: list[FilterShape] = Field(max_length=MAX_LEAVES, description="Filters; none at all holds for no item.")


class Not(Body):
    """This does not hold; items without the property are then among those that are left."""

    not_: FilterShape = Field(alias="not", description="A filter.")


FilterShape = Condition | AllOf | AnyOf | Not

for _group in (AllOf, AnyOf, Not):
    _group.model_rebuild()

# Read by the engine alone: one place that knows what a filter is, and says the same of a wrong one on every way in.
Filter = Annotated[
    dict[str, object],
    ShownAs(FilterShape),
    Field(
        description="What items must be like: a condition on a property, or `all`, `any` and `not` over others. "
        "At most 8 levels deep and 100 conditions.",
        examples=[{"all": [{"field": "categories", "any_of": ["drama"]}, {"not": {"field": "year", "lt": 1990}}]}],
    ),
]


class Weights(Body):
    """How much each component counts; one that is not named keeps the default, and 0 leaves it out."""

    collaborative: Weight | None = Field(None, description="What people do: who likes this likes that.", examples=[1.0])
    content: Weight | None = Field(None, description="What items say: nearness in meaning of their texts.")
    context: Weight | None = Field(None, description="What goes with the moment.")
    attributes: Weight | None = Field(None, description="What goes with who asks, as far as is known of them.")
    popularity: Weight | None = Field(None, description="What everyone uses.")
    trend: Weight | None = Field(None, description="What is used lately more than before.")

    def to_engine(self) -> dict[str, float]:
        """Return the weights that are named, by component."""
        return {name: weight for name, weight in self if weight is not None}


class Exclude(Body):
    """What must not be answered."""

    item_ids: list[Id] = Field([], max_length=MAX_ITEM_IDS, description="These items; unknown ones do no harm.")
    interacted: bool | None = Field(
        None,
        description="Everything the user has had, including the request's `item_ids`. Null or left out, it follows "
        "the data: excluded unless people use items again; not in a search, nor where a list is ordered. Where "
        "`since` or `event_types` is given, null and false leave out no more than what these name.",
    )
    since: Moment | None = Field(
        None,
        description="What the user has had at or after this moment, whatever `interacted` says.",
        examples=["2026-11-01T00:00:00Z"],
    )
    event_types: list[EventType] | None = Field(
        None,
        max_length=32,
        description="What the user has had by an event of one of these types, whatever `interacted` says; the only way "
        "to leave out what was shown to them: `impression`. With `since`, what is both. An empty list overrules a "
        "scenario's.",
        examples=[["like", "dislike"]],
    )

    def to_engine(self) -> engine.Exclude:
        """Return the same for the engine."""
        return engine.Exclude(
            item_ids=self.item_ids, interacted=self.interacted, since=self.since, event_types=self.event_types
        )


class Boost(Body):
    """Lifts the items that a filter matches, or buries them."""

    filter: Filter
    amount: Amount = Field(
        description="Added to the score; below 0 it buries. A component of weight 1 gives its tenth-best item about 1.",
        examples=[0.3],
    )

    def to_engine(self) -> engine.Boost:
        """Return the same for the engine."""
        return engine.Boost(self.filter, self.amount)


class Pin(Body):
    """Puts an item at a position, whatever its score; not where it is deleted, hidden or excluded by id."""

    item_id: Id = Field(description="The item.")
    position: Limit = Field(description="Its place in the whole answer, from 1.")

    def to_engine(self) -> engine.Pin:
        """Return the same for the engine."""
        return engine.Pin(self.item_id, self.position)


class Promote(Body):
    """Keeps places for items that a filter matches, from the top on, as far as there are such items."""

    filter: Filter
    share: Share = Field(description="Share of the places; 0.2 is one in five.", examples=[0.2])

    def to_engine(self) -> engine.Promote:
        """Return the same for the engine."""
        return engine.Promote(self.filter, self.share)


class Cap(Body):
    """Answers at most so many items of each value of a property."""

    field: PropertyName = Field(
        description="Name of the property; each value of a list counts, and an item without one is not capped.",
        examples=["director"],
    )
    most: Limit = Field(description="How many.", examples=[2])

    def to_engine(self) -> engine.Cap:
        """Return the same for the engine."""
        return engine.Cap(self.field, self.most)
