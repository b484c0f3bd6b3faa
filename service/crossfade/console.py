"""What the commands print: tables for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crossfade.bundle import Manifest
from crossfade.engine import Answer

__all__ = ["print_answer", "print_bundle", "print_json"]


def print_json(value: Mapping[str, object]) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_bundle(version: str, manifest: Manifest, versions: Sequence[str]) -> None:
    """Print what a bundle holds."""
    console = Console(highlight=False)
    counts, encoder, factors = manifest.counts, manifest.encoder, manifest.factorization
    size = sum(entry.bytes for entry in manifest.files.values())
    facts = Table(show_header=False, box=None, pad_edge=False)
    facts.add_column(style="bold")
    facts.add_column()
    facts.add_row("version", version)
    facts.add_row("made", f"{manifest.created_at:%Y-%m-%d %H:%M:%S} UTC by crossfade {manifest.crossfade_version}")
    facts.add_row(
        "items", f"{counts.items:,} ({counts.warm_items:,} used by someone, {counts.described_items:,} with text)"
    )
    facts.add_row("users", f"{counts.users:,} with {counts.past_items:,} past items")
    facts.add_row("events", f"{counts.events:,}")
    facts.add_row("encoder", f"{encoder.name}, {encoder.dimension} dimensions")
    facts.add_row(
        "factors",
        f"rank {factors.rank}, exponents {factors.user_exponent:g} (user) {factors.item_exponent:g} (item) "
        f"{factors.filter_exponent:g} (filter), half at {factors.half_rank}",
    )
    facts.add_row(
        "indexes",
        "; ".join(f"{name}: {i.vectors:,} x {i.dimension}, {i.kind}" for name, i in manifest.indexes.items()),
    )
    fusion = manifest.fusion
    for who, weights in (("newcomers", fusion.newcomer), ("regulars", fusion.regular)):
        facts.add_row(f"weights, {who}", ", ".join(f"{name} {weight:g}" for name, weight in weights.items() if weight))
    facts.add_row("fade", f"half way from a newcomer's weights to a regular's at {fusion.fade:g} past items")
    facts.add_row("on disk", f"{size / 1e6:,.1f} MB in {len(manifest.files)} files, checksums good")
    facts.add_row("versions", ", ".join(f"{name} (current)" if name == version else name for name in versions))
    console.print(facts)


def print_answer(answer: Answer) -> None:
    """Print recommendations as a table: what, how good, made of what, and why."""
    console = Console(highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False, leading=1)
    table.add_column("#", justify="right")
    table.add_column("score", justify="right")
    table.add_column("title", overflow="fold", ratio=4)
    table.add_column("made of", no_wrap=True)
    table.add_column("why", overflow="fold", ratio=4)
    for item in answer.items:
        title = Text(str(item.properties.get("title") or item.item_id))
        title.append(f"\n{item.item_id}", style="dim")
        explanation = item.explanation
        table.add_row(
            str(item.rank),
            f"{item.score:.2f}",
            title,
            "" if explanation is None else Text(_parts(explanation.components), style="dim"),
            "" if explanation is None else Text(explanation.text),
        )
    console.print(table)
    for line in _remarks(answer):
        console.print(line, style="yellow", markup=False)


def _parts(components: Mapping[str, float]) -> str:
    """Return one line per component, numbers below each other."""
    longest = max(len(name) for name in components)
    return "\n".join(f"{name:{longest}} {value:+6.2f}" for name, value in components.items())


def _remarks(answer: Answer) -> list[str]:
    remarks = []
    if answer.missing.user_id is not None:
        remarks.append(f"user {answer.missing.user_id!r} is not known to this bundle")
    if answer.missing.item_ids:
        remarks.append(f"not in the catalogue: {', '.join(answer.missing.item_ids)}")
    if answer.cold_start:
        remarks.append("no behaviour to go by (cold start)")
    if answer.context.ignored:
        remarks.append(f"context this bundle learned nothing about: {', '.join(answer.context.ignored)}")
    if not answer.items:
        remarks.append("nothing left to recommend")
    return remarks
