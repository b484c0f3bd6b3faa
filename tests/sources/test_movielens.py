from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from crossfade.errors import InputError
from crossfade_indexing.cleaning import clean
from crossfade_indexing.sources import read_movielens
from crossfade_indexing.sources.movielens import clean_title

Write = Callable[[str, str | bytes], Path]

RATINGS = "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n1,2,0.5,964981247\n"
MOVIES = 'movieId,title,genres\n1,Toy Story (1995),Animation|Children\n2,"Matrix, The (1999)",(no genres listed)\n'


@pytest.fixture
def folder(write: Write) -> Path:
    write("ratings.csv", RATINGS)
    return write("movies.csv", MOVIES).parent


def test_ratings_are_events_and_movies_are_items(folder: Path) -> None:
    dataset = clean(read_movielens(folder)).dataset

    assert dataset.events.select("user_id", "item_id", "event_type", "value").rows() == [
        ("1", "1", "event", 4.0),
        ("1", "2", "event", 0.5),
    ]
    assert dataset.items.columns == ["item_id", "title", "description", "categories", "year"]
    assert dataset.items.rows() == [
        ("1", "Toy Story", "", ["Animation", "Children"], 1995),
        ("2", "The Matrix", "", [], 1999),
    ]


def test_tags_are_one_list_per_movie_those_of_most_people_first(folder: Path, write: Write) -> None:
    write(
        "tags.csv", "userId,movieId,tag,timestamp\n1,1,Fun,1\n2,1,pixar,1\n3,1, PIXAR ,1\n1,9,lost,1\n1,,x,1\n1,2, ,1\n"
    )

    result = clean(read_movielens(folder))

    assert result.dataset.items["tags"].to_list() == [["pixar", "fun"], []]
    assert result.report.as_dict()["tags"] == {
        "read": 6,
        "kept": 3,
        "missing_item_id": 1,
        "missing_text": 1,
        "unknown_item": 1,
    }


def test_descriptions_lie_beside_and_the_longest_of_a_movie_counts(folder: Path, write: Write) -> None:
    write("descriptions_a.csv", "movieId,extract,wiki_url\n1,Toys.,short\n1,Toys that live.,long\n")
    write("descriptions_b.csv", "movieId,extract\n2,A simulation.\n8,Unknown.\n")

    result = clean(read_movielens(folder))

    assert result.dataset.items.select("description", "wiki_url").rows() == [
        ("Toys that live.", "long"),
        ("A simulation.", None),
    ]
    assert result.report.as_dict()["descriptions_b"] == {"read": 2, "kept": 1, "unknown_item": 1}


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Toy Story (1995)", "Toy Story"),
        ("Matrix, The (1999)", "The Matrix"),
        ("Assembly (Ji jie hao) (2007) ", "Assembly (Ji jie hao)"),
        ("Lost Ones, The (Perdus, Les) (1995)", "The Lost Ones (Les Perdus)"),
        ("Good, Bad and Ugly, The (Buono, cattivo, Il) (1966)", "The Good, Bad and Ugly (Il Buono, cattivo)"),
        ("Avventura, L' (Adventure, The) (1960)", "L'Avventura (The Adventure)"),
        ("Living Dead (a.k.a. Gates, The) (Paura) (1980)", "Living Dead (a.k.a. The Gates) (Paura)"),
        ("Crow, The: Wicked Prayer (2005)", "The Crow: Wicked Prayer"),
        ("Nightmare on Elm Street 3: Dream Warriors, A (1987)", "A Nightmare on Elm Street 3: Dream Warriors"),
        ("Death Note: Desu nôto (2006\u20132007)", "Death Note: Desu nôto"),
        ("Girl, Interrupted (1999)", "Girl, Interrupted"),
        ("Corporation, The", "The Corporation"),
        ("Babylon 5", "Babylon 5"),
        ("2012 (2009)", "2012"),
    ],
)
def test_titles_lose_their_year_and_get_their_article_in_front(title: str, expected: str) -> None:
    assert pl.DataFrame({"title": [title]}).select(clean_title(pl.col("title"))).item() == expected


def test_a_missing_file_or_column_is_named(folder: Path, write: Write) -> None:
    write("movies.csv", "movieId,title\n1,Toy Story (1995)\n")
    with pytest.raises(InputError, match=r'movies\.csv: lacks the column "genres"; has "movieId", "title"'):
        read_movielens(folder)

    (folder / "movies.csv").unlink()
    with pytest.raises(InputError, match=r"movies\.csv: no such file"):
        read_movielens(folder)

    with pytest.raises(InputError, match="nowhere: is no directory; the movielens preset reads"):
        read_movielens(folder / "nowhere")


def test_the_real_ratings_are_all_kept(movielens: Path) -> None:
    result = clean(read_movielens(movielens), strict=True)

    items = result.dataset.items
    assert result.report.as_dict() == {
        "events": {"read": 100_836, "kept": 100_836},
        "items": {"read": 9_742, "kept": 9_742},
        "tags": {"read": 3_683, "kept": 3_683},
        "descriptions_wikipedia": {"read": 6_309, "kept": 6_309},
    }
    assert result.dataset.events["user_id"].n_unique() == 610
    # 12 titles end without a year, 34 movies have no genre, 1,572 have a tag.
    assert items["year"].null_count() == 12
    assert (items["categories"].list.len() == 0).sum() == 34
    assert (items["tags"].list.len() > 0).sum() == 1_572
    assert (items["description"] != "").sum() == 6_309
    assert items.filter(pl.col("title").str.contains(r", (The|A|An)$")).is_empty()
    # The clock of whoever rated is unknown, and that is all there is to say.
    assert len(result.report.warnings) == 1
    assert result.report.warnings[0].startswith("ratings.csv: no timestamp tells the user's local time")
    assert result.dataset.events["local_time"].null_count() == 100_836
