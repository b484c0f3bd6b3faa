"""What the OpenAPI document says of the doors, the same for every operation that has a role."""

from __future__ import annotations

from typing import Any

from crossfade.api.doors.rules import rule_of
from crossfade.wire import PROBLEM_MEDIA_TYPE, PROBLEM_TYPES, problem

__all__ = ["document_doors"]

# The schema of a JSON document is any of JSON's types at every step.
Json = dict[str, Any]

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer cf_…`."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key in its own header."},
}
_EXAMPLES = {
    "unauthorized": "No API key was sent; send one as Authorization: Bearer cf_… or as X-API-Key: cf_….",
    "forbidden": "This needs a key of the role admin; the one sent has the role read.",
    "rate_limited": "This caller sends more requests per second than it may; see Retry-After.",
    "overloaded": "Too many requests are being answered.",
    "timed_out": "There was no answer after 10 s; what was asked for may still be done.",
    "body_timed_out": "The body had not arrived whole after 10 s.",
}


def document_doors(document: Json) -> Json:
    """Add the keys, and the answers of whom they keep out, to each operation that asks for a role; changes it.

    A key is shown as one of the possibilities, because a service that listens on loopback alone asks for none.
    """
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    for path in document["paths"].values():
        for operation in path.values():
            rule = rule_of(operation["operationId"])
            if rule.role is None:
                continue
            operation["security"] = [{}, *({name: []} for name in _SCHEMES)]
            operation["description"] += f"\n\nNeeds a key of the role `{rule.role}` where keys are asked for."
            for code in _EXAMPLES:
                if code != "body_timed_out" or "requestBody" in operation:
                    _add(operation["responses"], code)
    return document


def _add(responses: Json, code: str) -> None:
    kind = PROBLEM_TYPES[code]
    response = responses.setdefault(str(kind.status), {"description": ""})
    content = response.setdefault("content", {}).setdefault(PROBLEM_MEDIA_TYPE, {})
    examples = content.setdefault("examples", {})
    if code in examples:
        return
    response["description"] = f"{response['description']} `{code}`: {kind.meaning}".strip()
    value = problem(code, _EXAMPLES[code]).model_dump(mode="json", exclude_none=True)
    examples[code] = {"summary": kind.title, "value": value}
