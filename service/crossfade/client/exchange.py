"""A request and its reply as plain data, so that all but the sending can be written, and tested, once."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Reply", "Request", "Unreached"]


@dataclass(frozen=True)
class Request:
    """What is sent.

    Attributes:
        method: Of HTTP.
        target: Path below the service's address, encoded, and the query string.
        body: JSON; None for no body.
        repeatable: Whether sending it twice does what sending it once does.
    """

    method: str
    target: str
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = True


@dataclass(frozen=True)
class Reply:
    """What comes back.

    Attributes:
        status: Of HTTP.
        media_type: Of the content, without parameters, in lower case.
        content: Bytes of the body.
        retry_after_s: What ``Retry-After`` says, >= 0; None where it says nothing.
        again: Whether the request may have been done before, by a try that had no reply, or none of the service's own.
    """

    status: int
    media_type: str
    content: bytes = field(repr=False)
    retry_after_s: float | None = None
    again: bool = False


@dataclass(frozen=True)
class Unreached:
    """That nothing came back.

    Attributes:
        reason: In words.
        sent: Whether any of the request may have arrived.
    """

    reason: str
    sent: bool
