"""Takes erased users out of every version of a store.

What a bundle holds of single users is rewritten without them. What was learned from all users together stays: factors,
log-lifts and counts of which no row is anybody's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from crossfade.bundle import layout
from crossfade.bundle.bundle import Bundle
from crossfade.bundle.contents import Past, UserAttributes
from crossfade.bundle.manifest import MANIFEST_NAME, Manifest, read_manifest
from crossfade.bundle.store import BundleStore
from crossfade.bundle.writer import flush_to_disk, write_users, write_version
from crossfade.errors import BundleCorruptError, BundleError
from crossfade.types import RowArray

__all__ = ["ErasedVersion", "Erasure", "Erasures", "erase_users", "forget_rejects"]

_USER_KEYS = ("user_id", "userId")  # ours, and that of the files of MovieLens
# Between the fields of a line, and between words: an id may hold blanks and colons, and may have either around it.
_BETWEEN = (re.compile(r"[\t,;|\"]+"), re.compile(r"[\s,;|\"'{}\[\]:]+"))


@dataclass(frozen=True)
class Erasures:
    """Who was erased, as a live store knows it.

    Attributes:
        store_id: Which store.
        places: From the hash of an erased id to the place of the erasure in the order of its commits.
        hash_of: From an id to its hash.
    """

    store_id: str
    places: Mapping[str, int]
    hash_of: Callable[[str], str]

    def holds(self, user_id: str, *, seen: int = -1) -> bool:
        """Return whether a user was erased after ``seen``: who came back before that is somebody new."""
        return self.places.get(self.hash_of(user_id), -1) > seen


@dataclass(frozen=True)
class ErasedVersion:
    """What became of a version that held erased users.

    Attributes:
        version: Its name; it is gone.
        replaced_by: What is in its place; None for one that this Crossfade cannot read, which was removed.
        users: How many were in it; None where that cannot be told.
    """

    version: str
    replaced_by: str | None
    users: int | None


@dataclass(frozen=True)
class Erasure:
    """What was taken out of a store.

    Attributes:
        versions: Those that held erased users, the one in use last.
        rejects: Lines taken out of the rows that the last indexing run dropped.
    """

    versions: tuple[ErasedVersion, ...]
    rejects: int


def erase_users(store: BundleStore, erasures: Erasures) -> Erasure:
    """Rewrite every version that holds an erased user, so that no byte below the store is of them.

    The new version stands wherever the old one did, with its time and in its order; running services follow. A version
    whose manifest says that it was indexed with the erasure keeps what the user has done since. A version that is not
    in use and cannot be read is removed: nobody can tell what it holds.

    Raises:
        BundleError: If the version in use cannot be read; all others are done then.
        OSError: If the disk is full or not writable; every version is then either as it was or done.
    """
    if not erasures.places:
        return Erasure((), 0)
    current = store.current_or_none()
    versions = []
    for version in sorted(store.versions(), key=lambda name: name == current):
        directory = store.versions_directory / version
        try:
            gone = _erased_in(directory, erasures)
            bundle = Bundle.open(directory) if gone else None
        except BundleError:
            if version == current:
                raise
            store.remove(version)
            versions.append(ErasedVersion(version, None, None))
            continue
        if bundle is not None:
            by = _rewrite(bundle, directory, gone).name
            store.substitute(version, by)
            versions.append(ErasedVersion(version, by, len(gone)))
    return Erasure(tuple(versions), forget_rejects(store.rejects, erasures))


def _erased_in(directory: Path, erasures: Erasures) -> set[str]:
    mark = read_manifest(directory / MANIFEST_NAME).live
    seen = mark.seq if mark is not None and mark.store_id == erasures.store_id else -1
    user_ids: set[str] = set()
    for name in (layout.USERS, layout.USER_ATTRIBUTES):
        try:
            user_ids.update(pl.read_parquet(directory / name, columns=["user_id"])["user_id"])
        except (OSError, pl.exceptions.PolarsError) as error:
            raise BundleCorruptError(f"{directory / name}: not readable as Parquet") from error
    return {user_id for user_id in user_ids if erasures.holds(user_id, seen=seen)}


def _rewrite(bundle: Bundle, directory: Path, gone: set[str]) -> Path:
    kept = np.array([row for row, user_id in enumerate(bundle.past.user_ids) if user_id not in gone], np.int64)
    past, users = _of_users(bundle.past, kept), bundle.users.select(kept)
    attributes = UserAttributes(bundle.user_attributes.table.filter(~pl.col("user_id").is_in(gone)))

    def fill(target: Path) -> None:
        shutil.copytree(directory, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MANIFEST_NAME))
        write_users(past, attributes, users, target)

    manifest = _manifest(bundle.manifest, past)
    return write_version(
        directory.parent, fill, lambda _, files: manifest.model_copy(update={"files": files}), manifest.created_at
    )


def _of_users(past: Past, rows: RowArray) -> Past:
    """Return the pasts of some users, in the order of ``rows``."""
    counts = np.diff(past.starts)[rows]
    spans = [np.arange(past.starts[row], past.starts[row + 1]) for row in rows]
    places = np.concatenate([np.empty(0, np.int64), *spans])
    return Past(
        [past.user_ids[row] for row in rows],
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        items=past.items[places],
        weights=past.weights[places],
        times=past.times[places],
        types=past.types[places],
    )


def _manifest(manifest: Manifest, past: Past) -> Manifest:
    counts = manifest.counts.model_copy(update={"users": len(past.user_ids), "past_items": len(past.items)})
    indexes = {
        name: info.model_copy(update={"vectors": len(past.user_ids)}) if name == "users" else info
        for name, info in manifest.indexes.items()
    }
    return manifest.model_copy(update={"counts": counts, "indexes": indexes})


def forget_rejects(path: Path, erasures: Erasures) -> int:
    """Take the lines that name an erased user out of a file of dropped rows; return how many there were.

    Raises:
        OSError: If the file cannot be written; it then is as it was.
    """
    if not erasures.places or not path.is_file():
        return 0
    partial, removed = path.with_name(f".{path.name}.{os.getpid()}"), 0
    try:
        with path.open(encoding="utf-8") as lines, partial.open("w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                if any(erasures.holds(word) for word in _who(line)):
                    removed += 1
                else:
                    file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if removed:
            partial.replace(path)
            flush_to_disk(path.parent)
    finally:
        partial.unlink(missing_ok=True)
    return removed


def _who(line: str) -> Iterator[str]:
    """Yield what may be a user's id in a dropped row: of one that could not be read, every word."""
    row = json.loads(line)["row"]
    if isinstance(row, str):
        yield from (word.strip() for between in _BETWEEN for word in between.split(row))
    elif isinstance(row, dict):
        ids = (row[key] for key in _USER_KEYS if row.get(key) is not None)
        yield from (f"{one:.0f}" if isinstance(one, float) else str(one).strip() for one in ids)
