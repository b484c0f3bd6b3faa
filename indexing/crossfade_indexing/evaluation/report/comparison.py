"""The sections that compare whole models: what they reach, and what each component adds."""

from __future__ import annotations

from collections.abc import Sequence

from crossfade_indexing.evaluation.report.drawing import Dot, dots
from crossfade_indexing.evaluation.report.parts import Figure, Section, Table, label
from crossfade_indexing.evaluation.report.scatter import Point, scatter
from crossfade_indexing.evaluation.result import Evaluation, Kind, Metric, ModelResult
from crossfade_indexing.evaluation.wording import ABSENT, METRIC_NAMES, interval, number, p_value

__all__ = ["at", "comparison", "components", "ranked"]

_KINDS: dict[Kind, tuple[str, str, int]] = {
    "crossfade": ("Crossfade", "--accent", 3),
    "component": ("One component alone", "--series-1", 1),
    "plus": ("Best component and one more", "--series-2", 0),
    "without": ("Crossfade without one", "--series-4", 0),
    "baseline": ("Baseline", "--muted", 2),
}
"""What the legend says, the colour, and who is named first where room is short."""

_OF_THE_WHOLE_LIST: tuple[Metric, ...] = ("coverage", "gini", "novelty", "diversity", "serendipity", "popularity_lift")

_HINT = (
    "More is better but for Gini (0: every item is recommended as often) and popularity lift "
    "(1: as popular as what people use)."
)


def comparison(evaluation: Evaluation) -> Section:
    """Accuracy beside coverage and novelty, and every metric with its interval."""
    head = ("comparison", "The comparison")
    found = ranked(evaluation)
    if not found:
        return Section(*head, missing="No model was compared.")
    shown = [model for model in found if model.kind in ("crossfade", "component", "baseline")] or found
    k = evaluation.protocol.k
    figures = [_metrics_figure(shown, k)]
    figures += [
        _trade_off(chosen, metric, k)
        for metric in ("coverage", "novelty")
        if (chosen := [model for model in shown if metric in model.metrics])
    ]
    against = _against_best(found, k)
    return Section(
        *head,
        intro=(
            "Accuracy alone flatters whoever recommends what everybody knows: look at how much of the catalogue "
            "is used, and at how little known it is, as well. Whiskers are 95 % intervals."
        ),
        figures=tuple(figures),
        tables=(("Each model against the best baseline, on the same users", against),) if against.rows else (),
    )


def components(evaluation: Evaluation) -> Section:
    """The fusion minus one, one alone, and the best one plus one."""
    head = ("components", "What each component adds")
    kinds: tuple[Kind, ...] = ("without", "plus", "component")
    chosen = [
        (model, paired)
        for kind in kinds
        for model in evaluation.models
        if model.kind == kind and (paired := model.versus_crossfade) is not None
    ]
    if not chosen:
        return Section(*head, missing="No part of the fusion was measured by itself.")
    metric = at("ndcg", evaluation.protocol.k)
    rows = [
        Dot(model.name, paired.difference, _KINDS[model.kind][0], _KINDS[model.kind][1]) for model, paired in chosen
    ]
    worst = min(rows, key=lambda row: row.value.mean)
    figure = Figure(
        caption=(
            f"{metric} minus that of all components fused, on the same users. Left of zero: worse than the fusion. "
            "An interval that crosses zero leaves it open."
        ),
        alt=f"Dot plot of {len(rows)} partial models; furthest below: {worst.name}, {interval(worst.value)}.",
        drawings=(dots(rows, f"Difference in {metric}", against_zero=True),),
        table=Table(
            ("Model", "Difference (95 %)", "p"),
            tuple((model.name, interval(paired.difference), p_value(paired)) for model, paired in chosen),
        ),
        wide=True,
    )
    return Section(*head, figures=(figure,))


def ranked(evaluation: Evaluation, metric: Metric = "ndcg") -> list[ModelResult]:
    """The models that have the metric, the best first, equals in the order given."""
    return sorted(
        (model for model in evaluation.models if metric in model.metrics), key=lambda model: -model.metrics[metric].mean
    )


def at(metric: Metric, k: int) -> str:
    """The metric's name with its depth, where it is one of accuracy."""
    name = METRIC_NAMES[metric]
    return name if metric in _OF_THE_WHOLE_LIST else f"{name}@{k}"


def _metrics_figure(models: Sequence[ModelResult], k: int) -> Figure:
    measured = [metric for metric in METRIC_NAMES if any(metric in model.metrics for model in models)]
    measured.sort(key=lambda metric: metric != "ndcg")
    drawings = []
    for metric in measured:
        rows = [
            Dot(model.name, model.metrics[metric], _KINDS[model.kind][0], _KINDS[model.kind][1])
            for model in sorted(models, key=lambda model: -model.metrics[metric].mean if metric in model.metrics else 0)
            if metric in model.metrics
        ]
        drawings.append(dots(rows, at(metric, k)))
    best = models[0]
    return Figure(
        caption=f"Means and 95 % intervals, highest on top. Users: all that were evaluated; items ranked: all. {_HINT}",
        alt=f"Dot plot of {len(models)} models; best {at('ndcg', k)}: {best.name}, {interval(best.metrics['ndcg'])}.",
        drawings=tuple(drawings),
        table=_metrics_table(models, ("ndcg", *(metric for metric in measured if metric != "ndcg")), k),
        wide=True,
    )


def _trade_off(models: Sequence[ModelResult], metric: Metric, k: int) -> Figure:
    points = [
        Point(
            name=model.name,
            x=model.metrics[metric].mean,
            y=model.metrics["ndcg"].mean,
            kind=_KINDS[model.kind][0],
            color=_KINDS[model.kind][1],
            weight=_KINDS[model.kind][2],
            hover=f"{label(model.name, longest=80)}<br>{at('ndcg', k)} {interval(model.metrics['ndcg'])}"
            f"<br>{at(metric, k)} {interval(model.metrics[metric])}",
        )
        for model in models
    ]
    most = max(models, key=lambda model: model.metrics[metric].mean)
    meaning = {
        "coverage": "share of the catalogue that is recommended to anyone",
        "novelty": "how little known the recommended items are, in bits",
    }[metric]
    return Figure(
        caption=f"Accuracy against {metric} ({meaning}); up and to the right is better.",
        alt=f"Scatter plot of accuracy against {metric}; highest: {most.name}, {interval(most.metrics[metric])}.",
        drawings=(scatter(points, x_title=at(metric, k), y_title=at("ndcg", k)),),
        table=_metrics_table(models, ("ndcg", metric), k),
    )


def _metrics_table(models: Sequence[ModelResult], metrics: Sequence[Metric], k: int) -> Table:
    return Table(
        ("Model", *(at(metric, k) for metric in metrics), "Learn, s", "Rank, s"),
        tuple(
            (
                model.name,
                *(interval(model.metrics[metric]) if metric in model.metrics else ABSENT for metric in metrics),
                number(model.fit_s),
                number(model.rank_s),
            )
            for model in models
        ),
    )


def _against_best(models: Sequence[ModelResult], k: int) -> Table:
    metric = at("ndcg", k)
    rows = [(model, paired) for model in models if (paired := model.versus_best_baseline) is not None]
    return Table(
        ("Model", "Best baseline", f"{metric}, difference (95 %)", "Ratio (95 %)", "p"),
        tuple(
            (
                model.name,
                paired.baseline,
                interval(paired.difference),
                ABSENT if paired.ratio is None else interval(paired.ratio),
                p_value(paired),
            )
            for model, paired in rows
        ),
    )
