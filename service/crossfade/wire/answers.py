"""What the service answers, and how the engine's answers become that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import Field

from crossfade import engine
from crossfade.bundle import Bundle
from crossfade.bundle.manifest import (
    Counts,
    EncoderInfo,
    Factorization,
    FieldInfo,
    FusionWeights,
    IndexInfo,
    ProfileRules,
)
from crossfade.wire.fields import WireModel

__all__ = [
    "AppliedContext",
    "BatchAnswer",
    "BundleAnswer",
    "Contribution",
    "Explanation",
    "LiveAnswer",
    "Missing",
    "ReadyAnswer",
    "RecommendationsAnswer",
    "RecommendedItem",
    "ReloadAnswer",
    "SimilarUser",
    "SimilarUsersAnswer",
    "WhyAnswer",
    "answer_to_wire",
    "answers_to_wire",
    "bundle_to_wire",
    "similar_users_to_wire",
    "why_to_wire",
]


class Contribution(WireModel):
    """What one past item adds to a score."""

    item_id: str = Field(description="The past item.")
    title: str = Field(description="Its title; empty where the catalogue has none.")
    contribution: float = Field(description="In score units; negative where it speaks against.")


class Explanation(WireModel):
    """How a score came about. It is exact: the components add up to the score, and so do its origins."""

    components: dict[str, float] = Field(
        description="Weighted, standardised value of each component; their sum is the score. 0 where a component "
        "has nothing to go by. `boost` is what the request's boosts add, `impressions` what was shown and left alone."
    )
    because: list[Contribution] = Field(
        description="The past items that count most for or against, the weightiest first, at most 5."
    )
    other_items: float = Field(description="Contribution of all other past items together.")
    query_text: float = Field(description="Contribution of the text in the request.")
    text: str = Field(description="The main reason in a sentence.")


class RecommendedItem(WireModel):
    """One item of an answer."""

    item_id: str = Field(description="The item.")
    rank: int = Field(ge=1, description="Its place, from 1.")
    score: float = Field(description="Higher is better; comparable within this answer.")
    properties: dict[str, object] = Field(
        description="The properties named in `include`; null where the item has none of that name."
    )
    explanation: Explanation | None = Field(description="How the score came about; null unless asked for.")
    placed_by: engine.PlacedBy = Field(description="What brought it to its place.")


class AppliedContext(WireModel):
    """What became of the request's context."""

    applied: dict[str, str] = Field(description="Fields that counted, with the value they were understood as.")
    ignored: dict[str, str] = Field(description="Fields the bundle learned nothing about.")


class Missing(WireModel):
    """What the request named and the bundle does not know."""

    user_id: str | None = Field(description="The user, if unknown.")
    item_ids: list[str] = Field(
        description="The items that are unknown, each once, whether given as liked, to be ordered or to be pinned."
    )


class RecommendationsAnswer(WireModel):
    """Items, best first; equal scores are ordered by popularity.

    Pins, promotion, diversity and exploration change the order, never a score.
    """

    recommendation_id: str = Field(description="To send along with the events that follow from this answer.")
    bundle: str = Field(description="Version of the bundle that answered.")
    cold_start: bool = Field(
        description="Whether nothing that the user liked was known, so that the collaborative component is absent."
    )
    items: list[RecommendedItem] = Field(description="At most `limit` items.")
    context: AppliedContext = Field(description="What became of the request's context.")
    missing: Missing = Field(description="What the bundle does not know.")
    next_cursor: str | None = Field(description="Asks for the items after these; null where there are no more.")


class BatchAnswer(WireModel):
    """The answers to many requests, in their order."""

    answers: list[RecommendationsAnswer] = Field(description="One for each of `queries`.")


class WhyAnswer(WireModel):
    """Why an item is recommended to a user, or is not."""

    item_id: str = Field(description="The item.")
    properties: dict[str, object] = Field(
        description="The properties named in `include`; empty for an item nobody knows."
    )
    rank: int | None = Field(
        description="Its place by score among all items that may be answered, from 1, or the place it would have there "
        "but for `removed_by`; null where it has no score."
    )
    of: int = Field(
        ge=0, description="How many items may be answered, those among them that only a pin of the request brings in."
    )
    score: float | None = Field(description="Its score; null for an item that cannot be scored.")
    explanation: Explanation | None = Field(description="How the score came about.")
    removed_by: engine.RemovedBy | None = Field(
        description="What keeps it out of an answer of this `limit`, the first that holds in the order listed; null "
        "where it is in it. `cap`, `pin`, `promote`, `diversity` and `exploration` are the rules of the request, where "
        "the item would be answered but for one of them, `pin` also where it is pinned further down than is answered; "
        "`earlier_page` says that it stands on a page before that of the `cursor`."
    )
    text: str = Field(description="The same in a sentence.")


