"""One run of ``crossfade tune``, from the files named on the command line to a config file."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crossfade.errors import InputError
from crossfade_indexing.cleaning import clean
from crossfade_indexing.config import IndexingConfig
from crossfade_indexing.evidence import weigh_events
from crossfade_indexing.job import Inputs, Settings
from crossfade_indexing.preparing import ordered_by_popularity
from crossfade_indexing.progress import Advance, Reporter
from crossfade_indexing.selection.factors import select
from crossfade_indexing.tuning.config_file import write_config
from crossfade_indexing.tuning.judging import Judge
from crossfade_indexing.tuning.space import Space
from crossfade_indexing.tuning.study import Entry, Findings, search

__all__ = ["Tuned", "ndcg_in_words", "run_tuning"]

# Of the time, for what indexing would choose by itself: what is found must be better than that.
_INDEX_SHARE = 0.25
_KINDS = {"continue": "the latest", "fill": "any"}


@dataclass(frozen=True)
class Tuned:
    """What a run found.

    Attributes:
        out: The config file.
        config: What it holds.
        findings: Everything that was tried, in this run and earlier ones of the study.
        users: How many held-out users' lists each setting was measured on.
        warnings: Of cleaning, one line each.
        seconds: How long it took.
    """

    out: Path
    config: IndexingConfig
    findings: Findings
    users: int
    warnings: list[str]
    seconds: float

    @property
    def best(self) -> Entry:
        """What the file holds."""
        return self.findings.entries[0]


def run_tuning(
    inputs: Inputs,
    out: Path,
    settings: Settings,
    *,
    study: Path | None,
    seconds: float,
    trials: int | None,
    reporter: Reporter,
) -> Tuned:
    """Read and clean as indexing does, search, and write the best setting as a config for ``index``.

    Texts are not looked at: what they are worth is learned by ``index``, as are the weights of the components.

    Args:
        inputs: The files.
        out: The config file.
        settings: As for indexing; what its config names is not varied, and goes into the file as well.
        study: As ``file`` of ``search``.
        seconds: Time for the search; the trial under way then is finished.
        trials: As in ``search``.
        reporter: Where to say what is happening.

    Raises:
        InputError: If the input is not what it must be, or too little, or the study is another's.
        OSError: If the disk is full or not writable.
        KeyboardInterrupt: If Ctrl-C comes before anything is known.
    """
    started = time.monotonic()
    for path in (out, *([] if study is None else [study])):
        if not path.parent.is_dir() or path.is_dir():
            raise InputError(f"{path}: needs to be a file in a folder that is there")
    with reporter.step("Read and clean"):
        cleaned = clean(inputs.read(), timezone=settings.timezone, strict=settings.strict)
    for warning in cleaned.report.warnings:
        reporter.note(f"warning: {warning}")
    events, config = cleaned.dataset.events, settings.config
    with reporter.step("Measure the default settings"):
        items = ordered_by_popularity(cleaned.dataset.items, weigh_events(events, config.evidence))
        judge, space = Judge(events, items["item_id"], config), Space.over(events, config)
        first = {"default": config}
    began = time.monotonic()
    if config.selection.seconds > 0 and (study is None or not study.exists()):
        with reporter.step("See what indexing chooses by itself") as advance:
            first["index"] = _chosen_by_index(judge, config, _INDEX_SHARE * seconds, advance)
    with reporter.step("Try other settings") as advance:
        left = max(seconds - (time.monotonic() - began), 0.0)
        findings = search(judge, space, first, file=study, seconds=left, trials=trials, on_progress=advance)
    tuned = Tuned(
        out,
        space.config(findings.entries[0].values),
        findings,
        judge.users,
        list(cleaned.report.warnings),
        time.monotonic() - started,
    )
    write_config(out, tuned.config, _comment(tuned))
    return tuned


def _chosen_by_index(judge: Judge, config: IndexingConfig, seconds: float, advance: Advance) -> IndexingConfig:
    allowed = min(config.selection.seconds, seconds)
    timed = config.model_copy(update={"selection": config.selection.model_copy(update={"seconds": allowed})})
    chosen = select(judge.holdouts, timed, advance)
    return config.model_copy(update={"evidence": chosen.evidence, "factorization": chosen.factorization})


def _comment(tuned: Tuned) -> Sequence[str]:
    best, findings = tuned.best, tuned.findings
    origin = {"default": "the defaults themselves", "index": "what indexing chooses by itself"}
    found = origin.get(best.origin, f"trial {best.number}")
    return (
        f"Found by 'crossfade tune' on {datetime.now(UTC):%Y-%m-%d}; for 'crossfade index --config'.",
        f"Best of {len(findings.entries)} settings measured to the end, {findings.pruned} more stopped early: {found}.",
        f"NDCG@20 on held-out items of {tuned.users} users' lists: {ndcg_in_words(best.ndcg)};",
        f"{best.gain:+.2%} beside the defaults, standard error {best.error:.2%}.",
        "What is named here is not varied by 'index'; the weights of the components are still learned by it.",
    )


def ndcg_in_words(ndcg: Mapping[str, float]) -> str:
    """Return NDCG by kind of held-out item in words."""
    return ", ".join(f"{_KINDS.get(kind, kind)} {value:.4f}" for kind, value in ndcg.items())
