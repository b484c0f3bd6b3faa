"""The sections that look inside: as history grows, by field of the context, by group, by popularity, by rating."""

from __future__ import annotations

from collections.abc import Sequence

from crossfade_indexing.evaluation.report.comparison import at, ranked
from crossfade_indexing.evaluation.report.drawing import (
    SERIES,
    Dot,
    Line,
    dots,
    flat_bars,
    heat_map,
    lines,
    stacked_bars,
)
from crossfade_indexing.evaluation.report.parts import Figure, Section, Table, label
from crossfade_indexing.evaluation.result import Evaluation, GroupName, Interval, ModelResult
from crossfade_indexing.evaluation.wording import ABSENT, history, interval, number, percent

__all__ = ["calibration", "context", "fade", "groups", "ratings"]


def fade(evaluation: Evaluation) -> Section:
    """Accuracy and shares of the score as history grows."""
    head = ("fade", "The fade, as history grows")
    points = evaluation.fade
    if not points:
        return Section(*head, missing="The length of users' histories was not varied.")
    places = [history(point, last=point is points[-1]) for point in points]
    parts = list(dict.fromkeys(name for point in points for name in point.share))
    shares = {name: [point.share.get(name, 0.0) for point in points] for name in parts}
    models = list(dict.fromkeys(name for point in points for name in point.ndcg))
    series = [
        Line(name, tuple(point.ndcg.get(name) for point in points), color, strong=color == "--accent")
        for name, color in _colors(evaluation, models).items()
    ]
    metric = at("ndcg", evaluation.protocol.k)
    users = ("Past items", "Users")
    counted = [(place, f"{point.users:,}") for place, point in zip(places, points, strict=True)]
    figures = []
    if parts:
        leaders = [max(point.share, key=lambda name: point.share[name], default=ABSENT) for point in points]
        figures.append(
            Figure(
                caption="Each component's mean share of the score of what is recommended, by number of past items.",
                alt="Stacked bars. Largest share: "
                + "; ".join(f"{who} at {place} past items" for who, place in zip(leaders, places, strict=True)),
                drawings=(
                    stacked_bars(
                        shares,
                        places,
                        x_title="Past items",
                        y_title="Share of the score",
                        colors=_component_colors(parts),
                    ),
                ),
                table=Table(
                    (*users, *parts),
                    tuple((*row, *(percent(shares[name][n]) for name in parts)) for n, row in enumerate(counted)),
                ),
            )
        )
    if series:
        figures.append(
            Figure(
                caption=f"{metric} by number of past items, with 95 % intervals.",
                alt=f"Lines of {metric} over {len(points)} lengths of history for {', '.join(models)}.",
                drawings=(lines(series, places, x_title="Past items", y_title=metric),),
                table=Table(
                    (*users, *models),
                    tuple(
                        (*row, *(_told(points[n].ndcg.get(name)) for name in models)) for n, row in enumerate(counted)
                    ),
                ),
            )
        )
    return Section(*head, figures=tuple(figures))


def context(evaluation: Evaluation) -> Section:
    """What every field of the context is worth."""
    head = ("context", "Context, field by field")
    if not evaluation.context:
        return Section(*head, missing="The data has no context that could be switched off.")
    fields = sorted(evaluation.context, key=lambda field: -field.gain.mean)
    metric = at("ndcg", evaluation.protocol.k)
    parts = list(dict.fromkeys(field.component for field in fields))
    colors = _component_colors(parts)
    gains = [Dot(field.field, field.gain, field.component, colors[field.component]) for field in fields]
    weights = [
        Dot(f.field, Interval(mean=f.weight, low=f.weight, high=f.weight), f.component, colors[f.component])
        for f in fields
    ]
    table = Table(
        ("Field", "Component", "Weight", f"{metric}, gain (95 %)"),
        tuple((field.field, field.component, number(field.weight), interval(field.gain)) for field in fields),
    )
    return Section(
        *head,
        figures=(
            Figure(
                caption=f"{metric} with the field minus without it, on the same users. Right of zero: it helps.",
                alt=f"Dot plot of {len(fields)} fields; largest gain: {fields[0].field}, {interval(fields[0].gain)}.",
                drawings=(dots(gains, f"Gain in {metric}", against_zero=True),),
                table=table,
            ),
            Figure(
                caption="The weight that each field was given, in the same order; 0 switches it off.",
                alt="Dot plot of weights: " + ", ".join(f"{f.field} {number(f.weight)}" for f in fields) + ".",
                drawings=(dots(weights, "Learned weight", against_zero=True),),
                table=table,
            ),
        ),
    )


