"""What an act says of a taste."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from crossfade_indexing.config import EvidenceConfig
from crossfade_indexing.evidence import weigh_events


def events(*rows: tuple[str, str, str, float | None]) -> pl.DataFrame:
    schema = {"user_id": pl.String, "item_id": pl.String, "event_type": pl.String, "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def weights(frame: pl.DataFrame) -> dict[tuple[str, str], float]:
    weighed = weigh_events(frame, EvidenceConfig())
    return {(user, item): weight for user, item, weight in weighed.iter_rows()}


def test_the_strongest_act_on_an_item_counts() -> None:
    frame = events(("u", "a", "watch", None), ("u", "a", "like", None), ("u", "a", "finish", None))

    assert weights(frame) == {("u", "a"): 3.0}


def test_an_item_only_seen_in_a_list_was_not_had() -> None:
    frame = events(("u", "a", "impression", None), ("u", "b", "impression", None), ("u", "b", "watch", None))

    assert weights(frame) == {("u", "b"): 1.0}


@pytest.mark.parametrize("order", [("like", "dislike"), ("dislike", "like")])
def test_a_disliked_item_was_had_but_speaks_for_nothing(order: Sequence[str]) -> None:
    assert weights(events(*(("u", "a", kind, None) for kind in order))) == {("u", "a"): 0.0}


def test_a_type_nobody_named_weighs_one() -> None:
    assert weights(events(("u", "a", "hum_along", None))) == {("u", "a"): 1.0}


def test_ratings_speak_for_an_item_above_two_fifths_of_the_highest() -> None:
    rated = [("u", name, "event", value) for name, value in [("a", 5.0), ("b", 4.0), ("c", 2.0), ("d", 0.5)]]

    assert weights(events(*rated)) == {("u", "a"): 1.5, ("u", "b"): 1.0, ("u", "c"): 0.0, ("u", "d"): 0.0}


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
    frame = events(*(("u", str(place), "event", value) for place, value in enumerate(values)))

    assert set(weights(frame).values()) == {1.0}


def test_a_value_beside_another_type_is_no_rating() -> None:
    frame = events(*(("u", str(value), "purchase", float(value)) for value in range(1, 6)))

    assert set(weights(frame).values()) == {2.0}


def test_no_events_weigh_nothing() -> None:
    assert weights(events()) == {}
