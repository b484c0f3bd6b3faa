"""From a cleaned dataset to a published bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp

from crossfade.bundle import (
    BundleContents,
    BundleStore,
    Catalogue,
    ContentSpace,
    Manifest,
    Past,
    VectorIndex,
    VectorSpace,
    write_bundle,
)
from crossfade.bundle.manifest import FORMAT_VERSION, Counts, EncoderInfo, Factorization, FileEntry, IndexInfo
from crossfade.types import FloatArray
from crossfade_indexing.cold_items import add_cold_items
from crossfade_indexing.config import IndexingConfig
from crossfade_indexing.content import build_content_space
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.encoders import EncodingCache, ItemEncoder, encode_cached
from crossfade_indexing.evidence import weigh_events
from crossfade_indexing.factorization import factorize
from crossfade_indexing.indexes import build_index, build_space, user_vectors
from crossfade_indexing.progress import Reporter
from crossfade_indexing.scales import tenth_best_of_content, tenth_best_of_popularity, tenth_best_of_vectors

__all__ = ["BuildResult", "build_bundle", "item_texts"]

_WORDS_OF_A_LIST = 10

CleaningCounts = Mapping[str, Mapping[str, int]]
"""Rows read, kept and dropped by reason, per input table."""


@dataclass(frozen=True)
class BuildResult:
    """What a run published.

    Attributes:
        directory: The new version's.
        manifest: Its manifest.
        texts_encoded: How many item texts were embedded now, the rest came from the cache.
        pruned: Versions removed to keep their number.
    """

    directory: Path
    manifest: Manifest
    texts_encoded: int
    pruned: list[str]


@dataclass(frozen=True)
class _Learned:
    """Everything between the dataset and the files."""

    catalogue: Catalogue
    past: Past
    collaborative: VectorSpace
    content: ContentSpace
    users: VectorIndex
    indexes: dict[str, IndexInfo]
    tenth_best: dict[str, float]
    warm_items: int

    @property
    def rank(self) -> int:
        """How many factors there turned out to be."""
        return int(self.collaborative.targets.shape[1])

    def counts(self, events: int) -> Counts:
        """Return how much there is, of which ``events`` is known from elsewhere."""
        return Counts(
            items=self.catalogue.table.height,
            warm_items=self.warm_items,
            described_items=int(self.content.vectors.any(axis=1).sum()),
            users=len(self.past.user_ids),
            events=events,
            past_items=len(self.past.items),
        )

    def contents(
        self,
        write_encoder: Callable[[Path], None],
        manifest: Callable[[datetime, dict[str, FileEntry]], Manifest],
    ) -> BundleContents:
        """Return what is to be written."""
        return BundleContents(
            catalogue=self.catalogue,
            past=self.past,
            collaborative=self.collaborative,
            content=self.content,
            users=self.users,
            write_encoder=write_encoder,
            manifest=manifest,
        )


def build_bundle(
    dataset: Dataset,
    encoder: ItemEncoder,
    store: BundleStore,
    *,
    cache: EncodingCache,
    cleaning: CleaningCounts,
    reporter: Reporter,
    config: IndexingConfig,
) -> BuildResult:
    """Learn everything, write a version and point the store at it.

    Args:
        dataset: Cleaned input.
        encoder: Embeds the items' text, and is exported into the bundle.
        store: Where to publish.
        cache: Embeddings of earlier runs.
        cleaning: Goes into the manifest.
        reporter: Where to say what is happening.
        config: Hyper-parameters.

    Raises:
        OSError: If the disk is full or not writable; what was published before stays so.
    """
    pairs = weigh_events(dataset.events, config.evidence)
    table = _ordered_by_popularity(dataset.items, pairs)
    with reporter.step("Embed item texts") as advance:
        embeddings, encoded = encode_cached(encoder, item_texts(table), cache, on_progress=advance)
    with reporter.step("Learn factors and build indexes"):
        learned = _learn(table, pairs, embeddings, config)

    def manifest(created_at: datetime, files: dict[str, FileEntry]) -> Manifest:
        return Manifest(
            format_version=FORMAT_VERSION,
            crossfade_version=version("crossfade"),
            created_at=created_at,
            counts=learned.counts(dataset.events.height),
            encoder=_encoder_info(encoder, embeddings.shape[1]),
            factorization=Factorization(**config.factorization.model_dump() | {"rank": learned.rank}),
            indexes=learned.indexes,
            weights=config.weights,
            fade=config.fade,
            tenth_best=learned.tenth_best,
            cleaning={name: dict(counts) for name, counts in cleaning.items()},
            files=files,
        )

    with reporter.step("Export the encoder and write the bundle"):
        directory = write_bundle(
            learned.contents(lambda where: cache.export(encoder, where), manifest), store.versions_directory
        )
        bundle = store.use(directory.name)
    return BuildResult(directory, bundle.manifest, encoded, store.prune(config.keep_versions))


def item_texts(items: pl.DataFrame) -> list[str]:
    """Return what is embedded for each item: title, categories, first tags (if it has such a list) and description."""
    lists = [name for name in ("categories", "tags") if items.schema.get(name) == pl.List(pl.String)]
    # An encoder reads a hundred words or two: a long list of tags must not push the description out.
    listed = (pl.col(name).list.head(_WORDS_OF_A_LIST).list.join(", ") for name in lists)
    parts = [pl.col("title"), *listed, pl.col("description")]
    filled = [pl.when(part != "").then(part) for part in parts]
    return items.select(text=pl.concat_str(filled, separator=". ", ignore_nulls=True))["text"].to_list()


def _ordered_by_popularity(items: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Order the items by how many users had them, then by id, so that rows break ties in favour of the popular."""
    popularity = pairs.filter(pl.col("weight") > 0).group_by("item_id").len("_users")
    return (
        items.join(popularity, on="item_id", how="left")
        .sort(pl.col("_users").fill_null(0), "item_id", descending=[True, False])
        .drop("_users")
    )


