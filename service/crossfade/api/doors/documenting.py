"""What the OpenAPI document says of the doors, the same for every operation that has a role."""

from __future__ import annotations

from typing import Any

from crossfade.api.doors.rules import rule_of
from crossfade.wire import PROBLEM_MEDIA_TYPE, PROBLEM_TYPES

__all__ = ["document_doors"]

# The schema of a JSON document is any of JSON's types at every step.
Json = dict[str, Any]

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer cf_…`."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key in its own header."},
}
_CODES = ("unauthorized", "forbidden", "rate_limited", "timed_out")
_WITH_BODY = ("body_timed_out",)


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
            for code in (*_CODES, *(_WITH_BODY if "requestBody" in operation else ())):
                _add(operation["responses"], code)
    return document


def _add(responses: Json, code: str) -> None:
    kind = PROBLEM_TYPES[code]
    response = responses.setdefault(str(kind.status), {"description": ""})
    response["description"] = f"{response['description']} `{code}`: {kind.meaning}".strip()
    response.setdefault("content", {}).setdefault(PROBLEM_MEDIA_TYPE, {})
