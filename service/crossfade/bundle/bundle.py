"""One bundle, verified and opened for serving."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.bundle import layout
from crossfade.bundle.contents import Catalogue, ContentSpace, ItemSpaces, Past, UserAttributes, VectorSpace
from crossfade.bundle.context_space import load_context_space
from crossfade.bundle.manifest import MANIFEST_NAME, Manifest, file_digest, read_manifest
from crossfade.bundle.vector_index import VectorIndex
from crossfade.errors import BundleCorruptError
from crossfade.types import FloatArray, RowArray

__all__ = ["Bundle"]


@dataclass(frozen=True)
class Bundle:
    """All that one indexing run produced; immutable, so any number of threads may read it.

    Attributes:
        version: Its name, ``<time>-<hash>``.
        manifest: How it was made.
        catalogue: The items.
        past: What each user did.
        spaces: What items are scored with.
        user_attributes: What is known of users beside what they did.
        users: Each user's factors in the metric of the scores, unit length; rows as in ``past``.
        encoder_directory: Where the text encoder lies.
    """

    version: str
    manifest: Manifest
    catalogue: Catalogue
    past: Past
    spaces: ItemSpaces
    user_attributes: UserAttributes
    users: VectorIndex
    encoder_directory: Path

    @classmethod
    def open(cls, directory: Path) -> Bundle:
        """Open a version's directory, after every file's checksum.

        Vectors are mapped into memory, not read, so that several processes share them.

        Raises:
            BundleCorruptError: If a file is missing, damaged or does not fit the others; the message names it.
            BundleFormatError: If a newer Crossfade wrote it.
        """
        manifest = read_manifest(directory / MANIFEST_NAME)
        _verify(directory, manifest)
        item_table = _read_table(directory / layout.ITEMS)
        user_table = _read_table(directory / layout.USERS)
        bundle = cls(
            version=directory.name,
            manifest=manifest,
            catalogue=Catalogue(item_table),
            past=Past(
                user_table["user_id"].to_list(),
                starts=_rows(directory / layout.PAST_STARTS),
                items=_rows(directory / layout.PAST_ITEMS),
                weights=_floats(directory / layout.PAST_WEIGHTS),
                times=_rows(directory / layout.PAST_TIMES),
                types=_bits(directory / layout.PAST_TYPES),
            ),
            spaces=ItemSpaces(
                collaborative=_read_space(directory, layout.COLLABORATIVE),
                content=_read_content(directory, layout.CONTENT),
                context=load_context_space(directory / layout.CONTEXT, n_items=item_table.height),
                attributes=load_context_space(directory / layout.ATTRIBUTES, n_items=item_table.height),
                popularity=_floats(directory / layout.POPULARITY),
                trend=_floats(directory / layout.TREND),
                tenth_best=manifest.tenth_best,
            ),
            user_attributes=UserAttributes(_read_table(directory / layout.USER_ATTRIBUTES)),
            users=VectorIndex.load(directory / layout.USER_INDEX),
            encoder_directory=directory / layout.ENCODER,
        )
        bundle._check_sizes(directory)
        return bundle

    @cached_property
    def user_ids(self) -> list[str]:
        """Everybody of whom anything is known, in the order of their ids."""
        return sorted({*self.past.user_ids, *self.user_attributes.table["user_id"].to_list()})

    def _check_sizes(self, directory: Path) -> None:
        """Refuse parts that are each intact but do not belong together."""
        n_items, n_users = self.catalogue.table.height, len(self.past.user_ids)
        n_past = int(self.past.starts[-1])
        sizes = {
            layout.POPULARITY: (len(self.spaces.popularity), n_items),
            layout.TREND: (len(self.spaces.trend), n_items),
            layout.PAST_STARTS: (len(self.past.starts), n_users + 1),
            layout.PAST_ITEMS: (len(self.past.items), n_past),
            layout.PAST_WEIGHTS: (len(self.past.weights), n_past),
            layout.PAST_TIMES: (len(self.past.times), n_past),
            layout.PAST_TYPES: (len(self.past.types), n_past),
            layout.COLLABORATIVE.sources: (len(self.spaces.collaborative.sources), n_items),
            layout.COLLABORATIVE.targets: (len(self.spaces.collaborative.targets), n_items),
            layout.COLLABORATIVE.cold_map: (
                self.spaces.collaborative.cold_map.size,
                self.spaces.content.index.dimension * 2 * self.spaces.collaborative.index.dimension,
            ),
            layout.COLLABORATIVE.index: (self.spaces.collaborative.index.size, n_items),
            layout.CONTENT.vectors: (len(self.spaces.content.vectors), n_items),
            layout.CONTENT.centre: (len(self.spaces.content.centre), self.manifest.encoder.dimension),
            layout.CONTENT.projection: (len(self.spaces.content.projection), self.manifest.encoder.dimension),
            layout.CONTENT.index: (self.spaces.content.index.size, n_items),
            layout.USER_INDEX: (self.users.size, n_users),
        }
        for name, (found, expected) in sizes.items():
            if found != expected:
                raise BundleCorruptError(f"{directory / name}: {found} entries, expected {expected}")


def _verify(directory: Path, manifest: Manifest) -> None:
    for name, entry in manifest.files.items():
        path = directory / name
        if not path.is_file():
            raise BundleCorruptError(f"{path}: missing; build the bundle again or roll back")
        if path.stat().st_size != entry.bytes or file_digest(path) != entry.sha256:
            raise BundleCorruptError(f"{path}: not the bytes that were written (checksum); build again or roll back")
    for name in layout.REQUIRED:
        if name not in manifest.files:
            raise BundleCorruptError(f"{directory / name}: not listed in the manifest")


def _read_table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BundleCorruptError(f"{path}: not readable as Parquet") from error


def _map(path: Path) -> NDArray[np.generic]:
    try:
        # asarray drops the memmap subclass, whose overhead every small slice would pay, and keeps the mapping.
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError) as error:
        raise BundleCorruptError(f"{path}: not readable as an array") from error


def _floats(path: Path) -> FloatArray:
    array = _map(path)
    if array.dtype != np.float32:
        raise BundleCorruptError(f"{path}: {array.dtype} values, expected float32")
    return cast(FloatArray, array)


def _rows(path: Path) -> RowArray:
    array = _map(path)
    if array.dtype != np.int64:
        raise BundleCorruptError(f"{path}: {array.dtype} values, expected int64")
    return cast(RowArray, array)


def _bits(path: Path) -> NDArray[np.uint32]:
    array = _map(path)
    if array.dtype != np.uint32:
        raise BundleCorruptError(f"{path}: {array.dtype} values, expected uint32")
    return cast(NDArray[np.uint32], array)


def _read_space(directory: Path, files: layout.SpaceFiles) -> VectorSpace:
    return VectorSpace(
        sources=_floats(directory / files.sources),
        targets=_floats(directory / files.targets),
        mean=_floats(directory / files.mean),
        root=_floats(directory / files.root),
        cold_map=_floats(directory / files.cold_map),
        index=VectorIndex.load(directory / files.index),
    )


def _read_content(directory: Path, files: layout.ContentFiles) -> ContentSpace:
    return ContentSpace(
        vectors=_floats(directory / files.vectors),
        centre=_floats(directory / files.centre),
        projection=_floats(directory / files.projection),
        reference=_rows(directory / files.reference),
        index=VectorIndex.load(directory / files.index),
    )