def _learn(table: pl.DataFrame, pairs: pl.DataFrame, embeddings: FloatArray, config: IndexingConfig) -> _Learned:
    user_ids, matrix = _matrix(table["item_id"], pairs)
    factors = add_cold_items(factorize(matrix, config.factorization), embeddings, config.factorization)
    seed = config.factorization.seed
    folded = matrix @ factors.sources
    collaborative, targets_info = build_space(factors.sources, factors.targets, queries=folded, seed=seed)
    content, embeddings_info = build_content_space(embeddings, seed=seed)
    vectors = user_vectors(folded, collaborative)
    users, users_info = build_index(vectors, queries=vectors, seed=seed)
    liked = np.bincount(matrix.indices[matrix.data > 0], minlength=table.height)
    popularity = np.log1p(liked).astype(np.float32)
    return _Learned(
        catalogue=Catalogue(table, popularity),
        past=Past(user_ids, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data),
        collaborative=collaborative,
        content=content,
        users=users,
        indexes={"embeddings": embeddings_info, "targets": targets_info, "users": users_info},
        tenth_best={
            "collaborative": tenth_best_of_vectors(collaborative, matrix, seed=seed),
            "content": tenth_best_of_content(content, matrix, seed=seed),
            "popularity": tenth_best_of_popularity(popularity),
        },
        warm_items=int((factors.degrees > 0).sum()),
    )


def _encoder_info(encoder: ItemEncoder, dimension: int) -> EncoderInfo:
    languages = None if encoder.languages is None else tuple(sorted(encoder.languages))
    return EncoderInfo(name=encoder.name, fingerprint=encoder.fingerprint, dimension=dimension, languages=languages)


def _matrix(item_ids: pl.Series, pairs: pl.DataFrame) -> tuple[list[str], sp.csr_array]:
    """Return the user ids by row and the weights, users x items; a stored 0 is an item had without liking."""
    rows = pl.DataFrame({"item_id": item_ids}).with_row_index("item_row")
    located = pairs.join(rows, on="item_id", how="inner")
    users = located.select(pl.col("user_id").unique().sort()).with_row_index("user_row")
    located = located.join(users, on="user_id").sort("user_row", "item_row")
    matrix = sp.csr_array(
        (
            located["weight"].to_numpy().astype(np.float32),
            (located["user_row"].to_numpy(), located["item_row"].to_numpy()),
        ),
        shape=(users.height, len(item_ids)),
    )
    return users["user_id"].to_list(), matrix
