"""Text to vector at request time, by the encoder that a bundle carries.

An encoder is a directory of plain data that the indexing job wrote: ``encoder.json`` says what it is, and beside it lie
``model.onnx`` and ``tokenizer.json``, or the vocabulary and arrays of TF-IDF. Opening one runs no code from it.
"""

from __future__ import annotations

from crossfade.encoding.description import EncoderDescription
from crossfade.encoding.opening import TextEncoder, open_encoder

__all__ = ["EncoderDescription", "TextEncoder", "open_encoder"]
