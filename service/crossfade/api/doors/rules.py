"""What each operation asks of its caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crossfade.api.doors.keys import Role

__all__ = ["RULES", "Rule", "rule_of"]

_BULK = 16 << 20


@dataclass(frozen=True)
class Rule:
    """What one operation asks of its caller.

    Attributes:
        role: The least role that may use it; None for everyone, without a key.
        largest_body: Bytes of the body at most.
        timed: Whether it must answer within the request timeout; checking a bundle's files takes as long as it takes.
    """

    role: Role | None
    largest_body: int = 1 << 20
    timed: bool = True


_READ, _WRITE, _ADMIN = Rule("read"), Rule("write"), Rule("admin")
_OPEN = Rule(None)

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(
        (
            "recommend",
            "recommend_for_user",
            "recommend_batch",
            "search",
            "rank",
            "similar_items",
            "similar_users",
            "why",
            "profile",
            "get_item",
            "list_items",
            "get_user",
            "list_users",
            "get_scenario",
            "list_scenarios",
            "insights",
            "get_bundle",
            "metrics",
        ),
        _READ,
    ),
    **dict.fromkeys(
        (
            "put_item",
            "patch_item",
            "delete_item",
            "put_user",
            "patch_user",
            "delete_user",
            "merge_users",
            "export_user",
        ),
        _WRITE,
    ),
    **dict.fromkeys(("send_events", "put_items", "put_users"), Rule("write", largest_body=_BULK)),
    **dict.fromkeys(("put_scenario", "delete_scenario"), _ADMIN),
    "reload_bundle": Rule("admin", timed=False),
    **dict.fromkeys(("live", "ready"), _OPEN),
}
"""By operation id."""


def rule_of(operation_id: str | None) -> Rule:
    """Return an operation's rule; without an id it is a page for people, and an unknown one is for admins alone."""
    return _OPEN if operation_id is None else RULES.get(operation_id, _ADMIN)
