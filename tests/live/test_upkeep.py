"""What operators do: look, back up, make smaller, count, hand out keys and names."""

from __future__ import annotations

import hashlib
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from live.acts import NOON, act, add, items_of, person
from live.postgresql import Server

from crossfade.errors import LiveError, NotFoundError
from crossfade.live import Attribution, Insight, ItemRecord, LiveData, Scenario, UserRecord


def test_statistics_count_everything(live: LiveData) -> None:
    add(live, act(at=NOON), act(at=NOON + timedelta(hours=1)), act(at=NOON - timedelta(hours=1)))
    live.call(live.store.put_items([ItemRecord("a", {}), ItemRecord("b", {})]))

    found = live.call(live.store.statistics())

    assert (found.store_id, found.seq, found.revision) == (live.store.store_id, 5, "0001")
    assert (found.oldest_event, found.newest_event) == (NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert {name: rows for name, rows in found.rows.items() if rows} == {"events": 3, "items": 2, "meta": 2, "clock": 1}
    assert found.bytes > 10_000


def test_an_empty_store_has_no_oldest_event(live: LiveData) -> None:
    found = live.call(live.store.statistics())

    assert (found.oldest_event, found.newest_event) == (None, None)


def test_a_backup_is_a_store_like_the_one_it_was_made_of(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with LiveData.open(str(path)) as live:
        add(live, act(item_id="a"))
        live.call(live.store.backup(copy))
        add(live, act(item_id="b"))
        identity = live.store.store_id

    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with LiveData.open(str(copy)) as restored:
        assert restored.store.store_id == identity
        assert items_of(person(restored).events) == ["a"]
    assert {file.name for file in tmp_path.iterdir()} == {"live.db", "copy.db"}


def test_a_copy_goes_on_behind_what_a_bundle_has_seen_of_its_original(live: LiveData) -> None:
    add(live, act(item_id="a"))

    assert live.call(live.store.catch_up(7)) == 1
    assert live.call(live.store.catch_up(7)) == 7
    add(live, act(item_id="b"))

    assert items_of(person(live, after=7).events) == ["b"]
    assert live.call(live.store.catch_up(3)) == 8


def test_a_backup_overwrites_nothing_and_leaves_nothing_half_written(path: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")
    with LiveData.open(str(path)) as live:
        with pytest.raises(LiveError, match="there already"):
            live.call(live.store.backup(tmp_path / "copy.db"))
        with pytest.raises(LiveError, match="cannot write a backup"):
            live.call(live.store.backup(tmp_path / "nowhere" / "copy.db"))

    assert (tmp_path / "copy.db").read_text() == "precious"
    assert {file.name for file in tmp_path.iterdir()} == {"live.db", "copy.db"}


def test_a_server_is_backed_up_by_its_own_program(server: Server, tmp_path: Path) -> None:
    with (
        LiveData.open(server.create("kept")) as live,
        pytest.raises(LiveError, match="pg_dump"),
    ):
        live.call(live.store.backup(tmp_path / "copy.db"))


def test_compaction_deletes_old_impressions_and_nothing_else(live: LiveData) -> None:
    now = datetime.now(UTC)
    old, new = now - timedelta(days=31), now - timedelta(days=29)
    add(live, act(item_id="a", at=old), act(item_id="b", event_type="impression", at=new))
    add(live, *(act(item_id="x" * 500, event_type="impression", at=old) for _ in range(500)))
    before = live.call(live.store.statistics())

    deleted = live.call(live.store.compact(impressions_older_than_days=30))

    assert deleted == 500
    assert live.call(live.store.statistics()).seq == before.seq + 1  # a look of before is told from one of after
    assert items_of(person(live).events) == ["a", "b"]
    assert live.call(live.store.statistics()).bytes < before.bytes or not live.store._database.is_sqlite


def test_a_dump_is_of_one_moment_however_much_is_written_meanwhile(live: LiveData) -> None:
    add(live, *(act(item_id=str(number)) for number in range(3)))
    live.call(live.store.put_items([ItemRecord("a", {})]))
    live.call(live.store.put_users([UserRecord("ann", {"country": "DE"})]))
    live.call(live.store.merge_users("ann", "visitor"))

    with live.dump() as (dump, chunks):
        add(live, act(item_id="late"))
        kept = [stored for chunk in chunks for stored in chunk]

    assert items_of(kept) == ["0", "1", "2"]
    assert (dump.seq, dump.store_id, dump.secret) == (6, live.store.store_id, live.store.secret)
    assert [item.item_id for item in dump.items] == ["a"]
    assert [user.user_id for user in dump.users] == ["ann"]
    assert (dump.merges, dump.erased) == ({"visitor": "ann"}, {})
    with live.dump(after=dump.seq) as (later, chunks):
        assert items_of(stored for chunk in chunks for stored in chunk) == ["late"]
        assert (later.seq, list(later.items)) == (7, [])


def test_a_dump_comes_in_chunks(live: LiveData) -> None:
    add(live, *(act() for _ in range(7)))

    async def sizes() -> list[int]:
        async with live.store.dump() as dump:
            return [len(chunk) async for chunk in dump.events(chunk=3)]

    assert live.call(sizes()) == [3, 3, 1]


def test_scenarios_are_in_the_next_look_of_every_worker(live: LiveData, url: str) -> None:
    def seen(worker: LiveData) -> dict[str, object]:
        return {name: one.defaults for name, one in worker.look([], after=0, items_after=0).scenarios.items()}

    with LiveData.open(url) as other:
        assert seen(other) == {}
        live.call(live.store.put_scenario(Scenario("home", {"limit": 5})))
        live.call(live.store.put_scenario(Scenario("cart", {})))
        live.call(live.store.put_scenario(Scenario("home", {"limit": 6})))
        assert seen(other) == {"home": {"limit": 6}, "cart": {}}
        live.call(live.store.delete_scenario("cart"))
        assert seen(other) == seen(live) == {"home": {"limit": 6}}

    assert live.call(live.store.get_scenario("home")) == Scenario("home", {"limit": 6})
    assert live.call(live.store.get_scenario("cart")) is None
    assert live.call(live.store.list_scenarios()) == [Scenario("home", {"limit": 6})]
    with pytest.raises(NotFoundError, match="cart"):
        live.call(live.store.delete_scenario("cart"))


def test_a_key_is_shown_once_and_kept_as_its_hash(live: LiveData) -> None:
    kept, key = live.call(live.store.create_api_key("the shop", "write"))

    assert (len(key), key[:3]) == (46, "cf_")
    assert kept.sha256 == hashlib.sha256(key.encode()).hexdigest()
    assert live.call(live.store.list_api_keys()) == [kept]
    assert kept.revoked_at is None
    assert kept.sha256 not in repr(kept)


def test_a_revoked_key_stays_in_the_list_as_revoked(live: LiveData) -> None:
    first, _ = live.call(live.store.create_api_key("a", "read"))
    second, _ = live.call(live.store.create_api_key("b", "admin"))

    revoked = live.call(live.store.revoke_api_key(first.key_id))
    again = live.call(live.store.revoke_api_key(first.key_id))

    assert revoked.revoked_at is not None
    assert again == revoked
    assert live.call(live.store.list_api_keys()) == [revoked, second]
    with pytest.raises(NotFoundError, match="nothing"):
        live.call(live.store.revoke_api_key("nothing"))


def test_insights_count_each_item_of_an_answer_once_as_shown_and_once_as_acted_on(live: LiveData) -> None:
    first = Attribution("r1", "home", 1, "content")
    second = Attribution("r1", "home", 2, "collaborative")
    other = Attribution("r2", "", 1, "content")
    add(
        live,
        act(item_id="a", event_type="impression", of=first),
        act(item_id="a", event_type="impression", of=first),  # told twice
        act(item_id="b", event_type="impression", of=second),
        act(item_id="b", event_type="skip", of=second),
        act(item_id="b", event_type="dislike", of=second),
        act(item_id="a", event_type="click", of=first),
        act(item_id="a", event_type="watch", of=first),  # the same click went on
        act(item_id="a", event_type="impression", of=other),
        act(item_id="c", event_type="click"),  # of no answer
        act(item_id="d", event_type="click", of=other, at=NOON + timedelta(days=1)),  # too late
        act(item_id="d", event_type="click", of=other, at=NOON - timedelta(seconds=1)),  # too early
    )

    found = live.call(live.store.insights(NOON, NOON + timedelta(days=1)))

    assert found == [
        Insight("scenario", "", 1, 0),
        Insight("scenario", "home", 2, 1),
        Insight("rank", "1", 2, 1),
        Insight("rank", "2", 1, 0),
        Insight("component", "collaborative", 1, 0),
        Insight("component", "content", 2, 1),
    ]
