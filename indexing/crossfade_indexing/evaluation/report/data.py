"""The section on the data."""

from __future__ import annotations

from collections.abc import Sequence

from crossfade_indexing.evaluation.report.drawing import bars, flat_bars, heat_map
from crossfade_indexing.evaluation.report.parts import Drawing, Figure, Section, Spec, Table
from crossfade_indexing.evaluation.result import Bin, DataSummary, LongTailPoint, MissingValues
from crossfade_indexing.evaluation.wording import percent

__all__ = ["data"]

# Further columns are in the table.
_MOST_COLUMNS = 25
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def data(summary: DataSummary) -> Section:
    """What the models learned from and were measured on."""
    span = ""
    if summary.first_event is not None and summary.last_event is not None:
        span = f" They lie between {summary.first_event:%Y-%m-%d} and {summary.last_event:%Y-%m-%d}."
    figures = [
        *_values(summary),
        *_activity_counts(summary),
        *_long_tail(summary.long_tail),
        *_clock(summary),
        *_missing(summary),
    ]
    return Section(
        "data",
        "The data",
        intro=(
            f"{summary.users:,} users, {summary.items:,} items, {summary.events:,} events; "
            f"{100 * summary.sparsity:.2f} % of the pairs of user and item have none.{span}"
        ),
        figures=tuple(figures),
        tables=_tables(summary),
        missing="" if figures else "The data was not summarised.",
    )


def _values(summary: DataSummary) -> list[Figure]:
    if summary.ratings is None:
        return []
    most = _commonest(summary.ratings)
    return [
        _histogram(
            summary.ratings,
            x_title="Value of the event",
            y_title="Events",
            caption="Values of the events: ratings, if that is what they are.",
            alt=f"Bars. Commonest: {_range(most)}, {most.count:,} events.",
        )
    ]


def _activity_counts(summary: DataSummary) -> list[Figure]:
    return [
        _histogram(
            found,
            x_title=f"Events of the {who}",
            y_title=f"{who.capitalize()}s",
            caption=f"{who.capitalize()}s by their number of events, in doubling bins, each named by where it starts.",
            alt=f"Bars. Commonest: {_range(_commonest(found))} events, {_commonest(found).count:,} {who}s.",
        )
        for who, found in (("user", summary.events_per_user), ("item", summary.events_per_item))
        if found
    ]


def _histogram(found: Sequence[Bin], *, x_title: str, y_title: str, caption: str, alt: str) -> Figure:
    names = [_range(bin_) for bin_ in found]
    return Figure(
        caption=caption,
        alt=alt,
        drawings=(
            bars(
                names,
                [one.count for one in found],
                ticks=[_bound(one.low) for one in found],
                x_title=x_title,
                y_title=y_title,
            ),
        ),
        table=Table(
            (x_title, y_title), tuple((name, f"{bin_.count:,}") for name, bin_ in zip(names, found, strict=True))
        ),
    )


def _commonest(found: Sequence[Bin]) -> Bin:
    return max(found, key=lambda one: one.count)


def _range(found: Bin) -> str:
    low, high = _bound(found.low), _bound(found.high)
    return low if low == high else f"{low} to {high}"


