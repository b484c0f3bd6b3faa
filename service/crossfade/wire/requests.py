"""What a caller may ask in a body, and the engine's own words for it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from crossfade import engine
from crossfade.engine.query import MAX_BOOSTS, MAX_INCLUDE, MAX_ITEM_IDS, MAX_LIMIT, MAX_PINS, SharedFields
from crossfade.errors import QueryError
from crossfade.wire.fields import (
    Body,
    Context,
    Cursor,
    Id,
    Limit,
    PropertyName,
    ScenarioName,
    Seed,
    Share,
    Text,
)
from crossfade.wire.rules import Boost, Cap, Exclude, Filter, Pin, Promote, Weights

__all__ = [
    "MAX_BATCH",
    "BatchRequest",
    "Defaults",
    "RankRequest",
    "RecommendationsRequest",
    "ReloadRequest",
    "SearchRequest",
    "at_place",
]

MAX_BATCH = 100
"""How many queries one request may hold."""


def at_place(error: QueryError, place: int) -> QueryError:
    """Return what is wrong with one query as what is wrong with the batch it stands in."""
    return QueryError(f"queries.{place}.{error}", field=f"queries.{place}.{error.field}")


def _without_repeats(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


Include = Annotated[
    list[PropertyName],
    Field(
        max_length=MAX_INCLUDE,
        description="Item properties to answer with each item, the title if left out; `GET /v1/bundle` lists their "
        "names.",
        examples=[["title", "categories"]],
    ),
    AfterValidator(_without_repeats),
]
UserId = Annotated[
    Id | None, Field(description="Whom to answer for. A user nobody knows is no error.", examples=["p0452"])
]
Words = Annotated[Text | None, Field(description="What to look for, in words.", examples=["crime in the far north"])]
Liked = Annotated[
    list[Id],
    Field(
        max_length=MAX_ITEM_IDS,
        description="Items to take as liked, oldest first, for example those of an anonymous session; unknown ones "
        "are named in the answer under `missing`.",
    ),
]


class Defaults(Body):
    """What a request may leave to a scenario: null is the same as leaving it out, an empty list says none of these."""

    limit: Limit | None = Field(None, description="How many items to answer at most; 10 if nothing says more.")
    context: Context | None = Field(
        None,
        description="What is known of the moment, field by field. `timestamp` (ISO 8601 or a unix time; now, if left "
        "out) and `timezone` (an IANA name) tell the part of day, the weekday and the weekend on the user's clock. "
        "What the bundle learned nothing about is named in the answer under `context.ignored`.",
        examples=[{"device": "tv", "timestamp": "2026-11-21T20:15:00+01:00"}],
    )
    weights: Weights | None = Field(None, description="How much each component counts.")
    blend: Share | None = Field(
        None,
        description="One knob instead of two weights: from 0, what items say, to 1, what people do.",
        examples=[0.5],
    )
    filter: Filter | None = Field(None, description="What items must be like.")
    exclude: Exclude | None = Field(None, description="What must not be answered.")
    boost: list[Boost] | None = Field(None, max_length=MAX_BOOSTS, description="What to lift or bury.")
    pin: list[Pin] | None = Field(None, max_length=MAX_PINS, description="What to put where.")
    promote: Promote | None = Field(None, description="What to keep places for.")
    cap: Cap | None = Field(None, description="How many of a kind to answer at most.")
    diversity: Share | None = Field(
        None, description="How much unlikeness to what stands above counts beside the score.", examples=[0.3]
    )
    exploration: Share | None = Field(
        None, description="Share of the places, at most, that go to items drawn from further down.", examples=[0.1]
    )
    explain: bool | None = Field(None, description="Whether to say how each score came about.")
    include: Include | None = Field(
        None, description="Item properties to answer with each item; the title if left out."
    )


class _Shared(Defaults):
    """What every way of asking takes."""

    seed: Seed | None = Field(None, description="Of the draws of `exploration`; drawn afresh if left out.")
    scenario: ScenarioName | None = Field(
        None, description="Name of stored defaults for what this request leaves out.", examples=["homepage"]
    )
    cursor: Cursor | None = Field(
        None, description="`next_cursor` of the page before, to continue it; the rest of the request stays as it was."
    )

    def shared(self) -> SharedFields:
        """Return the fields that every way of asking takes, in the engine's words."""
        return {
            "limit": self.limit,
            "cursor": self.cursor,
            "context": self.context or {},
            "weights": {} if self.weights is None else self.weights.to_engine(),
            "blend": self.blend,
            "filter": self.filter,
            "exclude": engine.Exclude() if self.exclude is None else self.exclude.to_engine(),
            "boost": None if self.boost is None else [one.to_engine() for one in self.boost],
            "pin": None if self.pin is None else [one.to_engine() for one in self.pin],
            "promote": None if self.promote is None else self.promote.to_engine(),
            "cap": None if self.cap is None else self.cap.to_engine(),
            "diversity": self.diversity,
            "exploration": self.exploration,
            "seed": self.seed,
            "explain": self.explain,
            "include": self.include,
            "scenario": self.scenario,
        }


