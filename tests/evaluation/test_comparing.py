"""Who leads a group is judged in the knowledge that there are several groups."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from crossfade_indexing.evaluation.comparing import leaders, paired
from crossfade_indexing.evaluation.measuring import Measured
from crossfade_indexing.evaluation.result import GroupName

NOBODY = np.full(8, np.nan)


def measured(name: str, groups: Mapping[GroupName, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> Measured:
    return Measured(
        name=name,
        kind="baseline",
        component=None,
        users=np.arange(8),
        values={},
        groups=dict(groups),
        shown_popularity=NOBODY,
        past_popularity=NOBODY,
        spreads={},
        deciles=np.zeros((1, 2, 10)),
        seconds=np.zeros((1, 2)),
    )


def test_p_values_of_leaders_are_adjusted_for_the_number_of_groups() -> None:
    # Eight users, each 0.1 better: 2 of the 256 patterns of signs reach as far.
    better = measured("better", {"newcomers": np.full(8, 0.5), "warm items": np.full(8, 0.5)})
    worse = measured("worse", {"newcomers": np.full(8, 0.4), "warm items": np.full(8, 0.4)})
    only_newcomers = [measured(one.name, {"newcomers": one.groups["newcomers"]}) for one in (better, worse)]

    (alone,) = leaders(only_newcomers, seed=0)
    both = leaders([worse, better], seed=0)

    assert alone.versus.p_value == pytest.approx(2 / 256, abs=0.003)
    assert [(found.model, found.versus.baseline) for found in both] == [("better", "worse")] * 2
    assert [found.versus.p_value for found in both] == [pytest.approx(2 * alone.versus.p_value)] * 2


def test_where_both_find_nothing_there_is_no_ratio_whoever_else_is_not_in_the_group() -> None:
    nothing = np.array([0.0] * 4 + [np.nan] * 4)

    told = paired("other", nothing, nothing, np.arange(8), seed=0)

    assert told.ratio is None
    assert told.difference.mean == 0.0
