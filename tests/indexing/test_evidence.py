"""What an act says of a taste: for or against, how strongly, and in which order."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.bundle.evidence import Act, weigh_acts
from crossfade_indexing.config import EvidenceConfig
from crossfade_indexing.evidence import event_types, evidence_rules, repeat_share, speaking_events, weigh_events

FIRST = dt.datetime(2026, 3, 1, 20, tzinfo=dt.UTC)
ONCE = EvidenceConfig(repeat_growth=0)

Event = tuple[str, str, str, float | None] | tuple[str, str, str, float | None, float | None]


def events(*rows: Event) -> pl.DataFrame:
    """Events given as user, item, type, value and, where they have a time, days after the first of March."""
    schema = {"user_id": pl.String, "item_id": pl.String, "event_type": pl.String, "value": pl.Float64}
    days = [row[4] if len(row) == 5 else None for row in rows]
    times = [None if day is None else FIRST + dt.timedelta(days=day) for day in days]
    frame = pl.DataFrame([row[:4] for row in rows], schema=schema, orient="row")
    return frame.with_columns(timestamp=pl.Series(times, dtype=pl.Datetime("us", "UTC")))


def rated(*values: float) -> pl.DataFrame:
    """One user's ratings of the items "0", "1", …"""
    return events(*(("u", str(place), "rating", value) for place, value in enumerate(values)))


def weights(frame: pl.DataFrame, config: EvidenceConfig = ONCE) -> dict[str, float]:
    weighed = weigh_events(frame, config)
    return dict(zip(weighed["item_id"], weighed["weight"], strict=True))


def liked(frame: pl.DataFrame) -> set[str]:
    return set(weigh_events(frame, EvidenceConfig()).filter("liked")["item_id"])


def test_the_strongest_act_on_an_item_counts() -> None:
    frame = events(("u", "a", "watch", None), ("u", "a", "like", None), ("u", "a", "finish", None))

    assert weights(frame) == {"a": 3.0}


def test_an_item_only_seen_in_a_list_was_not_had() -> None:
    frame = events(("u", "a", "impression", None), ("u", "b", "impression", None), ("u", "b", "watch", None))

    assert weights(frame, EvidenceConfig()) == {"b": 1.0}  # nor do impressions count as repeats


STARS: list[Event] = [("v", str(star), "rating", float(star), None) for star in range(1, 6)]


@pytest.mark.parametrize(
    ("order", "weight", "liked"),
    [
        (("like", "dislike"), -1.0, False),
        (("dislike", "like"), 3.0, True),
        (("dislike", "rating"), 1.5, True),
        (("rating", "dislike"), -1.0, False),
        (("rating", "like"), 3.0, True),
        (("like", "rating"), 1.5, True),
        (("dislike", "watch", "finish"), -1.0, False),  # what somebody does is no opinion
        (("dislike", "impression"), -1.0, False),
        (("dislike", "like", "watch", "dislike", "watch"), -1.0, False),
        (("dislike", "gift", "like"), 7.0, True),  # a like lets the strongest act speak again
    ],
)
def test_the_latest_opinion_decides(order: Sequence[str], weight: float, liked: bool) -> None:
    config = EvidenceConfig(repeat_growth=0, event_weights=EvidenceConfig().event_weights | {"gift": 7.0})
    frame = events(*(("u", "a", kind, 5.0 if kind == "rating" else None, None) for kind in order), *STARS)

    weighed = weigh_events(frame, config).filter(user_id="u")

    assert weighed["weight"].to_list() == [weight]
    assert weighed["liked"].to_list() == [liked]


def test_of_two_kinds_of_no_the_later_decides() -> None:
    config = EvidenceConfig(repeat_growth=0, event_weights={"skip": -0.25, "dislike": -1.0})
    frame = events(("u", "a", "dislike", None), ("u", "a", "skip", None), ("u", "b", "skip", None, 2.0))

    assert weights(frame, config) == {"a": -0.25, "b": -0.25}


def test_every_pair_knows_the_types_of_its_acts() -> None:
    frame = events(
        ("u", "a", "watch", None),
        ("u", "a", "like", None),
        ("u", "b", "impression", None),
        ("u", "b", "watch", None),
        ("u", "c", "dislike", None),
        ("u", "c", "dislike", None),
    )

    found = weigh_events(frame, ONCE)

    # Two watches and dislikes, one like; an impression is no act.
    assert event_types(frame, ONCE) == ["dislike", "watch", "like"]
    assert dict(zip(found["item_id"], found["types"], strict=True)) == {"a": 0b110, "b": 0b010, "c": 0b001}


