"""The page: all sections of an evaluation in one file, with the plotting library inside."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from crossfade_indexing.evaluation.report.breakdown import calibration, context, fade, groups, ratings
from crossfade_indexing.evaluation.report.comparison import at, comparison, components, ranked
from crossfade_indexing.evaluation.report.data import data
from crossfade_indexing.evaluation.report.parts import Section
from crossfade_indexing.evaluation.result import Evaluation
from crossfade_indexing.evaluation.wording import interval

__all__ = ["render", "write"]


def render(evaluation: Evaluation) -> str:
    """Return the report as one HTML document, about 5 MB, which loads nothing from anywhere."""
    # plotly has no types, and importing it takes a while that only a report is worth.
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]  # noqa: PLC0415

    sections = _sections(evaluation)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__name__.rpartition(".")[0], "template"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loader = environment.loader
    assert loader is not None  # noqa: S101 - given three lines above
    style, script = (
        Markup(loader.get_source(environment, name)[0])  # noqa: S704 - files of ours
        for name in ("style.css", "page.js")
    )
    return environment.get_template("page.html.j2").render(
        evaluation=evaluation,
        protocol=_protocol(evaluation),
        numbers=_numbers(evaluation),
        sections=sections,
        drawings=_as_script(sections),
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - a library's own file
        style=style,
        script=script,
    )


def write(evaluation: Evaluation, path: Path) -> None:
    """Write the report to a file, whole or not at all.

    Raises:
        OSError: If the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(render(evaluation), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _sections(evaluation: Evaluation) -> list[Section]:
    return [
        comparison(evaluation),
        components(evaluation),
        fade(evaluation),
        context(evaluation),
        groups(evaluation),
        calibration(evaluation),
        ratings(evaluation),
        data(evaluation.data),
    ]


def _numbers(evaluation: Evaluation) -> list[tuple[str, str]]:
    """The few numbers that stand above all else."""
    models = ranked(evaluation)
    ours = [model for model in models if model.kind == "crossfade"][:1]
    baseline = [model for model in models if model.kind == "baseline"][:1]
    metric = at("ndcg", evaluation.protocol.k)
    return [
        *((f"{metric} of {model.name}", interval(model.metrics["ndcg"])) for model in (*ours, *baseline)),
        ("Users evaluated", f"{evaluation.protocol.users_evaluated:,}"),
        ("Items ranked for each", f"{evaluation.protocol.items:,}"),
    ]


def _protocol(evaluation: Evaluation) -> list[tuple[str, str]]:
    protocol = evaluation.protocol
    return [
        ("Split", protocol.split),
        ("Folds or draws", f"{protocol.repeats:,}"),
        (
            "Ranking",
            f"all {protocol.items:,} items but those in the user's training events; the first {protocol.k} count",
        ),
        ("Users evaluated", f"{protocol.users_evaluated:,}"),
        ("Intervals", "95 %"),
        ("Seed", str(protocol.seed)),
        ("Crossfade", protocol.crossfade_version),
        ("Made", f"{protocol.created_at:%Y-%m-%d %H:%M %Z}"),
    ]


def _as_script(sections: Sequence[Section]) -> Markup:
    """All drawings by figure as JSON that may stand in a script element: nothing in it can end that element."""
    drawings = {
        f"{section.key}-{place}": [
            {"traces": drawing.traces, "layout": drawing.layout, "height": drawing.height}
            for drawing in figure.drawings
        ]
        for section in sections
        for place, figure in enumerate(section.figures)
    }
    text = json.dumps(drawings, separators=(",", ":"), allow_nan=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 - escaped above
