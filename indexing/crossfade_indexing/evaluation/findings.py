"""What the numbers say in plain sentences; where an interval leaves it open, the sentence says that instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Literal

from crossfade_indexing.evaluation.result import (
    Evaluation,
    FadePoint,
    FieldResult,
    Interval,
    Metric,
    ModelResult,
    Paired,
)
from crossfade_indexing.evaluation.wording import enumeration, interval, number, p_value, percent, percent_interval

__all__ = ["find"]

# A mean over fewer users is an anecdote.
_FEWEST_USERS = 30
# Shares of places and of events that differ by less are alike.
_ALIKE = 0.05
# Of all the winners that the groups are said to have, any is wrong with at most this probability.
_CHANCE = 0.05


def find(evaluation: Evaluation) -> tuple[str, ...]:
    """Return the findings, the most important first; each holds the numbers that it rests on.

    A comparison is told as one only where its 95 % interval leaves out "no difference". Among several groups somebody
    leads by chance: for a winner of one, the p-value adjusted for their number must be below 0.05 as well. With fewer
    than thirty evaluated users, of whom any interval is an anecdote, nothing is compared. The findings that the
    evaluation holds already are not looked at.
    """
    users = evaluation.protocol.users_evaluated
    if users < _FEWEST_USERS:
        few = (
            f"{users:,} evaluated user{'s' * (users != 1)}: too few to tell models apart, which takes {_FEWEST_USERS}."
        )
        return (few, *_long_tail(evaluation))
    parts: tuple[Callable[[Evaluation], Iterator[str]], ...] = (
        _against_baselines,
        _against_components,
        _left_out,
        _fade,
        _groups,
        _context,
        _beyond_accuracy,
        _calibration,
        _ratings,
        _long_tail,
    )
    return tuple(sentence for part in parts for sentence in part(evaluation))


def _against_baselines(evaluation: Evaluation) -> Iterator[str]:
    for model in _of_kind(evaluation, "crossfade"):
        if (paired := model.versus_best_baseline) is not None:
            sentence = _verdict(evaluation, model.name, f"the best baseline ({paired.baseline})", paired)
            values = [one.metrics["ndcg"].mean for one in evaluation.models if one.name == paired.baseline]
            yield f"{sentence[:-1]}, {number(model.metrics['ndcg'].mean)} against {number(values[0])}."


def _against_components(evaluation: Evaluation) -> Iterator[str]:
    alone = [model for model in _of_kind(evaluation, "component") if "ndcg" in model.metrics]
    best = max(alone, key=lambda model: model.metrics["ndcg"].mean, default=None)
    if best is not None and (paired := best.versus_crossfade) is not None:
        name = best.component or best.name
        yield _verdict(evaluation, paired.baseline, f"its best single component ({name})", _exchanged(paired))


def _left_out(evaluation: Evaluation) -> Iterator[str]:
    open_ones = []
    metric = _ndcg(evaluation)
    for model in _of_kind(evaluation, "without"):
        if (paired := model.versus_crossfade) is None:
            continue
        name = model.component or model.name
        if (sign := _sign(paired)) == 0:
            open_ones.append(f"{name}, {_difference(paired)}")
        elif sign < 0:
            yield f"Removing {name} costs {_difference(_turned(paired))} of {metric}."
        else:
            yield f"Removing {name} gains {_difference(paired)} in {metric}: the fusion would be better without it."
    if open_ones:
        yield f"No difference in {metric} can be told when one removes {enumeration(open_ones, 'or')}."


def _fade(evaluation: Evaluation) -> Iterator[str]:
    points = [point for point in evaluation.fade if point.share and point.users]
    for leader, run in groupby(points, key=_leader):
        members = list(run)
        # Every point has the same users, or some of them: only their histories are cut to another length.
        users = max(point.users for point in members)
        if users < _FEWEST_USERS:
            continue
        profiles = sum(point.users for point in members)
        share = sum(point.share.get(leader, 0.0) * point.users for point in members) / profiles
        whom = _whom(members, first=members[0] is points[0], last=members[-1] is points[-1])
        yield f"For {whom} {leader} carries the most, {percent(share)} of the score ({users:,} users, histories cut)."


def _leader(point: FadePoint) -> str:
    return max(point.share, key=lambda component: point.share[component])


def _whom(points: Sequence[FadePoint], *, first: bool, last: bool) -> str:
    least, most = points[0].past_items, points[-1].most_past_items
    most = points[-1].past_items if most is None else most
    if first and last:
        return "users with any number of past items"
    if last:
        return f"users with {least:,} or more past items"
    if most == 0:
        return "users without any past item"
    if first:
        return f"users with fewer than {most + 1:,} past items"
    return (
        f"users with {least:,} to {most:,} past items"
        if most > least
        else f"users with {least:,} past item{'s' * (least > 1)}"
    )


def _groups(evaluation: Evaluation) -> Iterator[str]:
    metric = _ndcg(evaluation)
    number_of_groups = len(evaluation.leaders)
    adjusted = f", adjusted for {number_of_groups} groups" if number_of_groups > 1 else ""
    for leader in evaluation.leaders:
        other, paired = leader.versus.baseline, leader.versus
        told = f"p {p_value(paired)}{adjusted}"
        if _sign(paired) > 0 and paired.p_value < _CHANCE:
            yield f"Best for {leader.group}: {leader.model}, {_difference(paired)} above {other} in {metric}; {told}."
        elif _sign(paired) > 0:
            yield (
                f"For {leader.group} {leader.model} looks better than {other} in {metric}, {_difference(paired)}, but "
                f"with {number_of_groups} groups looked at one may look so by chance; {told}."
            )
        else:
            yield (
                f"For {leader.group} no difference in {metric} can be told between {leader.model} and {other}, "
                f"the two best there: {_difference(paired)}; {told}."
            )


def _context(evaluation: Evaluation) -> Iterator[str]:
    fields = sorted(evaluation.context, key=lambda field: -field.gain.mean)
    if helpful := [field for field in fields if field.gain.low > 0]:
        yield f"Of the context, what helps {_ndcg(evaluation)}: {_gains(helpful)}."
    if harmful := [field for field in fields if field.gain.high < 0]:
        yield f"Of the context, what harms {_ndcg(evaluation)}: {_gains(harmful)}."
    if rest := [field for field in fields if field.gain.low <= 0 <= field.gain.high]:
        yield f"No effect on {_ndcg(evaluation)} can be told of the context's {_gains(rest)}."


def _gains(fields: Sequence[FieldResult]) -> str:
    return enumeration([f"{field.field} ({_plus(field.gain)}, weight {number(field.weight)})" for field in fields])


def _plus(value: Interval) -> str:
    sign = "+" if value.mean > 0 else ""
    return f"{sign}{number(value.mean)}, 95\N{NO-BREAK SPACE}% {number(value.low)} to {number(value.high)}"


def _beyond_accuracy(evaluation: Evaluation) -> Iterator[str]:
    models = {model.name: model for model in evaluation.models}
    for model in _of_kind(evaluation, "crossfade"):
        baseline = None if model.versus_best_baseline is None else models.get(model.versus_best_baseline.baseline)
        if baseline is None:
            continue
        if apart := _apart(model, baseline, "coverage"):
            ours, theirs = apart
            yield (
                f"{model.name} recommends {'more' if ours.mean > theirs.mean else 'less'} of the catalogue than "
                f"{baseline.name}: {percent(ours.mean)} against {percent(theirs.mean)} of all items."
            )
        if apart := _apart(model, baseline, "novelty"):
            ours, theirs = apart
            yield (
                f"What {model.name} recommends is {'less' if ours.mean > theirs.mean else 'better'} known than what "
                f"{baseline.name} does: novelty {interval(ours)} against {interval(theirs)} bits."
            )


def _apart(one: ModelResult, other: ModelResult, metric: Metric) -> tuple[Interval, Interval] | None:
    """Return the two models' values if their intervals do not touch, which is a stricter test than a paired one."""
    ours, theirs = one.metrics.get(metric), other.metrics.get(metric)
    if ours is None or theirs is None or (ours.low <= theirs.high and theirs.low <= ours.high):
        return None
    return ours, theirs


