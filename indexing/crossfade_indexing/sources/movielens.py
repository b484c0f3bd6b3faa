"""The `movielens` preset: a folder as GroupLens ships it (ml-latest, ml-latest-small, ml-25m, ml-32m)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from crossfade.errors import InputError
from crossfade_indexing.sources.columns import Columns
from crossfade_indexing.sources.delimited import read_delimited
from crossfade_indexing.sources.raw import RawTable, RawTables, Reason, dropped, first_reason, missing
from crossfade_indexing.sources.values import as_list

__all__ = ["clean_title", "read_movielens"]

_RATINGS = Columns(("userId", "movieId", "rating", "timestamp"))
_MOVIES = Columns(("movieId", "title", "genres"))
_TAGS = Columns(("movieId", "tag"), ("userId", "timestamp"))
_DESCRIPTIONS = Columns(("movieId", "extract"), ("wiki_url", "wiki_title", "wiki_year"))

_ARTICLES = (
    "The|An|A|La|Le|Les|Il|Lo|I|Gli|El|Los|Las|Der|Die|Das|Ein|Eine|Un|Une|Una|Uno|Da|Det|Den|De|En|Ett|Het|O|Os"
)
# One year, or the first and the last of a series, an en dash between them.
_YEAR = r"\s*\(([0-9]{4})(?:[\u2013-][0-9]{0,4} ?)?\)\s*$"


def read_movielens(directory: Path) -> RawTables:
    """Ratings as events, movies as items.

    Items have ``title`` (without year, articles in front), ``categories`` (the genres), ``year`` (Int64), ``tags``
    (lower-cased and distinct, those given by most people first) if there is a ``tags.csv``, and, if files named
    ``descriptions_*.csv`` with the columns ``movieId`` and ``extract`` lie beside, ``description`` (a movie's longest)
    and ``wiki_url``, which its licence asks to be shown.

    Raises:
        InputError: If a file is missing, empty or lacks a column.
    """
    if not directory.is_dir():
        raise InputError(
            f"{directory}: is no directory; the movielens preset reads ratings.csv and movies.csv from one"
        )
    ratings = _read(directory / "ratings.csv", _RATINGS, "events")
    events = ratings.frame.rename({"userId": "user_id", "movieId": "item_id", "rating": "value"})
    movies = _read(directory / "movies.csv", _MOVIES, "items")
    items = movies.frame.rename({"movieId": "item_id"}).with_columns(
        item_id=pl.col("item_id").str.strip_chars(),
        title=clean_title(pl.col("title")),
        categories=as_list(pl.col("genres").replace("(no genres listed)", ""), pl.String()),
        year=pl.col("title").str.extract(_YEAR).cast(pl.Int64),
    )
    joined: list[RawTable] = []
    if (directory / "tags.csv").exists():
        tags = _of_known_movies(_read(directory / "tags.csv", _TAGS, "tags"), items, "tag")
        items = items.join(_by_movie(tags.frame), on="item_id", how="left", maintain_order="left")
        joined.append(tags)
    descriptions = [
        _of_known_movies(_read(path, _DESCRIPTIONS, path.stem), items, "extract")
        for path in sorted(directory.glob("descriptions_*.csv"))
    ]
    if descriptions:
        items = items.join(_longest(descriptions), on="item_id", how="left", maintain_order="left")
        joined += descriptions
    return RawTables(
        events=replace(ratings, frame=events),
        items=replace(movies, frame=items.drop("genres")),
        joined=tuple(joined),
    )


def clean_title(title: pl.Expr) -> pl.Expr:
    """Titles without their year, with articles in front again.

    "Avventura, L' (Adventure, The) (1960)" becomes "L'Avventura (The Adventure)"; the same goes before a colon.
    """
    # The regular expressions know no look-ahead, so the main title, a subtitle's and those in parentheses go in turn.
    bare = title.str.replace(_YEAR, "").str.strip_chars()
    for article, blank in ((f"({_ARTICLES})", " "), ("(L')", "")):
        bare = (
            bare.str.replace(rf"^([^():]+), {article}(:| \(|$)", f"$2{blank}$1$3")
            .str.replace(rf"^([^()]+), {article}( \(|$)", f"$2{blank}$1$3")
            .str.replace_all(rf"\((a\.k\.a\. )?([^()]+), {article}\)", f"($1$3{blank}$2)")
        )
    return bare


def _read(path: Path, columns: Columns, name: str) -> RawTable:
    return read_delimited(path, columns, name=name, separator=",")


def _of_known_movies(table: RawTable, items: pl.DataFrame, text: str) -> RawTable:
    """The table, its id named ``item_id``, without rows that have no text or belong to no movie."""
    frame = table.frame.rename({"movieId": "item_id"}).with_columns(pl.col("item_id").str.strip_chars())
    reason = frame.select(
        first_reason(
            {
                Reason.MISSING_ITEM_ID: missing("item_id"),
                Reason.MISSING_TEXT: missing(text),
                Reason.UNKNOWN_ITEM: ~pl.col("item_id").is_in(items.get_column("item_id").unique().implode()),
            }
        )
    ).to_series()
    unread = pl.concat([table.unread, dropped(frame, reason)])
    return replace(table, frame=frame.filter(reason.is_null()), unread=unread)


def _by_movie(tags: pl.DataFrame) -> pl.DataFrame:
    counted = (
        tags.select("item_id", tag=pl.col("tag").str.strip_chars().str.to_lowercase())
        .group_by("item_id", "tag")
        .len("people")
        .sort(["item_id", "people", "tag"], descending=[False, True, False])
    )
    return counted.group_by("item_id", maintain_order=True).agg(tags=pl.col("tag"))


def _longest(tables: list[RawTable]) -> pl.DataFrame:
    """One description per movie; the first of equally long ones."""
    rows = pl.concat([table.frame for table in tables], how="diagonal")
    kept = [name for name in ("wiki_url",) if name in rows.columns]
    return (
        rows.select("item_id", *kept, description=pl.col("extract").str.strip_chars())
        .sort(pl.col("description").str.len_chars(), descending=True, maintain_order=True)
        .unique("item_id", keep="first", maintain_order=True)
    )
