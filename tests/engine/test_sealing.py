"""Tokens that callers carry: read back by whoever has the secret, and by nobody where a bit has changed."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.engine.sealing import seal, unseal

SECRET = b"of the store"


@given(payload=st.binary(max_size=600), purpose=st.sampled_from(["cursor", "recommendation"]))
def test_a_token_is_read_back_and_needs_no_quoting_in_a_url(payload: bytes, purpose: str) -> None:
    token = seal(SECRET, purpose, payload)

    assert unseal(SECRET, purpose, token) == payload
    assert set(token) <= {*string.ascii_letters, *string.digits, "-", "_"}


@given(payload=st.binary(max_size=60), data=st.data())
def test_a_token_with_one_character_changed_is_none(payload: bytes, data: st.DataObject) -> None:
    token = seal(SECRET, "cursor", payload)
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.sampled_from([*string.ascii_letters, *string.digits, "-", "_", "=", "\n", "é", "\0"]))
    changed = token[:place] + character + token[place + 1 :]

    assert unseal(SECRET, "cursor", changed) == (payload if changed == token else None)


def test_a_token_is_written_in_one_way_only() -> None:
    token = seal(SECRET, "cursor", b"x")  # 13 bytes: the last of its characters has four bits to spare

    others = [token[:-1] + last for last in string.ascii_letters if last != token[-1]]

    assert {unseal(SECRET, "cursor", one) for one in [*others, f"{token}=", f"{token}\n"]} == {None}


@pytest.mark.parametrize("token", ["", "=", "a", "====", "é", "no token", "AAAA", "A" * 16, "A" * 8_193, "\ud800"])
def test_what_is_no_token_is_none(token: str) -> None:
    assert unseal(SECRET, "cursor", token) is None


def test_a_token_for_one_purpose_or_of_another_secret_is_none() -> None:
    token = seal(SECRET, "cursor", b"payload")

    assert unseal(SECRET, "recommendation", token) is None
    assert unseal(b"another", "cursor", token) is None


def test_seals_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    token = seal(SECRET, "cursor", b"payload")
    monkeypatch.setattr("crossfade.engine.sealing.hmac.compare_digest", lambda *_: False)

    assert unseal(SECRET, "cursor", token) is None


def test_a_purpose_and_a_payload_cannot_be_taken_for_others_that_read_the_same_together() -> None:
    assert unseal(SECRET, "cur", seal(SECRET, "cursor", b"x")) is None
    assert seal(SECRET, "a", b"bc") != seal(SECRET, "ab", b"c")
