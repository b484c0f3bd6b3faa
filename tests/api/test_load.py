"""How long a question would wait, worked out by hand."""

from __future__ import annotations

import pytest

from crossfade.api.load import Load


def after(*batches: tuple[int, float]) -> Load:
    """Return what is known after batches of so many questions that took so many seconds, one after the other."""
    load, now = Load(), 0.0
    for questions, seconds in batches:
        load.begin(questions, now)
        now += seconds
        load.end(now)
    return load


def test_nothing_is_expected_before_anything_was_answered() -> None:
    assert Load().wait_s(1_000, 0.0) == 0.0


def test_a_question_waits_for_each_before_it() -> None:
    assert after((1, 0.02)).wait_s(10, 5.0) == pytest.approx(0.2)


def test_a_large_batch_outweighs_a_slow_first_question() -> None:
    load = after((1, 0.5), (64, 0.064))

    assert load.wait_s(100, 5.0) == pytest.approx(100 * (0.9 * 0.5 + 0.064) / (0.9 + 64))


def test_what_was_long_ago_is_forgotten() -> None:
    load = after((1, 100.0), *[(1, 0.01)] * 200)

    assert load.wait_s(1, 500.0) == pytest.approx(0.01, rel=1e-3)


def test_a_batch_under_way_is_waited_for_as_well() -> None:
    load = after((10, 0.1))
    load.begin(20, 7.0)

    assert load.wait_s(5, 7.0) == pytest.approx(0.05 + 0.2)


def test_a_batch_that_hangs_is_expected_to_hang_as_long_again() -> None:
    load = after((10, 0.1))
    load.begin(1, 7.0)

    assert load.wait_s(0, 10.0) == pytest.approx(3.0)


def test_a_batch_is_as_large_as_what_was_measured_allows() -> None:
    assert after((1, 0.05)).units_in(0.25) == pytest.approx(5)


def test_a_batch_is_sized_with_caution_before_anything_was_measured_and_after_what_was_quick() -> None:
    assert Load().units_in(0.25) == after((64, 0.001)).units_in(0.25) == pytest.approx(125)
