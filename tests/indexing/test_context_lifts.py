"""What context is found to tell, on events made by hand and on simulated ones whose truth is known."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.engine.clock import CLOCK_FIELDS, derived_fields
from crossfade_indexing.cleaning import clean
from crossfade_indexing.learning.context import (
    LearnedContext,
    attribute_space,
    context_space,
    count_events,
    learn_context,
    situations,
    with_clock_fields,
)
from crossfade_indexing.sample import Strengths, simulate, write_sample
from crossfade_indexing.sources import read_files

Column = Sequence[object]

CONTEXT = ("part_of_day", "weekday", "weekend", "device", "network", "shard")


def events_of(user_id: Sequence[str], item_id: Sequence[str], **context: Column) -> pl.DataFrame:
    fields = {f"context.{name}": pl.Series(values, dtype=pl.String) for name, values in context.items()}
    times = pl.Series([None] * len(user_id), dtype=pl.Datetime("us"))
    return pl.DataFrame({"user_id": user_id, "item_id": item_id, "local_time": times, **fields})


def fifty_events() -> pl.DataFrame:
    """Ten users; under tv 20 of a and 10 of b, under phone 20 of b, and one of a under a rare value."""
    item_id = ["a"] * 20 + ["b"] * 30 + ["a"]
    device = ["tv"] * 30 + ["phone"] * 20 + ["fridge"]
    return events_of([f"u{place % 10}" for place in range(51)], item_id, device=device)


@given(st.lists(st.none() | st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2099, 12, 31)), min_size=1))  # noqa: DTZ001
def test_events_and_requests_mean_the_same_by_clock_fields(moments: list[dt.datetime | None]) -> None:
    events = pl.DataFrame({"local_time": pl.Series(moments, dtype=pl.Datetime("us"))})

    found = with_clock_fields(events).select(pl.exclude("local_time"))

    assert found.columns == [f"context.{field}" for field in CLOCK_FIELDS]
    nothing = (None,) * len(CLOCK_FIELDS)
    assert found.rows() == [nothing if time is None else tuple(derived_fields(time).values()) for time in moments]


def test_a_clock_field_that_events_carry_themselves_counts_before_the_derived_one() -> None:
    saturday = dt.datetime(2026, 11, 21, 8)  # noqa: DTZ001 - what a clock shows has no zone
    events = events_of(["x", "y"], ["a", "b"], weekend=["maybe", None]).with_columns(local_time=saturday)

    assert with_clock_fields(events)["context.weekend"].to_list() == ["maybe", "yes"]


def test_fields_that_are_never_known_are_left_out() -> None:
    table, warnings = situations(events_of(["x", "y"], ["a", "b"], device=[None, None], shard=["1", None]), None)

    assert table.columns == ["user_id", "item_id", "context.shard"]
    assert warnings == []


def test_attributes_that_name_groups_become_fields_and_measurements_do_not() -> None:
    users = pl.DataFrame(
        {
            "user_id": [f"u{place}" for place in range(30)],
            "age": range(30),
            "income": [f"{place}.5" for place in range(30)],
            "children": [place % 3 for place in range(30)],
            "member": [True] * 30,
            "joined": [dt.date(2026, 1, 1)] * 30,
        }
    )

    table, warnings = situations(events_of(["u4", "nobody"], ["a", "b"]), users)

    assert table.columns == ["user_id", "item_id", "user.children", "user.member"]
    assert table.rows() == [("u4", "a", "1", "true"), ("nobody", "b", None, None)]
    assert [warning.split("'")[1] for warning in warnings] == ["age", "income"]


def test_of_too_many_fields_those_known_most_often_stay() -> None:
    fields: dict[str, Column] = {f"f{place:02d}": ["x", None if place == 7 else "x"] for place in range(33)}

    table, warnings = situations(events_of(["x", "y"], ["a", "b"], **fields), None)

    assert len(table.columns) == 2 + 32
    assert "context.f07" not in table.columns
    assert len(warnings) == 1


def test_lifts_are_log_ratios_of_what_was_seen_to_what_was_to_be_expected_both_shrunken() -> None:
    counts = count_events(fifty_events(), ["a", "b", "never"])

    lifts = counts.log_lifts([20.0])

    # Of 51 events 21 are of a. Under tv, 30 events, 30 * 21 / 51 of a were to be expected and 20 were seen.
    assert dict(counts.fields) == {"context.device": ("tv", "phone")}
    assert lifts[0, 0] == pytest.approx(math.log((20 + 20) / (30 * 21 / 51 + 20)))
    assert lifts[1, 0] == pytest.approx(math.log((0 + 20) / (20 * 21 / 51 + 20)))
    assert lifts[1, 1] == pytest.approx(math.log((20 + 20) / (20 * 30 / 51 + 20)))
    assert lifts[:, 2].tolist() == [0.0, 0.0]
    assert lifts.dtype == np.float32


def test_events_whose_field_is_unknown_do_not_make_it_look_meaningful() -> None:
    # The device is known of half the events only, and those are all of item a: it tells nothing about a.
    known = events_of([f"u{place % 10}" for place in range(80)], ["a"] * 80, device=["tv", "phone"] * 40)
    unknown = events_of([f"u{place % 10}" for place in range(80)], ["b"] * 80, device=[None] * 80)

    lifts = count_events(pl.concat([known, unknown]), ["a", "b"]).log_lifts([20.0])

    assert lifts == pytest.approx(np.zeros((2, 2)))


def test_a_value_needs_twenty_events_of_five_users() -> None:
    of_four = events_of([f"u{place % 4}" for place in range(40)], ["a"] * 40, device=["watch"] * 40)
    of_nineteen = events_of([f"u{place}" for place in range(19)], ["a"] * 19, device=["car"] * 19)

    counts = count_events(pl.concat([fifty_events(), of_four, of_nineteen]), ["a", "b"])

    assert dict(counts.fields) == {"context.device": ("tv", "phone")}


def test_of_many_values_the_hundred_most_frequent_count() -> None:
    values = [str(value) for value in range(120) for _ in range(20 + (value == 119))]
    table = events_of([f"u{place % 5}" for place in range(len(values))], ["a"] * len(values), place=values)

    kept = count_events(table, ["a"]).fields["context.place"]

    assert len(kept) == 100
    assert kept[0] == "119"


def test_a_field_of_one_value_tells_nothing() -> None:
    table = events_of([f"u{place % 10}" for place in range(40)], ["a"] * 40, device=["tv"] * 40)

    assert dict(count_events(table, ["a"]).fields) == {}


def test_an_item_used_again_is_one_event_for_an_attribute_and_two_for_the_context() -> None:
    # Ten users had both items; every other one of them has plan p.
    plan = pl.when(pl.col("user_id").is_in(["u0", "u2", "u4", "u6", "u8"])).then(pl.lit("p")).otherwise(pl.lit("q"))
    table = fifty_events().select("user_id", "item_id", plan.alias("user.plan"), plan.alias("context.plan"))

    counts = count_events(table, ["a", "b"])

    assert counts.counts[counts.rows_of("user.plan")].tolist() == [[5.0, 5.0], [5.0, 5.0]]
    assert counts.counts[counts.rows_of("context.plan")].sum() == 51.0


def test_weights_count_as_so_many_events() -> None:
    counts = count_events(fifty_events().with_columns(weight=pl.lit(0.5)), ["a", "b"])

    assert counts.counts.tolist() == [[10.0, 5.0], [0.0, 10.0]]
    assert counts.used.tolist() == [10.5, 15.0]


def test_counts_can_be_taken_apart_by_users() -> None:
    table = fifty_events().with_columns(weight=pl.int_range(51) % 3 + 1)
    whole = count_events(table, ["a", "b"])
    some, others = table.filter(pl.col("user_id") < "u4"), table.filter(pl.col("user_id") >= "u4")

    rest = whole.without(count_events(some, ["a", "b"], fields=whole.fields))

    expected = count_events(others, ["a", "b"], fields=whole.fields)
    for name in ("counts", "known", "used"):
        assert np.array_equal(getattr(rest, name), getattr(expected, name))


def drawn_events(seed: int, *, users: int = 200, events: int = 6_000) -> pl.DataFrame:
    """Phones see the second half of 40 items three times as often; ``network`` is the device, ``shard`` chance."""
    random = np.random.default_rng(seed)
    phone = random.random(events) < 0.5
    odds = np.ones((events, 40))
    odds[phone, 20:] = 3.0
    item = (random.random((events, 1)) > np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)).sum(axis=1)
    return events_of(
        [f"u{user}" for user in random.integers(users, size=events)],
        [f"i{row}" for row in item],
        device=np.where(phone, "phone", "tv").tolist(),
        network=np.where(phone ^ (random.random(events) < 0.1), "mobile", "wifi").tolist(),
        shard=random.choice(["a", "b", "c"], events).tolist(),
    )


def test_of_fields_that_say_the_same_the_one_that_says_it_best_counts_and_chance_does_not() -> None:
    learned = learn_context(drawn_events(1), [f"i{row}" for row in range(40)])

    weights = {one.field: one.weight for one in learned.weights}
    assert weights["device"] == pytest.approx(1.0, abs=0.25)
    assert weights["network"] < 0.2
    assert weights["shard"] == 0.0
    # The better half gets 1/2 of tv's and 3/4 of phones' events, 5/8 of all: the divergences from that are 0.0323 and
    # 0.0354 natural units. Rivals are a sample and lifts are from other users, so a little less is found.
    assert 0.02 < learned.gain < 0.034


def test_learning_is_repeatable_and_does_not_change_its_input() -> None:
    table = drawn_events(2, events=1_000)
    before = table.clone()

    first, second = (learn_context(table, [f"i{row}" for row in range(40)], seed=3) for _ in range(2))

    assert first.weights == second.weights
    assert table.equals(before)


@pytest.mark.parametrize("seed", range(8))
def test_chance_alone_earns_no_weight(seed: int) -> None:
    table = drawn_events(seed, users=100, events=3_000).select("user_id", "item_id", "context.shard")

    assert [one.weight for one in learn_context(table, [f"i{row}" for row in range(40)], seed=seed).weights] == [0.0]


@pytest.mark.parametrize("events", [0, 1, 30])
def test_little_or_nothing_to_learn_from_gives_an_empty_space(events: int) -> None:
    item_ids = [f"i{row}" for row in range(40)]
    table = drawn_events(1).head(events)

    learned = learn_context(table, item_ids)

    space = context_space(learned, table)
    assert dict(space.fields) == {}
    assert space.lifts.shape == (0, 40)


def test_the_space_holds_the_lifts_of_what_counts_and_a_scale_of_their_best() -> None:
    item_ids = [f"i{row}" for row in range(40)]
    table = drawn_events(1)
    learned = learn_context(table.drop("context.network"), item_ids)

    space = context_space(learned, table)

    assert {field: set(values) for field, values in space.fields.items()} == {"device": {"tv", "phone"}}
    assert np.array_equal(
        space.lifts, learned.counts.log_lifts(learned.kappas)[learned.counts.rows_of("context.device")]
    )
    assert space.mean == pytest.approx(space.lifts.mean(axis=1))
    # On a phone the better half gets 3/4 instead of 5/8 of all events: log 1.2 is less than the least scale.
    assert space.scale == 1.0
    assert dict(attribute_space(learned, table).fields) == {}


@pytest.fixture(scope="module")
def learned_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Strengths], tuple[LearnedContext, pl.DataFrame]]:
    """Simulate, clean and learn from what was watched."""

    def learn(strengths: Strengths) -> tuple[LearnedContext, pl.DataFrame]:
        sample = simulate(seed=21, people=700, days=60, strengths=strengths)
        files = write_sample(sample, Path(tmp_path_factory.mktemp("sample")))
        dataset = clean(read_files(files.events, files.items, files.users)).dataset
        table, _ = situations(dataset.events.filter(pl.col("event_type") == "watch"), dataset.users)
        learned = learn_context(table, dataset.items["item_id"].to_list())
        truth = sample.truth.field_weights
        for one in learned.weights:
            true = truth.get(one.field.removeprefix("user."))
            print(f"{one.field:15} weight {one.weight:.2f} strength {one.strength:.2f} true {true}")  # noqa: T201
        return learned, table

    return learn


def test_learned_weights_follow_the_simulators_own(
    learned_of: Callable[[Strengths], tuple[LearnedContext, pl.DataFrame]],
) -> None:
    learned, table = learned_of(Strengths())

    strength = {one.field: one.strength for one in learned.weights}
    assert strength["part_of_day"] > strength["device"] > strength["network"] > 0.0
    assert max(strength["weekday"], strength["weekend"]) > 0.0
    assert strength["shard"] == strength["user.plan"] == 0.0
    assert {"part_of_day", "device"} <= set(context_space(learned, table).fields)


def test_a_context_without_effect_earns_no_weight(
    learned_of: Callable[[Strengths], tuple[LearnedContext, pl.DataFrame]],
) -> None:
    learned, _ = learned_of(replace(Strengths(), part_of_day=0.0, weekday=0.0, device=0.0, network=0.0))

    assert {one.field: one.strength for one in learned.weights if one.field in CONTEXT} == pytest.approx(
        dict.fromkeys(CONTEXT, 0.0), abs=0.03
    )
