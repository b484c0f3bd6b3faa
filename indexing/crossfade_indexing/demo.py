"""The sample catalogue as a bundle, for ``crossfade demo`` and for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crossfade_indexing.job import IndexOutcome, Inputs, Settings, run_index
from crossfade_indexing.progress import Reporter
from crossfade_indexing.sample import simulate, write_sample

__all__ = ["SEED", "build_sample_bundle"]

SEED = 1
"""Of the simulation everyone looks at."""


def build_sample_bundle(directory: Path, reporter: Reporter, settings: Settings = Settings()) -> IndexOutcome:
    """Simulate the sample data into ``directory``, index it into ``directory/bundle`` and publish it whatever is there.

    Raises:
        EncoderError: If the text encoder cannot be had.
        OSError: If the disk is full or not writable.
    """
    with reporter.step("Simulate four months of viewing"):
        files = write_sample(simulate(seed=SEED), directory)
    return run_index(
        Inputs(events=files.events, items=files.items, users=files.users),
        directory / "bundle",
        replace(settings, publish_anyway=True),
        reporter,
    )
