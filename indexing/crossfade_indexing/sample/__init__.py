"""A made-up streaming service: a catalogue written by hand, and people whose tastes are known."""

from crossfade_indexing.sample.simulator import Sample, SampleFiles, simulate, write_sample
from crossfade_indexing.sample.strengths import Strengths
from crossfade_indexing.sample.titles import load_catalogue
from crossfade_indexing.sample.truth import Truth, context_at

__all__ = [
    "Sample",
    "SampleFiles",
    "Strengths",
    "Truth",
    "context_at",
    "load_catalogue",
    "simulate",
    "write_sample",
]
