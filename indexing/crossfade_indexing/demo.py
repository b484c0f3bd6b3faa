"""The sample catalogue as a bundle, for ``crossfade demo`` and for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crossfade_indexing.config import (
    EvidenceConfig,
    FactorizationConfig,
    FusionConfig,
    IndexingConfig,
    SelectionConfig,
)
from crossfade_indexing.job import IndexOutcome, Inputs, Settings, run_index
from crossfade_indexing.progress import Reporter
from crossfade_indexing.sample import simulate, write_sample

__all__ = ["CHOSEN", "SEED", "build_sample_bundle"]

SEED = 1
"""Of the simulation everyone looks at."""

CHOSEN = IndexingConfig(
    evidence=EvidenceConfig(recency=0.0, against=0.3),
    factorization=FactorizationConfig(
        rank=64,
        user_exponent=0.3,
        item_exponent=0.4,
        half_rank=32,
        filter_exponent=1.0,
        leverage_exponent=0.5,
        cold_scale=12.568,
    ),
    fusion=FusionConfig(
        newcomer={
            "collaborative": 1.0,
            "content": 0.3,
            "context": 0.3,
            "attributes": 0.5,
            "popularity": 0.1,
            "trend": 0.0,
        },
        regular={
            "collaborative": 1.0,
            "content": 0.0,
            "context": 0.3,
            "attributes": 0.0,
            "popularity": 0.0,
            "trend": 0.0,
        },
        fade=20.0,
    ),
    selection=SelectionConfig(seconds=0),
)
"""What ``crossfade index`` chooses on that data by itself; named here so that a demo starts a minute sooner, and looks
the same everywhere."""


def build_sample_bundle(
    directory: Path, reporter: Reporter, settings: Settings = Settings(config=CHOSEN)
) -> IndexOutcome:
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
