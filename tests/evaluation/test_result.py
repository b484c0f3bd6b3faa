"""The evaluation as plain data."""

from __future__ import annotations

import pytest
from evaluation.example import example
from pydantic import ValidationError

from crossfade_indexing.evaluation.result import Evaluation, Interval


def test_an_evaluation_is_read_from_json_as_it_was_written() -> None:
    evaluation = example()

    again = Evaluation.model_validate_json(evaluation.model_dump_json())

    assert again == evaluation


def test_a_number_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ValidationError, match="finite"):
        Interval(mean=float("nan"), low=0.0, high=1.0)


def test_a_field_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Interval.model_validate({"mean": 1.0, "low": 0.0, "high": 2.0, "width": 2.0})


def test_nothing_can_be_changed_afterwards() -> None:
    interval = Interval(mean=1.0, low=0.0, high=2.0)

    with pytest.raises(ValidationError, match="frozen"):
        interval.mean = 3.0  # type: ignore[misc]  # that is what is tested
