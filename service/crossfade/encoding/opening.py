"""What every encoder can do, and the one way to open one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from crossfade.encoding.description import EncoderDescription
from crossfade.encoding.tfidf import TfidfEncoder
from crossfade.types import FloatArray

__all__ = ["TextEncoder", "open_encoder"]


class TextEncoder(Protocol):
    """Turns texts into vectors in the space of a bundle's embeddings; safe to use from several threads."""

    @property
    def name(self) -> str:
        """As the encoder names itself."""
        ...

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        ...

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape (n, d), C-contiguous, in the order of the texts.

        A text's vector does not depend on the texts beside it. A text without content (empty, white space, or
        nothing that the encoder knows) gives zeros.
        """
        ...


def open_encoder(directory: Path, *, threads: int = 1) -> TextEncoder:
    """Open the encoder that the indexing job wrote into a directory.

    Args:
        directory: Holds ``encoder.json`` and the files of its kind.
        threads: How many threads may work on one text, > 0. More than one seldom helps a short query.

    Raises:
        BundleCorruptError: If a file is missing or damaged; the message names it.
        BundleFormatError: If a newer Crossfade wrote it.
        ValueError: If threads is not positive.
    """
    if threads < 1:
        raise ValueError(f"threads: expected at least 1, got {threads}")
    description = EncoderDescription.read(directory)
    if description.kind == "tfidf":
        return TfidfEncoder.open(directory, description)
    # Importing onnxruntime takes longer than opening a TF-IDF encoder, which does without.
    from crossfade.encoding.onnx import OnnxEncoder  # noqa: PLC0415

    return OnnxEncoder(directory, description, threads=threads)
