"""What a recommender answers; plain data, no web framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

__all__ = [
    "Answer",
    "AppliedContext",
    "Contribution",
    "Explanation",
    "Insight",
    "Insights",
    "Item",
    "ItemPage",
    "Missing",
    "PastItem",
    "PlacedBy",
    "Profile",
    "RecommendedItem",
    "RemovedBy",
    "SimilarUser",
    "SimilarUsers",
    "User",
    "UserPage",
    "Why",
]

PlacedBy = Literal["score", "pin", "promote", "exploration"]
"""What brought an item to its place."""

RemovedBy = Literal[
    "unknown",
    "deleted",
    "hidden",
    "not_available",
    "excluded",
    "interacted",
    "filter",
    "earlier_page",
    "cap",
    "pin",
    "promote",
    "diversity",
    "exploration",
    "below_limit",
]
"""Why an item is not in an answer, the first that holds in this order.

``cap`` to ``exploration`` are the rules of the request that change the order, where the item would be answered, here or
on an earlier page, but for the rule; ``pin`` as well where the item is pinned further down than is answered.
"""


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
        components: Weighted, standardised value of each component, and of the two adjustments beside them: ``boost``,
            by the request, and ``impressions``, below 0 where the item was shown and left alone.
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
    placed_by: PlacedBy = "score"


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


@dataclass(frozen=True)
class Why:
    """Why an item is recommended to a user, or is not.

    Attributes:
        item_id: The item.
        properties: Those the query includes; {} for an unknown item.
        rank: Its place by score among all items that may be answered, from 1, or the place it would have there but for
            ``removed_by``; None where it has no score.
        of: How many items may be answered, those among them that only a pin brings in.
        score: Its score; None for an item that cannot be scored.
        explanation: How the score came about.
        removed_by: What keeps it out of an answer of the query's limit; None where it is in it.
        text: The same in a sentence.
    """

    item_id: str
    properties: dict[str, object]
    rank: int | None
    of: int
    score: float | None
    explanation: Explanation | None
    removed_by: RemovedBy | None
    text: str


@dataclass(frozen=True)
class Item:
    """An item of the catalogue.

    Attributes:
        item_id: Its id.
        properties: JSON values by name. ``title`` and ``description`` (text) and ``categories`` (a list of texts) are
            what is embedded; ``is_hidden``, ``available_from`` and ``available_until`` keep it out of answers.
    """

    item_id: str
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ItemPage:
    """Items in the order of their ids; ``next_cursor`` asks for those after them, None at the end."""

    items: list[Item]
    next_cursor: str | None


@dataclass(frozen=True)
class User:
    """A user and what is known of them beside what they did."""

    user_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UserPage:
    """Users in the order of their ids; ``next_cursor`` asks for those after them, None at the end."""

    users: list[User]
    next_cursor: str | None


@dataclass(frozen=True)
class PastItem:
    """One past item of a user.

    Attributes:
        item_id: The item.
        title: Its title; "" where it has none.
        weight: How much it counts in the profile; below 0 against what is like it, 0 is one the user has had, no more.
        event_types: What the user did with it, as far as that is known.
        last: When, last, in UTC; None where unknown.
    """

    item_id: str
    title: str
    weight: float
    event_types: Sequence[str]
    last: datetime | None


@dataclass(frozen=True)
class Profile:
    """What is known of a user, and how it is weighed.

    Attributes:
        user_id: The user.
        known: Whether anything is.
        attributes: What is known beside what they did.
        items: Past items, latest first.
        weights: What each component weighs in a request that says nothing of it.
        impressions: How many of the items shown to the user count as left alone.
    """

    user_id: str
    known: bool
    attributes: Mapping[str, str]
    items: list[PastItem]
    weights: Mapping[str, float]
    impressions: int


@dataclass(frozen=True)
class Insight:
    """How often what was shown was taken.

    Attributes:
        impressions: Events of type ``impression`` that name their recommendation.
        clicks: Recommended items that some other act followed on, each counted once.
        rate: Clicks per impression; None without impressions.
    """

    impressions: int
    clicks: int
    rate: float | None


@dataclass(frozen=True)
class Insights:
    """Click-through of the recommendations that events name, since a moment.

    Attributes:
        since: From when on; None for all.
        total: Of all.
        by_scenario: By scenario, "" for none.
        by_rank: By place in the answer, from 1, the first hundred.
        by_component: By the component that said most for the item.
    """

    since: datetime | None
    total: Insight
    by_scenario: Mapping[str, Insight]
    by_rank: Mapping[int, Insight]
    by_component: Mapping[str, Insight]
