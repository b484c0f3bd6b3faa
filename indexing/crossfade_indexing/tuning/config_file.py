"""A config as TOML, with a word on where it comes from."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Sequence
from pathlib import Path

from crossfade_indexing.config import IndexingConfig

__all__ = ["write_config"]


def write_config(path: Path, config: IndexingConfig, comment: Sequence[str]) -> None:
    """Write what a config names, in one atomic step; ``read_config`` reads the same back.

    Args:
        path: Replaced if it is there.
        config: What it leaves to its default is left out.
        comment: Lines for the head of the file.

    Raises:
        OSError: If the disk is full or not writable; the path then holds what it held.
    """
    lines = [f"# {line}".rstrip() for line in comment]
    lines += _table((), config.model_dump(exclude_unset=True))
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _table(names: tuple[str, ...], values: dict[str, object]) -> list[str]:
    """Return the lines of a table: its numbers first, then the tables within."""
    lines = [f"{_key(key)} = {value!r}" for key, value in values.items() if not isinstance(value, dict)]
    if names and lines:
        lines = ["", f"[{'.'.join(names)}]", *lines]
    for key, value in values.items():
        if isinstance(value, dict):
            lines += _table((*names, key), value)
    return lines


def _key(name: str) -> str:
    """Return a name as it is where TOML takes it so, else as a string, of which JSON's are a kind but for DEL."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return name
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")
