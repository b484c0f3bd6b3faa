"""The whole of an evaluation: split, build, ask, measure, compare; as often as the plan says."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from sys import maxsize

import polars as pl

from crossfade.bundle import BundleStore
from crossfade.engine import Query, Recommender, RetrievalSettings
from crossfade_indexing.config import IndexingConfig
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.encoders import EncodingCache, ItemEncoder
from crossfade_indexing.evaluation.baselines import Popularity
from crossfade_indexing.evaluation.case import Catalog, prepare_case
from crossfade_indexing.evaluation.comparing import best_of, calibrations, leaders, model_results
from crossfade_indexing.evaluation.contestants import choose_baselines
from crossfade_indexing.evaluation.context_gain import field_results
from crossfade_indexing.evaluation.data_summary import summarize
from crossfade_indexing.evaluation.fade import fade_points
from crossfade_indexing.evaluation.findings import find
from crossfade_indexing.evaluation.groups import group_sizes, groups_of
from crossfade_indexing.evaluation.measuring import Measured, Surroundings, measure, pool
from crossfade_indexing.evaluation.models import (
    Ranked,
    Variant,
    fused,
    pairs_with,
    queries_of,
    rank_baseline,
    rank_variant,
    singles,
    withouts,
)
from crossfade_indexing.evaluation.planning import Plan
from crossfade_indexing.evaluation.ranker import Ranker
from crossfade_indexing.evaluation.ratings_table import explicit_ratings, rating_results
from crossfade_indexing.evaluation.result import Evaluation, FadePoint, FieldResult, GroupName, Protocol
from crossfade_indexing.evaluation.splits import Split
from crossfade_indexing.pipeline import build_bundle
from crossfade_indexing.preparing import item_texts
from crossfade_indexing.progress import Advance, Reporter

__all__ = ["Source", "evaluate"]

_FEW_USERS = 30


@dataclass(frozen=True)
class Source:
    """What is evaluated, and what a report says of where it came from.

    Attributes:
        dataset: Cleaned.
        encoder: Of the items' text.
        cache: Embeddings of earlier runs.
        config: Hyper-parameters of indexing.
        timezone: IANA name of the zone that hours are shown in.
        cleaning: Rows by table and outcome.
        warnings: What reading and cleaning had to say.
        command: The shell line that repeats it all.
    """

    dataset: Dataset
    encoder: ItemEncoder
    cache: EncodingCache
    config: IndexingConfig = field(default_factory=IndexingConfig)
    timezone: str = "UTC"
    cleaning: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    command: str = ""


def evaluate(source: Source, plan: Plan, reporter: Reporter) -> Evaluation:
    """Learn from a part of the events, measure on the rest, and compare.

    Raises:
        InputError: If the data does not allow the plan's split, or leaves nobody to evaluate.
        EncoderError: If the text encoder cannot be had.
        OSError: If the disk is full.
    """
    events = source.dataset.events
    run = _Run(source, plan, reporter)
    for split in plan.splits(events):
        run.measure_split(split)
    models = [pool(repeats) for repeats in run.measured.values()]
    users = len(set(models[0].users.tolist()))
    notes = _remarks(run, users)
    for note in notes:
        reporter.note(f"warning: {note}")
    with reporter.step("Compare the models") as advance:
        results = model_results(models, plan.seed, advance)
    evaluation = Evaluation(
        protocol=Protocol(
            split=plan.in_words(events),
            k=plan.k,
            users_evaluated=users,
            items=source.dataset.items.height,
            seed=plan.seed,
            repeats=plan.n_splits,
            crossfade_version=version("crossfade"),
            created_at=datetime.now(UTC),
            command=source.command,
        ),
        data=summarize(
            source.dataset,
            timezone=source.timezone,
            cleaning=source.cleaning,
            warnings=[*source.warnings, *notes],
        ),
        models=results,
        groups=groups_of(run.group_sizes),
        leaders=leaders(models, plan.seed),
        ratings=rating_results(explicit_ratings(events), seed=plan.seed, reporter=reporter) if plan.baselines else (),
        fade=run.fade,
        context=run.context,
        calibration=calibrations(models),
    )
    return evaluation.model_copy(update={"findings": find(evaluation)})


def _remarks(run: _Run, users: int) -> list[str]:
    remarks = []
    if users < _FEW_USERS:
        remarks.append(f"only {users} users could be evaluated: most differences will be within chance")
    if run.plan.again:
        remarks.append("people use items again here, so what they have had may be recommended and found")
    if run.users_left_out:
        several = ", over all repeats" if run.plan.n_splits > 1 else ""
        remarks.append(
            f"{run.users_left_out:,} users with held-out events had nothing to be found (no like of an item new to "
            f"them) and were left out{several}"
        )
    return remarks


class _Run:
    """What the splits have brought so far; which models take part is decided by the first."""

    def __init__(self, source: Source, plan: Plan, reporter: Reporter) -> None:
        self.source, self.plan, self.reporter = source, plan, reporter
        self.measured: dict[str, list[Measured]] = {}
        self.group_sizes: list[dict[GroupName, int]] = []
        self.fade: tuple[FadePoint, ...] = ()
        self.context: tuple[FieldResult, ...] = ()
        self.users_left_out = 0
        self._user_ids: pl.Series = source.dataset.events["user_id"].unique().sort()
        self._variants: list[Variant] | None = None
        self._rankers: list[Ranker] | None = None

    def measure_split(self, split: Split) -> None:
        """Build a bundle of the training side in a temporary place and measure everything on the test side."""
        self.reporter.note(f"{split.name}: {split.train.height:,} events to learn from, {split.test.height:,} held out")
        with tempfile.TemporaryDirectory(prefix="crossfade-") as directory:
            started = time.perf_counter()
            self._build(split, Path(directory))
            fit_s = time.perf_counter() - started
            # Every item is scored: what is measured is the model, not the approximate lookup.
            recommender = Recommender(BundleStore(Path(directory)), RetrievalSettings(exact_up_to=maxsize))
            if self.plan.again is None:
                self.plan = replace(self.plan, again=recommender.bundle.manifest.profile.repeats)
            case = prepare_case(split, self._catalog(recommender), self.source.config.evidence, self.plan)
            self.group_sizes.append(group_sizes(case))
            self.users_left_out += case.users_left_out
            around = Surroundings(
                case=case,
                embeddings=recommender.bundle.spaces.content.vectors,
                popular=rank_baseline(Popularity(), case, self.plan.k).rows,
                k=self.plan.k,
                seed=self.plan.seed,
            )
            self._ask_crossfade(recommender, around, fit_s)
        if self.plan.baselines:
            self._ask_baselines(split, around)

    def _build(self, split: Split, directory: Path) -> None:
        dataset = self.source.dataset
        build_bundle(
            replace(dataset, events=split.train),
            self.source.encoder,
            BundleStore(directory),
            cache=self.source.cache,
            cleaning={},
            reporter=self.reporter,
            config=self.source.config,
        )

    def _catalog(self, recommender: Recommender) -> Catalog:
        item_ids = recommender.bundle.catalogue.item_ids
        items = self.source.dataset.items
        texts = dict(zip(items["item_id"], item_texts(items), strict=True))
        return Catalog(self._user_ids, item_ids, [texts[item_id] for item_id in item_ids])

    def _ask_crossfade(self, recommender: Recommender, around: Surroundings, fit_s: float) -> None:
        asking = _Asking(recommender, queries_of(around.case, self.plan.k, again=bool(self.plan.again)), fit_s)
        if self._variants is not None:
            self._rank(asking, self._variants, around)
            return
        alone = self._rank(asking, [fused(), *singles()], around, keep_silent=False)
        components = [variant.component for variant in alone if variant.component is not None]
        more = withouts(components) if len(components) > 1 else []
        if len(components) > 3:  # of three, the best and another are the fusion without the third
            more += pairs_with(self._best_component(), components)
        self._variants = [*alone, *self._rank(asking, more, around)]
        with self.reporter.step("Ask with few past items") as advance:
            self.fade = fade_points(recommender, alone, asking.queries, around.case, plan=self.plan, advance=advance)
        with self.reporter.step("Ask without one field of the context") as advance:
            self.context = field_results(recommender, asking.queries, around.case, self.plan, advance)

    def _rank(
        self, asking: _Asking, variants: Sequence[Variant], around: Surroundings, *, keep_silent: bool = True
    ) -> list[Variant]:
        """Measure the variants and return them, without components that are silent, as of fields the data lacks."""
        kept = []
        with self.reporter.step("Ask Crossfade") as advance:
            for place, variant in enumerate(variants):
                done = partial(_advance_by, advance, place, len(variants))
                ranked = rank_variant(asking.recommender, variant, asking.queries, fit_s=asking.fit_s, advance=done)
                if keep_silent or not (ranked.silent and variant.kind == "component"):
                    kept.append(variant)
                    self._add(ranked, around)
        return kept

    def _best_component(self) -> str:
        found = best_of([models[0] for models in self.measured.values()], "component")
        assert found is not None  # noqa: S101 - asked only where there are several
        assert found.component is not None  # noqa: S101 - every model of this kind has one
        return found.component

    def _ask_baselines(self, split: Split, around: Surroundings) -> None:
        case = around.case
        if self._rankers is None:
            self._rankers = choose_baselines(
                split,
                case,
                self.source.config.evidence,
                kind=self.plan.kind(self.source.dataset.events),
                plan=self.plan,
                reporter=self.reporter,
            )
        with self.reporter.step("Fit and ask the baselines") as advance:
            for place, ranker in enumerate(self._rankers, start=1):
                self._add(rank_baseline(ranker, case, self.plan.k), around)
                advance(place, len(self._rankers))

    def _add(self, ranked: Ranked, around: Surroundings) -> None:
        self.measured.setdefault(ranked.name, []).append(measure(ranked, around))


@dataclass(frozen=True)
class _Asking:
    """The bundle of one split and what it is asked."""

    recommender: Recommender
    queries: list[Query]
    fit_s: float


def _advance_by(advance: Advance, place: int, places: int, done: int, total: int) -> None:
    advance(place * total + done, places * total)
