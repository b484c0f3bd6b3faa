"""What ``crossfade tune`` prints: a leaderboard for people, JSON for machines."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from crossfade_indexing.tuning.running import Tuned, ndcg_in_words
from crossfade_indexing.tuning.study import Entry

__all__ = ["print_tuned", "tuned_as_dict"]

_BEST = 10


def print_tuned(tuned: Tuned) -> None:
    """Print the ten best settings, what came of the others, and where the best is."""
    console = Console(highlight=False)
    findings, best = tuned.findings, tuned.best
    shown = findings.entries[:_BEST]
    # What is the same everywhere says nothing.
    names = [name for name in best.values if len({_number(entry.values[name]) for entry in shown}) > 1]
    table = Table(
        title=f"NDCG@20 on {tuned.users:,} held-out users' lists, best of what is sure first", title_justify="left"
    )
    for heading in ("trial", "gain", "± s.e.", *best.ndcg):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("settings that differ", ratio=1)
    for entry in shown:
        table.add_row(
            _label(entry),
            f"{entry.gain:+.2%}",
            f"{entry.error:.2%}",
            *(f"{value:.4f}" for value in entry.ndcg.values()),
            ", ".join(f"{name.partition('.')[2]} {_number(entry.values[name])}" for name in names),
        )
    console.print(table)
    stopped = " Stopped by Ctrl-C." if findings.interrupted else ""
    console.print(
        f"{len(findings.entries):,} settings measured to the end, {findings.pruned:,} stopped early; "
        f"{tuned.seconds:.0f} s.{stopped}",
        markup=False,
        soft_wrap=True,
    )
    console.print(
        f"Best: trial {_label(best)}, {best.gain:+.2%} beside the defaults (NDCG@20: {ndcg_in_words(best.ndcg)}); "
        f"it is in {tuned.out}, for: crossfade index --config {tuned.out}",
        markup=False,
        soft_wrap=True,
    )


def tuned_as_dict(tuned: Tuned) -> dict[str, object]:
    """Return the same as plain data."""
    findings = tuned.findings
    return {
        "config": str(tuned.out),
        "settings": tuned.config.model_dump(exclude_unset=True),
        "users": tuned.users,
        "measured": len(findings.entries),
        "pruned": findings.pruned,
        "interrupted": findings.interrupted,
        "leaderboard": [_as_dict(entry) for entry in findings.entries[:_BEST]],
        "warnings": tuned.warnings,
        "seconds": round(tuned.seconds, 2),
    }


def _as_dict(entry: Entry) -> dict[str, object]:
    return {
        "trial": entry.number,
        "origin": entry.origin,
        "gain": entry.gain,
        "error": entry.error,
        "ndcg": dict(entry.ndcg),
        "values": dict(entry.values),
    }


def _label(entry: Entry) -> str:
    return str(entry.number) if entry.origin == "search" else f"{entry.number} ({entry.origin})"


def _number(value: float) -> str:
    return f"{value:.3g}"
