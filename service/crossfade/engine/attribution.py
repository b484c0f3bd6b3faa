"""The id of a recommendation: which items stood where and what spoke for them, so that an event can name its cause.

Nothing is written when an answer is given; the id itself holds it, sealed. It holds no user and no item by name: an
item is a hash of 24 bits, of at most a hundred, so that two of them share one in about 3 answers of 10,000; the upper
one then counts.
"""

from __future__ import annotations

import hashlib
import secrets
import struct
from collections.abc import Sequence

from crossfade.engine.query import ADJUSTMENTS, COMPONENTS
from crossfade.engine.sealing import seal, unseal
from crossfade.errors import QueryError
from crossfade.live import Attribution

__all__ = ["MOST_ATTRIBUTED", "attribution_of", "recommendation_id"]

MOST_ATTRIBUTED = 100
"""Items of an answer that its id holds, the first ones; an act on a later one is kept, and counts for no rank."""

_PURPOSE = "recommendation"
_PARTS = (*COMPONENTS, *ADJUSTMENTS)
_NAME_BYTES = 6
_ITEM = struct.Struct(">3sB")
_RANK = struct.Struct(">I")


def recommendation_id(
    secret: bytes, scenario: str | None, item_ids: Sequence[str], components: Sequence[str], *, first_rank: int
) -> str:
    """Return an id for an answer.

    Args:
        secret: To seal it with.
        scenario: Its name; None for none.
        item_ids: The items answered, in order.
        components: What says most for each.
        first_rank: Of the first of the items.
    """
    name = (scenario or "").encode()
    items = zip(item_ids[:MOST_ATTRIBUTED], components, strict=False)
    payload = b"".join(
        (
            secrets.token_bytes(_NAME_BYTES),
            _RANK.pack(first_rank),
            bytes([len(name)]),
            name,
            *(_ITEM.pack(_hash(item_id), _PARTS.index(part)) for item_id, part in items),
        )
    )
    return seal(secret, _PURPOSE, payload)


def attribution_of(secret: bytes, token: str, item_id: str) -> Attribution | None:
    """Return where an item stood in the answer of an id; None where it may have stood behind those that the id holds.

    Raises:
        QueryError: If the id is not ours, or is of an answer that did not hold the item.
    """
    payload = unseal(secret, _PURPOSE, token)
    head = _NAME_BYTES + _RANK.size + 1
    if payload is not None and len(payload) >= head:
        (first_rank,) = _RANK.unpack_from(payload, _NAME_BYTES)
        end = head + payload[head - 1]
        scenario, wanted = payload[head:end].decode(), _hash(item_id)
        held = list(_ITEM.iter_unpack(payload[end:]))
        for place, (found, part) in enumerate(held):
            if found == wanted:
                return Attribution(payload[:_NAME_BYTES].hex(), scenario, first_rank + place, _PARTS[part])
        if len(held) == MOST_ATTRIBUTED:
            return None
    raise QueryError("recommendation_id: not the id of an answer that holds this item", field="recommendation_id")


def _hash(item_id: str) -> bytes:
    return hashlib.sha256(item_id.encode("utf-8", "surrogatepass")).digest()[:3]
