"""From a cleaned dataset to what is learned from: rows, texts as vectors, weighed past items, situations."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from crossfade.bundle.manifest import EvidenceRules, IndexInfo
from crossfade.encoding.item_text import WORDS_OF_A_LIST
from crossfade_indexing.config import EvidenceConfig, IndexingConfig
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.encoders import EncodingCache, ItemEncoder, encode_cached
from crossfade_indexing.evidence import event_types, evidence_rules, repeat_share, speaking_events, weigh_events
from crossfade_indexing.learning.content import build_content_space
from crossfade_indexing.learning.context import situations
from crossfade_indexing.learning.spaces import Material
from crossfade_indexing.past_items import locate
from crossfade_indexing.progress import Reporter

__all__ = ["Prepared", "item_texts", "ordered_by_popularity", "prepare"]

# Where at least a quarter of the days on which somebody used something were not their first with it, what people had is
# what they want: songs, food, apps. Films seen twice stay far below.
_REPEATS_ARE_THE_RULE = 0.25


@dataclass(frozen=True)
class Prepared:
    """What is learned from, and what came about on the way.

    Attributes:
        table: The items, by row.
        material: The past items are not aged yet.
        repeats: Whether people use items again.
        rules: By which the events were weighed.
        event_types: What the bits of the past items' types stand for.
        content_index: Description of the index of what the items say.
        dimension: Of the embeddings.
        encoded: How many texts were embedded now, the rest came from the cache.
    """

    table: pl.DataFrame
    material: Material
    repeats: bool
    rules: EvidenceRules
    event_types: list[str]
    content_index: IndexInfo
    dimension: int
    encoded: int


def prepare(
    dataset: Dataset, encoder: ItemEncoder, cache: EncodingCache, config: IndexingConfig, reporter: Reporter
) -> Prepared:
    """Weigh the events, embed the texts and find when and where things are used.

    Args:
        dataset: Cleaned input.
        encoder: Embeds the items' text.
        cache: Embeddings of earlier runs.
        config: Of which the evidence and the seed are used.
        reporter: Where to say what is happening.
    """
    pairs = weigh_events(dataset.events, config.evidence)
    table = ordered_by_popularity(dataset.items, pairs)
    with reporter.step("Embed item texts") as advance:
        embeddings, encoded = encode_cached(encoder, item_texts(table), cache, on_progress=advance)
    with reporter.step("Learn what items say and when they are used"):
        content, content_index = build_content_space(embeddings, seed=config.factorization.seed)
        speaking, known = _situations(dataset, config.evidence, reporter)
        material = Material(locate(pairs, table["item_id"]), known, content, table["item_id"])
    return Prepared(
        table,
        material,
        repeats=repeat_share(speaking) >= _REPEATS_ARE_THE_RULE,
        rules=evidence_rules(dataset.events, config.evidence),
        event_types=event_types(dataset.events, config.evidence),
        content_index=content_index,
        dimension=embeddings.shape[1],
        encoded=encoded,
    )


def item_texts(items: pl.DataFrame) -> list[str]:
    """Return what is embedded for each item, as ``item_text`` does for one that is added to a running service."""
    lists = [name for name in ("categories", "tags") if items.schema.get(name) == pl.List(pl.String)]
    listed = (pl.col(name).list.head(WORDS_OF_A_LIST).list.join(", ") for name in lists)
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


def _situations(dataset: Dataset, config: EvidenceConfig, reporter: Reporter) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the speaking events, and the same as ``context.situations`` returns them, with their ``timestamp``."""
    speaking = speaking_events(dataset.events, config)
    table, warnings = situations(speaking, dataset.users)
    for warning in warnings:
        reporter.note(f"warning: {warning}")
    return speaking, table.with_columns(speaking["timestamp"])
