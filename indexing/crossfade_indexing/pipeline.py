"""From a cleaned dataset to a published bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import polars as pl

from crossfade.bundle import (
    Bundle,
    BundleContents,
    BundleStore,
    Catalogue,
    Manifest,
    UserAttributes,
    VectorIndex,
    write_bundle,
)
from crossfade.bundle.manifest import (
    FORMAT_VERSION,
    Counts,
    EncoderInfo,
    Factorization,
    FieldInfo,
    FileEntry,
    FusionWeights,
    IndexInfo,
    ProfileRules,
)
from crossfade.errors import BundleError
from crossfade_indexing.config import IndexingConfig
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.encoders import EncodingCache, ItemEncoder
from crossfade_indexing.learning.context.fields import ATTRIBUTE_PREFIX
from crossfade_indexing.learning.indexes import build_index, user_vectors
from crossfade_indexing.learning.spaces import Learned, Material, learn_factors, learn_spaces
from crossfade_indexing.past_items import PastItems
from crossfade_indexing.preparing import Prepared, prepare
from crossfade_indexing.progress import Reporter
from crossfade_indexing.publishing import Comparison, compare
from crossfade_indexing.selection.choice import Choice, choose

__all__ = ["BuildResult", "build_bundle"]

CleaningCounts = Mapping[str, Mapping[str, int]]
"""Rows read, kept and dropped by reason, per input table."""


@dataclass(frozen=True)
class BuildResult:
    """What a run built.

    Attributes:
        directory: The new version's.
        manifest: Its manifest.
        comparison: How it does beside the version that was in use; None if there was none that could be read.
        published: Whether it is now in use.
        texts_encoded: How many item texts were embedded now, the rest came from the cache.
        pruned: Versions removed to keep their number.
    """

    directory: Path
    manifest: Manifest
    comparison: Comparison | None
    published: bool
    texts_encoded: int
    pruned: list[str]


def build_bundle(
    dataset: Dataset,
    encoder: ItemEncoder,
    store: BundleStore,
    *,
    cache: EncodingCache,
    cleaning: CleaningCounts,
    reporter: Reporter,
    config: IndexingConfig,
    publish_anyway: bool = False,
) -> BuildResult:
    """Learn everything, write a version and, unless it is clearly worse than the present one, point the store at it.

    Args:
        dataset: Cleaned input.
        encoder: Embeds the items' text, and is exported into the bundle.
        store: Where to publish.
        cache: Embeddings of earlier runs.
        cleaning: Goes into the manifest.
        reporter: Where to say what is happening.
        config: Hyper-parameters.
        publish_anyway: Point the store at it even if it is clearly worse.

    Raises:
        OSError: If the disk is full or not writable; what was published before stays so.
    """
    present = _present(store)
    prepared = prepare(dataset, encoder, cache, config, reporter)
    with reporter.step("Choose hyper-parameters on held-out items") as advance:
        choice = choose(prepared.material, config, None if present is None else present.manifest, advance)
    with reporter.step("Learn factors and build indexes"):
        final = _learn(prepared.material, choice, config.factorization.seed)
    made = _Made(dataset, prepared, choice, final, encoder, cleaning)
    with reporter.step("Export the encoder and write the bundle"):
        directory = write_bundle(_contents(made, cache), store.versions_directory)
        bundle = Bundle.open(directory)
    with reporter.step("Compare with the version in use"):
        comparison = None if present is None else compare(present, bundle)
    published = publish_anyway or comparison is None or not comparison.clearly_worse
    if published:
        store.use(bundle.version)
    pruned = store.prune(config.keep_versions)
    return BuildResult(directory, bundle.manifest, comparison, published, prepared.encoded, pruned)


@dataclass(frozen=True)
class _Final:
    """What was learned from everything, and can be looked up.

    Attributes:
        past: Aged as was chosen.
        learned: The spaces, the collaborative one with an index to look things up in.
        targets_index: Description of that index.
        users: Every user's vector, to find people alike.
        users_index: Its description.
    """

    past: PastItems
    learned: Learned
    targets_index: IndexInfo
    users: VectorIndex
    users_index: IndexInfo


def _learn(material: Material, choice: Choice, seed: int) -> _Final:
    material = replace(material, past=material.past.aged(choice.evidence.age_half_life_days))
    factors = learn_factors(material, choice.factorization)
    learned = learn_spaces(material, factors, choice.evidence, half_life_days=choice.half_life_days, seed=seed)
    space = learned.spaces.collaborative
    targets, targets_index = build_index(space.targets, queries=learned.folded, seed=seed)
    vectors = user_vectors(learned.folded, space)
    users, users_index = build_index(vectors, queries=vectors, seed=seed)
    spaces = replace(learned.spaces, collaborative=replace(space, index=targets))
    return _Final(material.past, replace(learned, spaces=spaces), targets_index, users, users_index)


@dataclass(frozen=True)
class _Made:
    """All that a bundle tells of."""

    dataset: Dataset
    prepared: Prepared
    choice: Choice
    final: _Final
    encoder: ItemEncoder
    cleaning: CleaningCounts


def _contents(made: _Made, cache: EncodingCache) -> BundleContents:
    return BundleContents(
        catalogue=Catalogue(made.prepared.table),
        past=made.final.past.as_past(),
        spaces=made.final.learned.spaces,
        user_attributes=_user_attributes(made),
        users=made.final.users,
        write_encoder=lambda where: cache.export(made.encoder, where),
        manifest=partial(_manifest, made),
    )


def _manifest(made: _Made, created_at: datetime, files: dict[str, FileEntry]) -> Manifest:
    choice, prepared, final = made.choice, made.prepared, made.final
    return Manifest(
        format_version=FORMAT_VERSION,
        crossfade_version=version("crossfade"),
        created_at=created_at,
        counts=_counts(made),
        encoder=_encoder_info(made.encoder, prepared.dimension),
        factorization=Factorization(**choice.factorization.model_dump() | {"rank": final.learned.rank}),
        indexes={"embeddings": prepared.content_index, "targets": final.targets_index, "users": final.users_index},
        evidence=prepared.rules,
        event_types=tuple(prepared.event_types),
        profile=ProfileRules(
            recency=choice.evidence.recency,
            against=choice.evidence.against,
            age_half_life_days=choice.evidence.age_half_life_days,
            repeats=prepared.repeats,
        ),
        fusion=FusionWeights(**choice.fusion.model_dump()),
        half_life_days=choice.half_life_days,
        selection=choice.info,
        fields=_fields(final.learned),
        live=made.dataset.live,
        timezone=made.dataset.timezone,
        tenth_best=dict(final.learned.spaces.tenth_best),
        cleaning={name: dict(counts) for name, counts in made.cleaning.items()},
        files=files,
    )


def _present(store: BundleStore) -> Bundle | None:
    """Return the version that is in use, if there is one that can be read."""
    try:
        return store.open_current()
    except BundleError:
        return None


def _counts(made: _Made) -> Counts:
    past = made.final.past
    return Counts(
        items=past.n_items,
        warm_items=made.final.learned.warm_items,
        described_items=int(made.prepared.material.content.vectors.any(axis=1).sum()),
        users=past.n_users,
        events=made.dataset.events.height,
        past_items=len(past.items),
    )


def _fields(learned: Learned) -> dict[str, FieldInfo]:
    return {
        one.field: FieldInfo(
            component="attributes" if one.field.startswith(ATTRIBUTE_PREFIX) else "context",
            weight=one.weight,
            strength=one.strength,
            gain=one.gain,
        )
        for one in learned.context.weights
    }


def _user_attributes(made: _Made) -> UserAttributes:
    """Return the attributes that count, as text."""
    names, users = list(made.final.learned.spaces.attributes.fields), made.dataset.users
    if users is None:
        return UserAttributes(pl.DataFrame(schema={"user_id": pl.String}))
    return UserAttributes(users.select("user_id", *(pl.col(name).cast(pl.String) for name in names)))


def _encoder_info(encoder: ItemEncoder, dimension: int) -> EncoderInfo:
    languages = None if encoder.languages is None else tuple(sorted(encoder.languages))
    return EncoderInfo(name=encoder.name, fingerprint=encoder.fingerprint, dimension=dimension, languages=languages)
