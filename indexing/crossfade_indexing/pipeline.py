"""From a cleaned dataset to a published bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import polars as pl

from crossfade.bundle import (
    Bundle,
    BundleContents,
    BundleStore,
    Catalogue,
    ContentSpace,
    Manifest,
    UserAttributes,
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
    ProfileRules,
)
from crossfade.errors import BundleError
from crossfade_indexing.config import EvidenceConfig, IndexingConfig
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.encoders import EncodingCache, ItemEncoder, encode_cached
from crossfade_indexing.evidence import repeat_share, speaking_events, weigh_events
from crossfade_indexing.learning.content import build_content_space
from crossfade_indexing.learning.context import situations
from crossfade_indexing.learning.context.fields import ATTRIBUTE_PREFIX
from crossfade_indexing.learning.indexes import build_index, user_vectors
from crossfade_indexing.learning.spaces import Learned, Material, learn_factors, learn_spaces
from crossfade_indexing.past_items import locate
from crossfade_indexing.progress import Reporter
from crossfade_indexing.publishing import Comparison, compare
from crossfade_indexing.selection.choice import choose

__all__ = ["BuildResult", "build_bundle", "item_texts", "ordered_by_popularity"]

_WORDS_OF_A_LIST = 10
# Where at least a quarter of the days on which somebody used something were not their first with it, what people had is
# what they want: songs, food, apps. Films seen twice stay far below.
_REPEATS_ARE_THE_RULE = 0.25

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
    table = ordered_by_popularity(dataset.items, weigh_events(dataset.events, config.evidence))
    with reporter.step("Embed item texts") as advance:
        embeddings, encoded = encode_cached(encoder, item_texts(table), cache, on_progress=advance)
    with reporter.step("Learn what items say and when they are used"):
        content, content_index = build_content_space(embeddings, seed=config.factorization.seed)
        material = _material(dataset, table["item_id"], content, config.evidence, reporter)
    with reporter.step("Choose hyper-parameters on held-out items") as advance:
        choice = choose(material, config, None if present is None else present.manifest, advance)
    material = replace(material, past=material.past.aged(choice.evidence.age_half_life_days))
    with reporter.step("Learn factors and build indexes"):
        learned = learn_spaces(
            material,
            learn_factors(material, choice.factorization),
            choice.evidence,
            half_life_days=choice.half_life_days,
            seed=config.factorization.seed,
        )
        vectors = user_vectors(learned.folded, learned.spaces.collaborative)
        users, users_index = build_index(vectors, queries=vectors, seed=config.factorization.seed)

    def manifest(created_at: datetime, files: dict[str, FileEntry]) -> Manifest:
        return Manifest(
            format_version=FORMAT_VERSION,
            crossfade_version=version("crossfade"),
            created_at=created_at,
            counts=_counts(material, learned, dataset.events.height),
            encoder=_encoder_info(encoder, embeddings.shape[1]),
            factorization=Factorization(**choice.factorization.model_dump() | {"rank": learned.rank}),
            indexes={"embeddings": content_index, "targets": learned.targets_index, "users": users_index},
            profile=ProfileRules(
                recency=choice.evidence.recency,
                against=choice.evidence.against,
                age_half_life_days=choice.evidence.age_half_life_days,
                repeats=repeat_share(dataset.events, config.evidence) >= _REPEATS_ARE_THE_RULE,
            ),
            fusion=FusionWeights(**choice.fusion.model_dump()),
            half_life_days=choice.half_life_days,
            selection=choice.info,
            fields=_fields(learned),
            timezone=dataset.timezone,
            tenth_best=dict(learned.spaces.tenth_best),
            cleaning={name: dict(counts) for name, counts in cleaning.items()},
            files=files,
        )

    with reporter.step("Export the encoder and write the bundle"):
        contents = BundleContents(
            catalogue=Catalogue(table),
            past=material.past.as_past(),
            spaces=learned.spaces,
            user_attributes=_user_attributes(dataset, learned),
            users=users,
            write_encoder=lambda where: cache.export(encoder, where),
            manifest=manifest,
        )
        directory = write_bundle(contents, store.versions_directory)
        bundle = Bundle.open(directory)
    with reporter.step("Compare with the version in use"):
        comparison = None if present is None else compare(present, bundle)
    published = publish_anyway or comparison is None or not comparison.clearly_worse
    if published:
        store.use(bundle.version)
    pruned = store.prune(config.keep_versions)
    return BuildResult(directory, bundle.manifest, comparison, published, encoded, pruned)


def item_texts(items: pl.DataFrame) -> list[str]:
    """Return what is embedded for each item: title, categories, first tags (if it has such a list) and description."""
    lists = [name for name in ("categories", "tags") if items.schema.get(name) == pl.List(pl.String)]
    # An encoder reads a hundred words or two: a long list of tags must not push the description out.
    listed = (pl.col(name).list.head(_WORDS_OF_A_LIST).list.join(", ") for name in lists)
    parts = [pl.col("title"), *listed, pl.col("description")]
    filled = [pl.when(part != "").then(part) for part in parts]
    return items.select(text=pl.concat_str(filled, separator=". ", ignore_nulls=True))["text"].to_list()


def ordered_by_popularity(items: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Order the items by how many users had them, then by id, so that rows break ties in favour of the popular."""
    popularity = pairs.filter(pl.col("weight") > 0).group_by("item_id").len("_users")
    return (
        items.join(popularity, on="item_id", how="left")
        .sort(pl.col("_users").fill_null(0), "item_id", descending=[True, False])
        .drop("_users")
    )


def _material(
    dataset: Dataset, item_ids: pl.Series, content: ContentSpace, config: EvidenceConfig, reporter: Reporter
) -> Material:
    speaking = speaking_events(dataset.events, config)
    table, warnings = situations(speaking, dataset.users)
    for warning in warnings:
        reporter.note(f"warning: {warning}")
    past = locate(weigh_events(dataset.events, config), item_ids)
    return Material(past, table.with_columns(speaking["timestamp"]), content, item_ids)


def _present(store: BundleStore) -> Bundle | None:
    """Return the version that is in use, if there is one that can be read."""
    try:
        return store.open_current()
    except BundleError:
        return None


def _counts(material: Material, learned: Learned, events: int) -> Counts:
    return Counts(
        items=material.past.n_items,
        warm_items=learned.warm_items,
        described_items=int(material.content.vectors.any(axis=1).sum()),
        users=material.past.n_users,
        events=events,
        past_items=len(material.past.items),
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


def _user_attributes(dataset: Dataset, learned: Learned) -> UserAttributes:
    """Return the attributes that count, as text."""
    names = list(learned.spaces.attributes.fields)
    if dataset.users is None:
        return UserAttributes(pl.DataFrame(schema={"user_id": pl.String}))
    return UserAttributes(dataset.users.select("user_id", *(pl.col(name).cast(pl.String) for name in names)))


def _encoder_info(encoder: ItemEncoder, dimension: int) -> EncoderInfo:
    languages = None if encoder.languages is None else tuple(sorted(encoder.languages))
    return EncoderInfo(name=encoder.name, fingerprint=encoder.fingerprint, dimension=dimension, languages=languages)