def _bound(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1e3 else f"{value:,.0f}"


def _long_tail(points: Sequence[LongTailPoint]) -> list[Figure]:
    if not points:
        return []
    told = {target: next(point for point in points if point.items >= target) for target in (0.01, 0.1, 0.5)}
    curve: Spec = {
        "type": "scatter",
        "mode": "lines",
        "x": [point.items for point in points],
        "y": [point.events for point in points],
        "line": {"color": "--series-1", "width": 3},
        "hovertext": [f"{percent(point.items)} of items<br>{percent(point.events)} of events" for point in points],
        "hoverinfo": "text",
    }
    even: Spec = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, 1],
        "y": [0, 1],
        "line": {"color": "--muted", "width": 1, "dash": "dash"},
        "hoverinfo": "skip",
    }
    layout: Spec = {
        "xaxis": {
            "title": {"text": "Share of items, most used first"},
            "tickformat": ".0%",
            "dtick": 0.25,
            "zeroline": False,
        },
        "yaxis": {"title": {"text": "Share of events"}, "tickformat": ".0%", "rangemode": "tozero"},
        "showlegend": False,
    }
    return [
        Figure(
            caption="The long tail: how much of all events the most used items have. Dashed: all items used alike.",
            alt="Curve. "
            + "; ".join(f"{percent(p.items)} of items have {percent(p.events)} of events" for p in told.values()),
            drawings=(Drawing("", (curve, even), layout, height=300),),
            table=Table(
                ("Most used items", "Their events"),
                tuple((percent(point.items), percent(point.events)) for point in points[:: max(1, len(points) // 20)]),
            ),
        )
    ]


def _clock(summary: DataSummary) -> list[Figure]:
    if summary.activity is None:
        return []
    counts = summary.activity.counts
    hours = [f"{hour}" for hour in range(24)]
    busiest = max((count, day, hour) for day, row in enumerate(counts) for hour, count in enumerate(row))
    hover = [
        [f"{day}, {hour}:00<br>{count:,} events" for hour, count in zip(hours, row, strict=True)]
        for day, row in zip(_DAYS, counts, strict=True)
    ]
    return [
        Figure(
            caption=f"Events by weekday and hour; times in {summary.activity.timezone}.",
            alt=f"Heat map. Busiest: {_DAYS[busiest[1]]}, {busiest[2]}:00, {busiest[0]:,} events.",
            drawings=(
                heat_map(
                    counts,
                    columns=[h if int(h) % 3 == 0 else "" for h in hours],
                    rows=[day[:3] for day in _DAYS],
                    hover=hover,
                ),
            ),
            table=Table(
                ("Day", *hours),
                tuple((day, *(f"{count:,}" for count in row)) for day, row in zip(_DAYS, counts, strict=True)),
            ),
            wide=True,
        )
    ]


def _missing(summary: DataSummary) -> list[Figure]:
    found = [(f"{entry.table}: {entry.column}", entry) for entry in summary.missing if entry.rows]
    table = Table(
        ("Column", "Missing", "Rows", "Share"),
        tuple(
            (name, f"{entry.missing:,}", f"{entry.rows:,}", percent(entry.missing / entry.rows))
            for name, entry in found
        ),
    )
    worst = sorted(((name, entry) for name, entry in found if entry.missing), key=lambda row: -_share(row[1]))
    if not worst:
        return []
    rows = worst[:_MOST_COLUMNS]
    return [
        Figure(
            caption="Missing values by column of the cleaned tables; complete columns are left out.",
            alt=f"Bars. Most missing: {rows[0][0]}, {percent(_share(rows[0][1]))}.",
            drawings=(
                flat_bars(
                    {"Missing": [_share(entry) for _, entry in rows]},
                    [name for name, _ in rows],
                    colors=["--series-1"],
                    title="Share of the rows",
                ),
            ),
            table=table,
            wide=True,
        )
    ]


def _share(entry: MissingValues) -> float:
    return entry.missing / entry.rows


def _tables(summary: DataSummary) -> tuple[tuple[str, Table], ...]:
    types = Table(("Event type", "Events"), tuple((name, f"{n:,}") for name, n in summary.event_types.items()))
    counted = Table(
        ("File", "Rows", "Count"),
        tuple(
            (table, outcome.replace("_", " "), f"{rows:,}")
            for table, outcomes in summary.cleaning.items()
            for outcome, rows in outcomes.items()
        ),
    )
    told = Table(("Warnings",), tuple((warning,) for warning in summary.warnings))
    named = (("Event types", types), ("What cleaning kept and dropped", counted), ("Warnings", told))
    return tuple((title, table) for title, table in named if table.rows)
