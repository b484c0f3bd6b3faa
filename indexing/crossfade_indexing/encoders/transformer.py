"""A sentence-transformers model as an item encoder; the model itself is loaded when a vector is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crossfade.encoding import EncoderDescription
from crossfade.types import FloatArray
from crossfade_indexing.encoders.model_folder import ModelFolder
from crossfade_indexing.progress import Advance

if TYPE_CHECKING:
    from crossfade_indexing.encoders.torch_model import TorchModel

__all__ = ["TransformerItemEncoder"]

# Change it when the same weights and settings begin to give other vectors or another export.
_VERSION = "transformer 1"


class TransformerItemEncoder:
    """Embeds with the float32 weights of a folder, and exports them as int8.

    Args:
        folder: What was found in the folder.
        name: As the bundle's manifest will name it.
        languages: ISO 639-1 codes of what it was made for; None where unknown.
        max_tokens: Longer texts are cut there. Default: what the model was made for.
    """

    def __init__(
        self,
        folder: ModelFolder,
        *,
        name: str,
        languages: frozenset[str] | None = None,
        max_tokens: int | None = None,
    ) -> None:
        self.name = name
        self.languages = languages
        self.dimension = folder.dimension
        self._folder = folder
        self._max_tokens = folder.max_tokens if max_tokens is None else min(max_tokens, folder.max_tokens)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of every file the loader may read and of the settings."""
        settings = {"version": _VERSION, "max_tokens": self._max_tokens, "files": self._folder.digests}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    def fit(self, texts: Sequence[str]) -> None:
        """Learn nothing: the weights are given."""

    def encode(self, texts: Sequence[str], *, on_progress: Advance | None = None) -> FloatArray:
        """Return unit vectors of shape (n, d); zeros for a text without a token.

        Raises:
            EncoderError: If the model cannot be loaded.
        """
        return self._model.encode(texts, on_progress=on_progress)

    def export(self, directory: Path) -> None:
        """Write the model for onnxruntime, its tokenizer, and their description.

        Raises:
            EncoderError: If the model cannot be loaded or exported.
        """
        self._model.export(directory)
        EncoderDescription(
            kind="onnx",
            name=self.name,
            dimension=self.dimension,
            languages=None if self.languages is None else tuple(sorted(self.languages)),
            max_tokens=self._max_tokens,
        ).write(directory)

    @cached_property
    def _model(self) -> TorchModel:
        # Here, because torch takes ten seconds to import and a run that finds everything in the cache needs none of it.
        from crossfade_indexing.encoders.torch_model import TorchModel  # noqa: PLC0415

        return TorchModel(self._folder, max_tokens=self._max_tokens)
