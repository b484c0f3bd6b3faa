"""The loaded model. Importing this module imports torch and sentence-transformers: only ``transformer`` does, late."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from crossfade.encoding.onnx import MODEL_FILE, TOKENIZER_FILE
from crossfade.errors import EncoderError
from crossfade.types import FloatArray
from crossfade_indexing.encoders.model_folder import ModelFolder
from crossfade_indexing.encoders.onnx_export import export_model
from crossfade_indexing.encoders.quiet import quiet
from crossfade_indexing.progress import Advance

__all__ = ["TorchModel"]

# On two cores 8 and 16 texts at a time were slower, and 64 no faster within the noise.
_BATCH = 32


class TorchModel:
    """A sentence-transformers model in float32.

    Args:
        folder: What was found in the folder.
        max_tokens: Longer texts are cut there.

    Raises:
        EncoderError: If the folder does not load.
    """

    def __init__(self, folder: ModelFolder, *, max_tokens: int) -> None:
        self._folder = folder
        self._model = _load(folder)
        self._model.max_seq_length = max_tokens
        transformer, fast = getattr(self._model[0], "auto_model", None), self._model.tokenizer
        if not isinstance(transformer, PreTrainedModel) or not isinstance(fast, PreTrainedTokenizerFast):
            raise EncoderError(f"{folder.path}: is no text model with a fast tokenizer, which the service needs")
        self._transformer = transformer
        # A copy, because sentence-transformers sets truncation and padding of its own with every call.
        self._tokenizer = Tokenizer.from_str(fast.backend_tokenizer.to_str())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)

    def encode(self, texts: Sequence[str], *, on_progress: Advance | None = None) -> FloatArray:
        """Return unit vectors of shape (n, d), longest texts embedded first; zeros for a text without a token."""
        texts = [text.encode("utf-8", "replace").decode() for text in texts]  # lone surrogates, as the service does
        vectors = np.zeros((len(texts), self._folder.dimension), np.float32)
        lengths = [
            0 if all(encoding.special_tokens_mask) else len(encoding.ids)
            for encoding in self._tokenizer.encode_batch(texts)
        ]
        order = sorted((row for row, length in enumerate(lengths) if length), key=lambda row: (-lengths[row], row))
        done = len(texts) - len(order)
        batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]

        def embed(rows: Sequence[int]) -> None:
            vectors[rows] = self._model.encode(
                [texts[row] for row in rows], batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )

        # The first call settles the tokenizer's padding; from then on calls from several threads change nothing in it.
        self._model.encode(["a"], batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
        with _one_thread_per_batch() as workers:
            try:
                for rows, _ in zip(batches, workers.map(embed, batches), strict=True):
                    done += len(rows)
                    if on_progress is not None:
                        on_progress(done, len(texts))
            except BaseException:  # Ctrl-C above all: what is waiting must not be embedded before the run ends
                workers.shutdown(cancel_futures=True)
                raise
        return vectors

    def export(self, directory: Path) -> None:
        """Write ``model.onnx`` and ``tokenizer.json``.

        Raises:
            EncoderError: If the model cannot be exported.
        """
        self._tokenizer.save(str(directory / TOKENIZER_FILE), pretty=False)
        export_model(
            self._transformer,
            self._folder.pooling,
            lambda text: self._tokenizer.encode(text).ids,
            directory / MODEL_FILE,
        )


@contextmanager
def _one_thread_per_batch() -> Iterator[ThreadPoolExecutor]:
    """Work on as many batches at a time as there are cores.

    Two threads on one batch wait for each other at every layer: on two cores 31 texts/s, against 57 with a batch for
    each, and on a busy machine the difference grows.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        # PyTorch keeps the number per thread as well.
        with ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)) as workers:
            yield workers
    finally:
        torch.set_num_threads(before)


def _load(folder: ModelFolder) -> SentenceTransformer:
    # A bar for a second's work, beside the one of the whole step. The two functions have no types.
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with quiet():
            return SentenceTransformer(
                str(folder.path),
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True, "torch_dtype": "float32"},
            )
    except (OSError, ValueError, RuntimeError, TypeError, LookupError, ImportError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise EncoderError(f"{folder.path}: does not load ({type(error).__name__}: {reason})") from error
    finally:
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
