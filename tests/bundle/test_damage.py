"""A bundle that is not what was written is refused, with the file named."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundle.small import contents

from crossfade.bundle import Bundle, BundleStore, ContextSpace, write_bundle
from crossfade.bundle.layout import REQUIRED
from crossfade.errors import BundleCorruptError, BundleFormatError, BundleNotFoundError
from crossfade.types import FloatArray

FILES = (*REQUIRED, "encoder/encoder.json", "manifest.json")


def current(store: BundleStore) -> Path:
    return store.versions_directory / store.current()


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_in_any_file_is_refused_and_the_file_named(store: BundleStore, name: str) -> None:
    path = current(store) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(BundleCorruptError) as refused:
        store.open_current()

    assert str(path) in str(refused.value)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_and_named(store: BundleStore, name: str) -> None:
    path = current(store) / name
    path.unlink()

    with pytest.raises(BundleCorruptError) as refused:
        store.open_current()

    assert str(path) in str(refused.value)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused_and_named(store: BundleStore, name: str) -> None:
    path = current(store) / name
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(BundleCorruptError) as refused:
        store.open_current()

    assert str(path) in str(refused.value)


def rewrite_manifest(store: BundleStore, changes: dict[str, object]) -> Path:
    """Change the manifest and give the directory the name that goes with it, as a newer Crossfade would."""
    old = current(store)
    manifest = json.loads((old / "manifest.json").read_text()) | changes
    raw = json.dumps(manifest).encode()
    new = old.parent / f"{old.name.partition('-')[0]}-{hashlib.sha256(raw).hexdigest()[:12]}"
    shutil.move(old, new)
    (new / "manifest.json").write_bytes(raw)
    (store.directory / "current").write_text(new.name)
    return new


@pytest.mark.parametrize("version", [1, 2, 4])
def test_another_format_is_refused_with_both_versions_named(store: BundleStore, version: int) -> None:
    directory = rewrite_manifest(store, {"format_version": version})

    with pytest.raises(BundleFormatError, match=rf"format version {version}; this Crossfade reads format 3") as refused:
        store.open_current()

    assert str(directory / "manifest.json") in str(refused.value)


def test_a_manifest_that_leaves_out_a_required_file_is_refused(store: BundleStore) -> None:
    manifest = json.loads((current(store) / "manifest.json").read_text())
    del manifest["files"]["items.parquet"]
    rewrite_manifest(store, {"files": manifest["files"]})

    with pytest.raises(BundleCorruptError, match=r"items\.parquet: not listed in the manifest"):
        store.open_current()


def longer(values: FloatArray) -> FloatArray:
    """Return values with the first of the last axis once more."""
    return np.concatenate([values, values[..., :1]], axis=-1)


@pytest.mark.parametrize("name", ["popularity.npy", "trend.npy", "context/lifts.npy", "attributes/lifts.npy"])
def test_a_part_that_is_intact_but_of_another_catalogue_is_refused_and_named(tmp_path: Path, name: str) -> None:
    whole = contents()
    part = name.removesuffix(".npy").removesuffix("/lifts")
    value = getattr(whole.spaces, part)
    other = replace(value, lifts=longer(value.lifts)) if isinstance(value, ContextSpace) else longer(value)
    spaces = replace(whole.spaces, **{part: other})  # type: ignore[arg-type]  # its kind goes with its name
    directory = write_bundle(replace(whole, spaces=spaces), tmp_path)

    with pytest.raises(BundleCorruptError) as refused:
        Bundle.open(directory)

    assert str(directory / name) in str(refused.value)


@pytest.mark.parametrize("name", ["past/times.npy", "past/types.npy", "collaborative/cold_map.npy"])
def test_what_users_did_and_the_map_of_cold_items_fit_the_rest_or_are_refused(tmp_path: Path, name: str) -> None:
    whole = contents()
    part = name.partition("/")[2].removesuffix(".npy")
    if part == "cold_map":
        space = whole.spaces.collaborative
        space = replace(space, cold_map=longer(space.cold_map))
        other = replace(whole, spaces=replace(whole.spaces, collaborative=space))
    else:
        past = replace(whole.past, **{part: longer(getattr(whole.past, part))})  # type: ignore[arg-type]  # as above
        other = replace(whole, past=past)
    directory = write_bundle(other, tmp_path)

    with pytest.raises(BundleCorruptError) as refused:
        Bundle.open(directory)

    assert str(directory / name) in str(refused.value)


def test_a_manifest_cannot_name_files_outside_its_directory(store: BundleStore, tmp_path: Path) -> None:
    manifest = json.loads((current(store) / "manifest.json").read_text())
    (tmp_path / "secret").write_text("x")
    manifest["files"]["../../../secret"] = {"sha256": hashlib.sha256(b"x").hexdigest(), "bytes": 1}
    rewrite_manifest(store, {"files": manifest["files"]})

    with pytest.raises(BundleCorruptError, match="secret"):
        store.open_current()


def test_a_directory_without_a_bundle_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError, match="crossfade index --out"):
        BundleStore(tmp_path).open_current()


def test_a_pointer_to_nothing_names_the_versions_there_are(store: BundleStore) -> None:
    there = store.current()
    (store.directory / "current").write_text("20200101T000000.000000Z-000000000000")

    with pytest.raises(BundleNotFoundError, match=there):
        store.open_current()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"../../etc"])
def test_a_damaged_pointer_is_refused_and_named(store: BundleStore, content: bytes) -> None:
    (store.directory / "current").write_bytes(content)

    with pytest.raises(BundleNotFoundError, match=r"current: names no version"):
        store.open_current()


_watching = False


def _no_pickle(event: str, _arguments: object) -> None:
    if _watching and event == "pickle.find_class":
        raise AssertionError("opening a bundle unpickled something")


@contextmanager
def pickle_forbidden() -> Iterator[None]:
    global _watching  # noqa: PLW0603 - an audit hook can be added and never removed, so it is switched
    sys.addaudithook(_no_pickle)
    _watching = True
    try:
        yield
    finally:
        _watching = False


def test_opening_a_bundle_unpickles_nothing(store: BundleStore) -> None:
    with pickle_forbidden():
        opened = store.open_current()

    assert opened.catalogue.item_ids == ["i0", "i1", "i2", "i3", "i4"]
