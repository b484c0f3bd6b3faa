"""What ``crossfade evaluate`` prints: the comparison and the findings."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crossfade_indexing.evaluation.result import Evaluation, Metric, ModelResult

__all__ = ["print_evaluation"]

_SHOWN: tuple[Metric, ...] = ("recall", "coverage", "novelty")
_KINDS = ("crossfade", "component", "baseline")


def print_evaluation(evaluation: Evaluation, report: Path) -> None:
    """Print one line per model and what the numbers say."""
    console = Console(highlight=False)
    protocol = evaluation.protocol
    console.print(
        f"{protocol.split}: {protocol.users_evaluated:,} users, {protocol.items:,} items ranked, first {protocol.k} "
        "places"
    )
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model", no_wrap=True)
    for title in ("NDCG", "95 %", "to best", *_SHOWN):
        table.add_column(title, justify="right", no_wrap=True)
    for model in evaluation.models:
        if model.kind in _KINDS:  # what leaving one component out does, the findings and the report tell
            table.add_row(*_row(model))
    console.print(table)
    for finding in evaluation.findings:
        console.print(f"- {finding}", markup=False, soft_wrap=True)
    for rating in evaluation.ratings:
        console.print(f"{rating.name}: RMSE {rating.rmse.mean:.4f}, MAE {rating.mae.mean:.4f}", markup=False)
    console.print(f"Report: {report}", markup=False, soft_wrap=True)


def _row(model: ModelResult) -> list[Text]:
    ndcg, versus = model.metrics["ndcg"], model.versus_best_baseline
    ratio = "" if versus is None or versus.ratio is None else f"{versus.ratio.mean:.3f}"
    cells = [f"{ndcg.mean:.4f}", f"{ndcg.low:.4f}-{ndcg.high:.4f}", ratio]
    cells += [f"{model.metrics[name].mean:.3f}" if name in model.metrics else "" for name in _SHOWN]
    return [Text(model.name, style="bold" if model.kind == "crossfade" else ""), *map(Text, cells)]
