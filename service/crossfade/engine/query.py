"""What is asked of a recommender, and what it answers; plain data, no web framework."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crossfade.errors import QueryError

__all__ = [
    "COMPONENTS",
    "MAX_ITEM_IDS",
    "MAX_LIMIT",
    "MAX_TEXT",
    "MAX_WEIGHT",
    "Answer",
    "AppliedContext",
    "Contribution",
    "Exclude",
    "Explanation",
    "Missing",
    "Query",
    "RecommendedItem",
    "SimilarUser",
    "SimilarUsers",
]

COMPONENTS = ("collaborative", "content", "context", "attributes", "popularity", "trend")
"""The named parts of every score."""

MAX_LIMIT = 500
MAX_ITEM_IDS = 1_000
MAX_TEXT = 2_000
MAX_WEIGHT = 100.0


@dataclass(frozen=True)
class Exclude:
    """What must not be recommended.

    Attributes:
        item_ids: These items.
        interacted: Everything the user has had, including ``Query.item_ids``; None leaves it to the bundle, which
            excludes it unless people use items again.
    """

    item_ids: Sequence[str] = ()
    interacted: bool | None = None


@dataclass(frozen=True)
class Query:
    """One request for recommendations; every part is optional, and an empty one asks for what is popular.

    Attributes:
        user_id: Whom to recommend to. A user the bundle does not know is no error.
        item_ids: Items to take as liked, for example those of an anonymous session, oldest first; repeats count once.
        text: What to look for, in words.
        among: Order only these items, at most 500; None means the whole catalogue.
        limit: How many items to answer, 1 to 500.
        context: What is known of the moment, field by field. Fields the bundle learned nothing about are named in
            the answer as ignored.
        weights: Weight of each component, 0 to 100; those not named keep the bundle's default.
        exclude: What must not be answered.
        explain: Whether to say how each score came about.
        include: Names of item properties to answer with each item.

    Raises:
        QueryError: If a value is out of its bounds.
    """

    user_id: str | None = None
    item_ids: Sequence[str] = ()
    text: str | None = None
    among: Sequence[str] | None = None
    limit: int = 10
    context: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    exclude: Exclude = field(default_factory=Exclude)
    explain: bool = False
    include: Sequence[str] = ("title",)

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
    """One item of an answer, ranks from 1."""

    item_id: str
    rank: int
    score: float
    properties: dict[str, object]
    explanation: Explanation | None = None


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

    Attributes:
        bundle: Version of the bundle that answered.
        cold_start: Whether nothing that the user liked was known, so that the collaborative component is absent.
        items: At most ``limit`` items.
        context: What the context did.
        missing: Unknown user or items.
    """

    bundle: str
    cold_start: bool
    items: list[RecommendedItem]
    context: AppliedContext
    missing: Missing


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
