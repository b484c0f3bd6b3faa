"""What is asked of a recommender, and what it answers; plain data, no web framework."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from crossfade.errors import QueryError

__all__ = [
    "ADJUSTMENTS",
    "COMPONENTS",
    "MAX_ITEM_IDS",
    "MAX_LIMIT",
    "MAX_TEXT",
    "MAX_WEIGHT",
    "Answer",
    "AppliedContext",
    "Boost",
    "Cap",
    "Contribution",
    "Exclude",
    "Explanation",
    "Filter",
    "Missing",
    "Pin",
    "Promote",
    "Query",
    "RecommendedItem",
    "SimilarUser",
    "SimilarUsers",
]

Filter = Mapping[str, object]
"""A condition on an item's properties, as JSON has it: see ``crossfade.engine.filters``."""

COMPONENTS = ("collaborative", "content", "context", "attributes", "popularity", "trend")
"""The named parts of every score that a weight goes with."""

ADJUSTMENTS = ("boost", "impressions")
"""What is added beside them: the request's boosts, and what was shown to the user and left alone."""

MAX_LIMIT = 500
MAX_ITEM_IDS = 1_000
MAX_TEXT = 2_000
MAX_WEIGHT = 100.0
MAX_BOOSTS = 20
MAX_PINS = 50
MAX_DEPTH = 10_000
"""How many items cursors lead to at most."""


@dataclass(frozen=True)
class Exclude:
    """What must not be recommended.

    Attributes:
        item_ids: These items.
        interacted: Everything the user has had, including ``Query.item_ids``; None leaves it to the bundle, which
            excludes it unless people use items again. Where ``since`` or ``event_types`` is given, None means no more
            than what these name.
        since: What the user has had at or after this moment (with a zone); acts of unknown time are older than any.
        event_types: What the user has had by an act of one of these types; impressions count only here.
    """

    item_ids: Sequence[str] = ()
    interacted: bool | None = None
    since: datetime | None = None
    event_types: Sequence[str] = ()


@dataclass(frozen=True)
class Boost:
    """Adds ``amount`` to the score of every item that a filter matches; below 0 it buries them.

    Attributes:
        filter: As in ``Query``.
        amount: -100 to 100, in score units: a component of weight 1 gives its tenth-best item about 1.
    """

    filter: Filter
    amount: float


@dataclass(frozen=True)
class Pin:
    """Puts an item at a position, from 1, whatever its score; not where it is deleted, hidden or excluded by id."""

    item_id: str
    position: int


@dataclass(frozen=True)
class Promote:
    """Keeps at least ``share`` of the places, from the top on, for items that a filter matches, if there are so many.

    Attributes:
        filter: As in ``Query``.
        share: 0 to 1; 0.2 is one in five.
    """

    filter: Filter
    share: float


@dataclass(frozen=True)
class Cap:
    """Answers at most ``most`` items of each value of a property; an item without one is not capped.

    Attributes:
        field: Name of the property; each value of a list counts.
        most: At least 1.
    """

    field: str
    most: int


@dataclass(frozen=True)
class Query:
    """One request for recommendations; every part is optional, and an empty one asks for what is popular.

    Attributes:
        user_id: Whom to recommend to. A user the bundle does not know is no error.
        item_ids: Items to take as liked, for example those of an anonymous session, oldest first; repeats count once.
        text: What to look for, in words.
        among: Order only these items, at most 500; None means the whole catalogue.
        limit: How many items to answer, 1 to 500.
        cursor: ``Answer.next_cursor`` of the page before, with the same query otherwise.
        context: What is known of the moment, field by field. Fields the bundle learned nothing about are named in
            the answer as ignored.
        weights: Weight of each component, 0 to 100; those not named keep the bundle's default.
        blend: From 0 (what items say) to 1 (what people do), in place of the weights of these two, whose sum it keeps.
        filter: What items must be like, as JSON has it; see ``filters``.
        exclude: What must not be answered.
        boost: What to lift or bury, at most 20.
        pin: What to put where, at most 50.
        promote: What to keep places for.
        cap: How many of a kind to answer at most.
        diversity: 0 to 1: how much unlikeness to what stands above counts beside the score.
        exploration: 0 to 1: the share of places, at most, that go to items drawn from further down.
        seed: Of those draws; None draws afresh for every request.
        explain: Whether to say how each score came about.
        include: Names of item properties to answer with each item.
        scenario: Name that insights count the answer under; its stored defaults are filled in by whoever asks.

    Raises:
        QueryError: If a value is out of its bounds.
    """

    user_id: str | None = None
    item_ids: Sequence[str] = ()
    text: str | None = None
    among: Sequence[str] | None = None
    limit: int = 10
    cursor: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    blend: float | None = None
    filter: Filter | None = None
    exclude: Exclude = field(default_factory=Exclude)
    boost: Sequence[Boost] = ()
    pin: Sequence[Pin] = ()
    promote: Promote | None = None
    cap: Cap | None = None
    diversity: float = 0.0
    exploration: float = 0.0
    seed: int | None = None
    explain: bool = False
    include: Sequence[str] = ("title",)
    scenario: str | None = None

    def __post_init__(self) -> None:
        if type(self.limit) is not int or not 1 <= self.limit <= MAX_LIMIT:
            raise QueryError(f"limit: expected 1 to {MAX_LIMIT}, got {self.limit}", field="limit")
        _check_ids("item_ids", self.item_ids, MAX_ITEM_IDS)
        _check_ids("among", self.among or (), MAX_LIMIT)
        _check_ids("exclude.item_ids", self.exclude.item_ids, MAX_ITEM_IDS)
        if self.text is not None and not isinstance(self.text, str):
            raise QueryError(f"text: expected words, got {self.text!r}", field="text")
        if self.text is not None and len(self.text) > MAX_TEXT:
            raise QueryError(f"text: expected at most {MAX_TEXT} characters, got {len(self.text)}", field="text")
        for name, weight in self.weights.items():
            _check_weight(name, weight)


