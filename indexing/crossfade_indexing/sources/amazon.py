"""The `amazon-reviews` preset: reviews and metadata as JSON Lines, in the field names of 2018 and before or of 2023."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl

from crossfade.errors import InputError
from crossfade_indexing.sources.blocks import read_blocks
from crossfade_indexing.sources.columns import Columns
from crossfade_indexing.sources.jsonlines import read_json_lines
from crossfade_indexing.sources.raw import LINE, RawTables
from crossfade_indexing.sources.values import as_list, as_prose, as_text

__all__ = ["read_amazon_reviews"]

_ENDINGS = (".json", ".jsonl", ".ndjson")
_REVIEWS_2018 = {"reviewerID": "user_id", "asin": "item_id", "overall": "value", "unixReviewTime": "timestamp"}
_REVIEWS_2023 = {"user_id": "user_id", "parent_asin": "item_id", "rating": "value", "timestamp": "timestamp"}
_DESCRIBING = ("title", "description", "feature", "features", "category", "categories", "main_cat", "main_category")
_FACTS = ("brand", "store", "price", "average_rating", "rating_number")
# Titles and descriptions were taken from web pages.
_TAG = r"<[a-zA-Z/!][^>]{0,400}>"
_ENTITIES = {
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "&nbsp;": " ",
    "&quot;": '"',
    "&#34;": '"',
    "&#39;": "'",
    "&apos;": "'",
    "&rsquo;": "'",
    "&ndash;": "-",
    "&mdash;": "-",
    "&eacute;": "é",
    "&reg;": "®",
    "&trade;": "™",
}
_SNIFFED_LINES = 100


def read_amazon_reviews(directory: Path) -> RawTables:
    """Reviews as events, products as items; the two files are told apart by their fields, not their names.

    Items have ``title``, ``description`` (with the product's feature list), ``categories``, ``main_category``,
    ``price`` (null where it is no plain number), ``brand`` (until 2018), and ``store``, ``average_rating`` and
    ``rating_number`` (2023). Images, videos, details and related products are left out, and so is what people wrote.

    Raises:
        InputError: If the directory does not hold exactly one file of reviews and one of metadata.
    """
    found = _sniff(directory)
    reviews_path = _only(directory, "reviews", [path for path, keys in found.items() if _review_fields(keys)], found)
    fields = _review_fields(found[reviews_path])
    metadata_path = _only(directory, "metadata", [path for path, keys in found.items() if _is_metadata(keys)], found)
    reviews = read_json_lines(reviews_path, Columns(tuple(fields)), name="events", as_text=True)
    item_id = "parent_asin" if "parent_asin" in found[metadata_path] else "asin"
    columns = Columns((item_id,), (*_DESCRIBING, *_FACTS))
    metadata = read_json_lines(metadata_path, columns, name="items", as_text=True)
    return RawTables(
        events=replace(reviews, frame=reviews.frame.rename(fields)),
        items=replace(metadata, frame=_items(metadata.frame, item_id)),
    )


def _items(metadata: pl.DataFrame, item_id: str) -> pl.DataFrame:
    text = pl.String()
    described = pl.concat_str(
        [as_prose(pl.col(name), text) for name in ("description", "features", "feature")], separator=" "
    )
    categories = pl.concat_list(as_list(pl.col(name), text) for name in ("categories", "category"))
    price = pl.col("price").str.replace_all(",", "", literal=True).str.extract(r"^\s*\$?\s*([0-9]+(\.[0-9]+)?)\s*$")
    items = metadata.select(
        LINE,
        pl.col(item_id).alias("item_id"),
        title=_plain(as_prose(pl.col("title"), text)),
        description=_plain(described),
        categories=categories.list.eval(_plain(pl.element())).list.unique(maintain_order=True),
        main_category=as_text(_plain(pl.coalesce("main_category", "main_cat")), text),
        brand=as_text(_plain(pl.col("brand")), text),
        store=as_text(_plain(pl.col("store")), text),
        price=price.cast(pl.Float64),
        average_rating=pl.col("average_rating").cast(pl.Float64, strict=False),
        rating_number=pl.col("rating_number").cast(pl.Int64, strict=False),
    )
    return items.drop(name for name in items.columns if items.get_column(name).null_count() == items.height)


def _plain(text: pl.Expr) -> pl.Expr:
    """Text without the tags and entities of HTML."""
    bare = text.str.replace_all(_TAG, " ").str.replace_many(_ENTITIES)
    return bare.str.replace_all(r"\s+", " ").str.strip_chars()


def _sniff(directory: Path) -> dict[Path, set[str]]:
    """The fields of each JSON Lines file's first lines."""
    if not directory.is_dir():
        raise InputError(f"{directory}: is no directory; the amazon-reviews preset reads reviews and metadata from one")
    paths = [path for path in sorted(directory.iterdir()) if path.name.lower().removesuffix(".gz").endswith(_ENDINGS)]
    return {path: _fields(path) for path in paths if path.is_file()}


def _fields(path: Path) -> set[str]:
    fields: set[str] = set()
    for line in next(read_blocks(path)).data.split(b"\n", _SNIFFED_LINES)[:_SNIFFED_LINES]:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        fields |= set(row) if isinstance(row, dict) else set()
    return fields


def _review_fields(keys: set[str]) -> dict[str, str]:
    """The fields of reviews under their names here; empty if these are none."""
    return next((fields for fields in (_REVIEWS_2018, _REVIEWS_2023) if keys.issuperset(fields)), {})


def _is_metadata(keys: set[str]) -> bool:
    return "title" in keys and bool(keys & {"asin", "parent_asin"}) and not keys & {"reviewerID", "user_id"}


def _only(directory: Path, what: str, paths: list[Path], found: dict[Path, set[str]]) -> Path:
    if len(paths) == 1:
        return paths[0]
    if paths:
        raise InputError(
            f"{directory}: holds more than one file of {what} ({', '.join(p.name for p in paths)}); keep one"
        )
    expected = {
        "reviews": f"fields {', '.join(_REVIEWS_2023)}, or {', '.join(_REVIEWS_2018)}",
        "metadata": "fields parent_asin or asin, and title",
    }
    there = [f"{path.name} ({', '.join(sorted(keys)[:8]) or 'no JSON objects'})" for path, keys in found.items()]
    raise InputError(
        f"{directory}: holds no {what} (JSON Lines with the {expected[what]}); "
        f"found {'; '.join(there) or 'no .json, .jsonl or .ndjson file'}"
    )
