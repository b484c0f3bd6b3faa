"""A bundle as the engine sees it: immutable, with its text encoder."""

from __future__ import annotations

from dataclasses import dataclass

from crossfade.bundle import Bundle
from crossfade.encoding import TextEncoder, open_encoder

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """Everything one answer is computed from; a request uses the same view from start to end.

    Attributes:
        bundle: The opened bundle.
        encoder: Turns a request's text into a vector in the space of the embeddings.
    """

    bundle: Bundle
    encoder: TextEncoder

    @classmethod
    def over(cls, bundle: Bundle) -> View:
        """Open the bundle's encoder as well, so that a version without a working one is never served.

        Raises:
            BundleCorruptError: If it cannot be opened.
        """
        return cls(bundle, open_encoder(bundle.encoder_directory))
