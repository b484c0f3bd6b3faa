"""A bundle for the examples, copied for each test, because what visitors do is kept beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from api.hand_made import publish

from crossfade.bundle import BundleStore


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle, not to be opened."""
    directory = tmp_path_factory.mktemp("examples") / "bundle"
    publish(BundleStore(directory))
    return directory


@pytest.fixture
def bundle(published: Path, tmp_path: Path) -> Path:
    """A bundle of a test's own."""
    return shutil.copytree(published, tmp_path / "bundle")
