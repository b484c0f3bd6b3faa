"""The words of the OpenAPI document that stand beside no single field: examples, problems, the introduction.

``examples.json`` holds, by operation and by what it shows, requests to the sample bundle and the answers they really
got; tests/api/rewrite_openapi.py writes the answers down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from crossfade.wire import PROBLEM_MEDIA_TYPE, PROBLEM_TYPES, EventsAnswer, FieldProblem, Problem, problem

__all__ = [
    "DESCRIPTION",
    "EXAMPLES",
    "ITEM_EXAMPLES",
    "SUMMARY",
    "TAGS",
    "USER_EXAMPLES",
    "body_examples",
    "name_problem_schema",
    "responses",
]

# The schema of a JSON document is any of JSON's types at every step.
Json = dict[str, Any]

SUMMARY = "Recommendations that fade between what items say and what people do, with reasons."

DESCRIPTION = """\
Crossfade looks at two sources of evidence for every request: what an item *says* (the meaning of its text) and what \
people *do* with it (factors learned from their acts). It scores items on both, adds the parts up, and \
tells you the sum. What people do and what the catalogue holds can be told while it runs, and counts from the very \
next answer on.

**Five things to try** on the demo, each ready under its operation's *Examples*:

1. `POST /v1/recommendations`, *a regular, with reasons*: every score comes apart into its components and into the \
person's own past titles, exactly.
2. The same with *content alone* and with *people alone*: that is the crossfade. `weights` moves the fader per request.
3. `POST /v1/search`, *words no title contains*: it finds meaning, not letters. Name a `user_id` and the order tilts \
to their taste.
4. `POST /v1/events`, *a newcomer watches a series*, then `POST /v1/recommendations`, *a newcomer, after one act*: it \
is no stranger's list any more.
5. `PUT /v1/items/the-lighthouse-ledger`, *a new title*, then search for `a lighthouse keeper's accounts`.

A user or an item that the bundle does not know is never an error: the answer says so under `missing`, and \
recommends what it can.

