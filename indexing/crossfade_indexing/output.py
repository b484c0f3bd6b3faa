"""What ``crossfade index`` prints: a table for people, JSON for machines."""

from __future__ import annotations

from rich.console import Console

from crossfade_indexing.cleaning import render
from crossfade_indexing.job import IndexOutcome
from crossfade_indexing.progress import Lines, Quiet, Reporter, TerminalBars

__all__ = ["outcome_as_dict", "print_outcome", "reporter"]


def reporter(*, quiet: bool) -> Reporter:
    """Return bars for a terminal, plain lines elsewhere, nothing if quiet; all on stderr."""
    console = Console(stderr=True)
    if quiet:
        return Quiet()
    return TerminalBars(console) if console.is_terminal else Lines(console)


def print_outcome(outcome: IndexOutcome) -> None:
    """Print what was read, dropped and published."""
    console = Console(highlight=False)
    console.print(render(outcome.cleaning))
    if outcome.rejects is not None:
        console.print(f"What was lost is in {outcome.rejects}", markup=False, soft_wrap=True)
    result = outcome.result
    counts = result.manifest.counts
    done = "Published" if result.published else "Built, but not published,"
    size = sum(entry.bytes for entry in result.manifest.files.values())
    console.print(
        f"{done} {result.directory} ({size / 1e6:,.1f} MB): {counts.items:,} items, {counts.users:,} users, "
        f"{counts.past_items:,} past items; {result.texts_encoded:,} texts embedded, the rest from the cache; "
        f"{outcome.seconds:.1f} s",
        markup=False,
        soft_wrap=True,
    )
    if result.comparison is not None:
        console.print(f"Beside the version in use: {result.comparison.in_words()}", markup=False, soft_wrap=True)
    if not result.published:
        console.print(
            "That is clearly worse, so the version in use stays. If it is meant, run again with --publish-anyway, or "
            f"put this one to use with: crossfade rollback {result.directory.parents[1]} --to {result.directory.name}",
            style="bold red",
            markup=False,
            soft_wrap=True,
        )
    if outcome.erasure is not None and outcome.erasure.versions:
        console.print(f"Erased users were taken out of {len(outcome.erasure.versions)} earlier versions", markup=False)
    if result.pruned:
        console.print(f"Removed: {', '.join(result.pruned)}", markup=False, soft_wrap=True)


def outcome_as_dict(outcome: IndexOutcome) -> dict[str, object]:
    """Return the same as plain data."""
    result = outcome.result
    return {
        "version": result.directory.name,
        "directory": str(result.directory),
        "published": result.published,
        "comparison": None if result.comparison is None else result.comparison.as_dict(),
        "counts": result.manifest.counts.model_dump(),
        "bytes": sum(entry.bytes for entry in result.manifest.files.values()),
        "cleaning": outcome.cleaning.as_dict(),
        "warnings": outcome.warnings,
        "rejects": None if outcome.rejects is None else str(outcome.rejects),
        "erased_from": [] if outcome.erasure is None else [one.version for one in outcome.erasure.versions],
        "texts_encoded": result.texts_encoded,
        "pruned": result.pruned,
        "seconds": round(outcome.seconds, 2),
    }
