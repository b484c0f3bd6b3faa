"""One indexing run, from the files named on the command line to a published bundle."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs

from crossfade.bundle import BundleStore, Erasure, erase_users
from crossfade.bundle.manifest import MANIFEST_NAME, read_manifest
from crossfade.bundle_commands import erasures_of, open_existing
from crossfade.errors import InputError
from crossfade_indexing.cleaning import CleaningReport, clean
from crossfade_indexing.config import IndexingConfig
from crossfade_indexing.encoders import EncodingCache, open_item_encoder
from crossfade_indexing.language import language_warning
from crossfade_indexing.pipeline import BuildResult, build_bundle
from crossfade_indexing.preparing import item_texts
from crossfade_indexing.progress import Reporter
from crossfade_indexing.sources import LiveTables, RawTables, read_amazon_reviews, read_files, read_live, read_movielens

__all__ = ["IndexOutcome", "Inputs", "Settings", "cache_directory", "run_index"]


@dataclass(frozen=True)
class Inputs:
    """Where the data lies: either events with the other files, or a preset with its folder; or live data, or both."""

    events: Path | None = None
    items: Path | None = None
    users: Path | None = None
    preset: str | None = None
    source: Path | None = None
    live: str | None = None

    def read_live(self) -> LiveTables | None:
        """Read the live data, None where none are named.

        Raises:
            LiveError: If they cannot be read.
        """
        return None if self.live is None else read_live(self.live)

    def read(self) -> RawTables:
        """Read the files; beside live data there need not be events, or any file.

        Raises:
            InputError: If a file is missing, empty or lacks a column.
            ValueError: If neither events nor a known preset with its source is given.
        """
        if self.events is not None or (self.preset is None and self.live is not None):
            return read_files(self.events, self.items, self.users)
        if self.preset == "movielens" and self.source is not None:
            return read_movielens(self.source)
        if self.preset == "amazon-reviews" and self.source is not None:
            return read_amazon_reviews(self.source)
        raise ValueError(f"inputs: expected events, or a preset and its source, got {self}")


@dataclass(frozen=True)
class Settings:
    """How to run; the command line's options.

    Attributes:
        config: Hyper-parameters.
        encoder: ``tfidf``, a path, or a model's name; None for the default.
        timezone: IANA zone of timestamps that carry none.
        strict: Whether a row that cleaning would drop is an error.
        publish_anyway: Whether a bundle that is clearly worse than the present one takes its place all the same.
    """

    config: IndexingConfig = field(default_factory=IndexingConfig)
    encoder: str | None = None
    timezone: str | None = None
    strict: bool = False
    publish_anyway: bool = False


@dataclass(frozen=True)
class IndexOutcome:
    """What a run did.

    Attributes:
        result: What it built.
        cleaning: Rows read, kept and dropped.
        warnings: One line each.
        rejects: Where the dropped rows and lost live values were written; None if there are none.
        erasure: What was taken out of earlier versions; None without live data.
        seconds: How long it took.
    """

    result: BuildResult
    cleaning: CleaningReport
    warnings: list[str]
    rejects: Path | None
    erasure: Erasure | None
    seconds: float


def run_index(inputs: Inputs, out: Path, settings: Settings, reporter: Reporter) -> IndexOutcome:
    """Read, clean, embed, learn and publish, unless the result is clearly worse than what is published.

    Raises:
        InputError: If the input is not what it must be, or ``strict`` and a row would be dropped.
        EncoderError: If the text encoder cannot be had.
        LiveError: If the live data cannot be read.
        OSError: If the disk is full or not writable. As with every failure, what was published before stays so.
    """
    started = time.monotonic()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: --out needs a directory that can be made or written ({error.strerror})") from error
    encoder = open_item_encoder(settings.encoder)
    store = BundleStore(out)
    with reporter.step("Read and clean"):
        live = inputs.read_live()
        cleaned = clean(
            inputs.read(), timezone=settings.timezone, strict=settings.strict, rejects=store.rejects, live=live
        )
    warnings = list(cleaned.report.warnings)
    if cleaned.dataset.items.is_empty():
        raise InputError("no items are left after cleaning: nothing can be recommended")
    strange = language_warning(item_texts(cleaned.dataset.items), encoder.languages)
    warnings += [] if strange is None else [strange]
    for warning in warnings:
        reporter.note(f"warning: {warning}")
    result = build_bundle(
        cleaned.dataset,
        encoder,
        store,
        cache=EncodingCache(cache_directory()),
        cleaning=cleaned.report.as_dict(),
        reporter=reporter,
        config=settings.config,
        publish_anyway=settings.publish_anyway,
    )
    if result.manifest.counts.past_items == 0:
        nobody = "no user has had any item: each event is of a type that weighs 0, as impressions do; see event_weights"
        warnings.append(nobody)
        reporter.note(f"warning: {nobody}")
    erasure = None
    if inputs.live is not None:
        with reporter.step("Take erased users out of earlier versions"):
            erasure, result = _erase(inputs.live, store, result)
    rejects = store.rejects if store.rejects.is_file() else None
    return IndexOutcome(result, cleaned.report, warnings, rejects, erasure, time.monotonic() - started)


def _erase(url: str, store: BundleStore, result: BuildResult) -> tuple[Erasure, BuildResult]:
    """Look again at who was erased: whoever asked for it while the run went on is in the new version, too."""
    with open_existing(url) as data:
        erasures = erasures_of(data)
    erasure = erase_users(store, erasures)
    for one in erasure.versions:
        if one.version == result.directory.name and one.replaced_by is not None:
            directory = store.versions_directory / one.replaced_by
            result = replace(result, directory=directory, manifest=read_manifest(directory / MANIFEST_NAME))
    return erasure, result


def cache_directory() -> Path:
    """Return where embeddings are kept: ``CROSSFADE_CACHE_DIR``, or where this operating system keeps such things."""
    named = os.environ.get("CROSSFADE_CACHE_DIR")
    return Path(named) if named else platformdirs.user_cache_path("crossfade")