def groups(evaluation: Evaluation) -> Section:
    """Who is served by which model."""
    head = ("groups", "Who is served by which model")
    names = [group.name for group in evaluation.groups]
    models = [
        model
        for model in ranked(evaluation)
        if model.kind in ("crossfade", "component", "baseline") and any(_in_group(model, name) for name in names)
    ]
    if not models:
        return Section(*head, missing="No group was measured by itself.")
    found = [[_in_group(model, name) for name in names] for model in models]
    best = [max((v.mean for row in found if (v := row[n]) is not None), default=0.0) for n in range(len(names))]
    winners = [models[_highest([row[n] for row in found])].name for n in range(len(names))]
    figure = Figure(
        caption=(
            f"{at('ndcg', evaluation.protocol.k)} within each group. Colour is relative to the group's best model, "
            "which is set in bold. Whether its lead over the second is more than chance, the findings say: it is where "
            "the interval of the difference leaves out 0 and p, adjusted for the number of groups after Holm, is "
            "below 0.05."
        ),
        alt="Heat map. Highest: " + "; ".join(f"{who} for {name}" for who, name in zip(winners, names, strict=True)),
        drawings=(
            heat_map(
                [[_relative(value, most) for value, most in zip(row, best, strict=True)] for row in found],
                columns=names,
                rows=[model.name for model in models],
                texts=[[_cell(value, most) for value, most in zip(row, best, strict=True)] for row in found],
                hover=[
                    [f"{label(model.name, longest=80)}, {n}<br>{_told(v)}" for n, v in zip(names, row, strict=True)]
                    for model, row in zip(models, found, strict=True)
                ],
            ),
        ),
        table=Table(
            ("Model", *names),
            tuple((model.name, *map(_told, row)) for model, row in zip(models, found, strict=True)),
        ),
        wide=True,
    )
    meanings = Table(
        ("Group", "Meaning", "Size"),
        tuple((group.name, group.meaning, f"{group.size:,}") for group in evaluation.groups),
    )
    return Section(*head, figures=(figure,), tables=(("What the groups mean", meanings),))


def calibration(evaluation: Evaluation) -> Section:
    """The recommended places by popularity of the item."""
    head = ("calibration", "Calibration of popularity")
    if not evaluation.calibration:
        return Section(*head, missing="The popularity of what is recommended was not measured.")
    places = ["1st", "2nd", "3rd", *(f"{place}th" for place in range(4, 11))]
    shares = {"Training events": evaluation.calibration[0].training}
    shares |= {entry.model: entry.deciles for entry in evaluation.calibration}
    bands = {
        name: [min(1.0, sum(deciles[first:last])) for deciles in shares.values()]
        for name, (first, last) in {
            "1st tenth": (0, 1),
            "2nd": (1, 2),
            "3rd to 5th": (2, 5),
            "6th to 10th": (5, 10),
        }.items()
    }
    figure = Figure(
        caption=(
            "Share of all recommended places by tenth of the items, the most popular tenth first. A model whose "
            "first part is longer than that of the training events recommends popular items more than people use them."
        ),
        alt="Stacked bars. Share of the most popular tenth: "
        + ", ".join(f"{name} {percent(values[0])}" for name, values in shares.items()),
        drawings=(
            flat_bars(
                bands,
                list(shares),
                colors=["--band-1", "--band-2", "--band-3", "--band-4"],
                title="Share of the places",
            ),
        ),
        table=Table(
            ("Model", *places), tuple((name, *(percent(value) for value in row)) for name, row in shares.items())
        ),
        wide=True,
    )
    return Section(*head, figures=(figure,))


def ratings(evaluation: Evaluation) -> Section:
    """RMSE and MAE."""
    head = ("ratings", "Rating prediction")
    if not evaluation.ratings:
        return Section(*head, missing="The events carry no explicit ratings to predict.")
    ordered = sorted(evaluation.ratings, key=lambda rating: rating.rmse.mean)
    table = Table(
        ("Model", "RMSE (95 %)", "MAE (95 %)"), tuple((r.name, interval(r.rmse), interval(r.mae)) for r in ordered)
    )
    figures = tuple(
        Figure(
            caption=f"{name}, in units of the rating; lower is better.",
            alt=f"Dot plot of {name}; lowest: {rows[0][0]}, {interval(rows[0][1])}.",
            drawings=(dots([Dot(who, value, name, "--accent") for who, value in rows], name),),
            table=table,
        )
        for name, rows in (
            ("RMSE", [(rating.name, rating.rmse) for rating in ordered]),
            ("MAE", sorted(((rating.name, rating.mae) for rating in ordered), key=lambda row: row[1].mean)),
        )
    )
    return Section(*head, figures=figures)


def _highest(values: Sequence[Interval | None]) -> int:
    return max(range(len(values)), key=lambda n: -1.0 if (value := values[n]) is None else value.mean)


def _relative(value: Interval | None, best: float) -> float | None:
    return None if value is None or best <= 0 else value.mean / best


def _cell(value: Interval | None, best: float) -> str:
    if value is None:
        return ABSENT
    return f"<b>{value.mean:.3f}</b>" if value.mean == best else f"{value.mean:.3f}"


def _in_group(model: ModelResult, name: GroupName) -> Interval | None:
    return model.groups.get(name, {}).get("ndcg")


def _told(value: Interval | None) -> str:
    return ABSENT if value is None else interval(value)


def _colors(evaluation: Evaluation, names: Sequence[str]) -> dict[str, str]:
    """A colour for each model of that name; Crossfade's is the same everywhere."""
    ours = {model.name for model in evaluation.models if model.kind == "crossfade"}
    others = [name for name in names if name not in ours]
    return {name: "--accent" if name in ours else SERIES[others.index(name) % len(SERIES)] for name in names}


def _component_colors(names: Sequence[str]) -> dict[str, str]:
    return {name: SERIES[place % len(SERIES)] for place, name in enumerate(names)}
