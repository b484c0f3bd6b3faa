"""A look at the language of the items' text, before it is embedded by an encoder that may not read it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

__all__ = ["language_warning"]

MULTILINGUAL_ENCODER = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
# The languages of that encoder (its model card) that the detector knows, so that what is found can be helped.
_LANGUAGES = frozenset(
    "ar bg ca cs da de el en es et fa fi fr gu he hi hr hu hy id it ja ka ko lt lv mk mn mr ms nb nl pl pt ro ru sk sl "  # noqa: SIM905 - fifty quoted words read worse
    "sq sr sv th tr uk ur vi zh".split()
)
_SAMPLE = 500
_SHORTEST = 20
# The detector's light mode takes 57 % of English titles of 20 characters and more for English, and 87 % if titles are
# read together up to this many characters. (Its other mode takes 650 MB and nine times as long.)
_PASSAGE = 80


def language_warning(texts: Sequence[str], encoder_languages: frozenset[str] | None) -> str | None:
    """One line if most of the texts are in languages that the encoder was not made for.

    Looks at up to 500 texts of at least 20 characters, always the same ones; short texts are judged together with
    their neighbours in the sample.

    Args:
        texts: The items' texts; their order decides which are looked at.
        encoder_languages: ISO 639-1 codes in lower case; None for an encoder of many or unknown languages.

    Returns:
        The language found most, its share, and an encoder that reads it; None if all is well or nothing was found.
    """
    if encoder_languages is None:
        return None
    long_enough = [text for text in texts if len(text) >= _SHORTEST]
    sample = random.Random(0).sample(long_enough, min(_SAMPLE, len(long_enough)))  # noqa: S311 - no secret
    shares = _shares(sample)
    foreign = {language: share for language, share in shares.items() if language[0] not in encoder_languages}
    if sum(foreign.values()) <= 0.5:
        return None
    (_, name), share = max(foreign.items(), key=lambda entry: (entry[1], entry[0]))
    understood = ", ".join(sorted(encoder_languages))
    return (
        f"{share:.0%} of the texts seem to be {name}, but the encoder understands {understood} alone; "
        f"one that fits: --encoder {MULTILINGUAL_ENCODER}"
    )


def _shares(texts: Sequence[str]) -> dict[tuple[str, str], float]:
    """The share of the texts in each language, by code and English name; texts in none are left out."""
    from lingua import IsoCode639_1, LanguageDetectorBuilder  # noqa: PLC0415 - 96 MB of models, for one command alone

    codes = [getattr(IsoCode639_1, code.upper()) for code in sorted(_LANGUAGES)]
    detector = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()
    passages = _passages(texts)
    counts: Counter[tuple[str, str]] = Counter()
    for passage, language in zip(
        passages, detector.detect_languages_in_parallel_of([" ".join(passage) for passage in passages]), strict=True
    ):
        if language is not None:
            counts[language.iso_code_639_1.name.lower(), language.name.capitalize()] += len(passage)
    return {language: count / len(texts) for language, count in counts.items()}


def _passages(texts: Sequence[str]) -> list[list[str]]:
    """Neighbouring texts together until they are long enough to tell a language by."""
    passages: list[list[str]] = []
    missing = 0
    for text in texts:
        if missing <= 0:
            passages.append([])
            missing = _PASSAGE
        passages[-1].append(text)
        missing -= len(text)
    return passages
