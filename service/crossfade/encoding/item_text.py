"""What of an item is embedded; the same when a bundle is built and when an item is added to a running service."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["WORDS_OF_A_LIST", "item_text"]

WORDS_OF_A_LIST = 10
"""How many entries of a list count: an encoder reads a hundred words or two, and a long list of tags must not push the
description out."""


def item_text(properties: Mapping[str, object]) -> str:
    """Return title, first categories, first tags and description in one text; "" where there is none of them."""
    parts = [
        _text(properties.get("title")),
        *(_listed(properties.get(name)) for name in ("categories", "tags")),
        _text(properties.get("description")),
    ]
    return ". ".join(part for part in parts if part)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _listed(value: object) -> str:
    if not isinstance(value, list | tuple):
        return ""
    return ", ".join(one for one in value[:WORDS_OF_A_LIST] if isinstance(one, str))