Errors are [problem documents](https://www.rfc-editor.org/rfc/rfc9457) with a stable `code`; the schema `Problem` \
lists them all. Beside those that an operation names, a wrong path is answered `route_not_found` (404), a wrong \
method `method_not_allowed` (405), and a defect of ours `internal_error` (500).
"""

TAGS = [
    {"name": "Recommendations", "description": "Items for a user, for some items, for a text, or for all together."},
    {"name": "Neighbours", "description": "What is like an item, and who is like a user."},
    {"name": "Live data", "description": "What people do, items and users, as they change; persisted, and now."},
    {"name": "Scenarios", "description": "Stored defaults of requests, and what came of the answers."},
    {"name": "Bundle", "description": "What the indexing job left, and which version of it is served."},
    {"name": "Health", "description": "For whoever keeps the service running."},
]

EXAMPLES: Mapping[str, Mapping[str, Json]] = json.loads(
    files("crossfade.api").joinpath("examples.json").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class _Operation:
    """What an operation answers.

    Attributes:
        answer: What it is when all went well.
        problems: Codes of what may go wrong.
        status: HTTP status when all went well; 204 comes without a body.
    """

    answer: str
    problems: tuple[str, ...]
    status: int = 200


_BODY = ("body_malformed", "body_too_large", "content_type_unsupported", "request_invalid")
_LIVE = ("live_unavailable",)
_ASKED = ("query_invalid", "cursor_expired", "overloaded", "bundle_corrupt", *_LIVE)
_BY_BODY = (*_BODY, *_ASKED)
_BY_QUERY = ("request_invalid", *_ASKED)
_ITEM_IS_PUT = (*_BODY, "query_invalid", "bundle_corrupt", *_LIVE)  # its text is encoded
_USER_IS_PUT = (*_BODY, "query_invalid", *_LIVE)
_ONE_IS_NAMED = ("request_invalid", "not_found", *_LIVE)

_OPERATIONS: Mapping[str, _Operation] = {
    "recommend": _Operation("The items, best first.", _BY_BODY),
    "recommend_batch": _Operation("An answer for each query.", _BY_BODY),
    "recommend_for_user": _Operation("The items, best first.", _BY_QUERY),
    "why": _Operation("The item's place, and what it comes from.", _BY_QUERY),
    "search": _Operation("The items, nearest first.", _BY_BODY),
    "rank": _Operation("The given items, best first.", _BY_BODY),
    "similar_items": _Operation("The neighbours, nearest first.", _BY_QUERY),
    "similar_users": _Operation("The users, most similar first.", ("request_invalid", "overloaded", *_LIVE)),
    "send_events": _Operation("All events were taken, or had been before.", (*_BODY, *_LIVE)),
    "put_items": _Operation("All items were taken.", _ITEM_IS_PUT),
    "list_items": _Operation("The items.", ("request_invalid", "query_invalid", *_LIVE)),
    "put_item": _Operation("The item as it is now.", _ITEM_IS_PUT),
    "get_item": _Operation("The item.", _ONE_IS_NAMED),
    "patch_item": _Operation("The item as it is now.", (*_ITEM_IS_PUT, "not_found")),
    "delete_item": _Operation("The item is gone.", _ONE_IS_NAMED, 204),
    "put_users": _Operation("All users were taken.", _USER_IS_PUT),
    "list_users": _Operation("The users.", ("request_invalid", "query_invalid", *_LIVE)),
    "put_user": _Operation("The user as they are now.", _USER_IS_PUT),
    "get_user": _Operation("The user.", _ONE_IS_NAMED),
    "patch_user": _Operation("The user as they are now.", (*_USER_IS_PUT, "not_found")),
    "delete_user": _Operation("Nothing is kept of the user any more.", ("request_invalid", *_LIVE), 204),
    "profile": _Operation("What is known of the user.", ("request_invalid", "overloaded", *_LIVE)),
    "export_user": _Operation("All that is kept of the user.", ("request_invalid", *_LIVE)),
    "merge_users": _Operation("They are one from now on.", _USER_IS_PUT, 204),
    "put_scenario": _Operation("The scenario.", (*_BODY, "query_invalid", *_LIVE)),
    "get_scenario": _Operation("The scenario.", _ONE_IS_NAMED),
    "list_scenarios": _Operation("The scenarios.", _LIVE),
    "delete_scenario": _Operation("The scenario is gone.", _ONE_IS_NAMED, 204),
    "insights": _Operation("The figures.", ("request_invalid", *_LIVE)),
    "get_bundle": _Operation("The version being served.", _LIVE),
    "reload_bundle": _Operation(
        "The version served from now on.", (*_BODY, "bundle_not_found", "bundle_corrupt", "bundle_format")
    ),
    "live": _Operation("The process runs.", ()),
    "ready": _Operation("The service answers.", ("overloaded", "bundle_corrupt", *_LIVE)),
}

_EVENT_STATUSES: Mapping[int | str, str] = {
    207: "Some events were not taken; `rejected` names them.",
    422: "No event was taken.",
}

_PROBLEM_EXAMPLES = {
    "body_malformed": problem(
        "body_malformed", "The body cannot be read as JSON in UTF-8: EOF while parsing an object at line 1 column 14."
    ),
    "body_too_large": problem("body_too_large", "The body is larger than 1,048,576 bytes."),
    "content_type_unsupported": problem(
        "content_type_unsupported",
        "The body's Content-Type is application/x-www-form-urlencoded; send application/json.",
    ),
    "request_invalid": problem(
        "request_invalid",
        "limit: Input should be less than or equal to 500",
        errors=[FieldProblem(field="limit", message="Input should be less than or equal to 500")],
    ),
    "query_invalid": problem(
        "query_invalid",
        "include: no property 'name'; there are categories, description, title",
        errors=[
            FieldProblem(
                field="include", message="include: no property 'name'; there are categories, description, title"
            )
        ],
    ),
    "not_found": problem("not_found", "There is no item 'not-made-yet'."),
    "cursor_expired": problem(
        "cursor_expired", "cursor: another version of the bundle is served now; ask again without it"
    ),
    "live_unavailable": problem(
        "live_unavailable", "The live data cannot be read or written now; nothing was changed."
    ),
    "overloaded": problem("overloaded", "More requests are waiting than this process can answer soon."),
    "bundle_not_found": problem(
        "bundle_not_found",
        "bundles/demo: no version '20261121T081500.000000Z-0123456789ab'; there are: "
        "20261120T070000.000000Z-ba9876543210",
    ),
    "bundle_corrupt": problem(
        "bundle_corrupt",
        "bundles/demo/versions/20261121T081500.000000Z-0123456789ab/items.parquet: not the bytes that were written "
        "(checksum); build again or roll back",
    ),
    "bundle_format": problem(
        "bundle_format",
        "bundles/demo/versions/20261121T081500.000000Z-0123456789ab/manifest.json: format version 2; this "
        "Crossfade reads format 1. Upgrade crossfade, or build the bundle again with this version",
    ),
}

USER_EXAMPLES: Any = {
    "regular": {"summary": "A regular of the demo", "value": "p0452"},
    "stranger": {"summary": "Nobody the bundle knows", "value": "nobody-yet"},
}
ITEM_EXAMPLES: Any = {
    "series": {"summary": "A slow-burning series of the demo", "value": "the-long-dusk-at-skarvnes"},
    "unknown": {"summary": "Nothing the bundle knows", "value": "not-made-yet"},
}


def body_examples(operation: str) -> Any:  # noqa: ANN401 - FastAPI's own type for it moves between versions
    """Return the request bodies to show for an operation, as OpenAPI has them."""
    return {name: {"summary": name, "value": one["body"]} for name, one in EXAMPLES[operation].items()}


def responses(operation: str) -> dict[int | str, Json]:
    """Return what an operation may answer, with examples, as FastAPI wants it."""
    told = _OPERATIONS[operation]
    documented: dict[int | str, Json] = {told.status: {"description": told.answer}}
    if operation == "send_events":
        documented |= {status: {"description": said, "model": EventsAnswer} for status, said in _EVENT_STATUSES.items()}
    for name, one in EXAMPLES[operation].items():
        if "answer" in one:
            content = documented[one.get("status", told.status)].setdefault("content", {})
            examples = content.setdefault("application/json", {}).setdefault("examples", {})
            examples[name] = {"summary": name, "value": one["answer"]}
    for code in told.problems:
        kind = PROBLEM_TYPES[code]
        response = documented.setdefault(kind.status, {"description": ""})
        response["description"] = f"{response['description']} `{code}`: {kind.meaning}".strip()
        content = response.setdefault("content", {})
        shown = content.setdefault(PROBLEM_MEDIA_TYPE, {"schema": _problem_schema(), "examples": {}})
        value = _PROBLEM_EXAMPLES[code].model_dump(mode="json", exclude_none=True)
        shown["examples"][code] = {"summary": kind.title, "value": value}
    return documented


def name_problem_schema(document: Json) -> Json:
    """Put the problems' schema among the components and refer to it from every response; changes the document.

    A router has no say in its application's components, so its own responses each carry the whole schema.
    """
    document["components"]["schemas"]["Problem"] = _problem_schema()
    for path in document["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                content = response.get("content", {}).get(PROBLEM_MEDIA_TYPE)
                if content is not None:
                    content["schema"] = {"$ref": "#/components/schemas/Problem"}
    return document


@cache
def _problem_schema() -> Json:
    """Return the schema without references, which would be looked for in the host's document."""
    schema = Problem.model_json_schema()
    fields = schema.pop("$defs")["FieldProblem"]
    return json.loads(json.dumps(schema).replace('{"$ref": "#/$defs/FieldProblem"}', json.dumps(fields)))  # type: ignore[no-any-return]
