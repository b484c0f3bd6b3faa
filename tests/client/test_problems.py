"""Every problem a service can tell of becomes the exception a recommender would raise, or one of the client's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crossfade import client, errors
from crossfade.client.errors import ProtocolError, RateLimitedError, ServiceError
from crossfade.client.exchange import Reply
from crossfade.client.problems import REBUILT, error_of
from crossfade.errors import CrossfadeError, QueryError
from crossfade.wire import PROBLEM_MEDIA_TYPE, PROBLEM_TYPES, FieldProblem, problem


def kinds(root: type[CrossfadeError] = CrossfadeError) -> Iterator[type[CrossfadeError]]:
    yield root
    for one in root.__subclasses__():
        yield from kinds(one)


OURS = [kind for kind in kinds() if kind.__module__ == errors.__name__]
OF_THE_CLIENT = [kind for kind in kinds(ServiceError) if kind.__module__ == client.errors.__name__]


def reply_of(code: str, *, retry_after_s: float | None = None) -> Reply:
    wrong = [FieldProblem(field="weights.x", message="no such component")]
    document = problem(code, "What happened.", errors=wrong if PROBLEM_TYPES[code].status == 422 else None)
    return Reply(document.status, PROBLEM_MEDIA_TYPE, document.model_dump_json().encode(), retry_after_s)


@pytest.mark.parametrize("kind", OURS)
def test_every_error_of_a_recommender_is_raised_again(kind: type[CrossfadeError]) -> None:
    error = error_of(reply_of(kind.code))

    assert type(error) is kind
    assert str(error) == "What happened."
    assert getattr(error, "field", None) == ("weights.x" if kind is QueryError else None)


@pytest.mark.parametrize("code", PROBLEM_TYPES)
def test_every_problem_has_an_exception(code: str) -> None:
    error = error_of(reply_of(code, retry_after_s=2.0))

    assert type(error) is REBUILT[code]
    assert not isinstance(error, ServiceError) or error.retry_after_s == 2.0


def test_every_exception_of_the_client_arises_and_can_be_imported() -> None:
    arising = {*REBUILT.values(), client.UnreachableError, ServiceError}

    assert set(OF_THE_CLIENT) <= arising
    assert {kind.__name__ for kind in OF_THE_CLIENT} == set(client.errors.__all__) <= set(client.__all__)


def test_codes_belong_to_one_error_each() -> None:
    every = [*OURS, *OF_THE_CLIENT]

    assert len({kind.code for kind in every}) == len(every)


def test_a_problem_of_a_newer_service_keeps_its_code_in_the_message() -> None:
    content = b'{"code": "unheard_of", "detail": "It is new.", "more": 1}'

    error = error_of(Reply(409, PROBLEM_MEDIA_TYPE, content))

    assert type(error) is ServiceError
    assert str(error) == "unheard_of: It is new."


@pytest.mark.parametrize(
    "reply",
    [
        Reply(502, "text/html", b"<h1>Bad gateway</h1>"),
        Reply(307, "", b""),
        Reply(404, "application/json", b'{"detail": "Not Found"}'),
        Reply(500, PROBLEM_MEDIA_TYPE, b"{"),
        Reply(500, PROBLEM_MEDIA_TYPE, b"[]"),
    ],
)
def test_a_reply_of_something_else_says_so(reply: Reply) -> None:
    error = error_of(reply)

    assert isinstance(error, ProtocolError)
    assert str(reply.status) in str(error)


def test_how_long_to_wait_is_told_of_anything_that_replies() -> None:
    error = error_of(Reply(429, "text/plain", b"", retry_after_s=3.0))

    assert isinstance(error, ProtocolError)
    assert error.retry_after_s == 3.0
    assert RateLimitedError("").retry_after_s is None
