"""Events: kept once, in one order, and seen by everybody as soon as they are acknowledged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from live.acts import NOON, act, add, items_of, person, with_context

from crossfade.live import Attribution, LiveData, events

Open = Callable[[], LiveData]


def test_what_is_kept_is_read_back_as_it_was(live: LiveData) -> None:
    odd = replace(
        act(item_id="Ünïcode 🎬", of=Attribution("r1", "homepage", 3, "content")), local_time=NOON.replace(tzinfo=None)
    )
    odd = with_context(
        replace(odd, event=replace(odd.event, value=-2.5, event_id="e")), device="tv", place="\x00\ud800"
    )

    add(live, odd)

    assert person(live).events == [replace(odd, seq=1)]


def test_times_of_any_zone_are_kept_to_the_microsecond_in_utc(live: LiveData) -> None:
    moment = datetime(1969, 7, 20, 22, 17, 40, 123456, tzinfo=timezone(timedelta(hours=2)))

    add(live, act(at=moment))

    kept = person(live).events[0].event.timestamp
    assert kept == moment
    assert kept.tzinfo is UTC


def test_an_event_without_id_or_time_gets_both(live: LiveData) -> None:
    before = datetime.now(UTC)

    first, second = add(live, act(at=None), act(at=None))

    assert first.event_id != second.event_id
    kept = [stored.event for stored in person(live).events]
    assert [event.event_id for event in kept] == [first.event_id, second.event_id]
    assert all(event.timestamp is not None and event.timestamp >= before for event in kept)


def test_the_same_id_counts_once_however_often_it_comes(live: LiveData, open_live: Open) -> None:
    other = open_live()

    first = add(live, act(event_id="a"), act(event_id="b"), act(event_id="a"))
    again = add(other, act(event_id="b"), act(event_id="c"))

    assert [outcome.duplicate for outcome in first] == [False, False, True]
    assert [outcome.duplicate for outcome in again] == [True, False]
    assert [stored.event.event_id for stored in person(live).events] == ["a", "b", "c"]


def test_one_that_no_database_can_keep_is_refused_and_the_others_are_kept(live: LiveData) -> None:
    outcomes = add(live, act(item_id="a"), act(item_id="b\x00"), act(user_id="\ud800"), act(item_id="c"))

    assert [outcome.field for outcome in outcomes] == [None, "item_id", "user_id", None]
    assert items_of(person(live).events) == ["a", "c"]


def test_an_acknowledged_event_is_in_the_next_look_of_every_worker(live: LiveData, open_live: Open) -> None:
    other = open_live()
    for number in range(20):
        assert len(person(other).events) == number

        add(live, act())

        assert len(person(other).events) == number + 1
        assert len(person(live).events) == number + 1


def test_a_look_begins_after_the_place_it_is_given(live: LiveData) -> None:
    add(live, act(item_id="a"), act(item_id="b"), act(item_id="c"))

    assert items_of(person(live, after=1).events) == ["b", "c"]
    assert items_of(person(live, after=0).events) == ["a", "b", "c"]
    assert items_of(person(live, after=3).events) == []


def test_nobody_knows_a_user_who_did_nothing(live: LiveData) -> None:
    somebody = person(live, "nobody")

    assert somebody.user_ids == ("nobody",)
    assert (list(somebody.events), somebody.attributes, somebody.forgotten) == ([], None, frozenset())


def test_hundreds_of_concurrent_writes_of_several_workers_are_all_kept_in_one_order_without_gaps(
    open_live: Open,
) -> None:
    workers = [open_live() for _ in range(3)]

    waiting = [
        worker.submit(
            worker.store.add_events([act(f"u{number % 7}", event_id=f"{which}-{number}"), act(event_id="one")])
        )
        for number in range(100)
        for which, worker in enumerate(workers)
    ]
    outcomes = [future.result() for future in waiting]

    assert not any(outcome[0].duplicate for outcome in outcomes)
    assert sum(not outcome[1].duplicate for outcome in outcomes) == 1
    with workers[0].dump() as (dump, chunks):
        kept = [stored for chunk in chunks for stored in chunk]
    assert [stored.seq for stored in kept] == list(range(1, 302))
    assert dump.seq == 301


def test_every_look_sees_a_prefix_of_the_order_of_commits(open_live: Open) -> None:
    writer, reader = open_live(), open_live()
    users = [f"u{number}" for number in range(5)]
    waiting = [writer.submit(writer.store.add_events([act(users[number % 5])])) for number in range(300)]

    cuts, ended = {}, False
    while not ended:
        ended = all(future.done() for future in waiting)
        changes = reader.look(users, after=0, items_after=0)
        cuts[changes.seq] = sorted(stored.seq for one in changes.people.values() for stored in one.events)

    assert cuts.keys() >= {300}
    assert all(seen == list(range(1, seq + 1)) for seq, seen in cuts.items())


def test_a_caller_who_leaves_stops_nobody(live: LiveData) -> None:
    waiting = [live.submit(live.store.add_events([act(event_id=str(number))])) for number in range(20)]
    waiting[3].cancel()

    assert all(not future.result()[0].duplicate for future in waiting if not future.cancelled())
    assert len(person(live).events) in (19, 20)


@pytest.mark.parametrize("count", [0, 250])
def test_any_number_is_taken_at_once(live: LiveData, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_EVENTS_A_COMMIT", 100)
    outcomes = add(live, *(act(event_id=str(number), at=NOON) for number in range(count)))
    again = add(live, *(act(event_id=str(number), at=NOON) for number in range(count)))

    assert len(outcomes) == count
    assert all(outcome.duplicate for outcome in again)
    assert len(person(live).events) == count


def test_as_many_as_a_commit_takes_are_within_the_parameters_of_sqlite(path: Path) -> None:
    with LiveData.open(str(path)) as live:
        add(live, *(act(event_id=str(number), at=NOON) for number in range(10_001)))

        assert len(person(live).events) == 10_001
