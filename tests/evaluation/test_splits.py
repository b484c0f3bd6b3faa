"""What is held out, small enough to see, and what must hold for every split."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.errors import InputError
from crossfade_indexing.evaluation.splits import (
    Split,
    cold_items,
    global_time,
    last_share,
    leave_last_out,
    random_folds,
    random_share,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def table(*rows: tuple[str, str, int | None]) -> pl.DataFrame:
    """Events of (user, item, day)."""
    return pl.DataFrame(
        {
            "user_id": [user for user, _, _ in rows],
            "item_id": [item for _, item, _ in rows],
            "timestamp": [None if day is None else START + timedelta(days=day) for _, _, day in rows],
            "place": range(len(rows)),
        },
        schema_overrides={"timestamp": pl.Datetime("us", "UTC"), "user_id": pl.String, "item_id": pl.String},
    )


def pairs(events: pl.DataFrame) -> list[tuple[str, str]]:
    return list(zip(events["user_id"], events["item_id"], strict=True))


@st.composite
def histories(draw: st.DrawFn) -> pl.DataFrame:
    event = st.tuples(st.sampled_from("abcd"), st.sampled_from(["1", "2", "10"]), st.integers(0, 4))
    return table(*draw(st.lists(event, min_size=1, max_size=40)), ("z", "1", -1), ("z", "2", 5))


SPLITS: list[Callable[[pl.DataFrame], list[Split]]] = [
    lambda events: [global_time(events)],
    lambda events: [leave_last_out(events)],
    lambda events: [last_share(events)],
    lambda events: list(random_folds(events, 3)),
    lambda events: list(random_share(events, seeds=[1, 2])),
    lambda events: [cold_items(events, min_events=1)],
]


@pytest.mark.parametrize("split", SPLITS)
@given(events=histories())
def test_every_event_is_on_one_side_in_the_order_of_the_input(
    split: Callable[[pl.DataFrame], list[Split]], events: pl.DataFrame
) -> None:
    before = events.clone()

    for made in split(events):
        assert made.train["place"].is_sorted()
        assert made.test["place"].is_sorted()
        assert pl.concat([made.train, made.test]).sort("place").equals(events)
    assert events.equals(before)


def test_the_last_fifth_is_of_each_user_by_time() -> None:
    # Five events: one of them; three: 0.6, so one; two: 0.4, so none.
    days = [("a", str(day), 10 - day) for day in range(5)]
    events = table(*days, ("b", "1", 1), ("b", "2", 3), ("b", "3", 2), ("c", "1", 1), ("c", "2", 2))

    split = last_share(events)

    assert pairs(split.test) == [("a", "0"), ("b", "2")]
    assert split.name == "last 20% per user"


@pytest.mark.parametrize(("n_events", "n_test"), [(1, 0), (2, 0), (3, 1), (7, 1), (8, 2), (12, 2), (13, 3), (100, 20)])
def test_a_fifth_is_rounded_to_the_nearest(n_events: int, n_test: int) -> None:
    events = table(*[("a", str(day), day) for day in range(n_events)])

    assert last_share(events).test.height == n_test
    assert next(random_share(events, seeds=[0])).test.height == n_test


def test_halves_are_rounded_up_even_where_floats_fall_short_of_them() -> None:
    events = table(*[("a", str(day), day) for day in range(100)])

    assert last_share(events, 0.145).test.height == 15
    assert last_share(events.head(5), 0.5).test.height == 3


def test_equal_times_are_ordered_by_item_id_as_integers_if_all_ids_are() -> None:
    integers = table(("a", "10", 0), ("a", "9", 0), ("a", "2", 0))
    texts = table(("a", "10", 0), ("a", "9", 0), ("a", "x", 1), ("b", "9", 0), ("b", "10", 0), ("b", "2", 0))

    assert pairs(last_share(integers).test) == [("a", "10")]
    assert pairs(last_share(texts).test) == [("a", "x"), ("b", "9")]


def test_a_repeated_item_at_one_time_is_split_by_place_in_the_input() -> None:
    events = table(("a", "1", 0), ("a", "1", 0), ("a", "1", 0))

    assert last_share(events).test["place"].to_list() == [2]


def test_events_of_unknown_time_count_as_the_oldest() -> None:
    events = table(("a", "1", None), ("a", "2", 1), ("a", "3", 0), ("b", "1", None))

    assert pairs(last_share(events).test) == [("a", "2")]
    assert pairs(leave_last_out(events).test) == [("a", "2")]
    assert pairs(global_time(events).test) == [("a", "2")]
    assert pairs(global_time(events, 0.9).test) == [("a", "2"), ("a", "3")]


def test_the_last_event_of_each_user_is_left_out_unless_it_is_the_only_one() -> None:
    events = table(("a", "1", 2), ("a", "2", 1), ("b", "1", 7), ("c", "1", 1), ("c", "2", 3))

    assert pairs(leave_last_out(events).test) == [("a", "1"), ("c", "2")]


def test_global_time_holds_out_the_end_of_the_calendar_whole_moments_at_a_time() -> None:
    events = table(("a", "1", 9), ("b", "1", 1), ("b", "2", 8), ("c", "1", 8), ("c", "2", 3))

    # A fifth of five is one event, on day 9; two fifths reach into day 8, which has two.
    assert pairs(global_time(events).test) == [("a", "1")]
    assert pairs(global_time(events, 0.4).test) == [("a", "1"), ("b", "2"), ("c", "1")]


@given(events=histories(), share=st.floats(0.05, 0.6))
def test_nothing_is_learned_from_the_future(events: pl.DataFrame, share: float) -> None:
    try:
        split = global_time(events, share)
    except InputError:
        return

    last_seen, first_asked = split.train["timestamp"].max(), split.test["timestamp"].min()
    assert isinstance(last_seen, datetime)
    assert isinstance(first_asked, datetime)
    assert last_seen < first_asked


@pytest.mark.parametrize("split", [global_time, leave_last_out, last_share])
def test_without_times_a_split_by_time_says_what_to_do(split: Callable[[pl.DataFrame], Split]) -> None:
    with pytest.raises(InputError, match="give them a timestamp column or use a random split"):
        split(table(("a", "1", None), ("a", "2", None)))


def test_events_of_one_moment_cannot_be_split_by_time() -> None:
    with pytest.raises(InputError, match="use a random split"):
        global_time(table(("a", "1", 0), ("a", "2", 0), ("b", "2", 0)))


@given(events=histories(), folds=st.integers(2, 6), seed=st.integers(0, 99))
def test_folds_are_disjoint_cover_everything_and_share_out_each_user_evenly(
    events: pl.DataFrame, folds: int, seed: int
) -> None:
    splits = list(random_folds(events, folds, seed=seed))

    assert sorted(place for split in splits for place in split.test["place"]) == list(range(events.height))
    for user in events["user_id"].unique():
        sizes = [split.test.filter(pl.col("user_id") == user).height for split in splits]
        assert max(sizes) - min(sizes) <= 1


def test_users_with_fewer_events_than_folds_do_not_all_fall_into_the_first() -> None:
    events = table(*[(str(user), "1", 0) for user in range(500)])

    sizes = [split.test.height for split in random_folds(events, 5, seed=1)]

    # 100 each, give or take four standard deviations.
    assert min(sizes) > 64
    assert max(sizes) < 136


def test_folds_say_which_they_are() -> None:
    names = [split.name for split in random_folds(table(("a", "1", 0), ("a", "2", 0)), 2)]

    assert names == ["fold 1 of 2", "fold 2 of 2"]


def test_the_same_seed_draws_the_same_events_and_another_seed_others() -> None:
    events = table(*[("a", str(item), None) for item in range(50)])

    first, again, other = random_share(events, seeds=[1, 1, 2])

    assert first.test.equals(again.test)
    assert not first.test.equals(other.test)
    assert other.name == "random 20% per user (seed 2)"


def test_any_of_a_users_events_may_be_drawn() -> None:
    events = table(*[("a", str(item), None) for item in range(5)])

    drawn = {split.test["item_id"].item() for split in random_share(events, seeds=range(60))}

    assert drawn == set("01234")


def test_cold_items_are_held_out_whole_and_had_enough_events() -> None:
    events = table(*[(str(user), str(item), 0) for item in range(40) for user in range(3 + item % 4)])

    split = cold_items(events, seed=1)

    # Twenty items have at least five events; a tenth of them is two.
    held_out = set(split.test["item_id"])
    assert len(held_out) == 2
    assert all(int(item) % 4 >= 2 for item in held_out)
    assert held_out.isdisjoint(split.train["item_id"])


def test_the_same_items_are_drawn_from_events_in_any_order_and_others_by_another_seed() -> None:
    events = table(*[(str(user), str(item), 0) for item in range(40) for user in range(5)])
    shuffled = events.sample(fraction=1.0, shuffle=True, seed=3)

    drawn = [
        set(cold_items(made, seed=seed).test["item_id"]) for made, seed in [(events, 1), (shuffled, 1), (events, 2)]
    ]

    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_items_with_too_few_events_cannot_be_held_out() -> None:
    with pytest.raises(InputError, match="no item has 5 events"):
        cold_items(table(("a", "1", 0), ("b", "1", 0)))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, np.nan])
@pytest.mark.parametrize("split", [global_time, last_share, random_share, cold_items])
def test_a_share_outside_0_to_1_is_refused(split: Callable[[pl.DataFrame, float], object], share: float) -> None:
    with pytest.raises(ValueError, match="share must lie between 0 and 1"):
        split(table(("a", "1", 0), ("a", "2", 1)), share)


def test_one_fold_is_no_cross_validation() -> None:
    with pytest.raises(ValueError, match="at least 2, got 1"):
        random_folds(table(("a", "1", 0)), 1)
