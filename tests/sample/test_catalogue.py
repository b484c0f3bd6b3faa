import re
from collections import Counter

import polars as pl
import pytest

from crossfade_indexing.sample import load_catalogue
from crossfade_indexing.sample.titles import GENRES, KINDS, SUBJECTS, THEMES


@pytest.fixture(scope="module")
def catalogue() -> pl.DataFrame:
    return load_catalogue()


def words(text: str) -> list[str]:
    return re.findall(r"[\w'\u2019-]+", text.lower())


def repeated(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def test_there_are_at_least_500_titles_of_all_five_kinds(catalogue: pl.DataFrame) -> None:
    counts = Counter(catalogue["kind"])

    assert len(catalogue) >= 500
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 30


def test_no_value_is_missing(catalogue: pl.DataFrame) -> None:
    assert catalogue.null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("column", ["item_id", "title", "description"])
def test_no_two_titles_share_an_id_a_name_or_a_description(catalogue: pl.DataFrame, column: str) -> None:
    assert repeated(catalogue[column].to_list()) == []


def test_ids_are_lower_case_words_joined_by_hyphens(catalogue: pl.DataFrame) -> None:
    assert [name for name in catalogue["item_id"] if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []


def test_every_description_has_25_to_60_words(catalogue: pl.DataFrame) -> None:
    lengths = [len(description.split()) for description in catalogue["description"]]

    assert min(lengths) >= 25
    assert max(lengths) <= 60


def test_no_opening_of_three_words_serves_more_than_three_titles(catalogue: pl.DataFrame) -> None:
    openings = Counter(" ".join(description.split()[:3]).lower() for description in catalogue["description"])

    assert [opening for opening, count in openings.items() if count > 3] == []


def test_no_five_words_in_a_row_serve_more_than_three_titles(catalogue: pl.DataFrame) -> None:
    phrases: Counter[tuple[str, ...]] = Counter()
    for description in catalogue["description"]:
        text = words(description)
        phrases.update({tuple(text[start : start + 5]) for start in range(len(text) - 4)})

    assert [phrase for phrase, count in phrases.items() if count > 3] == []


def test_genres_and_themes_come_from_the_vocabulary_without_repeats(catalogue: pl.DataFrame) -> None:
    for column, vocabulary, least, most in (("genres", GENRES, 1, 3), ("themes", THEMES, 2, 4)):
        lists = catalogue[column].to_list()

        assert {name for names in lists for name in names} == set(vocabulary)
        assert all(least <= len(names) <= most for names in lists)
        assert all(repeated(names) == [] for names in lists)


def test_each_subject_is_taken_up_by_several_titles(catalogue: pl.DataFrame) -> None:
    counts = Counter(theme for themes in catalogue["themes"] for theme in themes)

    assert set(SUBJECTS) <= set(THEMES)
    assert min(counts[subject] for subject in SUBJECTS) >= 10


def test_years_minutes_codes_and_ratings_are_within_bounds(catalogue: pl.DataFrame) -> None:
    assert catalogue["year"].is_between(1950, 2026).all()
    assert catalogue["minutes"].is_between(3, 240).all()
    assert catalogue["country"].str.contains(r"^[A-Z]{2}$").all()
    assert catalogue["language"].str.contains(r"^[a-z]{2}$").all()
    assert set(catalogue["maturity"]) <= {"all", "6", "12", "16", "18"}


def test_the_categories_that_feed_the_text_are_the_genres(catalogue: pl.DataFrame) -> None:
    assert catalogue["categories"].equals(catalogue["genres"])
