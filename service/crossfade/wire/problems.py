"""What goes wrong, as RFC 9457 problem documents, and the one table from errors to statuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from crossfade.errors import (
    BundleCorruptError,
    BundleError,
    BundleFormatError,
    BundleNotFoundError,
    CrossfadeError,
    CursorExpiredError,
    EncoderError,
    InputError,
    LiveError,
    NotFoundError,
    QueryError,
)
from crossfade.wire.fields import WireModel

__all__ = [
    "ERROR_STATUS",
    "PROBLEM_MEDIA_TYPE",
    "PROBLEM_TYPES",
    "FieldProblem",
    "Problem",
    "ProblemType",
    "problem",
    "problem_type_of",
]

PROBLEM_MEDIA_TYPE = "application/problem+json"

ERROR_STATUS: Mapping[type[CrossfadeError], int] = {
    CrossfadeError: 500,
    InputError: 500,  # the service reads no such file
    EncoderError: 503,
    BundleError: 503,
    BundleNotFoundError: 404,
    BundleCorruptError: 503,
    BundleFormatError: 503,
    LiveError: 503,
    NotFoundError: 404,
    CursorExpiredError: 410,
    QueryError: 422,
}
"""The HTTP status of each error; a subclass that is not named has its parent's."""


@dataclass(frozen=True)
class ProblemType:
    """One kind of problem.

    Attributes:
        code: Stable, for machines.
        status: HTTP status.
        title: The same for every occurrence.
        meaning: What it says about the request, for the documentation.
    """

    code: str
    status: int
    title: str
    meaning: str


def _of_error(error: type[CrossfadeError], title: str, meaning: str) -> ProblemType:
    return ProblemType(error.code, ERROR_STATUS[error], title, meaning)


_ALL = (
    _of_error(QueryError, "The query cannot be answered", "A field asks for something that this bundle does not have."),
    ProblemType(
        "request_invalid", 422, "The request is not valid", "A field is missing, unknown or out of its bounds."
    ),
    ProblemType("body_malformed", 400, "The body is not JSON", "The body cannot be read as JSON in UTF-8."),
    ProblemType("body_too_large", 413, "The body is too large", "The body is larger than 1 MiB, or 16 MiB in bulk."),
    ProblemType(
        "content_type_unsupported",
        415,
        "The body is not declared as JSON",
        "Send Content-Type: application/json, and no Content-Encoding.",
    ),
    ProblemType("body_timed_out", 408, "The body did not arrive", "It took longer to arrive than a request may take."),
    ProblemType("unauthorized", 401, "An API key is needed", "None was sent, or one that is not, or no longer, good."),
    ProblemType("forbidden", 403, "The API key may not do this", "The key is good; detail names the role it needs."),
    ProblemType("rate_limited", 429, "Too many requests", "Try again after the seconds in Retry-After."),
    ProblemType("route_not_found", 404, "There is nothing here", "No operation has this path."),
    ProblemType("method_not_allowed", 405, "The method is not allowed", "The path has no operation of this method."),
    ProblemType("overloaded", 503, "Too many requests are waiting", "Try again after the seconds in Retry-After."),
    ProblemType("timed_out", 503, "It took too long", "It may still be done in the end; sending it again is safe."),
    ProblemType("shutting_down", 503, "The process is going away", "It answers what it has; ask another one."),
    _of_error(BundleNotFoundError, "There is no such bundle", "Nothing, or no such version, where bundles lie."),
    _of_error(
        BundleCorruptError, "The bundle is damaged", "A file is missing or not what was written; detail names it."
    ),
    _of_error(BundleFormatError, "The bundle is too new", "It was written in a format this version does not read."),
    _of_error(BundleError, "The bundle cannot be served", "The one being served goes on."),
    _of_error(
        NotFoundError, "There is no such thing", "The item, user or scenario that the path names does not exist."
    ),
    _of_error(
        CursorExpiredError, "The cursor has expired", "Another bundle is served, or the query changed; ask without it."
    ),
    _of_error(LiveError, "The live data cannot be reached", "The database does not answer; try again."),
    _of_error(EncoderError, "The text encoder is not available", "Requests without text can still be answered."),
    _of_error(InputError, "An input file is not valid", "Arises in the indexing job alone."),
    _of_error(CrossfadeError, "Something went wrong", "An error of no more special kind."),
    ProblemType("internal_error", 500, "The service failed", "A defect; the log says more."),
)

PROBLEM_TYPES: Mapping[str, ProblemType] = {one.code: one for one in _ALL}
"""Every kind of problem by its code."""


class FieldProblem(WireModel):
    """What is wrong with one field."""

    field: str = Field(description="The field, dotted; a place in a list counts from 0.", examples=["weights.content"])
    message: str = Field(description="What was expected.")


class Problem(WireModel):
    """Why a request was not answered, as RFC 9457 has it."""

    type: str = Field(description="A URI for the kind of problem: `urn:crossfade:problem:` and the code.")
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str = Field(description="What happened this time and what to do about it.")
    code: str = Field(
        description="The kind of problem, stable and for machines: "
        + "; ".join(f"`{one.code}` ({one.status}): {one.meaning}" for one in _ALL)
    )
    field: str | None = Field(None, description="With 422: the first field that is wrong, dotted.")
    errors: list[FieldProblem] | None = Field(
        None, description="With 422: the fields that are wrong, at most 20.", max_length=20
    )


def problem(code: str, detail: str, *, errors: list[FieldProblem] | None = None) -> Problem:
    """Describe a problem of a known kind.

    Raises:
        KeyError: If there is no such kind.
    """
    kind = PROBLEM_TYPES[code]
    return Problem(
        type=f"urn:crossfade:problem:{code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=code,
        field=errors[0].field if errors else None,
        errors=errors,
    )


def problem_type_of(error: CrossfadeError) -> ProblemType:
    """Return the kind of problem an error is; one of a class not in the table counts as its parent's."""
    kinds = (kind for kind in type(error).__mro__ if issubclass(kind, CrossfadeError) and kind in ERROR_STATUS)
    return PROBLEM_TYPES[next(kinds).code]
