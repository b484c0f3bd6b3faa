"""An evaluation as one HTML file that needs no network to be read."""

from crossfade_indexing.evaluation.report.page import render, write

__all__ = ["render", "write"]