# The fields of the class named last come first in the document: whom and what, before how.
class _Asked(Body):
    user_id: UserId = None
    item_ids: Liked = Field([])
    text: Words = None


class RecommendationsRequest(_Shared, _Asked):
    """Whom or what to recommend for; every field is optional, and none at all asks for what is popular."""

    def to_engine(self) -> engine.Query:
        """Return the query that this asks.

        Raises:
            QueryError: If a value is out of its bounds.
        """
        return engine.Query(user_id=self.user_id, item_ids=self.item_ids, text=self.text, **self.shared())


class BatchRequest(Body):
    """Many requests at once."""

    queries: list[RecommendationsRequest] = Field(
        min_length=1, max_length=MAX_BATCH, description="Each is what `POST /v1/recommendations` takes."
    )

    def to_engine(self) -> list[engine.Query]:
        """Return the queries that this asks.

        Raises:
            QueryError: If a value is out of its bounds; its field names the query's place.
        """
        queries = []
        for place, query in enumerate(self.queries):
            try:
                queries.append(query.to_engine())
            except QueryError as error:
                raise at_place(error, place) from error
        return queries


class _Search(Body):
    text: Text = Field(description="What to look for, in words.", examples=["lonely people in space"])
    user_id: UserId = None
    item_ids: Liked = Field([])


class SearchRequest(_Shared, _Search):
    """What to look for, in words, and whose taste tilts the order.

    Beside what people do and what items say, components count only if their weights are named.
    """

    def to_engine(self) -> engine.Query:
        """Return the query that this asks.

        Raises:
            QueryError: If a value is out of its bounds.
        """
        return engine.search_query(self.text, user_id=self.user_id, item_ids=self.item_ids, **self.shared())


class _Rank(Body):
    item_ids: list[Id] = Field(
        min_length=1,
        max_length=MAX_LIMIT,
        description="The items to order. Repeats count once; unknown ones are named in the answer under `missing`.",
    )
    user_id: UserId = None
    text: Words = None


class RankRequest(_Shared, _Rank):
    """A list of the caller's own, to be put in order; all of it is answered unless a rule or `limit` says less."""

    limit: Limit | None = Field(None, description="How many of them to answer at most; all, if nothing says less.")

    def to_engine(self) -> engine.Query:
        """Return the query that this asks.

        Raises:
            QueryError: If a value is out of its bounds.
        """
        return engine.rank_query(self.item_ids, user_id=self.user_id, text=self.text, **self.shared())


class ReloadRequest(Body):
    """Which version of the bundle to serve."""

    version: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Name of the version to point at; without one, the version the pointer names is read again.",
        examples=["20261121T081500.000000Z-0123456789ab"],
    )
