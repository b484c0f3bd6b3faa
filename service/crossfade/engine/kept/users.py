"""Users: what is known of them beside what they did, merging, export and erasure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from crossfade.engine.answer import User, UserPage
from crossfade.engine.bounds import check_id, check_whole
from crossfade.engine.kept.keeper import PATIENCE, Keeper
from crossfade.engine.people import evidence_of
from crossfade.engine.query import MAX_LIMIT
from crossfade.errors import LiveError, NotFoundError, QueryError
from crossfade.live import UserRecord

__all__ = ["MAX_ATTRIBUTES", "UserKeeper"]

MAX_ATTRIBUTES = 64
"""How many attributes a user may be given; one who has more already, from files or by a merge, gets none beside."""


class UserKeeper(Keeper):
    """Keeps users."""

    def put_users(self, users: Sequence[User]) -> None:
        """Keep attributes of users, each in the place of all that was known of the one of its id; all or none.

        Ids that were merged are one user: what is put for any of them is in the place of what all of them said.

        Raises:
            QueryError: If an id occurs twice, or a user has more than ``MAX_ATTRIBUTES``.
            LiveError: If they could not be written.
        """
        ids = [user.user_id for user in users]
        if len(set(ids)) < len(ids):
            raise QueryError("users: a user_id occurs twice", field="users")
        for place, user in enumerate(users):
            _check_user(user, f"users.{place}.")
        if users:
            self.live.call(self.live.store.put_users([UserRecord(one.user_id, one.attributes) for one in users]))

    def patch_user(self, user_id: str, changes: Mapping[str, str | None]) -> User:
        """Change some attributes of a user; None removes one. Changes that meet are both kept.

        Raises:
            NotFoundError: If nothing is known of the user.
            QueryError: If the user would have more than ``MAX_ATTRIBUTES``, and more than before.
            LiveError: If it could not be written.
        """
        for _ in range(PATIENCE):
            last_change = self.live.call(self.live.store.last_change(user_id))
            before = self.get_user(user_id).attributes
            attributes = {name: value for name, value in {**before, **changes}.items() if value is not None}
            _check_user(User(user_id, attributes), "", most=max(MAX_ATTRIBUTES, len(before)))
            changed = UserRecord(user_id, attributes, last_change)
            if self.live.call(self.live.store.put_users([changed], only_if_unchanged=True)) is not None:
                return User(user_id, attributes)
        raise LiveError(f"the user {user_id!r} is being changed by too many at once; try again")

    def get_user(self, user_id: str) -> User:
        """Return what is known of a user beside what they did.

        Raises:
            NotFoundError: If nothing is known of the user.
        """
        view = self._look([user_id])
        evidence = evidence_of(view.items, view.person(user_id), now=datetime.now(UTC))
        if not evidence.known:
            raise NotFoundError(f"nothing is known of a user {user_id!r}")
        return User(user_id, dict(evidence.attributes))

    def list_users(self, *, limit: int = 100, cursor: str | None = None) -> UserPage:
        """Return the users of whom anything is known, in the order of their ids.

        Args:
            limit: 1 to 500.
            cursor: ``next_cursor`` of the page before: the last id of it.

        Raises:
            QueryError: If limit is out of its bounds.
        """
        bundle = self._look([]).bundle
        check_whole("limit", limit, 1, MAX_LIMIT)
        after = cursor or ""
        known = bundle.user_ids
        ids = set(known[bisect_right(known, after) :][: limit + 1])
        ids |= set(self.live.call(self.live.store.user_ids(limit=limit + 1, after=after)))
        page = sorted(ids)[: limit + 1]
        view = self._look(page)
        users = []
        for user_id in page[:limit]:
            person = view.person(user_id)
            evidence = evidence_of(view.items, person, now=datetime.now(UTC))
            if evidence.known and person.user_ids[0] == user_id:
                users.append(User(user_id, dict(evidence.attributes)))
        return UserPage(users, page[limit - 1] if len(page) > limit else None)

    def delete_user(self, user_id: str) -> None:
        """Erase a user: all that is kept of them and of those merged with them, from every answer at once.

        Only keyed hashes of the ids stay, so that later indexing runs leave the user out, and ``crossfade erase`` can
        take them out of the versions on the disk.

        Raises:
            LiveError: If it could not be written.
        """
        self.live.call(self.live.store.erase_user(user_id))

    def merge_users(self, user_id: str, from_id: str) -> None:
        """Let an anonymous profile join a user: from now on both ids are one user, with the past of both.

        Raises:
            QueryError: If the two cannot be merged.
            LiveError: If it could not be written.
        """
        self.live.call(self.live.store.merge_users(user_id, from_id))

    def export_user(self, user_id: str) -> dict[str, object]:
        """Return all that is kept of a user, as JSON values: in the live store, and in the bundle.

        Raises:
            LiveError: If it could not be read.
        """
        kept = self.live.call(self.live.store.export_user(user_id))
        view = self._look([user_id])
        evidence = evidence_of(view.items, view.person(user_id), now=datetime.now(UTC))
        past = [
            {"item_id": view.items.id_of(row), "weight": float(weight)}
            for row, weight in zip(evidence.rows.tolist(), evidence.weights, strict=True)
        ]
        return {
            **kept,
            "bundle": view.bundle.version,
            "profile": {"attributes": dict(evidence.attributes), "past_items": past},
        }


def _check_user(user: User, where: str, *, most: int = MAX_ATTRIBUTES) -> None:
    check_id(f"{where}user_id", user.user_id)
    if (count := len(user.attributes)) > most:
        message = f"{where}attributes: expected at most {MAX_ATTRIBUTES}, got {count}"
        raise QueryError(message, field=f"{where}attributes")
    for name, value in user.attributes.items():
        if not isinstance(value, str):
            raise QueryError(f"{where}attributes.{name}: expected text", field=f"{where}attributes.{name}")