def test_of_more_types_than_there_are_bits_the_rarest_share_the_last() -> None:
    names = [f"t{place:02}" for place in range(40)]
    frame = events(*(("u", name, name, None) for name in names), ("u", "t39", "t39", None))

    found = weigh_events(frame, ONCE)

    # t39 happened twice and comes first, then by name.
    assert event_types(frame, ONCE) == ["t39", *names[:30], "*"]
    types = dict(zip(found["item_id"], found["types"], strict=True))
    assert (types["t39"], types["t00"], types["t29"]) == (1, 2, 1 << 30)
    assert {types[name] for name in names[30:39]} == {1 << 31}
    fewer = frame.filter(pl.col("event_type") < "t32")
    assert event_types(fewer, ONCE) == names[:32]


KINDS = ("impression", "watch", "like", "dislike", "skip", "rating", "event", "hum_along")
ACT_WEIGHTS = st.sampled_from([-2.0, -0.5, 0.0, 0.3, 1.0, 4.0])


@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from("uv"),
            st.sampled_from("ab"),
            st.sampled_from(KINDS),
            st.sampled_from([None, 1.0, 2.0, 3.5, 5.0]),
            st.sampled_from([None, 0.0, 1.0, 2.0]),
        ),
        max_size=25,
    ),
    act_weights=st.dictionaries(st.sampled_from(KINDS), ACT_WEIGHTS),
    neutral_value=st.sampled_from([0.0, 0.4, 1.0]),
    repeat_growth=st.sampled_from([0.0, 0.5]),
)
def test_live_acts_weigh_what_the_job_would_make_of_them(
    acts: list[Event], act_weights: dict[str, float], neutral_value: float, repeat_growth: float
) -> None:
    config = EvidenceConfig(event_weights=act_weights, neutral_value=neutral_value, repeat_growth=repeat_growth)
    frame = events(*acts)
    rules = evidence_rules(frame, config)

    by_hand = {}
    oldest_first = frame.sort("timestamp", nulls_last=False, maintain_order=True)
    for (user, item), rows in oldest_first.group_by("user_id", "item_id", maintain_order=True):
        had = [Act(kind, value) for kind, value in rows.select("event_type", "value").iter_rows()]
        weight = weigh_acts(had, rules)
        if weight is not None:
            by_hand[user, item] = weight

    found = weigh_events(frame, config)
    weighed = dict(zip(zip(found["user_id"], found["item_id"], strict=True), found["weight"], strict=True))
    assert weighed == pytest.approx(by_hand, rel=1e-6)


def test_a_live_rating_beyond_the_scale_counts_as_the_nearest_on_it() -> None:
    rules = evidence_rules(rated(5, 4, 3), ONCE)

    assert rules.highest_value == 5.0
    assert weigh_acts([Act("rating", 1e9)], rules) == 1.5
    assert weigh_acts([Act("rating", -3.0)], rules) == -1.0


def test_where_values_are_no_ratings_live_ones_are_none_either() -> None:
    rules = evidence_rules(rated(1, 1), ONCE)

    assert rules.highest_value is None
    assert weigh_acts([Act("rating", 1.0)], rules) == 1.0


def test_a_type_nobody_named_weighs_one() -> None:
    assert weights(events(("u", "a", "hum_along", None))) == {"a": 1.0}


def test_a_rating_speaks_for_or_against_from_two_fifths_of_the_highest() -> None:
    # Two stars are neutral: (value - 2) / 2.
    assert weights(rated(5, 4, 3, 2, 1)) == {"0": 1.5, "1": 1.0, "2": 0.5, "3": 0.0, "4": -0.5}


def test_where_ratings_begin_to_speak_can_be_set() -> None:
    # 0.6 of five stars is three: (value - 3) / 3.
    found = weights(rated(5, 3, 1), EvidenceConfig(neutral_value=0.6))

    assert found == pytest.approx({"0": 2 / 3, "1": 0.0, "2": -2 / 3})


def test_four_of_five_stars_are_a_like_whatever_is_neutral() -> None:
    assert liked(rated(5, 4, 3.5, 2, 1)) == {"0", "1"}
    without_neutral = weigh_events(rated(5, 4, 3.5, 2, 1), EvidenceConfig(neutral_value=0))
    assert without_neutral.filter("liked")["item_id"].to_list() == ["0", "1"]
    assert without_neutral["weight"].to_list() == pytest.approx([1.0, 0.8, 0.7, 0.4, 0.2])


def test_of_several_ratings_the_latest_counts_wherever_it_stands_in_the_file() -> None:
    frame = events(
        ("u", "a", "rating", 1.0, 9.0),
        ("u", "a", "rating", 5.0, 1.0),
        ("u", "b", "rating", 2.0, None),
        ("u", "b", "rating", 5.0, None),  # without times the later line does
    )

    assert weights(frame) == {"a": -0.5, "b": 1.5}


def test_a_rating_outweighs_having_watched() -> None:
    frame = pl.concat([rated(1, 3, 5), events(("u", "0", "finish", None))])

    assert weights(frame)["0"] == -0.5
    assert liked(frame) == {"2"}