def _calibration(evaluation: Evaluation) -> Iterator[str]:
    ours = {model.name for model in _of_kind(evaluation, "crossfade")}
    for entry in evaluation.calibration:
        places, events = entry.deciles[0], entry.training[0]
        if entry.model in ours and abs(places - events) >= _ALIKE:
            yield (
                f"{entry.model} {'over' if places > events else 'under'}-serves the most popular tenth of the items: "
                f"it takes {percent(places)} of the recommended places and has {percent(events)} of the events."
            )


def _ratings(evaluation: Evaluation) -> Iterator[str]:
    if len(evaluation.ratings) < 2:
        return
    best, second, *_ = sorted(evaluation.ratings, key=lambda rating: rating.rmse.mean)
    if second.excess is not None and second.excess.low > 0:
        yield (
            f"{best.name} predicts ratings best: RMSE {interval(best.rmse)} against {interval(second.rmse)} "
            f"of {second.name}."
        )
    else:
        yield (
            f"No difference can be told between {best.name} and {second.name} in predicting ratings: RMSE "
            f"{interval(best.rmse)} and {interval(second.rmse)}."
        )


def _long_tail(evaluation: Evaluation) -> Iterator[str]:
    half = next((point for point in evaluation.data.long_tail if point.events >= 0.5), None)
    if half is not None:
        yield f"Half of all events fall on the {percent(half.items)} most used items."


