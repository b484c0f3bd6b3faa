"""Tokens that callers carry for us and cannot make or change: cursors, and the ids of recommendations.

A token is its payload and a keyed hash of it (HMAC-SHA256, cut to 96 bits), as text that a URL may hold.
"""

from __future__ import annotations

import base64
import binascii
import hmac

__all__ = ["seal", "unseal"]

_SEAL_BYTES = 12
_LONGEST = 8_192


def seal(secret: bytes, purpose: str, payload: bytes) -> str:
    """Return a token.

    Args:
        secret: Known to every process that is to read it, and to no caller.
        purpose: What the token is for; one made for another is not accepted.
        payload: What it says; readable by whoever holds it.
    """
    return _as_text(payload + _hash(secret, purpose, payload))


def unseal(secret: bytes, purpose: str, token: str) -> bytes | None:
    """Return the payload of a token, None where it is not one of ours for this purpose."""
    if len(token) > _LONGEST:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if _as_text(raw) != token:  # the last character has bits that say nothing
        return None
    payload, found = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
    return payload if hmac.compare_digest(found, _hash(secret, purpose, payload)) else None


def _as_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _hash(secret: bytes, purpose: str, payload: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + payload, "sha256")[:_SEAL_BYTES]