class SimilarUser(WireModel):
    """A user of like taste."""

    user_id: str = Field(description="The user.")
    similarity: float = Field(ge=-1, le=1, description="Cosine of their tastes: 1 where they would score all alike.")


class SimilarUsersAnswer(WireModel):
    """Users of like taste, most similar first."""

    bundle: str = Field(description="Version of the bundle that answered.")
    cold_start: bool = Field(description="Whether nothing was known of the user's behaviour; `users` is then empty.")
    users: list[SimilarUser] = Field(description="At most `limit` users, never the one asked for.")
    missing: Missing = Field(description="What the bundle does not know.")


class BundleAnswer(WireModel):
    """The bundle that is being served, and how it was made."""

    version: str = Field(description="Its name.")
    created_at: datetime = Field(description="When it was made, in UTC.")
    crossfade_version: str = Field(description="Version of the package that made it.")
    counts: Counts = Field(description="How much it holds.")
    properties: list[str] = Field(
        description="Names that `include` may hold now, live items' among them, in alphabetical order."
    )
    fusion: FusionWeights = Field(
        description="Default weights, from a newcomer's to a regular's. A weight that a request names is not faded, "
        "and a request with a text of its own is answered like a newcomer's, with content weighing at least 1."
    )
    profile: ProfileRules = Field(description="How a user's past items count.")
    fields: dict[str, FieldInfo] = Field(description="What each context field and `user.<attribute>` tells.")
    encoder: EncoderInfo = Field(description="What made the embeddings, and encodes the text of requests.")
    factorization: Factorization = Field(description="Hyper-parameters of the truncated SVD.")
    indexes: dict[str, IndexInfo] = Field(description="The FAISS indexes: `embeddings`, `targets`, `users`.")


class ReloadAnswer(WireModel):
    """What is being served now."""

    bundle: str = Field(description="Version served from now on by the process that answered; others follow.")
    previous: str = Field(description="Version served before.")
    changed: bool = Field(description="Whether they differ.")


class LiveAnswer(WireModel):
    """The process runs."""

    status: Literal["live"] = Field("live", description="Always `live`.")


class ReadyAnswer(WireModel):
    """The service answers."""

    status: Literal["ready"] = Field("ready", description="Always `ready`; otherwise the status is 503.")
    bundle: str = Field(description="Version of the bundle being served.")
    items: int = Field(ge=0, description="Items that can be recommended.")
    users: int = Field(ge=0, description="Users with at least one event.")


def answer_to_wire(answer: engine.Answer) -> RecommendationsAnswer:
    """Return an answer of the engine as it goes over HTTP."""
    return RecommendationsAnswer.model_validate(answer, from_attributes=True)


def answers_to_wire(answers: list[engine.Answer]) -> BatchAnswer:
    """Return the answers to many queries as they go over HTTP."""
    return BatchAnswer(answers=[answer_to_wire(answer) for answer in answers])


def why_to_wire(why: engine.Why) -> WhyAnswer:
    """Return why an item is recommended, or is not, as it goes over HTTP."""
    return WhyAnswer.model_validate(why, from_attributes=True)


def similar_users_to_wire(answer: engine.SimilarUsers) -> SimilarUsersAnswer:
    """Return similar users as they go over HTTP."""
    return SimilarUsersAnswer.model_validate(answer, from_attributes=True)


def bundle_to_wire(bundle: Bundle, properties: Iterable[str]) -> BundleAnswer:
    """Describe a bundle as it goes over HTTP.

    Args:
        bundle: It.
        properties: Names of the properties that its items, and those put since, have.
    """
    manifest = bundle.manifest
    return BundleAnswer(
        version=bundle.version,
        created_at=manifest.created_at,
        crossfade_version=manifest.crossfade_version,
        counts=manifest.counts,
        properties=sorted(properties),
        fusion=manifest.fusion,
        profile=manifest.profile,
        fields=manifest.fields,
        encoder=manifest.encoder,
        factorization=manifest.factorization,
        indexes=manifest.indexes,
    )
