"""What the fixtures of the command line give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Finished]


@dataclass(frozen=True)
class Files:
    """Input files of six titles, with two more events that cleaning drops."""

    events: Path
    items: Path
