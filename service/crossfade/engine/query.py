"""What is asked of a recommender; plain data, no web framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from crossfade.engine.bounds import (
    check_context,
    check_count,
    check_id,
    check_ids,
    check_number,
    check_text,
    check_types,
    check_whole,
)
from crossfade.errors import QueryError

__all__ = [
    "ADJUSTMENTS",
    "COMPONENTS",
    "MAX_BOOSTS",
    "MAX_DEPTH",
    "MAX_INCLUDE",
    "MAX_ITEM_IDS",
    "MAX_LIMIT",
    "MAX_PINS",
    "MAX_SEED",
    "MAX_TEXT",
    "MAX_WEIGHT",
    "Boost",
    "Cap",
    "Exclude",
    "Filter",
    "ListFields",
    "Pin",
    "Promote",
    "Query",
    "SearchFields",
    "SharedFields",
    "WhyFields",
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
MAX_EVENT_TYPES = 32
MAX_INCLUDE = 64
MAX_SEED = 2**53 - 1
MAX_DEPTH = 10_000
"""How many items cursors lead to at most."""


@dataclass(frozen=True)
class Exclude:
    """What must not be recommended.

    Attributes:
        item_ids: These items.
        interacted: Everything the user has had, including ``Query.item_ids``; None leaves it to the bundle, which
            excludes it unless people use items again. Where ``since`` or ``event_types`` is given, None and False mean
            no more than what these name.
        since: What the user has had at or after this moment (with a zone), whatever ``interacted`` says; acts of
            unknown time are older than any.
        event_types: What the user has had by an act of one of these types, whatever ``interacted`` says; impressions
            count only here. With ``since``, what is both. None leaves it to a scenario, () means no type.
    """

    item_ids: Sequence[str] = ()
    interacted: bool | None = None
    since: datetime | None = None
    event_types: Sequence[str] | None = None

    @property
    def narrowed(self) -> bool:
        """Whether a time or types of acts say what of the user's past is left out."""
        return self.since is not None or bool(self.event_types)


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

    None says nothing, and leaves the field to ``scenario`` and ``fallback``; an empty list says that there shall be
    none of these, whatever a scenario says. Weights and context are left to these name by name, and the ids that
    either excludes are left out.

    Attributes:
        user_id: Whom to recommend to. A user the bundle does not know is no error.
        item_ids: Items to take as liked, for example those of an anonymous session, oldest first; repeats count once.
        text: What to look for, in words, 1 to 2,000 characters.
        among: Order only these items, 1 to 500; None means the whole catalogue.
        limit: How many items to answer, 1 to 500.
        cursor: ``Answer.next_cursor`` of the page before, with the same query otherwise.
        context: What is known of the moment, field by field, at most 32. Fields the bundle learned nothing about are
            named in the answer as ignored.
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
        include: Names of item properties to answer with each item, at most 64.
        scenario: Name of stored defaults, which hold where the query says nothing; insights count by it.
        fallback: Defaults of the way it is asked in (search, neighbours, rank), which hold where neither says anything.

    Raises:
        QueryError: If a value is out of its bounds.
    """

    user_id: str | None = None
    item_ids: Sequence[str] = ()
    text: str | None = None
    among: Sequence[str] | None = None
    limit: int | None = None
    cursor: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    blend: float | None = None
    filter: Filter | None = None
    exclude: Exclude = field(default_factory=Exclude)
    boost: Sequence[Boost] | None = None
    pin: Sequence[Pin] | None = None
    promote: Promote | None = None
    cap: Cap | None = None
    diversity: float | None = None
    exploration: float | None = None
    seed: int | None = None
    explain: bool | None = None
    include: Sequence[str] | None = None
    scenario: str | None = None
    fallback: Query | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.limit is not None:
            check_whole("limit", self.limit, 1, MAX_LIMIT)
        if self.user_id is not None:
            check_id("user_id", self.user_id)
        check_ids("item_ids", self.item_ids, MAX_ITEM_IDS)
        if self.among is not None:
            check_ids("among", self.among, MAX_LIMIT, least=1)
        if self.text is not None:
            check_text("text", self.text, MAX_TEXT, least=1)
        if self.include is not None:
            check_count("include", self.include, MAX_INCLUDE)
        check_context(self.context)
        self._check_weights()
        self._check_draws()
        self._check_rules()

    def _check_weights(self) -> None:
        for name, weight in self.weights.items():
            if name not in COMPONENTS:
                where = f"weights.{name}"
                raise QueryError(f"{where}: no such component; there are {', '.join(COMPONENTS)}", field=where)
            check_number(f"weights.{name}", weight, 0, MAX_WEIGHT)
        if self.blend is None:
            return
        check_number("blend", self.blend, 0, 1)
        if not {"collaborative", "content"}.isdisjoint(self.weights):
            raise QueryError("blend: says how collaborative and content share; give it or their weights", field="blend")

    def _check_draws(self) -> None:
        if self.seed is not None:
            check_whole("seed", self.seed, 0, MAX_SEED)
        for name, value in (("diversity", self.diversity), ("exploration", self.exploration)):
            if value is not None:
                check_number(name, value, 0, 1)

    def _check_rules(self) -> None:
        check_ids("exclude.item_ids", self.exclude.item_ids, MAX_ITEM_IDS)
        if self.exclude.event_types is not None:
            check_types("exclude.event_types", self.exclude.event_types, MAX_EVENT_TYPES)
        if self.exclude.since is not None and self.exclude.since.tzinfo is None:
            raise QueryError("exclude.since: expected a time with a zone", field="exclude.since")
        boosts, pins = self.boost or (), self.pin or ()
        check_count("boost", boosts, MAX_BOOSTS)
        for place, boost in enumerate(boosts):
            check_number(f"boost.{place}.amount", boost.amount, -MAX_WEIGHT, MAX_WEIGHT)
        check_count("pin", pins, MAX_PINS)
        for place, pin in enumerate(pins):
            check_id(f"pin.{place}.item_id", pin.item_id)
            check_whole(f"pin.{place}.position", pin.position, 1, MAX_LIMIT)
        for name in ("item_id", "position"):
            if len({getattr(pin, name) for pin in pins}) < len(pins):
                raise QueryError(f"pin: two with the same {name}", field="pin")
        if self.promote is not None:
            check_number("promote.share", self.promote.share, 0, 1)
        if self.cap is not None:
            check_whole("cap.most", self.cap.most, 1, MAX_LIMIT)


class SharedFields(TypedDict, total=False):
    """The fields of a ``Query`` as keyword arguments that every way of asking takes."""

    limit: int | None
    cursor: str | None
    context: Mapping[str, str]
    weights: Mapping[str, float]
    blend: float | None
    filter: Filter | None
    exclude: Exclude
    boost: Sequence[Boost] | None
    pin: Sequence[Pin] | None
    promote: Promote | None
    cap: Cap | None
    diversity: float | None
    exploration: float | None
    seed: int | None
    explain: bool | None
    include: Sequence[str] | None
    scenario: str | None


class SearchFields(SharedFields, total=False):
    """What a search takes beside its words."""

    user_id: str | None
    item_ids: Sequence[str]


class ListFields(SharedFields, total=False):
    """What the neighbours of an item, or a list to be ordered, take beside the items."""

    user_id: str | None
    text: str | None


class WhyFields(SharedFields, total=False):
    """What the question why takes beside the user and the item."""

    item_ids: Sequence[str]
    text: str | None
