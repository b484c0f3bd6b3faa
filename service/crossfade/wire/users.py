"""Users as they go over HTTP: what a caller puts, and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from crossfade import engine
from crossfade.engine.kept.users import MAX_ATTRIBUTES
from crossfade.errors import QueryError
from crossfade.wire.fields import NO_NUL, Body, Id, PropertyName, WireModel

__all__ = [
    "MAX_USERS",
    "BulkUser",
    "MergeRequest",
    "PastItem",
    "ProfileAnswer",
    "UserAnswer",
    "UserChanges",
    "UserRequest",
    "UsersAnswer",
    "UsersRequest",
    "as_sent",
    "profile_to_wire",
    "user_to_wire",
    "users_to_wire",
]

MAX_USERS = 1_000
"""How many users one request may put."""

_Value = Annotated[str, Field(max_length=256, pattern=NO_NUL)]


class UserRequest(Body):
    """What is known of a user beside what they did."""

    user_id: Id | None = Field(
        None, description="Their id. May be left out where the path holds it; must agree with it otherwise."
    )
    attributes: dict[PropertyName, _Value] = Field(
        {},
        max_length=MAX_ATTRIBUTES,
        description="By name; those that the bundle learned about count before the user has done anything.",
        examples=[{"country": "NO", "age_band": "25-34"}],
    )

    def to_user(self, user_id: str) -> engine.User:
        """Return the user.

        Args:
            user_id: As the path has it.

        Raises:
            QueryError: If the body names another id.
        """
        if self.user_id not in {None, user_id}:
            raise QueryError(f"user_id: the path says {user_id!r}, the body {self.user_id!r}", field="user_id")
        return engine.User(user_id, self.attributes)


class BulkUser(UserRequest):
    """A user of many."""

    user_id: Id = Field(description="Their id.")


class UsersRequest(Body):
    """Many users at once; all are taken, or none."""

    users: list[BulkUser] = Field(
        min_length=1, max_length=MAX_USERS, description="Each takes the place of one with its id."
    )

    def to_engine(self) -> list[engine.User]:
        """Return the users."""
        return [one.to_user(one.user_id) for one in self.users]


class UserChanges(Body):
    """Attributes to set."""

    attributes: dict[PropertyName, _Value | None] = Field(
        max_length=MAX_ATTRIBUTES,
        description="By name; null takes one away, and those that are not named stay.",
        examples=[{"country": "SE", "plan": None}],
    )


class MergeRequest(Body):
    """Who joins a user."""

    from_id: Id = Field(
        alias="from",
        description="The id of the anonymous session, or of the user's other account: what it did, and does from now "
        "on, counts for the user of the path. Both are one user then, whichever is asked for or given attributes.",
        examples=["session-7f3a"],
    )


def as_sent(error: QueryError) -> QueryError:
    """Return what is wrong with a merge under the name that the field has in JSON, where ``from_id`` is ``from``."""
    if error.field != "from_id":
        return error
    return QueryError("from" + str(error).removeprefix("from_id"), field="from")


class UserAnswer(WireModel):
    """A user."""

    user_id: str = Field(description="Their id.")
    attributes: dict[str, str] = Field(description="What is known of them beside what they did.")


class UsersAnswer(WireModel):
    """A page of users, in the order of their ids."""

    users: list[UserAnswer] = Field(description="At most `limit` users.")
    next_cursor: str | None = Field(description="Asks for the users after these; null at the end.")


class PastItem(WireModel):
    """One past item of a user."""

    item_id: str = Field(description="The item.")
    title: str = Field(description="Its title; empty where it has none.")
    weight: float = Field(
        description="How much it counts; below 0 against what is like it, 0 is one the user has had, no more."
    )
    event_types: list[str] = Field(description="What the user did with it, as far as that is known.")
    last: datetime | None = Field(description="When, last, in UTC; null where unknown.")


class ProfileAnswer(WireModel):
    """What is known of a user, and how it is weighed."""

    user_id: str = Field(description="The user.")
    known: bool = Field(description="Whether anything is known of them.")
    attributes: dict[str, str] = Field(description="What is known beside what they did.")
    items: list[PastItem] = Field(description="Past items, latest first.")
    weights: dict[str, float] = Field(
        description="What each component weighs in a request of theirs that says nothing of it."
    )
    impressions: int = Field(ge=0, description="How many of the items shown to them count as left alone.")


def user_to_wire(user: engine.User) -> UserAnswer:
    """Return a user as it goes over HTTP."""
    return UserAnswer(user_id=user.user_id, attributes=dict(user.attributes))


def users_to_wire(page: engine.UserPage) -> UsersAnswer:
    """Return a page of users as it goes over HTTP."""
    return UsersAnswer(users=[user_to_wire(user) for user in page.users], next_cursor=page.next_cursor)


def profile_to_wire(profile: engine.Profile) -> ProfileAnswer:
    """Return what is known of a user as it goes over HTTP."""
    return ProfileAnswer.model_validate(profile, from_attributes=True)
