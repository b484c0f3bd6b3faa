"""How TF-IDF takes a text apart. The indexing job's vectoriser calls the same function, so the two cannot differ."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["words"]

# Accents of Latin, Greek and Cyrillic letters. Other combining marks (the voicing of kana, the vowels of Devanagari)
# tell words apart and stay.
_ACCENTS = re.compile("[\u0300-\u036f]+")
# Han, Hiragana and Katakana are written without spaces.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"([{_UNSPACED}]+)|((?:(?![{_UNSPACED}])\w){{2,}})")


def words(text: str) -> list[str]:
    """Return the words of a text in their order, folded so that case, accents and compatibility forms do not matter.

    A word is two or more letters, digits or underscores. Runs of Chinese characters or kana give their overlapping
    pairs, or the one character. Scripts without spaces beyond these (Thai, Lao, Khmer) give long words.
    """
    # Decomposed on both sides of folding: signs for letters have no lower case, and folding composes some accents.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    folded = unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))
    found: list[str] = []
    for run, word in _WORD.findall(folded):
        if word:
            found.append(word)
        else:
            found += [run[at : at + 2] for at in range(max(1, len(run) - 1))]
    return found
