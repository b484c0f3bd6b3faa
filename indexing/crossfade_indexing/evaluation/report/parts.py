"""What the page is made of: sections of figures, each with a table of its numbers behind it."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Drawing", "Figure", "Section", "Spec", "Table", "label", "rows_axis"]

Spec = dict[str, object]
"""A part of a figure as plotly.js reads it. Colours are names of CSS variables, such as ``--ink``."""

_LONGEST_LABEL = 34
_NARROW_LABEL = 17


@dataclass(frozen=True)
class Table:
    """Numbers as text, the first column naming the row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Drawing:
    """One view of a figure.

    Attributes:
        title: What the reader picks it by, if the figure has several.
        traces: The data, as plotly.js reads it.
        layout: What differs from the layout of all figures, which the page's script holds.
        height: In CSS pixels, all included.
    """

    title: str
    traces: tuple[Spec, ...]
    layout: Spec
    height: int


@dataclass(frozen=True)
class Figure:
    """A plot, what to see in it, and its numbers.

    Attributes:
        caption: Below the plot, for everyone.
        alt: Instead of the plot, for those who cannot see it.
        drawings: At least one; of several the reader picks one, the first at first.
        table: The numbers, folded away.
        wide: Takes the whole width where others stand in pairs.
    """

    caption: str
    alt: str
    drawings: tuple[Drawing, ...]
    table: Table
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; without figures and tables ``missing`` says in a line why."""

    key: str
    title: str
    intro: str = ""
    figures: tuple[Figure, ...] = ()
    tables: tuple[tuple[str, Table], ...] = ()
    missing: str = ""


def label(text: str, *, longest: int = _LONGEST_LABEL) -> str:
    """A name as plotly.js takes it: it would read HTML, so that is escaped; cut to ``longest`` characters."""
    return html.escape(text if len(text) <= longest else text[: longest - 1] + "…", quote=False)


def rows_axis(names: Sequence[str]) -> Spec:
    """An upright axis with one name per row, the first on top; where room is short, names take two lines.

    ``narrow`` is ours, not plotly.js's: the page's script puts it in the place of ``ticktext`` (and, for an axis
    of columns, in that of ``tickangle``).
    """
    return {
        "tickvals": list(range(len(names))),
        "ticktext": [label(name) for name in names],
        "narrow": [_two_lines(name) for name in names],
        "range": [len(names) - 0.4, -0.6],
        "showgrid": False,
        "zeroline": False,
    }


def _two_lines(name: str) -> str:
    return "<br>".join(map(label, textwrap.wrap(name, _NARROW_LABEL, max_lines=2, placeholder="…")))
