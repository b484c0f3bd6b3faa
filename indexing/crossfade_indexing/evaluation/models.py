"""The models of a comparison and what they recommend: ours as the service would answer, and the baselines."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from crossfade.engine import COMPONENTS, Answer, Exclude, Query, Recommender
from crossfade.types import RowArray
from crossfade_indexing.evaluation.baselines import ranker_ranking
from crossfade_indexing.evaluation.case import Case
from crossfade_indexing.evaluation.ranker import Ranker
from crossfade_indexing.evaluation.result import Kind
from crossfade_indexing.progress import Advance

__all__ = [
    "Ranked",
    "Variant",
    "answered_rows",
    "ask",
    "fused",
    "pairs_with",
    "queries_of",
    "rank_baseline",
    "rank_variant",
    "singles",
    "withouts",
]

_QUERIES_AT_ONCE = 512
_BASELINE_NAMES = {
    "popularity": "Popularity",
    "random": "Random",
    "user-cosine": "User neighbours, cosine",
    "user-pearson": "User neighbours, Pearson",
    "item-cosine": "Item neighbours, cosine",
    "item-pearson": "Item neighbours, Pearson",
    "user+item": "User and item neighbours",
    "tf-idf": "TF-IDF content",
}


@dataclass(frozen=True)
class Variant:
    """Crossfade asked with certain weights.

    Attributes:
        name: As people read it.
        kind: What the variant shows.
        component: Which one is alone, left out or added.
        weights: As a query names them; the others keep the bundle's default.
    """

    name: str
    kind: Kind
    component: str | None
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Ranked:
    """What a model recommends.

    Attributes:
        name: The model's.
        kind: The model's.
        component: The model's.
        rows: Shape (n_users, k), item rows, best first, -1 where a list is short.
        fit_s: Seconds to learn.
        rank_s: Seconds to rank.
        silent: Whether it told no item from another for anybody.
    """

    name: str
    kind: Kind
    component: str | None
    rows: RowArray
    fit_s: float
    rank_s: float
    silent: bool = False


def fused() -> Variant:
    """Return Crossfade as it answers by default."""
    return Variant("Crossfade", "crossfade", None, {})


def singles() -> list[Variant]:
    """Return one variant per component that looks at nothing else."""
    return [
        Variant(f"{_title(name)} alone", "component", name, {other: float(other == name) for other in COMPONENTS})
        for name in COMPONENTS
    ]


def withouts(components: Sequence[str]) -> list[Variant]:
    """Return one variant per component that the default fusion lacks."""
    return [Variant(f"Crossfade without {_plain(name)}", "without", name, {name: 0.0}) for name in components]


def pairs_with(best: str, components: Sequence[str]) -> list[Variant]:
    """Return one variant per other component: the fusion of that one and the best with their default weights."""
    return [
        Variant(
            f"{_title(best)} and {_plain(name)}",
            "plus",
            name,
            {other: 0.0 for other in COMPONENTS if other not in (best, name)},
        )
        for name in components
        if name != best
    ]


def queries_of(case: Case, k: int, *, again: bool) -> list[Query]:
    """Return what a service would be asked for each evaluated user."""
    user_ids = case.catalog.user_ids[case.users]
    exclude = Exclude(interacted=not again)
    return [
        Query(user_id=user_id, limit=k, context=context, exclude=exclude, include=())
        for user_id, context in zip(user_ids, case.contexts, strict=True)
    ]


def ask(recommender: Recommender, queries: Sequence[Query], advance: Advance | None = None) -> list[Answer]:
    """Return the answers; ``advance`` is told how many there are."""
    answers: list[Answer] = []
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        answers += recommender.recommend_many(queries[start : start + _QUERIES_AT_ONCE])
        if advance is not None:
            advance(len(answers), len(queries))
    return answers


def rank_variant(
    recommender: Recommender, variant: Variant, queries: Sequence[Query], *, fit_s: float, advance: Advance
) -> Ranked:
    """Return what Crossfade recommends with the variant's weights.

    Args:
        recommender: Over the bundle of the split.
        variant: The weights.
        queries: As `queries_of` makes them.
        fit_s: Seconds that the bundle took.
        advance: Told how many queries are answered.
    """
    started = time.perf_counter()
    answers = ask(recommender, [replace(query, weights=variant.weights) for query in queries], advance)
    rank_s = time.perf_counter() - started
    rows = answered_rows(recommender, answers, queries[0].limit or 0)  # `queries_of` names one
    silent = not any(item.score for answer in answers for item in answer.items)
    return Ranked(variant.name, variant.kind, variant.component, rows, fit_s, rank_s, silent)


def answered_rows(recommender: Recommender, answers: Sequence[Answer], k: int) -> RowArray:
    """Return the answered items' rows, shape (n, k), -1 where an answer is short."""
    row_of = recommender.bundle.catalogue.row_of
    rows = np.full((len(answers), k), -1, np.int64)
    for place, answer in zip(rows, answers, strict=True):
        place[: len(answer.items)] = [row_of[item.item_id] for item in answer.items]
    return rows


def rank_baseline(ranker: Ranker, case: Case, k: int) -> Ranked:
    """Fit a baseline and return what it recommends."""
    fit_s = _timed(lambda: ranker.fit(case.training))
    started = time.perf_counter()
    rows = ranker_ranking(ranker, case.users, case.had, k)
    rank_s = time.perf_counter() - started
    return Ranked(_BASELINE_NAMES.get(ranker.name, ranker.name), "baseline", None, rows, fit_s, rank_s)


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _plain(component: str) -> str:
    return component.replace("_", " ")


def _title(component: str) -> str:
    return _plain(component).capitalize()
