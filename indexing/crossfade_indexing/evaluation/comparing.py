"""From every model's values per user to intervals, comparisons and leaders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crossfade_indexing.evaluation import statistics
from crossfade_indexing.evaluation.measuring import Measured
from crossfade_indexing.evaluation.metrics import PerUser
from crossfade_indexing.evaluation.result import (
    Calibration,
    GroupLeader,
    GroupName,
    Interval,
    Metric,
    ModelResult,
    Paired,
)
from crossfade_indexing.progress import Advance

__all__ = ["best_of", "calibrations", "interval", "leaders", "model_results", "paired"]

_NORMAL_95 = 1.959964


def model_results(models: Sequence[Measured], seed: int, advance: Advance) -> tuple[ModelResult, ...]:
    """Return each model's metrics and its comparisons with the best baseline and with Crossfade.

    The p-values of all models against the same one are adjusted for their number, after Holm.

    Args:
        models: In the order of the tables; all over the same users and repeats.
        seed: Of the draws.
        advance: Told how many models are done.
    """
    best = best_of(models, "baseline")
    ours = best_of(models, "crossfade")
    against_best, against_ours = _family(models, best, seed), _family(models, ours, seed)
    results = []
    for place, model in enumerate(models, start=1):
        fit_s, rank_s = model.seconds.mean(axis=0)
        groups: dict[GroupName, dict[Metric, Interval]] = {}
        for name, values in model.groups.items():
            if (found := interval(values, model.users, seed)) is not None:
                groups[name] = {"ndcg": found}
        results.append(
            ModelResult(
                name=model.name,
                kind=model.kind,
                component=model.component,
                metrics=_metrics(model, seed),
                groups=groups,
                fit_s=float(fit_s),
                rank_s=float(rank_s),
                versus_best_baseline=against_best.get(model.name),
                versus_crossfade=against_ours.get(model.name),
            )
        )
        advance(place, len(models))
    return tuple(results)


def best_of(models: Sequence[Measured], kind: str) -> Measured | None:
    """Return the model of a kind with the highest NDCG, of equal ones the first; None without any."""
    return max(
        (model for model in models if model.kind == kind),
        key=lambda model: float(model.values["ndcg"].mean()),
        default=None,
    )


def leaders(models: Sequence[Measured], seed: int) -> tuple[GroupLeader, ...]:
    """Return who ranks best for each group, compared with the second.

    The p-values are adjusted for the number of groups, after Holm.

    Args:
        models: All over the same users and repeats; parts of the fusion are left out.
        seed: Of the draws.
    """
    racing = [model for model in models if model.kind in ("crossfade", "component", "baseline")]
    found: list[tuple[GroupName, str, Paired]] = []
    for name in dict.fromkeys(name for model in racing for name in model.groups):
        inside = sorted(racing, key=lambda model: -float(np.nanmean(model.groups[name])))
        first = inside[0]
        # Popularity alone is the popularity baseline: the second is one that ranks otherwise.
        others = (one for one in inside if not np.array_equal(one.groups[name], first.groups[name], equal_nan=True))
        if (second := next(others, None)) is not None:
            told = paired(second.name, first.groups[name], second.groups[name], first.users, seed)
            found.append((name, first.name, told))
    adjusted = statistics.holm([told.p_value for _, _, told in found])
    return tuple(
        GroupLeader(group=name, model=model, versus=told.model_copy(update={"p_value": float(p)}))
        for (name, model, told), p in zip(found, adjusted, strict=True)
    )


def calibrations(models: Sequence[Measured]) -> tuple[Calibration, ...]:
    """Return how the places of Crossfade and of the baselines spread over the popularity of items."""
    found = []
    for model in models:
        places, events = model.deciles.mean(axis=0).clip(0, 1)
        if model.kind in ("crossfade", "baseline") and np.isfinite(model.deciles).all():
            found.append(Calibration(model=model.name, deciles=tuple(places), training=tuple(events)))
    return tuple(found)


def interval(values: PerUser, users: NDArray[np.int64], seed: int) -> Interval | None:
    """Return the mean over users with its interval; None if no user has a value."""
    if np.isnan(values).all():
        return None
    return _as_data(statistics.mean(values, users, seed=seed))


def paired(other: str, first: PerUser, second: PerUser, users: NDArray[np.int64], seed: int) -> Paired:
    """Return how the first of two models' NDCG compares with the second's, named ``other``."""
    difference = statistics.difference(first, second, users, seed=seed)
    ratio = statistics.ratio(first, second, users, seed=seed).interval
    finite = bool(np.isfinite([ratio.mean, ratio.low, ratio.high]).all())
    both_zero = not (first > 0).any() and not (second > 0).any()  # NaN is nobody
    return Paired(
        baseline=other,
        difference=_as_data(difference.interval),
        ratio=_as_data(ratio) if finite and not both_zero else None,
        p_value=difference.p_value,
    )


def _family(models: Sequence[Measured], other: Measured | None, seed: int) -> dict[str, Paired]:
    if other is None:
        return {}
    base = other.values["ndcg"]
    found = {
        model.name: paired(other.name, model.values["ndcg"], base, model.users, seed)
        for model in models
        if model is not other
    }
    adjusted = statistics.holm([one.p_value for one in found.values()])
    return {
        name: one.model_copy(update={"p_value": float(p)})
        for (name, one), p in zip(found.items(), adjusted, strict=True)
    }


def _metrics(model: Measured, seed: int) -> dict[Metric, Interval]:
    metrics: dict[Metric, Interval] = {}
    for name, values in model.values.items():
        if (found := interval(values, model.users, seed)) is not None:
            metrics[name] = found
    for name, spread in model.spreads.items():
        if np.isfinite(spread[:, 0]).all():
            metrics[name] = _jackknife(spread)
    if np.isfinite(model.shown_popularity + model.past_popularity).any():
        lift = statistics.ratio(model.shown_popularity, model.past_popularity, model.users, seed=seed)
        metrics["popularity_lift"] = _as_data(lift.interval)
    return metrics


def _jackknife(spread: NDArray[np.float64]) -> Interval:
    """Return the mean over repeats of a share, and the interval that leaving parts of the users out gives.

    Drawing users again would count some twice, and twice the same list covers nothing new; leaving some out is
    possible. The parts are the same users in every repeat, so the repeats are taken together first.

    Args:
        spread: Shape (repeats, 1 + parts), the first of all users; NaN where a part is not there.

    Source:
        Delete-a-group jackknife, Kott 2001.
    """
    value, *parts_left_out = spread.mean(axis=0)
    without = [one for one in parts_left_out if np.isfinite(one)]  # a part must be there in every repeat
    if len(without) < 2:
        return Interval(mean=value, low=value, high=value)
    parts = len(without)
    error = np.sqrt((parts - 1) / parts * np.square(np.array(without) - np.mean(without)).sum())
    low, high = np.clip([value - _NORMAL_95 * error, value + _NORMAL_95 * error], 0, 1)
    return Interval(mean=value, low=float(low), high=float(high))


def _as_data(found: statistics.Interval) -> Interval:
    return Interval(mean=found.mean, low=found.low, high=found.high)
