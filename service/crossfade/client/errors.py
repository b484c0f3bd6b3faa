"""What can go wrong between a client and a service, beside what goes wrong in a recommender.

::

    CrossfadeError
    └── ServiceError             code
        ├── UnreachableError     unreachable      no connection, or no reply in time
        ├── ProtocolError        protocol_error   something replied, but not as a service of this version would
        ├── UnauthorizedError    unauthorized     no API key, or a wrong one
        ├── ForbiddenError       forbidden        the API key's role does not allow it
        ├── RateLimitedError     rate_limited     this caller asks too often
        ├── OverloadedError      overloaded       everyone together asks too much
        ├── TimedOutError        timed_out        the service gave up on it
        ├── ShuttingDownError    shutting_down    the process that was asked is going away
        ├── TooLargeError        body_too_large   one request holds more bytes than one may
        ├── BodyTimedOutError    body_timed_out   the request took too long to arrive
        └── ServiceFailedError   internal_error   a defect of the service
"""

from __future__ import annotations

from typing import ClassVar

from crossfade.errors import CrossfadeError

__all__ = [
    "BodyTimedOutError",
    "ForbiddenError",
    "OverloadedError",
    "ProtocolError",
    "RateLimitedError",
    "ServiceError",
    "ServiceFailedError",
    "ShuttingDownError",
    "TimedOutError",
    "TooLargeError",
    "UnauthorizedError",
    "UnreachableError",
]


class ServiceError(CrossfadeError):
    """A call was not answered for a reason that a recommender in the same process does not know.

    Args:
        message: What happened; never holds the API key.
        retry_after_s: How many seconds the service asks to wait before the next try; None where it does not say.
    """

    code: ClassVar[str] = "service_error"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnreachableError(ServiceError):
    """The service could not be connected to, or did not reply in time; what was asked for may still be done."""

    code: ClassVar[str] = "unreachable"


class ProtocolError(ServiceError):
    """What replied is no service of this version: a wrong address, a proxy's own page, another version."""

    code: ClassVar[str] = "protocol_error"


class UnauthorizedError(ServiceError):
    """The service asks for an API key, and was sent none or one that is not, or no longer, good."""

    code: ClassVar[str] = "unauthorized"


class ForbiddenError(ServiceError):
    """The API key is good, and its role does not allow this."""

    code: ClassVar[str] = "forbidden"


class RateLimitedError(ServiceError):
    """This caller asks more often than it may."""

    code: ClassVar[str] = "rate_limited"


class OverloadedError(ServiceError):
    """More requests are waiting than the service can answer soon."""

    code: ClassVar[str] = "overloaded"


class TimedOutError(ServiceError):
    """The service took longer than it gives itself; what was asked for may still be done."""

    code: ClassVar[str] = "timed_out"


class ShuttingDownError(ServiceError):
    """The process that was asked is going away; another one may answer."""

    code: ClassVar[str] = "shutting_down"


class TooLargeError(ServiceError):
    """One query, event, item or user alone is more than a request may hold."""

    code: ClassVar[str] = "body_too_large"


class BodyTimedOutError(ServiceError):
    """The request took longer to arrive than it may."""

    code: ClassVar[str] = "body_timed_out"


class ServiceFailedError(ServiceError):
    """A defect of the service; its log says more."""

    code: ClassVar[str] = "internal_error"