def _verdict(evaluation: Evaluation, name: str, other: str, paired: Paired) -> str:
    """Say who wins by how much, if anyone does; ``paired`` speaks for the model of that name."""
    sign, metric = _sign(paired), _ndcg(evaluation)
    if sign > 0:
        return f"{name} beats {other} by {_difference(paired)} in {metric}."
    if sign < 0:
        return f"{name} falls behind {other} by {_difference(_turned(paired))} in {metric}."
    return f"No difference in {metric} can be told between {name} and {other}: {_difference(paired)}."


def _sign(paired: Paired) -> Literal[-1, 0, 1]:
    """1 or -1 where both intervals leave out "no difference", else 0."""
    difference, ratio = paired.difference, paired.ratio
    if difference.low > 0 and (ratio is None or ratio.low > 1):
        return 1
    if difference.high < 0 and (ratio is None or ratio.high < 1):
        return -1
    return 0


def _difference(paired: Paired) -> str:
    """Return the difference in per cent of the other model, in absolute terms where that is 0."""
    if paired.ratio is None:
        return interval(paired.difference)
    ratio = paired.ratio
    return percent_interval(Interval(mean=ratio.mean - 1, low=ratio.low - 1, high=ratio.high - 1))


def _exchanged(paired: Paired) -> Paired:
    """The same comparison told of the other model: the ratio is one to this model then."""
    ratio = paired.ratio
    inverse = None
    if ratio is not None and ratio.low > 0:
        inverse = Interval(mean=1 / ratio.mean, low=1 / ratio.high, high=1 / ratio.low)
    return paired.model_copy(update={"difference": _mirrored(paired.difference, about=0.0), "ratio": inverse})


def _turned(paired: Paired) -> Paired:
    """The same comparison with its sign turned; the ratio stays one to the same model."""
    ratio = paired.ratio
    return paired.model_copy(
        update={
            "difference": _mirrored(paired.difference, about=0.0),
            "ratio": None if ratio is None else _mirrored(ratio, about=1.0),
        }
    )


def _mirrored(value: Interval, *, about: float) -> Interval:
    return Interval(mean=2 * about - value.mean, low=2 * about - value.high, high=2 * about - value.low)


def _of_kind(evaluation: Evaluation, kind: str) -> list[ModelResult]:
    return [model for model in evaluation.models if model.kind == kind]


def _ndcg(evaluation: Evaluation) -> str:
    return f"NDCG@{evaluation.protocol.k}"
