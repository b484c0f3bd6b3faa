"""How TF-IDF takes a text apart."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.encoding.words import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Far-North, 1984!", ["the", "far", "north", "1984"]),
        ("A I x", []),
        ("ÉTÉ e\u0301te\u0301", ["ete", "ete"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("ﬁlm \uff26\uff35\uff2c\uff2c", ["film", "full"]),
        ("Όσλο", ["οσλο"]),
        ("映画の夜", ["映画", "画の", "の夜"]),
        ("映", ["映"]),
        ("がく かく", ["がく", "かく"]),
        ("heist映画2", ["heist", "映画"]),
        ("한국어", ["한국어"]),
        ("🤖🎬 \x00", []),
    ],
)
def test_words_are_folded_and_unspaced_scripts_give_pairs(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text())
def test_words_do_not_depend_on_how_letters_are_composed(text: str) -> None:
    found = words(text)

    assert words(unicodedata.normalize("NFD", text)) == found
    assert words(unicodedata.normalize("NFC", text)) == found
    assert all(word.strip() == word != "" for word in found)
