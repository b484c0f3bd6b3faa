"""One evaluation, from the files named on the command line to the report."""

from __future__ import annotations

from pathlib import Path

from crossfade.errors import InputError
from crossfade_indexing.cleaning import clean
from crossfade_indexing.encoders import EncodingCache, open_item_encoder
from crossfade_indexing.evaluation.planning import Plan
from crossfade_indexing.evaluation.protocol import Source, evaluate
from crossfade_indexing.evaluation.result import Evaluation
from crossfade_indexing.evaluation.saving import make_directory, save
from crossfade_indexing.job import Inputs, Settings, cache_directory
from crossfade_indexing.language import language_warning
from crossfade_indexing.preparing import item_texts
from crossfade_indexing.progress import Reporter

__all__ = ["run_evaluation"]


def run_evaluation(
    inputs: Inputs, report: Path, settings: Settings, plan: Plan, reporter: Reporter, *, command: str
) -> Evaluation:
    """Read and clean as indexing does, evaluate, and write the report.

    Args:
        inputs: The files.
        report: Folder of the report; dropped rows go there as well.
        settings: As for indexing.
        plan: How to evaluate.
        reporter: Where to say what is happening.
        command: The shell line that repeats it all.

    Raises:
        InputError: If the input is not what it must be, or too little to be split.
        EncoderError: If the text encoder cannot be had.
        OSError: If the disk is full or not writable. As with every failure, an earlier report stays as it was.
    """
    make_directory(report)
    encoder = open_item_encoder(settings.encoder)
    with reporter.step("Read and clean"):
        cleaned = clean(
            inputs.read(), timezone=settings.timezone, strict=settings.strict, rejects=report / "rejects.jsonl"
        )
    warnings = list(cleaned.report.warnings)
    if cleaned.dataset.items.is_empty():
        raise InputError("no items are left after cleaning: nothing can be recommended")
    strange = language_warning(item_texts(cleaned.dataset.items), encoder.languages)
    warnings += [] if strange is None else [strange]
    for warning in warnings:
        reporter.note(f"warning: {warning}")
    if plan.split is None and plan.kind(cleaned.dataset.events) == "random" and plan.n_splits == 1:
        reporter.note("no times are known: a random 20 % of each user's events is held out instead of the last")
    source = Source(
        dataset=cleaned.dataset,
        encoder=encoder,
        cache=EncodingCache(cache_directory()),
        config=settings.config,
        timezone=settings.timezone or "UTC",
        cleaning=cleaned.report.as_dict(),
        warnings=warnings,
        command=command,
    )
    evaluation = evaluate(source, plan, reporter)
    with reporter.step("Write the report"):
        save(evaluation, report)
    return evaluation
