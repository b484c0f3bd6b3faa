"""What a client does beside asking: it shares connections, carries a key, cuts long lists, tries again."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from api.locked import Book
from client.serving import serving

import crossfade
from crossfade import (
    AsyncCrossfadeClient,
    CrossfadeClient,
    Event,
    EventOutcome,
    Item,
    NotFoundError,
    Query,
    QueryError,
    Recommender,
    User,
    create_app,
)
from crossfade.client import (
    ForbiddenError,
    ProtocolError,
    RateLimitedError,
    ServiceError,
    UnauthorizedError,
    UnreachableError,
)
from crossfade.settings import DoorSettings
from crossfade.wire import PROBLEM_MEDIA_TYPE

KEY = "cf_secret-of-the-shop"
# What a recommender has because it lies in this process.
NOT_OVER_HTTP = {"bundle", "live", "open", "property_names", "store"}
OVER_HTTP_ALONE = {"get_bundle"}

Handler = Callable[[httpx.Request], httpx.Response]


def answering(handler: Handler, **arguments: Any) -> CrossfadeClient:  # noqa: ANN401 - the client's own arguments
    """Return a client whose requests a function answers."""
    return CrossfadeClient("http://service", http=httpx.Client(transport=httpx.MockTransport(handler)), **arguments)


def events_answer(request: httpx.Request) -> httpx.Response:
    sent = json.loads(request.content)
    return httpx.Response(200, json={"accepted": len(sent), "duplicates": 0, "rejected": [], "duplicate_places": []})


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize("kind", [CrossfadeClient, AsyncCrossfadeClient])
def test_a_client_has_every_method_of_a_recommender_with_the_same_signature(kind: type) -> None:
    methods = public(Recommender) - NOT_OVER_HTTP

    assert public(kind) == methods | OVER_HTTP_ALONE
    for name in methods:
        theirs, ours = inspect.signature(getattr(Recommender, name)), inspect.signature(getattr(kind, name))
        assert ours == theirs, name


def test_the_packages_names_are_complete_sorted_and_there() -> None:
    assert crossfade.__all__ == sorted(crossfade.__all__, key=lambda name: (name[0].islower(), name))
    assert all(getattr(crossfade, name).__name__ == name for name in crossfade.__all__)


def test_a_request_carries_the_key_and_the_type_of_its_body() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return events_answer(request)

    answering(answer, key=KEY).add_events([Event("u", "i")])

    assert seen[0].headers["Authorization"] == f"Bearer {KEY}"
    assert seen[0].headers["Content-Type"] == "application/json"


def test_a_service_below_a_path_is_asked_there(recommender: Recommender) -> None:
    host = create_app(recommender)
    host.mount("/shop/recommender", create_app(recommender))
    with serving(host) as url, CrossfadeClient(f"{url}/shop/recommender/") as client:
        answer = client.recommend(Query(limit=1))

    assert len(answer.items) == 1


def test_keys_are_asked_for_and_their_roles_hold(recommender: Recommender) -> None:
    book = Book()
    key = book.make("read")["Authorization"].removeprefix("Bearer ")
    locked = create_app(recommender, settings=DoorSettings(auth="on"), keys=book)

    with serving(locked) as url:
        with CrossfadeClient(url) as nobody, pytest.raises(UnauthorizedError, match="No API key was sent"):
            nobody.recommend(Query())
        with CrossfadeClient(url, key=key) as reader:
            assert reader.recommend(Query(limit=1)).items
            with pytest.raises(ForbiddenError, match="role write"):
                reader.add_events([Event("u", "i")])


def test_too_many_requests_are_told_with_the_time_to_wait(recommender: Recommender) -> None:
    hurried = create_app(recommender, settings=DoorSettings(auth="off", rate_limit_per_s=0.001))
    with serving(hurried) as url, CrossfadeClient(url, timeout_s=2.0) as client:
        client.recommend(Query(limit=1))

        with pytest.raises(RateLimitedError) as caught:
            client.recommend(Query(limit=1))

    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 2.0


def test_an_event_that_is_sent_again_keeps_the_id_it_was_given() -> None:
    bodies: list[bytes] = []

    def fail_once(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        if len(bodies) == 1:
            raise httpx.ReadError("connection reset")
        return httpx.Response(
            200, json={"accepted": 0, "duplicates": 1, "rejected": [], "duplicate_places": [0], "new": "field"}
        )

    (outcome,) = answering(fail_once).add_events([Event("u", "i")])

    assert bodies[0] == bodies[1]
    assert outcome == EventOutcome(json.loads(bodies[0])[0]["event_id"], duplicate=False)


def test_the_outcome_of_each_event_stands_at_its_place(client: CrossfadeClient) -> None:
    now = datetime.now(UTC)
    events = [
        Event("u", "i1", event_id="first"),
        Event("", "i1"),
        Event("u", "i1", timestamp=datetime(2026, 1, 1)),  # noqa: DTZ001 - without a zone, to be refused
        Event("u", "i1", event_id="first"),
        Event("u", "i2", timestamp=now, event_id="last"),
    ]

    outcomes = client.add_events(events)

    assert [outcome.event_id for outcome in outcomes] == ["first", "", "", "first", "last"]
    assert [outcome.duplicate for outcome in outcomes] == [False, False, False, True, False]
    assert [outcome.field for outcome in outcomes] == [None, "user_id", "timestamp", None, None]


def test_events_that_are_all_wrong_are_outcomes_and_no_error(client: CrossfadeClient) -> None:
    outcomes = client.add_events([Event("u", ""), Event("", "i")])

    assert [outcome.field for outcome in outcomes] == ["item_id", "user_id"]


def test_the_outcome_of_an_event_beyond_the_first_cut_stands_at_its_place() -> None:
    def refuse_the_last(request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        last = len(sent) - 1
        rejected = [{"place": last, "field": "item_id", "message": "no"}] if sent[last]["item_id"] == "last" else []
        told = {"accepted": last, "duplicates": 0, "rejected": rejected, "duplicate_places": []}
        return httpx.Response(207 if rejected else 200, json=told)

    events = [*(Event("u", "i", event_id=f"e{number}") for number in range(10_001)), Event("u", "last")]

    outcomes = answering(refuse_the_last).add_events(events)

    assert [outcome.event_id for outcome in outcomes] == [*(f"e{number}" for number in range(10_001)), ""]
    assert [place for place, outcome in enumerate(outcomes) if outcome.field is not None] == [10_001]


@pytest.mark.parametrize(
    "patch",
    [lambda client: client.patch_item("i", {"year": 1}), lambda client: client.patch_user("u", {"age": "old"})],
    ids=["item", "user"],
)
def test_a_change_that_may_have_been_made_is_not_sent_again(patch: Callable[[CrossfadeClient], object]) -> None:
    tries: list[str] = []

    def lose(request: httpx.Request) -> httpx.Response:
        tries.append(request.method)
        raise httpx.ReadError("connection reset")

    with pytest.raises(UnreachableError):
        patch(answering(lose))

    assert tries == ["PATCH"]


def test_nothing_is_sent_for_nothing() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing was to be sent")

    client = answering(answer)

    assert (client.add_events([]), client.recommend_many([])) == ([], [])
    client.put_items([])
    client.put_users([])


@pytest.mark.parametrize(
    ("send", "sizes"),
    [
        (lambda client: client.add_events([Event("u", "i")] * 10_001), [10_000, 1]),
        (lambda client: client.add_events([Event("u", "i", context={"a": "x" * 90_000})] * 200), [186, 14]),  # 16 MiB
        (lambda client: client.put_items([Item(str(number)) for number in range(101)]), [100, 1]),
        (lambda client: client.put_users([User(str(number)) for number in range(1_001)]), [1_000, 1]),
    ],
)
def test_long_lists_are_cut(send: Callable[[CrossfadeClient], object], sizes: list[int]) -> None:
    seen: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        seen.append(len(sent if isinstance(sent, list) else next(iter(sent.values()))))
        return events_answer(request)

    send(answering(answer))

    assert seen == sizes


def test_many_queries_are_answered_in_their_order(client: CrossfadeClient) -> None:
    answers = client.recommend_many([Query(among=None, limit=1 + number % 3) for number in range(205)])

    assert [len(answer.items) for answer in answers] == [1 + number % 3 for number in range(205)]


def test_the_place_of_a_wrong_query_is_that_in_the_whole_list(client: CrossfadeClient) -> None:
    with pytest.raises(QueryError, match=r"queries\.150\.include: no property 'nope'") as caught:
        client.recommend_many([*[Query()] * 150, Query(include=["nope"])])

    assert caught.value.field == "include"


def test_the_place_of_a_wrong_item_is_that_in_the_whole_list(client: CrossfadeClient) -> None:
    items = [*(Item(f"new {number}") for number in range(100)), Item("wrong", {"title": 1})]

    with pytest.raises(QueryError) as caught:
        client.put_items(items)

    assert caught.value.field == "items.100.title"


def test_ids_that_occur_twice_are_refused_across_the_cuts(client: CrossfadeClient) -> None:
    with pytest.raises(QueryError) as caught:
        client.put_users([User(str(number % 1_500)) for number in range(1_501)])

    assert caught.value.field == "users"


def test_nobody_there_is_an_error_of_its_own_that_names_the_place() -> None:
    client = CrossfadeClient("http://somebody:password@127.0.0.1:1/api", key=KEY, retries=1)

    with client, pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:1") as caught:
        client.recommend(Query())

    assert "password" not in str(caught.value)


def test_the_key_is_in_no_error_no_log_and_no_representation(caplog: pytest.LogCaptureFixture) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow", request=request)

    client = answering(fail, key=KEY, retries=1)
    with caplog.at_level(logging.DEBUG), pytest.raises(UnreachableError) as caught:
        client.recommend(Query())

    told = f"{caught.value!r} {caught.value.__context__!r} {caught.value.__cause__!r} {caplog.text}"
    assert caught.value.__context__ is None
    assert KEY not in told + repr(client) + repr(vars(client))


@pytest.mark.parametrize("key", ["cf_secret\n", "", "cf_schlüssel", "two words"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="key: expected") as caught:
        CrossfadeClient("http://service", key=key)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "base_url", ["service:8000", "ftp://service", "http://", "http://service?a=b", "http://service/#a", "http://a b:c"]
)
def test_an_address_that_is_none_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        CrossfadeClient(base_url)


def test_a_redirect_is_not_followed_because_the_key_is_for_nobody_else() -> None:
    client = answering(lambda _: httpx.Response(307, headers={"Location": "http://elsewhere/"}), key=KEY)

    with pytest.raises(ProtocolError, match="307"):
        client.recommend(Query())


@pytest.mark.parametrize("content", [b"", b"[]", b'{"items": 3}', b"<html>"])
def test_an_answer_that_cannot_be_read_is_told(content: bytes) -> None:
    client = answering(lambda _: httpx.Response(200, content=content))

    with pytest.raises(ProtocolError, match="not what was expected"):
        client.recommend(Query())


def test_a_reply_that_cannot_be_unpacked_is_told_without_the_request() -> None:
    def garbled(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"not packed"))

    with pytest.raises(UnreachableError, match="DecodingError") as caught:
        answering(garbled, key=KEY, retries=0).recommend(Query())

    assert caught.value.__context__ is None


def test_no_properties_can_be_asked_for_where_a_query_string_cannot_say_so(client: CrossfadeClient) -> None:
    neighbours = client.similar_items("i0", limit=2, include=())
    why = client.why("u0", "i9", include=())

    assert [item.properties for item in neighbours.items] == [{}, {}]
    assert why.properties == {}


def test_a_moment_without_a_zone_is_refused(client: CrossfadeClient) -> None:
    with pytest.raises(QueryError) as caught:
        client.insights(since=datetime(2026, 11, 1))  # noqa: DTZ001 - that is what is refused

    assert caught.value.field == "since"


def test_what_sends_is_closed_by_whom_it_belongs_to() -> None:
    given = httpx.Client()
    with CrossfadeClient("http://service", http=given):
        pass
    own = CrossfadeClient("http://service")
    own.close()

    assert not given.is_closed
    assert own._http.is_closed
    given.close()


def test_a_client_outwaits_a_service_that_is_busy(recommender: Recommender) -> None:
    app, refused = create_app(recommender), [503, 429]

    async def busy_at_first(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
        if not refused:
            await app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": refused.pop(), "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask(url: str) -> int:
        async with AsyncCrossfadeClient(url) as client:
            return len((await client.recommend(Query(limit=2))).items)

    with serving(busy_at_first) as url:
        assert asyncio.run(ask(url)) == 2
        assert not refused


@pytest.mark.parametrize("delete", [lambda client: client.delete_item("i"), lambda client: client.delete_scenario("s")])
def test_what_a_retry_finds_gone_was_deleted_by_the_try_before(delete: Callable[[CrossfadeClient], None]) -> None:
    tries: list[str] = []

    def lose_the_first_reply(request: httpx.Request) -> httpx.Response:
        tries.append(request.method)
        if len(tries) == 1:
            raise httpx.ReadError("connection reset")
        return not_found()

    delete(answering(lose_the_first_reply))

    assert tries == ["DELETE", "DELETE"]
    with pytest.raises(NotFoundError):
        delete(answering(lambda _: not_found()))


def test_a_try_that_may_have_deleted_is_remembered_over_one_that_cannot_have() -> None:
    tries: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(request.method)
        if len(tries) == 1:
            raise httpx.ReadError("connection reset")
        if len(tries) == 2:
            raise httpx.ConnectError("connection refused")
        return not_found()

    answering(answer, retries=2).delete_item("i")

    assert tries == ["DELETE"] * 3


def not_found() -> httpx.Response:
    return httpx.Response(
        404, json={"code": "not_found", "detail": "gone"}, headers={"Content-Type": PROBLEM_MEDIA_TYPE}
    )


def test_an_application_can_be_asked_without_a_server(recommender: Recommender) -> None:
    async def ask() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(recommender))) as http:
            client = AsyncCrossfadeClient("http://app", http=http)
            answer = await client.recommend(Query(limit=3))
            assert answer.bundle == (await client.get_bundle()).version
            await client.close()
            assert not http.is_closed
        return len(answer.items)

    assert asyncio.run(ask()) == 3


def test_the_client_that_is_awaited_tells_that_nobody_is_there() -> None:
    async def ask() -> None:
        async with AsyncCrossfadeClient("http://127.0.0.1:1", key=KEY, retries=1) as client:
            await client.recommend(Query())

    with pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:1") as caught:
        asyncio.run(ask())
    assert caught.value.__context__ is None


def test_connections_are_used_again(recommender: Recommender) -> None:
    app, ports = create_app(recommender), set()

    async def noting(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
        ports.add(scope["client"][1])
        await app(scope, receive, send)

    with serving(noting) as url, CrossfadeClient(url) as client:
        for _ in range(3):
            client.profile("u0")

    assert len(ports) == 1


def test_bundles_are_shown_reloaded_and_chosen(client: CrossfadeClient) -> None:
    version = client.get_bundle().version

    assert not client.reload()
    client.use(version)
    with pytest.raises(crossfade.CrossfadeError) as caught:
        client.use("20260101T000000.000000Z-000000000000")
    assert caught.value.code == "bundle_not_found"


def test_every_error_of_a_client_is_caught_as_one_of_crossfades() -> None:
    assert issubclass(ServiceError, crossfade.CrossfadeError)
