"""A scenario that was deleted is gone from the next look of every worker."""

from __future__ import annotations

from collections.abc import Callable

from crossfade.live import LiveData, Scenario


def test_a_deleted_scenario_is_gone_from_the_next_look_of_every_worker(
    live: LiveData, open_live: Callable[[], LiveData]
) -> None:
    other = open_live()
    live.call(live.store.put_scenario(Scenario("home", {"limit": 5})))
    before = set(other.look([], after=0, items_after=0).scenarios)

    live.call(live.store.delete_scenario("home"))

    assert before == {"home"}
    assert set(other.look([], after=0, items_after=0).scenarios) == set()
