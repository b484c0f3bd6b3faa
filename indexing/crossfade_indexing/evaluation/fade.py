"""How the say of each component and the accuracy change as a profile grows: the crossfade itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from crossfade.engine import Answer, Exclude, Query, Recommender
from crossfade.engine.query import MAX_ITEM_IDS
from crossfade.types import RowArray
from crossfade_indexing.evaluation.case import Case
from crossfade_indexing.evaluation.comparing import interval
from crossfade_indexing.evaluation.metrics import hits_of, ndcg
from crossfade_indexing.evaluation.models import Variant, answered_rows, ask
from crossfade_indexing.evaluation.planning import Plan
from crossfade_indexing.evaluation.result import FadePoint, Interval
from crossfade_indexing.progress import Advance

__all__ = ["fade_points"]

_LENGTHS = (0, 1, 2, 5, 10, 20, 50)
_MOST_USERS = 300
_NEED_A_PAST = ("collaborative", "content")


@dataclass(frozen=True)
class _Sample:
    """Users whose profiles are cut down; ``places`` are theirs among the evaluated users."""

    places: RowArray
    queries: list[Query]
    histories: list[list[str]]


def fade_points(
    recommender: Recommender,
    variants: Sequence[Variant],
    queries: Sequence[Query],
    case: Case,
    *,
    plan: Plan,
    advance: Advance,
) -> tuple[FadePoint, ...]:
    """Return the same users with the first 0, 1, 2, 5 … of the items that they like.

    The lengths end with the longest that at least half of the users reach, and only those who reach it take part, so
    that a point differs from the next by what is known of the users, not by who they are. What they have had is never
    recommended, however little of it is told.

    Args:
        recommender: Over the bundle of the split.
        variants: Crossfade first, then its components alone.
        queries: As `queries_of` makes them.
        case: The split.
        plan: How many places count, and whether items are used again.
        advance: Told how many points are done.
    """
    counts = np.array([len(case.liked.get(int(user), ())) for user in case.users])
    lengths = [length for length in _LENGTHS if length <= np.median(counts)]
    sample = _drawn(case, queries, counts, lengths[-1], plan)
    points = []
    for place, length in enumerate(lengths, start=1):
        if len(sample.places):
            points.append(_point(recommender, variants, sample, case, plan=plan, length=length))
        advance(place, len(lengths))
    return tuple(points)


def _drawn(case: Case, queries: Sequence[Query], counts: RowArray, longest: int, plan: Plan) -> _Sample:
    had = np.diff(case.had[case.users].indptr)
    eligible = np.flatnonzero((counts >= longest) & (had <= MAX_ITEM_IDS))
    drawn = np.random.default_rng(plan.seed).permutation(eligible)[:_MOST_USERS]
    places = np.sort(drawn)
    item_ids = case.catalog.item_ids
    asked = []
    for place in places:
        known = case.had[[case.users[place]]].indices.tolist()
        exclude = Exclude(item_ids=[item_ids[row] for row in known], interacted=not plan.again)
        asked.append(replace(queries[place], user_id=None, exclude=exclude))
    return _Sample(places, asked, [case.liked.get(int(case.users[place]), []) for place in places])


def _point(
    recommender: Recommender, variants: Sequence[Variant], sample: _Sample, case: Case, *, plan: Plan, length: int
) -> FadePoint:
    cut = [
        replace(query, item_ids=history[:length])
        for query, history in zip(sample.queries, sample.histories, strict=True)
    ]
    share: dict[str, float] = {}
    reached: dict[str, Interval] = {}
    for variant in variants:
        if length == 0 and variant.component in _NEED_A_PAST:
            continue  # it would be answered by popularity, which is another component's merit
        is_default = variant.kind == "crossfade"
        answers = ask(recommender, [replace(query, weights=variant.weights, explain=is_default) for query in cut])
        if is_default:
            share = _shares(answers)
        rows = answered_rows(recommender, answers, plan.k)
        values = ndcg(*hits_of(rows, case.relevant[sample.places]), plan.k)
        if (found := interval(values, sample.places, plan.seed)) is not None:
            reached[variant.name] = found
    return FadePoint(past_items=length, users=len(cut), share=share, ndcg=reached)


def _shares(answers: Sequence[Answer]) -> dict[str, float]:
    """Return each component's mean share of the scores; what counts against an item counts as say as well."""
    totals: dict[str, float] = {}
    for answer in answers:
        sums: dict[str, float] = {}
        for item in answer.items:
            for name, value in ({} if item.explanation is None else item.explanation.components).items():
                sums[name] = sums.get(name, 0.0) + abs(value)
        whole = sum(sums.values())
        for name, value in sums.items():
            totals[name] = totals.get(name, 0.0) + (value / whole if whole > 0 else 0.0)
    everything = sum(totals.values())
    return {name: value / everything for name, value in totals.items()} if everything > 0 else {}
