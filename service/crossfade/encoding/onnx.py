"""A transformer exported to ONNX, run by onnxruntime; the graph pools and normalises, so its output is the vector."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped] # ships no types
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors  # type: ignore[import-untyped] # the same
from tokenizers import Tokenizer

from crossfade.encoding.description import EncoderDescription
from crossfade.errors import BundleCorruptError
from crossfade.types import FloatArray

__all__ = ["INPUT", "MODEL_FILE", "OUTPUT", "TOKENIZER_FILE", "OnnxEncoder"]

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
INPUT = "input_ids"
"""The graph's one input, int64 of shape (1, tokens)."""
OUTPUT = "vector"
"""The graph's one output, float32 of shape (1, d) and unit length."""

_SILENT = 4
# They share no base class but Exception.
_ORT_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


class OnnxEncoder:
    """Reads ``model.onnx`` and ``tokenizer.json``.

    Texts run one by one: int8 activations are scaled by the largest value of the whole batch, so a text's vector would
    depend on its neighbours (cosine down to 0.98), and on one thread batches are no faster.

    Args:
        directory: Holds the files.
        description: The directory's.
        threads: How many threads may work on one text.

    Raises:
        BundleCorruptError: If a file is missing or damaged, or the two do not fit the description.
    """

    def __init__(self, directory: Path, description: EncoderDescription, *, threads: int) -> None:
        self.name = description.name
        self.dimension = description.dimension
        self._tokenizer = _open_tokenizer(directory / TOKENIZER_FILE, description)
        self._session = _open_session(directory / MODEL_FILE, description, threads)
        try:
            norm = float(np.linalg.norm(self.encode(["a"])))
        except _ORT_ERRORS as error:
            raise BundleCorruptError(f"{directory / MODEL_FILE}: does not run ({_line(error)})") from error
        if not abs(norm - 1) < 1e-3:
            raise BundleCorruptError(f"{directory / MODEL_FILE}: a vector has length {norm}, expected 1")

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape (n, d); zeros for a text without a token."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            # A lone surrogate, which JSON can smuggle in, has no UTF-8 form and would raise.
            tokens = self._tokenizer.encode(text.encode("utf-8", "replace").decode())
            if not all(tokens.special_tokens_mask):
                vectors[row] = self._session.run([OUTPUT], {INPUT: np.array([tokens.ids], np.int64)})[0][0]
        return vectors


def _open_tokenizer(path: Path, description: EncoderDescription) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        if description.max_tokens is not None:
            tokenizer.enable_truncation(description.max_tokens)
    except Exception as error:  # tokenizers raises nothing narrower
        raise BundleCorruptError(f"{path}: not a readable tokenizer ({_line(error)})") from error
    return tokenizer


def _open_session(path: Path, description: EncoderDescription, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT  # what goes wrong is raised as well
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _ORT_ERRORS as error:
        raise BundleCorruptError(f"{path}: not a readable model ({_line(error)})") from error
    found = (
        [node.name for node in session.get_inputs()],
        [(node.name, node.shape[-1]) for node in session.get_outputs()],
    )
    expected = [INPUT], [(OUTPUT, description.dimension)]
    if found != expected:
        raise BundleCorruptError(f"{path}: its inputs and outputs are {found}, expected {expected}")
    return session


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
