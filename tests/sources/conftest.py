"""Small files written by a test, read and cleaned the way a user's are."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crossfade_indexing.cleaning import Cleaned, clean
from crossfade_indexing.sources import read_files


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file, gzipped if its name says so, and give its path."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write_file


@pytest.fixture
def cleaned(write: Callable[[str, str | bytes], Path], tmp_path: Path) -> Callable[..., Cleaned]:
    """Read and clean CSV tables given as text: events, and perhaps items and users."""

    def clean_tables(
        events: str | bytes, items: str | bytes | None = None, users: str | bytes | None = None, **options: object
    ) -> Cleaned:
        raw = read_files(
            write("events.csv", events),
            None if items is None else write("items.csv", items),
            None if users is None else write("users.csv", users),
        )
        return clean(raw, rejects=tmp_path / "rejects.jsonl", **options)  # type: ignore[arg-type]

    return clean_tables


@pytest.fixture
def rejected(tmp_path: Path) -> Callable[[], list[dict[str, object]]]:
    """The rows of the rejects file that `cleaned` wrote."""
    return lambda: [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text(encoding="utf-8").splitlines()]