def test_repeats_count_by_their_logarithm() -> None:
    played = events(*[("u", "a", "play", None)] * 4, ("u", "b", "play", None), *[("u", "c", "dislike", None)] * 2)

    found = weights(played, EvidenceConfig(repeat_growth=0.5))

    assert found == pytest.approx({"a": 1 + 0.5 * math.log(4), "b": 1.0, "c": -(1 + 0.5 * math.log(2))})


def test_an_opinion_that_was_taken_back_adds_nothing_to_the_other() -> None:
    def told(*acts: str) -> float:
        rows: list[Event] = [
            ("u", "a", "rating", float(act), None) if act.isdigit() else ("u", "a", act, None) for act in acts
        ]
        frame = events(*rows, *STARS)
        (weight,) = weigh_events(frame, EvidenceConfig()).filter(user_id="u")["weight"]
        return float(weight)

    twice = 1 + 0.5 * math.log(2)

    assert told("like") == told("dislike", "like") == 3.0
    assert told("like", "dislike", "dislike", "like") == pytest.approx(3 * twice)
    assert told("dislike") == told("watch", "like", "dislike") == -1.0
    assert told("like", "dislike", "1", "dislike") == pytest.approx(-(1 + 0.5 * math.log(3)))
    assert told("dislike", "1", "2", "watch", "5") == pytest.approx(1.5 * twice)  # two stars say neither


def test_each_users_past_is_oldest_first_and_what_has_no_time_comes_before() -> None:
    frame = events(
        ("v", "d", "watch", None, 3.0),
        ("u", "late", "watch", None, 2.0),
        ("u", "again", "watch", None, 0.0),
        ("u", "early", "watch", None, 1.0),
        ("u", "again", "watch", None, 5.0),
        ("u", "z-unknown", "watch", None, None),
        ("u", "a-unknown", "watch", None, None),
        ("v", "c", "watch", None, 3.0),
    )

    weighed = weigh_events(frame, EvidenceConfig())

    assert weighed["user_id"].to_list() == ["u"] * 5 + ["v"] * 2
    assert weighed["item_id"].to_list() == ["z-unknown", "a-unknown", "early", "late", "again", "d", "c"]
    assert weighed["acts"].to_list() == [1, 1, 1, 1, 2, 1, 1]
    assert weighed["last"][4] == FIRST + dt.timedelta(days=5)


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 1.0, 1.0],  # a constant
        [0.0, 1.0, 1.0],  # a flag
        [12.5, 99.0, 3.0],  # prices
        [-1.0, 0.0, 1.0],  # differences
    ],
)
def test_values_that_are_no_ratings_leave_the_weight_to_the_type(values: list[float]) -> None:
    frame = rated(*values)

    assert set(weights(frame).values()) == {1.0}
    assert len(liked(frame)) == 3


def test_a_value_beside_another_type_is_no_rating() -> None:
    frame = events(*(("u", str(value), "purchase", float(value)) for value in range(1, 6)))

    assert set(weights(frame).values()) == {2.0}


def test_no_events_weigh_nothing() -> None:
    assert weigh_events(events(), EvidenceConfig()).is_empty()
    assert speaking_events(events(), EvidenceConfig()).is_empty()
    assert repeat_share(speaking_events(events(), EvidenceConfig())) == 0.0


def test_an_item_used_all_day_speaks_once_that_day() -> None:
    frame = events(
        ("u", "a", "play", None, 0.0),
        ("u", "a", "like", None, 0.1),  # 22:24 of the same day
        ("v", "a", "play", None, 0.1),
        ("u", "a", "play", None, 0.2),  # 00:48 of the next
        ("u", "b", "impression", None, 0.0),
        ("u", "c", "dislike", None, 0.0),
        ("u", "d", "play", None, None),
        ("u", "d", "play", None, None),
    )

    speaking = speaking_events(frame, EvidenceConfig())

    pairs = list(speaking.select("user_id", "item_id").iter_rows())
    assert pairs == [("u", "a"), ("v", "a"), ("u", "a"), ("u", "d")]
    assert speaking["event_type"].to_list() == ["play"] * 4
    assert speaking.columns == frame.columns


def test_only_ratings_above_neutral_speak() -> None:
    assert speaking_events(rated(5, 4, 3, 2, 1), EvidenceConfig())["item_id"].to_list() == ["0", "1", "2"]


def test_the_share_of_repeats_counts_days_not_acts() -> None:
    # Five days of use, two of which were not the first with the item; the second play of day 0 is none.
    plays = [("u", "a", 0.0), ("u", "a", 0.1), ("u", "a", 1.0), ("u", "a", 2.0), ("u", "b", 0.0), ("v", "a", 7.0)]
    frame = events(*((user, item, "play", None, day) for user, item, day in plays))

    assert repeat_share(speaking_events(frame, EvidenceConfig())) == pytest.approx(2 / 5)
