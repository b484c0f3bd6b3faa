"""What was embedded and exported before, so that a second run does only what is new."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from crossfade.encoding.description import FORMAT_VERSION
from crossfade.types import FloatArray
from crossfade_indexing.encoders.item_encoder import ItemEncoder
from crossfade_indexing.encoders.shards import Shards
from crossfade_indexing.progress import Advance

__all__ = ["EncodingCache", "encode_cached"]

_log = logging.getLogger(__name__)

_CHUNK = 1024
_FLUSH_TEXTS = 4096
_FLUSH_S = 30.0
# TF-IDF is another encoder with every change of the catalogue; what it leaves must not pile up.
_KEPT_PER_NAME = 4
_CHECKSUMS = "checksums.json"


class EncodingCache:
    """Vectors and exports by the encoder's fingerprint.

    Losing it costs time alone: what is damaged is removed with a warning, and where nothing can be written, nothing is
    kept, with a warning. Of encoders of the same name the four used last stay.

    Args:
        directory: Where to keep them; made when something is kept.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def shards(self, encoder: ItemEncoder) -> Shards:
        """Return the vectors kept for an encoder."""
        folder = self._folder(encoder)
        with suppress(OSError):
            os.utime(folder)
        return Shards(folder, encoder.dimension)

    def export(self, encoder: ItemEncoder, directory: Path) -> None:
        """Write what the service opens into an existing directory, from an earlier export if there is one.

        Raises:
            EncoderError: If the model cannot be loaded or exported.
            OSError: If the directory cannot be written.
        """
        kept = self._folder(encoder) / f"export-{FORMAT_VERSION}"
        if _intact(kept):
            for name in _checksums(kept):
                shutil.copyfile(kept / name, directory / name)
            return
        encoder.export(directory)
        try:
            _keep(directory, kept)
        except OSError as error:
            _log.warning("%s cannot be written (%s): the next run exports again", kept, error.strerror or error)

    def prune(self, encoder: ItemEncoder) -> None:
        """Remove what encoders of the same name left, but for the four used last."""
        prefix = self._folder(encoder).name.rpartition("-")[0]
        pattern = re.compile(re.escape(prefix) + "-[0-9a-f]{16}")
        with suppress(OSError):
            folders = [folder for folder in self._directory.iterdir() if pattern.fullmatch(folder.name)]
            folders.sort(key=lambda folder: (folder.stat().st_mtime, folder.name), reverse=True)
            for folder in folders[_KEPT_PER_NAME:]:
                shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, encoder: ItemEncoder) -> Path:
        return self._directory / f"{re.sub(r'[^A-Za-z0-9.]+', '-', encoder.name)}-{encoder.fingerprint[:16]}"


def encode_cached(
    encoder: ItemEncoder, texts: Sequence[str], cache: EncodingCache, *, on_progress: Advance | None = None
) -> tuple[FloatArray, int]:
    """Embed the texts that the cache does not hold, the longest first, each once.

    Finished work is kept every half minute, and when the run is interrupted.

    Args:
        encoder: Is fitted on the texts first.
        texts: The whole catalogue's.
        cache: Is read and added to.
        on_progress: Called with how many of the texts to embed are done; not at all if there are none.

    Returns:
        Unit vectors of shape (n, d), zeros for texts without content, and how many texts were embedded now.

    Raises:
        EncoderError: If the model cannot be loaded.
    """
    encoder.fit(texts)
    keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
    shards = cache.shards(encoder)
    vectors = shards.read()
    by_key = {key: text for key, text in zip(keys, texts, strict=True) if text.strip() and key not in vectors}
    missing = sorted(by_key, key=lambda key: (-len(by_key[key]), key))
    writer = _Writer(shards)
    try:
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            encoded = encoder.encode([by_key[key] for key in chunk], on_progress=_shifted(on_progress, start, missing))
            vectors.update(zip(chunk, encoded, strict=True))
            writer.add(chunk, encoded)
    finally:
        writer.flush()
    cache.prune(encoder)
    result = np.zeros((len(texts), encoder.dimension), np.float32)
    for row, key in enumerate(keys):
        if key in vectors:
            result[row] = vectors[key]
    return result, len(missing)


class _Writer:
    """Collects vectors and writes them in few files."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self._keys: list[bytes] = []
        self._vectors: list[FloatArray] = []
        self._flushed = time.monotonic()
        self._failed = False

    def add(self, keys: Sequence[bytes], vectors: FloatArray) -> None:
        self._keys += keys
        self._vectors.append(vectors)
        if len(self._keys) >= _FLUSH_TEXTS or time.monotonic() - self._flushed >= _FLUSH_S:
            self.flush()

    def flush(self) -> None:
        if self._keys and not self._failed:
            try:
                self._shards.add(self._keys, np.concatenate(self._vectors))
            except OSError as error:
                self._failed = True
                _log.warning("embeddings cannot be kept for the next run (%s)", error)
        self._keys, self._vectors, self._flushed = [], [], time.monotonic()


def _shifted(on_progress: Advance | None, start: int, missing: Sequence[bytes]) -> Advance | None:
    if on_progress is None:
        return None
    return lambda done, _total: on_progress(start + done, len(missing))


def _intact(kept: Path) -> bool:
    checksums = _checksums(kept)
    if not checksums:
        return False
    try:
        found = {name: hashlib.sha256((kept / name).read_bytes()).hexdigest() for name in checksums}
    except OSError:
        found = {}
    if found == checksums:
        return True
    _log.warning("%s is damaged: removed, the encoder is exported again", kept)
    shutil.rmtree(kept, ignore_errors=True)
    return False


def _checksums(kept: Path) -> dict[str, str]:
    """The SHA-256 of each file of a kept export; empty where there is none."""
    try:
        content = json.loads((kept / _CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {Path(name).name: str(digest) for name, digest in content.items()} if isinstance(content, dict) else {}


def _keep(directory: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="export-") as temporary:
        copy = shutil.copytree(directory, Path(temporary, "export"))
        checksums = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(copy.iterdir())}
        (copy / _CHECKSUMS).write_text(json.dumps(checksums), encoding="utf-8")
        if kept.exists():  # without a readable list of checksums, or made by another process meanwhile
            shutil.rmtree(kept)
        copy.replace(kept)