def _check_ids(where: str, ids: Sequence[str], most: int) -> None:
    if isinstance(ids, str):  # a string is a sequence of strings, and never what was meant
        raise QueryError(f"{where}: expected a list of ids, got one string", field=where)
    if len(ids) > most:
        raise QueryError(f"{where}: expected at most {most} ids, got {len(ids)}", field=where)


def _check_weight(name: str, weight: float) -> None:
    where = f"weights.{name}"
    if name not in COMPONENTS:
        raise QueryError(f"{where}: no such component; there are {', '.join(COMPONENTS)}", field=where)
    if not (math.isfinite(weight) and 0 <= weight <= MAX_WEIGHT):
        raise QueryError(f"{where}: expected a number from 0 to {MAX_WEIGHT:g}, got {weight}", field=where)


@dataclass(frozen=True)
class Contribution:
    """What one past item adds to a score, in score units; negative where it speaks against."""

    item_id: str
    title: str
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """How one score came about; exact, not a story.

    The score is the sum of ``components``. It is also the sum of the contributions in ``because``, ``other_items``,
    ``query_text`` and the components that come from no past item and no text (all but ``collaborative`` and
    ``content``).

    Attributes:
        components: Weighted, standardised value of each component.
        because: The past items that contribute most in absolute terms, largest first; equal ones by item row.
        other_items: Contribution of all other past items together.
        query_text: Contribution of the text in the request.
        text: The same in a sentence.
    """

    components: dict[str, float]
    because: list[Contribution]
    other_items: float
    query_text: float
    text: str


@dataclass(frozen=True)
class RecommendedItem:
    """One item of an answer, ranks from 1; ``placed_by`` says what else than its score brought it to its place."""

    item_id: str
    rank: int
    score: float
    properties: dict[str, object]
    explanation: Explanation | None = None
    placed_by: Literal["score", "pin", "promote", "exploration"] = "score"


@dataclass(frozen=True)
class AppliedContext:
    """Which parts of the request's context counted, and which the bundle knows nothing about."""

    applied: dict[str, str]
    ignored: dict[str, str]


@dataclass(frozen=True)
class Missing:
    """What the request named and the bundle does not know."""

    user_id: str | None = None
    item_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """Recommended items, best first; equal scores ordered by item row, that is by popularity.

    Pins, promotion, diversity and exploration change the order, never a score.

    Attributes:
        recommendation_id: To send along with the events that follow from this answer.
        bundle: Version of the bundle that answered.
        cold_start: Whether nothing that the user liked was known, so that the collaborative component is absent.
        items: At most ``limit`` items.
        context: What the context did.
        missing: Unknown user or items.
        next_cursor: Asks for the items after these; None where there are no more.
    """

    recommendation_id: str
    bundle: str
    cold_start: bool
    items: list[RecommendedItem]
    context: AppliedContext
    missing: Missing
    next_cursor: str | None


@dataclass(frozen=True)
class SimilarUser:
    """A user of like taste; ``similarity`` is a cosine, -1 to 1."""

    user_id: str
    similarity: float


@dataclass(frozen=True)
class SimilarUsers:
    """Users of like taste, most similar first, and what was missing to find them."""

    bundle: str
    cold_start: bool
    users: list[SimilarUser]
    missing: Missing
