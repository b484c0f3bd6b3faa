"""What is sent again, when, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest

from crossfade.client.errors import UnreachableError
from crossfade.client.exchange import Reply, Request, Unreached
from crossfade.client.repeating import Patience, Pause, Send, retry_after_s, steps

GOOD = Reply(200, "application/json", b"{}")
LOST = Unreached("connection reset", sent=True)
REFUSED = Unreached("connection refused", sent=False)


def status(code: int, wait_s: float | None = None) -> Reply:
    return Reply(code, "application/problem+json", b"{}", wait_s)


class Clock:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def asking(request: Request) -> Generator[Request, Reply, int]:
    reply = yield request
    return reply.status


def run(
    outcomes: Iterable[Reply | Unreached],
    *,
    repeatable: bool = True,
    timeout_s: float = 10.0,
    retries: int = 2,
    takes_s: float = 0.0,
) -> tuple[int, list[float], list[float]]:
    """Return the status a call ended with, the pauses before each retry, and the time each try was given."""
    clock, coming = Clock(), iter(outcomes)
    pauses: list[float] = []
    given: list[float] = []
    under_way = steps(
        asking(Request("POST", "/", repeatable=repeatable)),
        Patience(timeout_s, retries, clock=clock, jitter=lambda: 0.5),
    )
    advance: Callable[[], Send | Pause] = partial(next, under_way)
    while True:
        try:
            step = advance()
        except StopIteration as done:
            return done.value, pauses, given
        if isinstance(step, Pause):
            pauses.append(step.seconds)
            clock.now_s += step.seconds
            advance = partial(next, under_way)
        else:
            given.append(step.timeout_s)
            clock.now_s += takes_s
            advance = partial(under_way.send, next(coming))


@pytest.mark.parametrize("trouble", [LOST, REFUSED, status(429), status(502), status(503), status(504)])
def test_passing_trouble_is_outwaited_with_growing_pauses(trouble: Reply | Unreached) -> None:
    ended, pauses, _ = run([trouble, trouble, GOOD])

    assert ended == 200
    assert pauses == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize("trouble", [status(400), status(404), status(410), status(422), status(500)])
def test_trouble_that_does_not_pass_is_told_at_once(trouble: Reply) -> None:
    ended, pauses, _ = run([trouble])

    assert (ended, pauses) == (trouble.status, [])


def test_it_is_given_up_after_the_last_retry() -> None:
    ended, pauses, _ = run([status(503)] * 3)

    assert (ended, len(pauses)) == (503, 2)


def test_without_retries_it_is_sent_once() -> None:
    ended, pauses, _ = run([status(503)], retries=0)

    assert (ended, pauses) == (503, [])


def test_a_pause_is_as_long_as_the_service_asks_for() -> None:
    _, pauses, _ = run([status(429, 3.0), status(503, 0.0), GOOD])

    assert pauses == pytest.approx([3.0, 0.2])


def test_a_pause_that_would_outlast_the_time_is_not_begun() -> None:
    ended, pauses, _ = run([status(429, 3.0)], timeout_s=2.0)

    assert (ended, pauses) == (429, [])


def test_all_tries_share_the_time() -> None:
    _, pauses, given = run([LOST, LOST, GOOD], timeout_s=10.0, takes_s=4.0)

    assert given == pytest.approx([10.0, 10.0 - 4.0 - pauses[0], 10.0 - 8.0 - sum(pauses)])


@pytest.mark.parametrize("trouble", [REFUSED, status(429)])
def test_what_was_not_begun_is_sent_again_whatever_it_is(trouble: Reply | Unreached) -> None:
    ended, _, _ = run([trouble, GOOD], repeatable=False)

    assert ended == 200


def test_what_may_not_be_repeated_is_sent_once_where_it_may_have_arrived() -> None:
    ended, _, _ = run([status(503)], repeatable=False)

    assert ended == 503
    with pytest.raises(UnreachableError, match="connection reset"):
        run([LOST], repeatable=False)


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_pauses_differ_by_half_at_most(jitter: float) -> None:
    under_way = steps(asking(Request("GET", "/")), Patience(10.0, 1, jitter=lambda: jitter))
    next(under_way)

    pause = under_way.send(LOST)

    assert isinstance(pause, Pause)
    assert pause.seconds == pytest.approx(0.1 * (0.5 + jitter))


@pytest.mark.parametrize(("timeout_s", "retries"), [(0.0, 1), (float("nan"), 1), (float("inf"), 1), (1.0, -1)])
def test_patience_without_sense_is_refused(timeout_s: float, retries: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        Patience(timeout_s, retries)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("Fri, 31 Dec 9999 23:59:59 -0900", None),
    ],
)
def test_retry_after_in_seconds_is_read(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header) == seconds


def test_retry_after_as_a_date_is_read() -> None:
    now = datetime.now(UTC)

    ahead = retry_after_s(format_datetime(now + timedelta(seconds=30), usegmt=True))
    past = retry_after_s(format_datetime(now - timedelta(seconds=30), usegmt=True))

    assert ahead == pytest.approx(30.0, abs=5.0)
    assert past == 0.0
