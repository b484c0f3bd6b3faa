"""What a field of the context is worth: the same users asked with it and without it."""

from __future__ import annotations

from collections.abc import Sequence

from crossfade.engine import Answer, Recommender
from crossfade_indexing.evaluation import statistics
from crossfade_indexing.evaluation.case import Case
from crossfade_indexing.evaluation.metrics import PerUser, hits_of, ndcg
from crossfade_indexing.evaluation.models import answered_rows
from crossfade_indexing.evaluation.planning import Plan
from crossfade_indexing.evaluation.result import FieldResult, Interval

__all__ = ["field_result"]


def field_result(
    field: str,
    component: str,
    weight: float,
    *,
    answers: tuple[Sequence[Answer], Sequence[Answer]],
    recommender: Recommender,
    case: Case,
    plan: Plan,
) -> FieldResult:
    """Return what a field gains.

    Args:
        field: Its name.
        component: The component that it belongs to.
        weight: As learned.
        answers: To the evaluated users, in their order, with the field and without it.
        recommender: Who answered.
        case: The split.
        plan: How many places count.
    """
    with_it, without = (_ndcg(recommender, some, case, plan) for some in answers)
    gain = statistics.difference(with_it, without, case.users, seed=plan.seed).interval
    return FieldResult(
        field=field,
        component=component,
        weight=weight,
        gain=Interval(mean=gain.mean, low=gain.low, high=gain.high),
    )


def _ndcg(recommender: Recommender, answers: Sequence[Answer], case: Case, plan: Plan) -> PerUser:
    hits, relevant = hits_of(answered_rows(recommender, answers, plan.k), case.relevant)
    return ndcg(hits, relevant, plan.k)
