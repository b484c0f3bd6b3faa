"""Readers: from the user's files, or a public data set's, to tables that know where each row came from."""

from __future__ import annotations

from crossfade_indexing.sources.amazon import read_amazon_reviews
from crossfade_indexing.sources.files import read_files
from crossfade_indexing.sources.live import LiveTables, read_live
from crossfade_indexing.sources.movielens import read_movielens
from crossfade_indexing.sources.raw import RawTable, RawTables, Reason

__all__ = [
    "LiveTables",
    "RawTable",
    "RawTables",
    "Reason",
    "read_amazon_reviews",
    "read_files",
    "read_live",
    "read_movielens",
]
