"""Users as the engine keeps them: those that were merged are one, in every list and after every change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from engine.conftest import context_space, view_of
from live.acts import act, add

from crossfade.engine import User
from crossfade.engine.kept.users import MAX_ATTRIBUTES, UserKeeper
from crossfade.engine.view import View
from crossfade.errors import NotFoundError, QueryError
from crossfade.live import LiveData

Open = Callable[[], LiveData]

MANY = {f"attribute {number}": "x" for number in range(MAX_ATTRIBUTES)}


@pytest.fixture(scope="module")
def bundled() -> View:
    """A bundle that knows three users."""
    more = [f"more {number}" for number in range(MAX_ATTRIBUTES + 1)]
    users = {"told": {"age": "old", "plan": "x"}, "known by much": dict.fromkeys(more, "x")}
    fields = {"age": ["old"], "plan": ["x"], **{name: ["x"] for name in more}}
    attributes = context_space(fields, [[0.0]] * len(fields))
    return view_of([[1.0]], [[1.0]], [[1.0]], past={"acted": {0: 1.0}}, users=users, attributes=attributes)


@pytest.fixture
def keeper_of(bundled: View) -> Callable[[LiveData], UserKeeper]:
    """Makes what keeps the users in one process."""

    def make(live: LiveData) -> UserKeeper:
        def look(user_ids: Sequence[str]) -> View:
            return replace(bundled, people=live.look(list(user_ids), after=0, items_after=0).people)

        return UserKeeper(live, look)

    return make


@pytest.fixture
def keeper(live: LiveData, keeper_of: Callable[[LiveData], UserKeeper]) -> UserKeeper:
    return keeper_of(live)


@pytest.fixture
def elsewhere(open_live: Open, keeper_of: Callable[[LiveData], UserKeeper]) -> UserKeeper:
    """In another process."""
    return keeper_of(open_live())


def listed(keeper: UserKeeper, limit: int = 100) -> list[str]:
    """Return the ids on all pages."""
    ids: list[str] = []
    page = keeper.list_users(limit=limit)
    while True:
        ids += [user.user_id for user in page.users]
        if page.next_cursor is None:
            return ids
        page = keeper.list_users(limit=limit, cursor=page.next_cursor)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_each_merged_user_is_listed_once_by_the_id_the_others_were_merged_into(
    live: LiveData, keeper: UserKeeper, elsewhere: UserKeeper, limit: int
) -> None:
    add(live, act("session 1"), act("session 2"), act("alone"))
    keeper.merge_users("new account", "session 1")
    keeper.merge_users("new account", "session 2")
    keeper.merge_users("other account", "acted")
    keeper.merge_users("nobody", "nobody's session")

    expected = ["alone", "known by much", "new account", "other account", "told"]
    assert listed(keeper, limit) == listed(elsewhere, limit) == expected


@pytest.mark.parametrize("user_id", ["account", "session 1", "session 3"])
def test_what_is_put_for_or_changed_of_any_id_of_a_user_is_what_is_answered_of_all_of_them(
    keeper: UserKeeper, elsewhere: UserKeeper, user_id: str
) -> None:
    for session in ("session 1", "session 2", "session 3"):
        keeper.put_users([User(session, {"country": "FI", "plan": session, "device": "tv"})])
        keeper.merge_users("account", session)
    keeper.put_users([User("account", {"country": "NO"}), User("session 2", {"country": "SE", "plan": "x"})])
    for one in ("account", "session 1", "session 2", "session 3"):
        assert elsewhere.get_user(one) == User(one, {"country": "SE", "plan": "x"})

    changed = keeper.patch_user(user_id, {"plan": None, "age": "old"})

    assert changed == User(user_id, {"country": "SE", "age": "old"})
    assert elsewhere.get_user("account").attributes == elsewhere.get_user("session 2").attributes == changed.attributes

    keeper.put_users([User(user_id, {"country": "DE"})])

    for one in ("account", "session 1", "session 2", "session 3"):
        assert elsewhere.get_user(one) == User(one, {"country": "DE"})


def test_where_merged_ids_said_different_things_the_account_counts_until_it_is_changed(keeper: UserKeeper) -> None:
    keeper.put_users([User("account", {"country": "NO"}), User("session", {"country": "SE", "plan": "x"})])
    keeper.merge_users("account", "session")
    assert keeper.get_user("session").attributes == {"country": "NO", "plan": "x"}

    assert keeper.patch_user("account", {"country": None, "plan": None}).attributes == {}

    assert keeper.get_user("account").attributes == {}


def test_a_change_keeps_what_a_bundle_knows_of_an_id_that_was_merged(keeper: UserKeeper) -> None:
    keeper.merge_users("account", "told")

    assert keeper.patch_user("account", {"plan": None}) == User("account", {"age": "old"})

    assert keeper.get_user("told").attributes == {"age": "old"}
    with pytest.raises(NotFoundError):
        keeper.patch_user("nobody", {"plan": None})


def test_a_user_is_given_64_attributes_and_no_more_by_whichever_call(keeper: UserKeeper) -> None:
    keeper.put_users([User("full", MANY)])

    with pytest.raises(QueryError, match=r"users\.1\.attributes: expected at most 64, got 65") as put:
        keeper.put_users([User("a", {}), User("b", {**MANY, "more": "x"})])
    with pytest.raises(QueryError, match="attributes: expected at most 64, got 65") as changed:
        keeper.patch_user("full", {"more": "x"})

    assert (put.value.field, changed.value.field) == ("users.1.attributes", "attributes")
    assert keeper.get_user("full").attributes == MANY
    assert len(keeper.patch_user("full", {"attribute 0": None, "more": "x"}).attributes) == 64


def test_who_has_more_attributes_already_may_be_changed_but_gets_no_further_ones(keeper: UserKeeper) -> None:
    assert len(keeper.patch_user("known by much", {"more 0": "y"}).attributes) == 65

    with pytest.raises(QueryError, match="at most 64, got 66"):
        keeper.patch_user("known by much", {"another": "x"})

    keeper.put_users([User("account", MANY), User("session", {"another": "x"})])
    keeper.merge_users("account", "session")
    assert len(keeper.patch_user("account", {"another": "y"}).attributes) == 65
    assert len(keeper.patch_user("account", {"another": None}).attributes) == 64
