"""Every error Crossfade raises because the world, not the code, is wrong.

::

    CrossfadeError                 code
    ├── InputError                 input_invalid        a file given to the indexing job
    ├── EncoderError               encoder_unavailable  a text encoder that cannot be had or trusted
    ├── BundleError
    │   ├── BundleNotFoundError    bundle_not_found     nothing (or no such version) at the path
    │   ├── BundleCorruptError     bundle_corrupt       a file is missing or not what was written
    │   └── BundleFormatError      bundle_format        written by a newer Crossfade
    ├── LiveError                  live_unavailable     the database of live data cannot be used
    ├── NotFoundError              not_found            the one item, user or scenario that was named is not there
    ├── CursorExpiredError         cursor_expired       a page of an answer that cannot be continued
    └── QueryError (a ValueError)  query_invalid        a request no bundle, or not this one, can answer

A caller's own mistakes in Python raise ``ValueError`` or ``TypeError``; an unknown user or item in a request for
recommendations is no error.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BundleCorruptError",
    "BundleError",
    "BundleFormatError",
    "BundleNotFoundError",
    "CrossfadeError",
    "CursorExpiredError",
    "EncoderError",
    "InputError",
    "LiveError",
    "NotFoundError",
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


class LiveError(CrossfadeError):
    """The database of live data cannot be opened, reached or written; the message says which and what to do."""

    code: ClassVar[str] = "live_unavailable"


class NotFoundError(CrossfadeError):
    """The item, user or scenario that an operation names does not exist."""

    code: ClassVar[str] = "not_found"


class CursorExpiredError(CrossfadeError):
    """A cursor leads into an answer of a bundle that is no longer served, or of another query; ask again without."""

    code: ClassVar[str] = "cursor_expired"


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
