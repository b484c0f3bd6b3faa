"""Points with their names beside them, placed so that no two names overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossfade_indexing.evaluation.report.parts import Drawing, Spec, label

__all__ = ["Point", "scatter"]

# The inside of a plot on the narrowest screen, and a letter, in CSS pixels: what has room there has room everywhere.
_WIDTH, _HEIGHT, _LETTER, _LINE, _GAP = 270.0, 270.0, 6.4, 14.0, 8.0


@dataclass(frozen=True)
class Point:
    """A model; ``kind`` is what the legend says of its colour, ``weight`` goes first when names fight for room."""

    name: str
    x: float
    y: float
    kind: str
    color: str
    weight: int
    hover: str


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        apart = self.right < other.left or other.right < self.left or self.bottom < other.top or other.bottom < self.top
        return not apart


def scatter(points: Sequence[Point], *, x_title: str, y_title: str) -> Drawing:
    """A scatter plot; names that find no room are told on hovering, and in the table."""
    positions = _label_positions(points)
    traces: list[Spec] = []
    for kind, color in dict.fromkeys((point.kind, point.color) for point in points):
        chosen = [(place, point) for place, point in enumerate(points) if point.kind == kind]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers+text",
                "name": label(kind),
                "x": [point.x for _, point in chosen],
                "y": [point.y for _, point in chosen],
                "text": [label(point.name) if place in positions else "" for place, point in chosen],
                "textposition": [positions.get(place, "top center") for place, _ in chosen],
                "textfont": {"color": "--ink", "size": 12},
                "marker": {"color": color, "size": 11},
                "hovertext": [point.hover for _, point in chosen],
                "hoverinfo": "text",
                "cliponaxis": False,
            }
        )
    layout: Spec = {
        "xaxis": {"title": {"text": x_title}, "zeroline": False, "range": _span([point.x for point in points])},
        "yaxis": {"title": {"text": y_title}, "zeroline": False, "range": _span([point.y for point in points])},
    }
    return Drawing(y_title, tuple(traces), layout, height=420)


def _span(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    margin = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    return [low - margin, high + margin]


def _label_positions(points: Sequence[Point]) -> dict[int, str]:
    """Where each name goes, by place of its point; the weightiest choose first."""
    (x_low, x_high), (y_low, y_high) = _span([p.x for p in points]), _span([p.y for p in points])
    at = [(_WIDTH * (p.x - x_low) / (x_high - x_low), _HEIGHT * (1 - (p.y - y_low) / (y_high - y_low))) for p in points]
    taken = [_Box(x - 5, y - 5, x + 5, y + 5) for x, y in at]
    found: dict[int, str] = {}
    for place in sorted(range(len(points)), key=lambda place: -points[place].weight):
        for position, box in _boxes(*at[place], width=_LETTER * min(len(points[place].name), 26)):
            others = (*taken[:place], *taken[place + 1 :])
            if box.left >= 0 and box.right <= _WIDTH + 10 and not any(box.meets(other) for other in others):
                found[place] = position
                taken.append(box)
                break
    return found


def _boxes(x: float, y: float, *, width: float) -> tuple[tuple[str, _Box], ...]:
    half, line = width / 2, _LINE
    return (
        ("middle right", _Box(x + _GAP, y - line / 2, x + _GAP + width, y + line / 2)),
        ("top center", _Box(x - half, y - _GAP - line, x + half, y - _GAP)),
        ("bottom center", _Box(x - half, y + _GAP, x + half, y + _GAP + line)),
        ("middle left", _Box(x - _GAP - width, y - line / 2, x - _GAP, y + line / 2)),
    )
