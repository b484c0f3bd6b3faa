"""The kinds of plots in the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossfade_indexing.evaluation.report.parts import Drawing, Spec, label, rows_axis
from crossfade_indexing.evaluation.result import Interval
from crossfade_indexing.evaluation.wording import interval, number

__all__ = ["SERIES", "Dot", "Line", "bars", "dots", "flat_bars", "heat_map", "lines", "stacked_bars"]

SERIES = tuple(f"--series-{place}" for place in range(1, 9))
"""Colours that can be told apart, by everyone and on light and dark ground; models are told apart by marks too."""

_MARKS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down")
_DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True)
class Dot:
    """A row of a dot plot; ``kind`` is what the legend says of its colour."""

    name: str
    value: Interval
    kind: str
    color: str


@dataclass(frozen=True)
class Line:
    """A line over named places; None leaves a gap."""

    name: str
    values: tuple[Interval | float | None, ...]
    color: str
    strong: bool = False


def dots(rows: Sequence[Dot], axis: str, *, title: str = "", against_zero: bool = False) -> Drawing:
    """One line per row, the first on top: the mean and its interval, coloured by kind."""
    kinds = dict.fromkeys((row.kind, row.color) for row in rows)
    traces: list[Spec] = []
    for place, (kind, color) in enumerate(kinds):
        chosen = [(height, row) for height, row in enumerate(rows) if row.kind == kind]
        values = [row.value for _, row in chosen]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": label(kind),
                "x": [value.mean for value in values],
                "y": [height for height, _ in chosen],
                "error_x": _errors(values, color),
                "marker": {"color": color, "size": 10, "symbol": _MARKS[place % len(_MARKS)]},
                "hovertext": [f"{label(row.name, longest=80)}<br>{interval(row.value)}" for _, row in chosen],
                "hoverinfo": "text",
            }
        )
    layout: Spec = {
        "xaxis": {"title": {"text": label(axis, longest=60)}, "zeroline": against_zero, "nticks": 6},
        "yaxis": rows_axis([row.name for row in rows]),
        "showlegend": len(kinds) > 1,
    }
    return Drawing(title or axis, tuple(traces), layout, height=110 + 29 * len(rows))


def lines(series: Sequence[Line], places: Sequence[str], *, x_title: str, y_title: str) -> Drawing:
    """Means over named places, intervals as bars at the marks."""
    traces = []
    for place, line in enumerate(series):
        values = [_as_interval(value) for value in line.values]
        trace: Spec = {
            "type": "scatter",
            "mode": "lines+markers",
            "name": label(line.name),
            "x": list(range(len(values))),
            "y": [None if value is None else value.mean for value in values],
            "line": {
                "color": line.color,
                "width": 3 if line.strong else 1.5,
                "dash": _DASHES[place // len(SERIES) % len(_DASHES)],
            },
            "marker": {"color": line.color, "size": 8, "symbol": _MARKS[place % len(_MARKS)]},
            "hovertext": [
                "" if value is None else f"{label(line.name, longest=80)}, {where}<br>{_told(value)}"
                for value, where in zip(values, map(label, places), strict=True)
            ],
            "hoverinfo": "text",
        }
        if any(isinstance(value, Interval) for value in line.values):
            trace["error_y"] = _errors(values, line.color)
        traces.append(trace)
    layout = _named_axis(places, x_title, y_title)
    return Drawing(y_title, tuple(traces), layout, height=380)


def bars(names: Sequence[str], counts: Sequence[float], *, ticks: Sequence[str], x_title: str, y_title: str) -> Drawing:
    """Upright bars; ``ticks`` stand below them, ``names`` are told on hovering."""
    trace = _bar_trace("", names, counts, SERIES[0])
    layout = {**_named_axis(ticks, x_title, y_title), "showlegend": False, "bargap": 0.15}
    return Drawing(y_title, (trace,), layout, height=300)


def stacked_bars(
    parts: Mapping[str, Sequence[float]],
    places: Sequence[str],
    *,
    x_title: str,
    y_title: str,
    colors: Mapping[str, str],
) -> Drawing:
    """Shares that stand on each other, over named places."""
    traces = tuple(_bar_trace(name, places, shares, colors[name], percent=True) for name, shares in parts.items())
    layout = {**_named_axis(places, x_title, y_title), "barmode": "stack", "bargap": 0.15}
    layout["yaxis"] = {"title": {"text": y_title}, "tickformat": ".0%", "range": [0, 1]}
    layout["legend"] = {"traceorder": "normal"}
    return Drawing(y_title, traces, layout, height=380)


def flat_bars(
    parts: Mapping[str, Sequence[float]], rows: Sequence[str], *, colors: Sequence[str], title: str
) -> Drawing:
    """Shares end to end, one bar per row, the first on top; ``parts`` and ``colors`` in the same order."""
    traces: tuple[Spec, ...] = tuple(
        {
            "type": "bar",
            "orientation": "h",
            "name": label(part),
            "x": list(shares),
            "y": list(range(len(rows))),
            "marker": {"color": color},
            "hovertext": [
                f"{label(row, longest=80)}, {label(part)}<br>{100 * share:.1f} %"
                for row, share in zip(rows, shares, strict=True)
            ],
            "hoverinfo": "text",
        }
        for (part, shares), color in zip(parts.items(), colors, strict=True)
    )
    layout: Spec = {
        "xaxis": {"title": {"text": title}, "tickformat": ".0%", "range": [0, 1], "zeroline": False},
        "yaxis": rows_axis(rows),
        "barmode": "stack",
        "bargap": 0.25,
        "legend": {"traceorder": "normal"},
        "showlegend": len(parts) > 1,
    }
    return Drawing(title, traces, layout, height=120 + 30 * len(rows))


def heat_map(
    heat: Sequence[Sequence[float | None]],
    *,
    columns: Sequence[str],
    rows: Sequence[str],
    texts: Sequence[Sequence[str]] | None = None,
    hover: Sequence[Sequence[str]],
) -> Drawing:
    """Cells coloured by ``heat``, the first row on top; ``texts`` stand in them, ``hover`` is HTML."""
    trace: Spec = {
        "type": "heatmap",
        "z": [list(row) for row in heat],
        "xgap": 2,
        "ygap": 2,
        # Below texts no colour may be too strong to read them.
        "colorscale": [[0, "--heat-low"], [1, "--series-1" if texts is None else "--heat-high"]],
        "showscale": False,
        "hovertext": [list(row) for row in hover],
        "hoverinfo": "text",
    }
    if texts is not None:
        trace |= {
            "text": [list(row) for row in texts],
            "texttemplate": "%{text}",
            "textfont": {"color": "--ink", "size": 12},
        }
    layout: Spec = {
        "xaxis": {
            **_ticks(columns),
            "side": "top",
            "showgrid": False,
            "zeroline": False,
            "narrow": -40 if texts else 0,
        },
        "yaxis": {**rows_axis(rows), "range": [len(rows) - 0.5, -0.5]},
        "margin": {"l": 48, "r": 16, "t": 44, "b": 8},
    }
    return Drawing("", (trace,), layout, height=60 + 30 * len(rows))


def _bar_trace(name: str, places: Sequence[str], values: Sequence[float], color: str, *, percent: bool = False) -> Spec:
    start = f"{label(name)}, " if name else ""
    told = [f"{100 * value:.1f} %" if percent else f"{value:,.0f}" for value in values]
    return {
        "type": "bar",
        "name": label(name),
        "x": list(range(len(values))),
        "y": list(values),
        "marker": {"color": color},
        "hovertext": [f"{start}{label(place)}<br>{text}" for place, text in zip(places, told, strict=True)],
        "hoverinfo": "text",
        "textposition": "none",
    }


def _named_axis(places: Sequence[str], x_title: str, y_title: str) -> Spec:
    return {
        "xaxis": {"title": {"text": label(x_title, longest=60)}, **_ticks(places), "zeroline": False},
        "yaxis": {"title": {"text": label(y_title, longest=60)}, "rangemode": "tozero"},
    }


def _ticks(names: Sequence[str]) -> Spec:
    return {
        "tickvals": [place for place, name in enumerate(names) if name],
        "ticktext": ["<br>".join(map(label, name.split())) for name in names if name],
        "tickangle": 0,
    }


def _errors(values: Sequence[Interval | None], color: str) -> Spec:
    # plotly.js wants distances, and none below 0: a bootstrap's mean may lie a hair outside its interval.
    return {
        "type": "data",
        "symmetric": False,
        "array": [0 if value is None else max(0.0, value.high - value.mean) for value in values],
        "arrayminus": [0 if value is None else max(0.0, value.mean - value.low) for value in values],
        "color": color,
        "thickness": 1.5,
        "width": 3,
    }


def _as_interval(value: Interval | float | None) -> Interval | None:
    return Interval(mean=value, low=value, high=value) if isinstance(value, float) else value


def _told(value: Interval) -> str:
    return number(value.mean) if value.low == value.high else interval(value)
