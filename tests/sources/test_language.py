from __future__ import annotations

import subprocess
import sys

import pytest

from crossfade_indexing.language import language_warning

ENGLISH = frozenset({"en"})
PLOTS = {
    "English": [
        "A retired detective returns to her village when the ferry stops and the first winter storm cuts it off.",
        "Two brothers inherit a failing cinema and show the films that nobody else in the country dares to show.",
    ],
    "German": [
        "Eine pensionierte Kommissarin kehrt in ihr Dorf zurück, als die Fähre ausfällt und der Winter beginnt.",
        "Zwei Brüder erben ein Kino kurz vor der Pleite und zeigen Filme, die sonst niemand zu zeigen wagt.",
    ],
    "Japanese": [
        "引退した刑事が、嵐で孤立した故郷の村に戻り、古い事件の真相を追いかける。",
        "二人の兄弟が潰れかけた映画館を相続し、誰も上映しない映画を上映する。",
    ],
}


def test_text_that_the_encoder_reads_needs_no_word() -> None:
    assert language_warning(PLOTS["English"] * 50, ENGLISH) is None


@pytest.mark.parametrize("language", ["German", "Japanese"])
def test_text_in_another_language_is_named_with_an_encoder_that_fits(language: str) -> None:
    warning = language_warning(PLOTS[language] * 50, ENGLISH)

    assert warning == (
        f"100% of the texts seem to be {language}, but the encoder understands en alone; "
        "one that fits: --encoder sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
    )


def test_the_share_is_that_of_the_language_found_most() -> None:
    texts = PLOTS["German"] * 30 + PLOTS["English"] * 10

    warning = language_warning(texts, ENGLISH)

    assert warning is not None
    assert warning.startswith("75% of the texts seem to be German")


def test_a_minority_in_another_language_needs_no_word() -> None:
    assert language_warning(PLOTS["German"] * 10 + PLOTS["English"] * 15, ENGLISH) is None


def test_short_titles_are_not_mistaken_for_another_language() -> None:
    titles = [
        *("Grumpier Old Men", "Waiting to Exhale", "Father of the Bride Part II", "The American President"),
        *("Sense and Sensibility", "Ace Ventura: When Nature Calls", "City of Lost Children", "Dead Man Walking"),
        *("Across the Sea of Time", "Cry, the Beloved Country", "How to Make an American Quilt", "Cutthroat Island"),
    ]

    assert language_warning(titles, ENGLISH) is None


def test_an_encoder_of_many_or_unknown_languages_is_asked_nothing() -> None:
    assert language_warning(PLOTS["German"] * 50, None) is None


def test_texts_too_short_to_tell_say_nothing() -> None:
    assert language_warning(["Der Kommissar", "Die Brücke"] * 50, ENGLISH) is None
    assert language_warning(["1234567890 1234567890 1234567890"] * 50, ENGLISH) is None
    assert language_warning([], ENGLISH) is None


def test_the_same_texts_give_the_same_answer() -> None:
    texts = [f"{text} {number}" for number in range(400) for text in PLOTS["German"] + PLOTS["English"]]

    assert language_warning(texts, frozenset({"fr"})) == language_warning(texts, frozenset({"fr"}))


def test_the_detector_is_loaded_only_when_it_is_needed() -> None:
    ask = "from crossfade_indexing.language import language_warning as ask; ask([], None)"
    code = f"import sys; {ask}; sys.exit('lingua' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
