"""A service of Crossfade's somewhere else, asked as if it were a recommender here: the same methods, values and errors.

``CrossfadeClient`` and ``AsyncCrossfadeClient`` only send. What a method sends and how the replies are read stands once
in ``calls``, in what form in ``documents``, when to try again in ``repeating``, and what goes wrong in ``problems``.
"""

from crossfade.client.asynchronous import AsyncCrossfadeClient
from crossfade.client.errors import (
    BodyTimedOutError,
    ForbiddenError,
    OverloadedError,
    ProtocolError,
    RateLimitedError,
    ServiceError,
    ServiceFailedError,
    ShuttingDownError,
    TimedOutError,
    TooLargeError,
    UnauthorizedError,
    UnreachableError,
)
from crossfade.client.synchronous import CrossfadeClient

__all__ = [
    "AsyncCrossfadeClient",
    "BodyTimedOutError",
    "CrossfadeClient",
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
