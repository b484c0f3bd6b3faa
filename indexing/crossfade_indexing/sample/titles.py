"""The hand-written catalogue of the sample data, and what the simulator alone knows about it."""

from __future__ import annotations

from importlib import resources

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["GENRES", "KINDS", "SUBJECTS", "THEMES", "load_catalogue", "marks_of"]

KINDS: tuple[str, ...] = ("film", "series", "documentary", "concert", "children")

GENRES: tuple[str, ...] = (
    "action",
    "adventure",
    "animation",
    "biography",
    "classical",
    "comedy",
    "cookery",
    "crime",
    "drama",
    "electronic",
    "family",
    "fantasy",
    "folk",
    "history",
    "horror",
    "jazz",
    "learning",
    "legal",
    "medical",
    "music",
    "musical",
    "mystery",
    "nature",
    "news",
    "opera",
    "politics",
    "quiz",
    "reality",
    "rock",
    "romance",
    "satire",
    "science",
    "science-fiction",
    "society",
    "sport",
    "spy",
    "talk",
    "thriller",
    "travel",
    "true-crime",
    "war",
    "western",
)

THEMES: tuple[str, ...] = (
    "ageing",
    "animals",
    "art-and-craft",
    "artificial-minds",
    "bedtime-calm",
    "broad-humour",
    "city-night",
    "class-divide",
    "climate",
    "con-artists",
    "cooking",
    "corruption",
    "counting-and-letters",
    "courtroom",
    "desert",
    "dry-humour",
    "engineering",
    "espionage",
    "exile-and-migration",
    "faith",
    "family-secrets",
    "first-love",
    "friendship",
    "grief",
    "haunting",
    "heist-plan",
    "history-recovered",
    "late-love",
    "magic",
    "marriage-strain",
    "medicine",
    "memory",
    "missing-person",
    "monsters",
    "mountains-and-snow",
    "music-making",
    "news-of-the-day",
    "ocean-life",
    "parenthood",
    "politics-and-power",
    "puzzle-mystery",
    "quest",
    "revenge",
    "revolution",
    "road-trip",
    "royalty-and-court",
    "school",
    "science-discovery",
    "sea",
    "serial-killer",
    "sibling-bonds",
    "small-town",
    "space",
    "sport-contest",
    "survival",
    "time-slip",
    "trains-and-travel",
    "undercover",
    "village-life",
    "war",
    "wilderness",
    "workplace",
)
"""What a title can be about, in alphabetical order."""

SUBJECTS: tuple[str, ...] = (
    "animals",
    "artificial-minds",
    "climate",
    "cooking",
    "courtroom",
    "desert",
    "espionage",
    "haunting",
    "heist-plan",
    "magic",
    "medicine",
    "monsters",
    "mountains-and-snow",
    "music-making",
    "news-of-the-day",
    "ocean-life",
    "puzzle-mystery",
    "quest",
    "road-trip",
    "royalty-and-court",
    "school",
    "science-discovery",
    "sea",
    "space",
    "sport-contest",
    "survival",
    "trains-and-travel",
    "war",
    "wilderness",
)
"""The themes that people look for; the others colour a title without drawing anyone by themselves."""

_TEXT, _NUMBER, _LIST = pl.String(), pl.Int64(), pl.List(pl.String())
_SCHEMA: dict[str, pl.DataType] = {
    "item_id": _TEXT,
    "title": _TEXT,
    "kind": _TEXT,
    "genres": _LIST,
    "year": _NUMBER,
    "minutes": _NUMBER,
    "country": _TEXT,
    "language": _TEXT,
    "maturity": _TEXT,
    "director": _TEXT,
    "themes": _LIST,
    "description": _TEXT,
}


def load_catalogue() -> pl.DataFrame:
    """The made-up streaming catalogue, written by hand for this project.

    Returns:
        One row per title in the order of the parts' names, then of their lines: ``item_id``, ``title``,
        ``description`` (25 to 60 words), ``categories`` (the genres, under the name that feeds the text), ``kind``
        (one of :data:`KINDS`), ``genres`` (1 to 3 of :data:`GENRES`), ``year``, ``minutes`` (of one episode where
        there are several), ``country`` (ISO 3166), ``language`` (ISO 639), ``maturity`` (``all``, ``6``, ``12``,
        ``16`` or ``18``), ``director``, and ``themes`` (2 to 4 of :data:`THEMES`). The themes are the simulator's
        hidden truth: they belong in no items file.
    """
    folder = resources.files(__package__).joinpath("catalogue")
    parts = sorted((part for part in folder.iterdir() if part.name.endswith(".jsonl")), key=lambda part: part.name)
    catalogue = pl.concat([pl.read_ndjson(part.read_bytes(), schema=_SCHEMA) for part in parts])
    first = ("item_id", "title", "description", "categories", "kind")
    return catalogue.with_columns(categories="genres").select(*first, pl.exclude(*first, "themes"), "themes")


def marks_of(catalogue: pl.DataFrame, column: str, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which title has which of the names in a column of lists; shape (titles, names)."""
    return np.stack([catalogue[column].list.contains(name).to_numpy() for name in names], axis=1)
