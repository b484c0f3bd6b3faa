"""Vectors by the hash of their text, in files that are only ever added or removed whole.

Several processes may read and write at once: a file's name is the hash of its content, so nobody overwrites another's,
and a reader that misses one embeds a few texts again.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossfade.types import FloatArray

__all__ = ["Shards", "write_atomically"]

_log = logging.getLogger(__name__)

_KEY_BYTES = 32
# A nightly run adds one; joined, they are read in one go.
_MOST_FILES = 16


class Shards:
    """The vectors of one encoder.

    Args:
        directory: Where the files lie; made when something is added.
        dimension: Length of the vectors; a file with others counts as damaged.
    """

    def __init__(self, directory: Path, dimension: int) -> None:
        self._directory = directory
        self._record = np.dtype([("key", np.uint8, (_KEY_BYTES,)), ("vector", np.float32, (dimension,))])

    def read(self) -> dict[bytes, FloatArray]:
        """Return all vectors by the 32-byte hash of their text. Damaged files are removed, with a warning."""
        files = sorted(self._directory.glob("*.npy"))
        parts = {file: records for file in files if (records := self._read(file)) is not None}
        vectors = {record["key"].tobytes(): record["vector"] for records in parts.values() for record in records}
        if len(parts) > _MOST_FILES:
            self._join(list(parts), vectors)
        return vectors

    def add(self, keys: Sequence[bytes], vectors: FloatArray) -> Path:
        """Add vectors of shape (n, d) in one file.

        Raises:
            OSError: If it cannot be written; nothing is left behind.
        """
        records = np.empty(len(keys), self._record)
        records["key"] = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, _KEY_BYTES)
        records["vector"] = vectors
        content = io.BytesIO()
        np.save(content, records, allow_pickle=False)
        path = self._directory / f"{hashlib.sha256(content.getvalue()).hexdigest()}.npy"
        write_atomically(path, content.getvalue())
        return path

    def _read(self, file: Path) -> NDArray[np.void] | None:
        try:
            content = file.read_bytes()
        except OSError:  # another process has joined it with others just now, or it is not ours to read
            return None
        if hashlib.sha256(content).hexdigest() == file.stem:
            records: NDArray[np.void] = np.load(io.BytesIO(content), allow_pickle=False)
            if records.dtype == self._record:
                return records
        _log.warning("%s is damaged: removed, its texts are embedded again", file)
        with suppress(OSError):
            file.unlink()
        return None

    def _join(self, files: Sequence[Path], vectors: dict[bytes, FloatArray]) -> None:
        with suppress(OSError):  # the same vectors in many files serve as well
            joined = self.add(list(vectors), np.stack(list(vectors.values())))
            for file in files:
                if file != joined:
                    file.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all, with its directory.

    Raises:
        OSError: If it cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
