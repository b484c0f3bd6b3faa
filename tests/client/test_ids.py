"""Ids of any characters go into paths and come back whole, through httpx and a real server."""

from __future__ import annotations

import pytest

from crossfade import CrossfadeClient, Event, Item, NotFoundError, QueryError, User

HARD_IDS = [
    "a/b",
    "/",
    "a/similar",
    "/profile",
    ".",
    "..",
    "../..",
    "...",
    "%",
    "%2F",
    "%2e%2e",
    "a?b=c",
    "a#b",
    "a;b,c&d=e+f",
    "two words",
    " ",
    "'\"<>\\^`{|}",
    "Łódź ✓ 🎬",
    "a\tb\n",
    "u" * 512,
]


@pytest.mark.parametrize("item_id", HARD_IDS)
def test_an_item_is_put_changed_asked_for_and_deleted(client: CrossfadeClient, item_id: str) -> None:
    client.put_items([Item(item_id, {"title": "A crime in space", "year": 2026})])
    client.patch_item(item_id, {"year": None})

    found = client.get_item(item_id)
    neighbours = client.similar_items(item_id, limit=1)
    why = client.why("somebody", item_id)
    client.delete_item(item_id)

    assert found == Item(item_id, {"title": "A crime in space"})
    assert neighbours.missing.item_ids == []
    assert (why.item_id, why.properties) == (item_id, {"title": "A crime in space"})
    with pytest.raises(NotFoundError):
        client.get_item(item_id)


@pytest.mark.parametrize(
    "user_id", ["a/b", "/profile", ".", "..", "%2F", "a?b=c#d", "two words", "Łódź ✓ 🎬", "u" * 512]
)
def test_a_user_is_put_changed_asked_about_and_erased(client: CrossfadeClient, user_id: str) -> None:
    client.put_users([User(user_id, {"age": "adult"})])
    client.patch_user(user_id, {"age": "child"})
    client.add_events([Event(user_id, "i3"), Event(f"{user_id[:500]}, anonymous", "i4")])
    client.merge_users(user_id, f"{user_id[:500]}, anonymous")

    found = client.get_user(user_id)
    profile = client.profile(user_id)
    neighbours = client.similar_users(user_id, limit=3)
    exported = client.export_user(user_id)
    client.delete_user(user_id)

    assert found == User(user_id, {"age": "child"})
    assert {item.item_id for item in profile.items} == {"i3", "i4"}
    assert len(neighbours.users) == 3
    assert exported["user_ids"] == [user_id, f"{user_id[:500]}, anonymous"]
    assert not client.profile(user_id).known


def test_an_empty_id_is_refused_before_it_is_sent(client: CrossfadeClient) -> None:
    with pytest.raises(QueryError) as caught:
        client.get_item("")

    assert caught.value.field == "item_id"
