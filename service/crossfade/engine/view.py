"""A bundle as the engine sees it: immutable, with its text encoder opened on first need."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from crossfade.bundle import Bundle
from crossfade.encoding import TextEncoder, open_encoder
from crossfade.types import FloatArray

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """Everything one answer is computed from; a request uses the same view from start to end.

    Attributes:
        bundle: The opened bundle.
    """

    bundle: Bundle
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def _encoder(self) -> TextEncoder:
        return open_encoder(self.bundle.encoder_directory)

    def encode(self, texts: list[str]) -> FloatArray:
        """Return unit vectors of shape (n, d) in the space of the embeddings; zeros for a text without content.

        Raises:
            BundleCorruptError: If the bundle's encoder cannot be opened.
        """
        if not texts:
            return np.empty((0, self.bundle.content.targets.shape[1]), np.float32)
        with self._opening:
            encoder = self._encoder
        return encoder.encode(texts)
