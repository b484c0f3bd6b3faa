"""Every error Crossfade raises because the world, not the code, is wrong.

::

    CrossfadeError                 code
    ├── InputError                 input_invalid        a file given to the indexing job
    ├── EncoderError               encoder_unavailable  a text encoder that cannot be had or trusted
    ├── BundleError
    │   ├── BundleNotFoundError    bundle_not_found     nothing (or no such version) at the path
    │   ├── BundleCorruptError     bundle_corrupt       a file is missing or not what was written
    │   └── BundleFormatError      bundle_format        written by a newer Crossfade
    └── QueryError (a ValueError)  query_invalid        a request no bundle, or not this one, can answer

A caller's own mistakes in Python raise ``ValueError`` or ``TypeError``; an unknown user or item is no error.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BundleCorruptError",
    "BundleError",
    "BundleFormatError",
    "BundleNotFoundError",
    "CrossfadeError",
    "EncoderError",
    "InputError",
    "QueryError",
]


class CrossfadeError(Exception):
    """The root of the tree; ``str(error)`` is one line for people, ``code`` is stable and for machines."""

    code: ClassVar[str] = "crossfade_error"


class InputError(CrossfadeError):
    """A file or column given to the indexing job is missing, empty or not what it must be."""

    code: ClassVar[str] = "input_invalid"


class EncoderError(CrossfadeError):
    """A text encoder cannot be found, loaded or trusted."""

    code: ClassVar[str] = "encoder_unavailable"


class BundleError(CrossfadeError):
    """A bundle cannot be served."""

    code: ClassVar[str] = "bundle_error"


class BundleNotFoundError(BundleError):
    """There is no bundle, or not the version asked for, at the path."""

    code: ClassVar[str] = "bundle_not_found"


class BundleCorruptError(BundleError):
    """A file of the bundle is missing, damaged or unreadable; the message names it."""

    code: ClassVar[str] = "bundle_corrupt"


class BundleFormatError(BundleError):
    """The bundle was written in a format this version does not read."""

    code: ClassVar[str] = "bundle_format"


class QueryError(CrossfadeError, ValueError):
    """A request asks for something that cannot be answered; ``field`` says which part of it.

    Args:
        message: What was wrong and what was expected.
        field: The request's field, dotted, for example ``weights.novelty``.
    """

    code: ClassVar[str] = "query_invalid"

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field
