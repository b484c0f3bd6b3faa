"""Numbers and names as people read them, alike in findings, tables and plots."""

from __future__ import annotations

from collections.abc import Sequence

from crossfade_indexing.evaluation.result import FadePoint, Interval, Metric, Paired

__all__ = [
    "ABSENT",
    "METRIC_NAMES",
    "enumeration",
    "history",
    "interval",
    "number",
    "p_value",
    "percent",
    "percent_interval",
]

ABSENT = "\N{EN DASH}"
"""Where a table has no number."""

METRIC_NAMES: dict[Metric, str] = {
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "hit_rate": "Hit rate",
    "map": "MAP",
    "mrr": "MRR",
    "ndcg": "NDCG",
    "coverage": "Coverage",
    "gini": "Gini",
    "novelty": "Novelty",
    "diversity": "Diversity",
    "serendipity": "Serendipity",
    "popularity_lift": "Popularity lift",
}
"""In the order of tables."""


def number(value: float) -> str:
    """Three significant digits at least, four decimals at most, thousands apart: ``0.129``, ``0.0051``, ``12,345``."""
    if value == 0:
        return "0"
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4
    return _signed(f"{value:,.{decimals}f}")


def percent(share: float) -> str:
    """One decimal below a tenth, none above: ``3.2 %``, ``60 %``; the space does not break."""
    return _signed(f"{100 * share:,.{0 if abs(share) >= 0.1 else 1}f}") + "\N{NO-BREAK SPACE}%"


def interval(value: Interval) -> str:
    """The mean and its bounds: ``0.129 (0.121 to 0.137)``."""
    return f"{number(value.mean)} ({number(value.low)} to {number(value.high)})"


def percent_interval(value: Interval) -> str:
    """The same for shares, the first time in words: ``3.2 % (95 % interval 1.0 to 5.4 %)``."""
    low = _signed(f"{100 * value.low:.1f}")
    return f"{_tenths(value.mean)} (95\N{NO-BREAK SPACE}% interval {low} to {_tenths(value.high)})"


def p_value(paired: Paired) -> str:
    """Three decimals at most: ``0.023``, ``< 0.001``."""
    return "< 0.001" if paired.p_value < 0.001 else f"{paired.p_value:.3f}"


def history(point: FadePoint, *, last: bool = False) -> str:
    """The range of past items of a point: ``0``, ``1-4`` (with an en dash), and ``100+`` for the last."""
    most = point.past_items if point.most_past_items is None else point.most_past_items
    if last and most > point.past_items:
        return f"{point.past_items:,}+"
    return f"{point.past_items:,}" if most == point.past_items else f"{point.past_items:,}{ABSENT}{most:,}"


def enumeration(names: Sequence[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _tenths(share: float) -> str:
    return _signed(f"{100 * share:.1f}") + "\N{NO-BREAK SPACE}%"


def _signed(text: str) -> str:
    # A rounded zero has no sign.
    text = text.removeprefix("-") if not text.strip("-0.,") else text
    return text.replace("-", "\N{MINUS SIGN}")
