"""What a field of the context is worth: the same users asked with it and without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossfade.engine import Answer, Query, Recommender
from crossfade_indexing.evaluation import statistics
from crossfade_indexing.evaluation.case import NOT_TOLD, Case
from crossfade_indexing.evaluation.metrics import PerUser, hits_of, ndcg
from crossfade_indexing.evaluation.models import answered_rows, ask
from crossfade_indexing.evaluation.planning import Plan
from crossfade_indexing.evaluation.result import FieldResult, Interval
from crossfade_indexing.progress import Advance

__all__ = ["field_result", "field_results"]


def field_results(
    recommender: Recommender, queries: Sequence[Query], case: Case, plan: Plan, advance: Advance
) -> tuple[FieldResult, ...]:
    """Return what every field of the context gains, as Crossfade answers by default.

    Args:
        recommender: Over the bundle of the split.
        queries: As `queries_of` makes them.
        case: The split.
        plan: How many places count.
        advance: Told how many fields are done.
    """
    fields = {name: field for name, field in recommender.bundle.manifest.fields.items() if field.component == "context"}
    if not fields:
        return ()
    told = ask(recommender, queries)
    results = []
    for place, (name, field) in enumerate(fields.items(), start=1):
        silenced = ask(recommender, [replace(query, context={**query.context, name: NOT_TOLD}) for query in queries])
        results.append(
            field_result(
                name,
                field.component,
                field.weight,
                answers=(told, silenced),
                recommender=recommender,
                case=case,
                plan=plan,
            )
        )
        advance(place, len(fields))
    return tuple(results)


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
