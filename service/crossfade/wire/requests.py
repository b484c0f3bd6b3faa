"""What a caller may send in a body, and the engine's own words for it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from crossfade import engine
from crossfade.engine.query import MAX_ITEM_IDS, MAX_LIMIT
from crossfade.wire.fields import ContextField, ContextValue, Id, Limit, PropertyName, Text, Weight, WireModel

__all__ = [
    "Exclude",
    "RankRequest",
    "RecommendationsRequest",
    "ReloadRequest",
    "SearchExclude",
    "SearchRequest",
    "Weights",
]


def _without_repeats(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


Include = Annotated[
    list[PropertyName],
    AfterValidator(_without_repeats),
    Field(
        max_length=64,
        description="Item properties to answer with each item; `GET /v1/bundle` lists their names.",
        examples=[["title", "categories"]],
    ),
]
Explain = Annotated[bool, Field(description="Whether to say how each score came about.")]
UserId = Annotated[
    Id | None, Field(description="Whom to answer for. A user the bundle does not know is no error.", examples=["p0452"])
]


class _Body(WireModel):
    # JSON has its own types: a number in quotes is a mistake to be told about.
    model_config = ConfigDict(strict=True)


class Weights(_Body):
    """How much each component counts; one that is not named keeps the bundle's default, and 0 leaves it out."""

    collaborative: Weight | None = Field(None, description="What people do: who likes this likes that.", examples=[1.0])
    content: Weight | None = Field(None, description="What items say: nearness in meaning of their texts.")
    context: Weight | None = Field(None, description="What goes with the moment.")
    attributes: Weight | None = Field(None, description="What goes with who asks, as far as the users file tells.")
    popularity: Weight | None = Field(None, description="What everyone uses.")
    trend: Weight | None = Field(None, description="What is used lately more than before.")

    def to_engine(self) -> dict[str, float]:
        """Return the weights that are named, by component."""
        return {name: weight for name, weight in self if weight is not None}


class Exclude(_Body):
    """What must not be answered."""

    item_ids: list[Id] = Field([], max_length=MAX_ITEM_IDS, description="These items; unknown ones do no harm.")
    interacted: bool | None = Field(
        None,
        description="Everything the user has had, including the request's `item_ids`. Null or left out, it follows "
        "the data: excluded unless people use items again.",
    )

    def to_engine(self) -> engine.Exclude:
        """Return the same for the engine."""
        return engine.Exclude(item_ids=self.item_ids, interacted=self.interacted)


class SearchExclude(Exclude):
    """What a search must not answer; what the user has had stays in, unless excluded."""

    interacted: bool | None = Field(False, description="Everything the user has had. Null follows the data.")


class RecommendationsRequest(_Body):
    """Whom or what to recommend for; every field is optional, and none at all asks for what is popular."""

    user_id: UserId = None
    item_ids: list[Id] = Field(
        [],
        max_length=MAX_ITEM_IDS,
        description="Items to take as liked, oldest first, for example those of an anonymous session; unknown ones "
        "are named in the answer under `missing`.",
    )
    text: Text | None = Field(None, description="What to look for, in words.", examples=["crime in the far north"])
    limit: Limit = Field(10, description="How many items to answer at most.")
    context: dict[ContextField, ContextValue] = Field(
        {},
        max_length=32,
        description="What is known of the moment, field by field. `timestamp` (ISO 8601 or a unix time; now, if left "
        "out) and `timezone` (an IANA name) tell the part of day, the weekday and the weekend on the user's clock. "
        "What the bundle learned nothing about is named in the answer under `context.ignored`.",
        examples=[{"device": "tv", "timestamp": "2026-11-21T20:15:00+01:00"}],
    )
    weights: Weights = Field(Weights(), description="How much each component counts.")
    exclude: Exclude = Field(Exclude(), description="What must not be answered.")
    explain: Explain = False
    include: Include = Field(["title"])

    def to_engine(self) -> engine.Query:
        """Return the query that this asks.

        Raises:
            QueryError: If a value is out of its bounds.
        """
        return engine.Query(
            user_id=self.user_id,
            item_ids=self.item_ids,
            text=self.text,
            limit=self.limit,
            context=self.context,
            weights=self.weights.to_engine(),
            exclude=self.exclude.to_engine(),
            explain=self.explain,
            include=self.include,
        )


class SearchRequest(_Body):
    """What to look for, in words, and whose taste tilts the order."""

    text: Text = Field(description="What to look for, in words.", examples=["lonely people in space"])
    user_id: UserId = None
    limit: Limit = Field(10, description="How many items to answer at most.")
    weights: Weights = Field(
        Weights(),
        description="How much each component counts; but for what people do and what items say, 0 unless named.",
    )
    exclude: SearchExclude = Field(SearchExclude(), description="What must not be answered.")
    explain: Explain = False
    include: Include = Field(["title"])

    def to_engine(self) -> engine.Query:
        """Return the query that this asks.

        Raises:
            QueryError: If a value is out of its bounds.
        """
        return engine.search_query(
            self.text,
            user_id=self.user_id,
            limit=self.limit,
            weights=self.weights.to_engine(),
            exclude=self.exclude.to_engine(),
            explain=self.explain,
            include=self.include,
        )


class RankRequest(_Body):
    """A list of the caller's own, to be put in order."""

    item_ids: list[Id] = Field(
        min_length=1,
        max_length=MAX_LIMIT,
        description="The items to order. Repeats count once; unknown ones are named in the answer under `missing`.",
    )
    user_id: UserId = None
    text: Text | None = Field(None, description="What to look for, in words.")
    weights: Weights = Field(Weights(), description="How much each component counts.")
    explain: Explain = False
    include: Include = Field(["title"])

    def to_engine(self) -> engine.Query:
        """Return the query that this asks.

        Raises:
            QueryError: If a value is out of its bounds.
        """
        return engine.rank_query(
            self.item_ids,
            user_id=self.user_id,
            text=self.text,
            weights=self.weights.to_engine(),
            explain=self.explain,
            include=self.include,
        )


class ReloadRequest(_Body):
    """Which version of the bundle to serve."""

    version: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Name of the version to point at; without one, the version the pointer names is read again.",
        examples=["20261121T081500.000000Z-0123456789ab"],
    )
