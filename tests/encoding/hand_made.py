"""Awkward texts, a change to a JSON file, and an encoder simple enough to work out by hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crossfade.types import FloatArray
from crossfade_indexing.progress import Advance

AWKWARD = (
    "heist that goes wrong",
    "CRIME in the Far North, ÉTÉ!",
    "",
    " \t\n\u2003",
    "🤖🎬",
    "映画の夜 映",
    "e\u0301te\u0301 \u212bngstro\u0308m ﬁlm ẞtraße",
    "a dog " * 2000,
    "x" * 5000,
    "\x00\u200b\ufeff",
    "हिन्दी ไทย עברית 한국어",
    "lone \ud800 surrogate",
)


def change_json(path: Path, change: Callable[[Any], object]) -> None:
    """Change a JSON file in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


class LetterEncoder:
    """Counts letters; knows what it was asked to encode, and can be interrupted."""

    languages: frozenset[str] | None = None
    dimension = 26

    def __init__(self, name: str = "letters", *, version: str = "1", interrupted_at: str | None = None) -> None:
        self.name = name
        self.fingerprint = hashlib.sha256(version.encode()).hexdigest()
        self.encoded: list[str] = []
        self.exports = 0
        self._interrupted_at = interrupted_at

    def fit(self, texts: Sequence[str]) -> None:
        """Learn nothing."""

    def encode(self, texts: Sequence[str], *, on_progress: Advance | None = None) -> FloatArray:
        """Count letters."""
        if self._interrupted_at in texts:
            raise KeyboardInterrupt
        self.encoded += texts
        counts = np.array([[text.count(chr(97 + letter)) for letter in range(26)] for text in texts], np.float32)
        if on_progress is not None:
            on_progress(len(texts), len(texts))
        vectors: FloatArray = counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)
        return vectors

    def export(self, directory: Path) -> None:
        """Write one file."""
        self.exports += 1
        (directory / "letters.txt").write_text("abc")
