"""What every encoder of items can do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from crossfade.types import FloatArray
from crossfade_indexing.progress import Advance

__all__ = ["ItemEncoder"]


class ItemEncoder(Protocol):
    """Embeds item texts and exports what ``crossfade.encoding.open_encoder`` opens.

    Nothing but ``encode`` and ``export`` loads a model, so that a run that finds everything in the cache needs none.
    """

    @property
    def name(self) -> str:
        """As the bundle's manifest will name it."""
        ...

    @property
    def languages(self) -> frozenset[str] | None:
        """ISO 639-1 codes of what it was made for; None where unknown."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of all that its vectors and its export depend on; encoders that share it give the same."""
        ...

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        ...

    def fit(self, texts: Sequence[str]) -> None:
        """Learn from the whole catalogue's texts; an encoder that came with its weights learns nothing."""
        ...

    def encode(self, texts: Sequence[str], *, on_progress: Advance | None = None) -> FloatArray:
        """Return unit vectors of shape (n, d) in the order of the texts; zeros for a text without content.

        Raises:
            EncoderError: If the model cannot be loaded.
        """
        ...

    def export(self, directory: Path) -> None:
        """Write the encoder for the service into an existing directory.

        Raises:
            EncoderError: If the model cannot be loaded or exported.
        """
        ...
