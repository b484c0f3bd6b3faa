"""What a caller may send in the query string.

A list is its name repeated (``item_ids=a&item_ids=b``), because an id may hold a comma. A field of an object is
named as errors name it (``weights.content=2``). The context's fields are anyone's, so each is one ``field=value``.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from crossfade import engine
from crossfade.engine.query import MAX_ITEM_IDS
from crossfade.wire.fields import Id, Limit, Text, Weight, WireModel
from crossfade.wire.requests import Explain, Include

__all__ = ["RecommendationsParameters", "SimilarItemsParameters", "SimilarUsersParameters"]

ContextPair = Annotated[str, Field(max_length=321, pattern="^[^=]{1,64}=")]
ExcludedIds = Annotated[
    list[Id], Field(max_length=MAX_ITEM_IDS, description="Items that must not be answered; repeat for more.")
]


def _without_null(schema: dict[str, Any]) -> None:
    """Describe the value alone: in a query string there is no null, what is not given is left out."""
    (value,) = (choice for choice in schema.pop("anyOf") if choice != {"type": "null"})
    schema.pop("default", None)
    schema.update(value)


_Weight = Annotated[Weight | None, Field(json_schema_extra=_without_null)]
_Text = Annotated[Text | None, Field(json_schema_extra=_without_null)]


class SimilarUsersParameters(WireModel):
    """How many neighbours to answer."""

    limit: Limit = Field(10, description="How many to answer at most.")


class _Asked(WireModel):
    item_ids: list[Id] = Field(
        [], max_length=MAX_ITEM_IDS, description="Items to take as liked beside the user's own; repeat for more."
    )
    text: _Text = Field(None, description="What to look for, in words.")
    context: list[ContextPair] = Field(
        [], max_length=32, description="What is known of the moment, as `field=value`; repeat for more."
    )


class SimilarItemsParameters(WireModel):
    """What neighbours to answer, and how."""

    limit: Limit = Field(10, description="How many items to answer at most.")
    collaborative: _Weight = Field(
        None, alias="weights.collaborative", description="Weight of what people do; the bundle's default if not given."
    )
    content: _Weight = Field(
        None, alias="weights.content", description="Weight of what items say; the bundle's default if not given."
    )
    popularity: _Weight = Field(
        None,
        alias="weights.popularity",
        description="Weight of what everyone uses; 0 for neighbours if not given, else the bundle's default.",
    )
    trend: _Weight = Field(
        None,
        alias="weights.trend",
        description="Weight of what is used lately more than before; 0 for neighbours if not given, else the bundle's "
        "default.",
    )
    excluded: ExcludedIds = Field([], alias="exclude.item_ids")
    explain: Explain = False
    include: Include = Field(["title"])

    def weights(self) -> dict[str, float]:
        """Return the weights that are given, by component."""
        given = {
            "collaborative": self.collaborative,
            "content": self.content,
            "popularity": self.popularity,
            "trend": self.trend,
        }
        return {name: weight for name, weight in given.items() if weight is not None}

    def to_neighbours(self, item_id: str) -> engine.Query:
        """Return the query for an item's neighbours.

        Raises:
            QueryError: If a value is out of its bounds.
        """
        return engine.neighbours_query(
            item_id,
            limit=self.limit,
            weights=self.weights(),
            exclude=self.excluded,
            explain=self.explain,
            include=self.include,
        )


class RecommendationsParameters(SimilarItemsParameters, _Asked):
    """The request for recommendations, without its user."""

    context_weight: _Weight = Field(
        None,
        alias="weights.context",
        description="Weight of what goes with the moment; the bundle's default if not given.",
    )
    attributes_weight: _Weight = Field(
        None,
        alias="weights.attributes",
        description="Weight of what goes with who asks; the bundle's default if not given.",
    )
    interacted: Annotated[bool | None, Field(json_schema_extra=_without_null)] = Field(
        None,
        alias="exclude.interacted",
        description="Whether to leave out everything the user has had. If not given, it follows the data: left out "
        "unless people use items again.",
    )

    def weights(self) -> dict[str, float]:
        """Return the weights that are given, by component."""
        given = {"context": self.context_weight, "attributes": self.attributes_weight}
        return super().weights() | {name: weight for name, weight in given.items() if weight is not None}

    def to_engine(self, user_id: str) -> engine.Query:
        """Return the query that this asks for a user.

        Raises:
            QueryError: If a value is out of its bounds.
        """
        return engine.Query(
            user_id=user_id,
            item_ids=self.item_ids,
            text=self.text,
            limit=self.limit,
            context=dict(pair.split("=", 1) for pair in self.context),
            weights=self.weights(),
            exclude=engine.Exclude(item_ids=self.excluded, interacted=self.interacted),
            explain=self.explain,
            include=self.include,
        )
