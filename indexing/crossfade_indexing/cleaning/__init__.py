"""From raw tables to a data set without missing, repeated or unreadable rows, and an account of what was dropped."""

from __future__ import annotations

from crossfade_indexing.cleaning.cleaner import Cleaned, clean
from crossfade_indexing.cleaning.report import CleaningReport, TableCounts, render

__all__ = ["Cleaned", "CleaningReport", "TableCounts", "clean", "render"]
