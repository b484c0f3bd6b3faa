"""A small bundle on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bundle.small import contents

from crossfade.bundle import BundleStore, write_bundle


@pytest.fixture
def store(tmp_path: Path) -> BundleStore:
    """A store with one version in use."""
    made = BundleStore(tmp_path / "bundle")
    made.use(write_bundle(contents(), made.versions_directory).name)
    return made


@pytest.fixture
def publish() -> Callable[..., str]:
    """Writes one more version into a store and returns its name; it is not used yet."""

    def write(store: BundleStore, seed: int = 1, write_encoder: Callable[[Path], None] | None = None) -> str:
        return write_bundle(contents(seed, write_encoder), store.versions_directory).name

    return write
