"""What goes wrong: always a problem document, never a fault of the service."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from api.reading import problem_of
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from crossfade import Recommender, create_app
from crossfade.engine import Answer, Query
from crossfade.errors import BundleCorruptError, CrossfadeError, LiveError
from crossfade.wire import ERROR_STATUS, PROBLEM_TYPES, problem_type_of

JSON = {"Content-Type": "application/json"}
POSTS = ["/v1/recommendations", "/v1/search", "/v1/rank", "/v1/bundle/reload"]


def subclasses(of: type[CrossfadeError]) -> Iterator[type[CrossfadeError]]:
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)


# The client has errors of its own, which no service answers.
OURS = [one for one in subclasses(CrossfadeError) if one.__module__ == "crossfade.errors"]
ERRORS: list[type[CrossfadeError]] = [CrossfadeError, *OURS]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_has_a_status_and_is_documented(error: type[CrossfadeError], app: FastAPI) -> None:
    described = app.openapi()["components"]["schemas"]["Problem"]["properties"]["code"]["description"]

    assert PROBLEM_TYPES[error.code].status == ERROR_STATUS[error]
    assert f"`{error.code}` ({ERROR_STATUS[error]})" in described


def test_codes_belong_to_one_error_each() -> None:
    assert len({error.code for error in ERRORS}) == len(ERRORS)


def test_an_error_that_is_not_in_the_table_counts_as_its_parent() -> None:
    class UnheardOfError(BundleCorruptError):
        code = "unheard_of"

    kind = problem_type_of(UnheardOfError("what"))

    assert kind.code == "bundle_corrupt"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "10"}, "limit"),
        ({"limit": 2.5}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 10**400}, "limit"),
        ({"limt": 5}, "limt"),
        ({"user_id": 42}, "user_id"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "a\0b"}, "user_id"),
        ({"user_id": "x" * 513}, "user_id"),
        ({"item_ids": "i0"}, "item_ids"),
        ({"item_ids": ["i0", 3]}, "item_ids.1"),
        ({"item_ids": ["i"] * 1001}, "item_ids"),
        ({"text": ""}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"weights": {"novelty": 1}}, "weights.novelty"),
        ({"weights": {"content": -0.1}}, "weights.content"),
        ({"weights": {"content": 101}}, "weights.content"),
        ({"weights": [1, 2]}, "weights"),
        ({"exclude": {"items": ["i0"]}}, "exclude.items"),
        ({"exclude": {"interacted": "yes"}}, "exclude.interacted"),
        ({"context": {"device": 3}}, "context.device"),
        ({"context": {f"field-{n}": "" for n in range(33)}}, "context"),
        ({"explain": "yes"}, "explain"),
        ({"include": [""]}, "include.0"),
        ([], "body"),
        ("i0", "body"),
        (None, "body"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_a_field_out_of_its_bounds_is_named(client: TestClient, body: object, field: str) -> None:
    problem = problem_of(client.post("/v1/recommendations", content=json.dumps(body), headers=JSON))

    assert (problem.status, problem.code, problem.field) == (422, "request_invalid", field)
    assert problem.errors is not None
    assert field in problem.detail


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("weights.content=NaN", "weights.content"),
        ("weights.content=inf", "weights.content"),
        ("weights.novelty=1", "weights.novelty"),
        ("exclude.interacted=perhaps", "exclude.interacted"),
        ("context=device", "context.0"),
        ("item_ids=", "item_ids.0"),
        ("text=", "text"),
        ("limit=3&limit=4&unheard=1", "unheard"),
    ],
)
def test_a_parameter_out_of_its_bounds_is_named(client: TestClient, query: str, field: str) -> None:
    problem = problem_of(client.get(f"/v1/users/u0/recommendations?{query}"))

    assert (problem.status, problem.code, problem.field) == (422, "request_invalid", field)


@pytest.mark.parametrize("path", ["/v1/items//similar", "/v1/users//similar", "/v1/users/a%00b/recommendations"])
def test_an_id_in_the_path_has_bounds_too(client: TestClient, path: str) -> None:
    problem = problem_of(client.get(path))

    assert problem.status == 422
    assert problem.field in {"item_id", "user_id"}


def test_several_mistakes_are_told_at_once(client: TestClient) -> None:
    request = {"limit": 0, "weights": {"content": -1}, "a": 1, "b": 2}

    problem = problem_of(client.post("/v1/recommendations", json=request))

    assert problem.errors is not None
    assert {one.field for one in problem.errors} == {"limit", "weights.content", "a", "b"}
    assert problem.detail.endswith("and 1 more")


def test_hundreds_of_mistakes_are_told_in_part(client: TestClient) -> None:
    problem = problem_of(client.post("/v1/recommendations", json={"item_ids": [3] * 1000}))

    assert problem.errors is not None
    assert len(problem.errors) == 20
    assert problem.detail.endswith("and 997 more")


def test_a_property_the_catalogue_does_not_have_is_told_with_those_it_has(client: TestClient) -> None:
    problem = problem_of(client.post("/v1/recommendations", json={"include": ["colour"]}))

    assert (problem.status, problem.code, problem.field) == (422, "query_invalid", "include")
    assert "genres, share, title, year" in problem.detail


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'limit': 3}",
        b'{"limit": NaN}',
        b'{"weights": {"content": Infinity}}',
        b'{"user_id": "\xff"}',
        b'{"user_id": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        '{"limit": 3}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"limit": ' + b"1" * 5_000 + b"}",
        b"\0",
        b"{} {}",
    ],
    ids=lambda body: repr(body[:16]),
)
@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_is_no_json_is_malformed(client: TestClient, path: str, body: bytes) -> None:
    problem = problem_of(client.post(path, content=body, headers=JSON))

    assert (problem.status, problem.code) == (400, "body_malformed")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""])
def test_a_body_not_declared_as_json_is_refused_with_what_to_send(client: TestClient, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else None

    problem = problem_of(client.post("/v1/recommendations", content=b"{}", headers=headers))

    assert (problem.status, problem.code) == (415, "content_type_unsupported")
    assert "application/json" in problem.detail


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "identity, gzip"])
def test_a_packed_body_is_refused_with_its_encoding(client: TestClient, encoding: str) -> None:
    body = gzip.compress(b'{"limit": 1}')

    problem = problem_of(
        client.post("/v1/recommendations", content=body, headers={**JSON, "Content-Encoding": encoding})
    )

    assert (problem.status, problem.code) == (415, "content_type_unsupported")
    assert encoding.lower() in problem.detail


def test_a_body_may_be_declared_as_it_is(client: TestClient) -> None:
    response = client.post("/v1/recommendations", json={"limit": 1}, headers={"Content-Encoding": "identity"})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/users/%e9/profile", "user_id"),
        ("/v1/users/%C3/recommendations", "user_id"),
        ("/v1/users/u0/why/%ff", "item_id"),
        ("/v1/items/a%2F%ED%A0%80/similar", "item_id"),
        ("/v1/items/i1/similar?user_id=%e9", "user_id"),
        ("/v1/users/u0/recommendations?text=caf%e9", "text"),
    ],
)
def test_an_id_that_is_no_utf_8_is_refused_rather_than_taken_for_another(
    client: TestClient, path: str, field: str
) -> None:
    problem = problem_of(client.get(path))

    assert (problem.status, problem.code, problem.field) == (422, "request_invalid", field)
    assert "UTF-8" in problem.detail


def test_a_replacement_character_that_was_sent_is_a_character_like_others(client: TestClient) -> None:
    profile = client.get("/v1/users/%EF%BF%BD/profile")
    neighbours = client.get("/v1/items/i1/similar?user_id=%EF%BF%BD")

    assert profile.json()["user_id"] == "\ufffd"
    assert neighbours.json()["missing"]["user_id"] == "\ufffd"


def test_trouble_with_the_database_is_logged_once_and_told_without_where_it_lies(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(queries: list[Query]) -> list[Answer]:
        error = OSError("disk I/O error")
        raise LiveError(f"/var/lib/shop/{len(queries)}.sqlite: cannot read the live data: {error}") from error

    monkeypatch.setattr(recommender, "recommend_many", fail)
    client = TestClient(create_app(recommender))

    answers = [client.post("/v1/recommendations", json={}) for _ in range(3)]

    assert [(one.status_code, one.headers["retry-after"]) for one in answers] == [(503, "1")] * 3
    assert problem_of(answers[0]).code == "live_unavailable"
    assert not any(word in one.text for one in answers for word in ("sqlite", "shop", "disk"))
    errors = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert errors == ["live data: /var/lib/shop/1.sqlite: cannot read the live data: disk I/O error"]


def test_trouble_that_names_a_person_is_told_to_the_caller_and_not_logged(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(queries: list[Query]) -> list[Answer]:
        raise LiveError(f"the user {queries[0].user_id!r} is being changed by too many at once; try again")

    monkeypatch.setattr(recommender, "recommend_many", fail)

    problem = problem_of(TestClient(create_app(recommender)).post("/v1/recommendations", json={"user_id": "Jane"}))

    assert "'Jane' is being changed" in problem.detail
    assert "LiveError" in caplog.text
    assert "Jane" not in caplog.text


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.shop+json"])
def test_json_may_be_declared_in_any_of_its_ways(client: TestClient, kind: str) -> None:
    response = client.post("/v1/recommendations", content=b"{}", headers={"Content-Type": kind})

    assert response.status_code == 200


@pytest.mark.parametrize("path", POSTS)
def test_a_body_over_the_limit_is_refused_before_it_is_read_whole(client: TestClient, path: str) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b" " * (1 << 18)

    problem = problem_of(client.post(path, content=chunks(), headers=JSON))

    assert (problem.status, problem.code) == (413, "body_too_large")


def test_a_body_of_exactly_the_limit_is_read(client: TestClient) -> None:
    body = b'{"limit": 1}'.ljust(1 << 20)

    response = client.post("/v1/recommendations", content=body, headers=JSON)

    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/recommendations", "/v1/item/i0", "/favicon.ico", "/docs/..%2fx"])
def test_an_unknown_path_is_a_problem(client: TestClient, path: str) -> None:
    problem = problem_of(client.post(path)) if path == "/" else problem_of(client.get(path))

    assert problem.status in {404, 405, 422}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/recommendations", "POST"),
        ("DELETE", "/v1/users/u0/recommendations", "GET"),
        ("OPTIONS", "/v1/search", "POST"),
        ("PUT", "/health/live", "GET"),
        ("POST", "/docs", "GET"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(client: TestClient, method: str, path: str, allowed: str) -> None:
    response = client.request(method, path)

    problem = problem_of(response)
    assert (problem.status, problem.code) == (405, "method_not_allowed")
    assert response.headers["allow"] == allowed


def test_a_defect_is_told_without_its_details(recommender: Recommender) -> None:
    app = create_app(recommender)

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError("a secret of ours")

    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.get("/broken")

    problem = problem_of(response)
    assert (problem.status, problem.code) == (500, "internal_error")
    assert "secret" not in response.text


def test_an_encoder_that_cannot_be_opened_is_the_services_trouble(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(create_app(recommender))
    answer = recommender.recommend_many

    def refuse_text(queries: list[Query]) -> list[Answer]:
        if any(query.text for query in queries):
            raise BundleCorruptError("encoder/model.onnx: not readable")
        return answer(queries)

    monkeypatch.setattr(recommender, "recommend_many", refuse_text)
    with_text = client.post("/v1/recommendations", json={"text": "crime"})
    without_text = client.post("/v1/recommendations", json={})

    assert problem_of(with_text).code == "bundle_corrupt"
    assert with_text.status_code == 503
    assert without_text.status_code == 200
    assert problem_of(client.get("/health/ready")).code == "bundle_corrupt"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    ["user_id", "item_ids", "text", "limit", "context", "weights", "exclude", "explain", "include", "version"]
)
plausible = st.sampled_from(
    ["u0", "i0", "", 1, 0, -1, 500, True, [], ["i0"], ["title"], {}, {"content": 2}, {"item_ids": ["i1"]}, {"a": "b"}]
)


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(POSTS), body=st.dictionaries(fields, plausible | json_values, max_size=5) | json_values)
def test_no_body_makes_the_service_fail(client: TestClient, path: str, body: object) -> None:
    response = client.post(path, content=json.dumps(body).encode("utf-8", "surrogatepass"), headers=JSON)

    assert response.status_code < 500


@settings(max_examples=60, deadline=None)
@given(
    path=st.sampled_from(["/v1/users/{}/recommendations", "/v1/items/{}/similar", "/v1/users/{}/similar"]),
    id_=st.text(st.characters(codec="utf-8"), max_size=12),
    query=st.dictionaries(
        st.sampled_from(["limit", "item_ids", "text", "weights.content", "explain", "include", "context"]) | st.text(),
        st.text(st.characters(codec="utf-8"), max_size=8) | st.integers(-1, 501).map(str),
        max_size=4,
    ),
)
def test_no_path_and_no_query_makes_the_service_fail(
    client: TestClient, path: str, id_: str, query: dict[str, str]
) -> None:
    response = client.get(f"{path.format(quote(id_, safe=''))}?{urlencode(query)}")

    assert response.status_code < 500
