"""Writes one version's directory: files first, checksums next, its final name last."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.bundle import layout
from crossfade.bundle.contents import Catalogue, ContentSpace, ItemSpaces, Past, UserAttributes, VectorSpace
from crossfade.bundle.context_space import save_context_space
from crossfade.bundle.manifest import MANIFEST_NAME, FileEntry, Manifest, file_digest
from crossfade.bundle.vector_index import VectorIndex

__all__ = ["BundleContents", "flush_to_disk", "write_bundle", "write_users", "write_version"]

_UNFINISHED = ".building-"
_ABANDONED_AFTER_S = 24 * 3600.0

MakeManifest = Callable[[datetime, dict[str, FileEntry]], Manifest]
"""Makes the manifest once the time and the files' digests are known."""


@dataclass(frozen=True)
class BundleContents:
    """Everything to write; rows agree between the parts.

    Attributes:
        catalogue: The items.
        past: What each user did.
        spaces: What items are scored with.
        user_attributes: What is known of users beside what they did.
        users: One vector per user row of ``past``.
        write_encoder: Writes the text encoder's files into the directory it is given.
        manifest: Makes the manifest.
    """

    catalogue: Catalogue
    past: Past
    spaces: ItemSpaces
    user_attributes: UserAttributes
    users: VectorIndex
    write_encoder: Callable[[Path], None]
    manifest: MakeManifest


def write_bundle(contents: BundleContents, versions: Path) -> Path:
    """Write one version below ``versions`` and return its directory; see ``write_version``."""
    return write_version(versions, lambda directory: _write_files(contents, directory), contents.manifest)


def write_version(
    versions: Path, fill: Callable[[Path], None], manifest: MakeManifest, created_at: datetime | None = None
) -> Path:
    """Write one version below ``versions`` and return its directory.

    Until the last step the files lie in a hidden directory, which is removed on any failure, Ctrl-C included; what a
    killed process left there is removed by a later run, a day on.

    Args:
        versions: Made where it is missing.
        fill: Writes all files but the manifest into the directory it is given.
        manifest: Makes the manifest.
        created_at: UTC; now by default. A version of the same time and content that is there already stays.

    Raises:
        OSError: If the disk is full or not writable; nothing is left behind.
    """
    versions.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(versions)
    with _unfinished_directory(versions) as directory:
        fill(directory)
        created_at = created_at or datetime.now(UTC)
        entries = {
            path.relative_to(directory).as_posix(): FileEntry(sha256=file_digest(path), bytes=path.stat().st_size)
            for path in sorted(directory.rglob("*"))
            if path.is_file()
        }
        text = manifest(created_at, entries).model_dump_json(indent=2).encode()
        Manifest.model_validate_json(text)  # what could not be read back must not get a name
        (directory / MANIFEST_NAME).write_bytes(text)
        for path in directory.rglob("*"):
            flush_to_disk(path)
        name = f"{created_at:%Y%m%dT%H%M%S.%fZ}-{hashlib.sha256(text).hexdigest()[:12]}"
        final = versions / name
        if not final.exists():
            directory.rename(final)
    flush_to_disk(versions)
    return final


@contextmanager
def _unfinished_directory(versions: Path) -> Iterator[Path]:
    directory = versions / f"{_UNFINISHED}{os.getpid()}-{uuid.uuid4().hex[:8]}"
    directory.mkdir()
    try:
        yield directory
    finally:  # after success the directory has another name and there is nothing to remove
        shutil.rmtree(directory, ignore_errors=True)


def _remove_abandoned(versions: Path) -> None:
    for directory in versions.glob(f"{_UNFINISHED}*"):
        if time.time() - directory.stat().st_mtime > _ABANDONED_AFTER_S:
            shutil.rmtree(directory, ignore_errors=True)


def _write_files(contents: BundleContents, directory: Path) -> None:
    for name in layout.REQUIRED:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
    _save_table(directory / layout.ITEMS, contents.catalogue.table)
    write_users(contents.past, contents.user_attributes, contents.users, directory)
    spaces = contents.spaces
    _write_space(spaces.collaborative, layout.COLLABORATIVE, directory)
    _write_content(spaces.content, layout.CONTENT, directory)
    save_context_space(spaces.context, directory / layout.CONTEXT)
    save_context_space(spaces.attributes, directory / layout.ATTRIBUTES)
    _save(directory / layout.POPULARITY, spaces.popularity)
    _save(directory / layout.TREND, spaces.trend)
    (directory / layout.ENCODER).mkdir()
    contents.write_encoder(directory / layout.ENCODER)


def write_users(past: Past, attributes: UserAttributes, users: VectorIndex, directory: Path) -> None:
    """Write every file of a version that knows single users, over those that are there."""
    _save_table(directory / layout.USERS, pl.DataFrame({"user_id": past.user_ids}, schema={"user_id": pl.String}))
    _save(directory / layout.PAST_STARTS, past.starts)
    _save(directory / layout.PAST_ITEMS, past.items)
    _save(directory / layout.PAST_WEIGHTS, past.weights)
    _save(directory / layout.PAST_TIMES, past.times)
    _save(directory / layout.PAST_TYPES, past.types)
    _save_table(directory / layout.USER_ATTRIBUTES, attributes.table)
    users.save(directory / layout.USER_INDEX)


def _write_space(space: VectorSpace, files: layout.SpaceFiles, directory: Path) -> None:
    _save(directory / files.sources, space.sources)
    _save(directory / files.targets, space.targets)
    _save(directory / files.mean, space.mean)
    _save(directory / files.root, space.root)
    _save(directory / files.cold_map, space.cold_map)
    space.index.save(directory / files.index)


def _write_content(space: ContentSpace, files: layout.ContentFiles, directory: Path) -> None:
    _save(directory / files.vectors, space.vectors)
    _save(directory / files.centre, space.centre)
    _save(directory / files.projection, space.projection)
    _save(directory / files.reference, space.reference)
    space.index.save(directory / files.index)


def _save(path: Path, array: NDArray[np.generic]) -> None:
    np.save(path, array, allow_pickle=False)


def _save_table(path: Path, table: pl.DataFrame) -> None:
    try:
        table.write_parquet(path)
    except pl.exceptions.ComputeError as error:  # what polars makes of a full disk
        raise OSError(f"{path}: cannot be written ({error})") from error


def flush_to_disk(path: Path) -> None:
    """Wait until a file's content, or a directory's entries, have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
