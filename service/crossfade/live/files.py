"""Whether a path still leads to the file that was opened there: one that was removed takes writes, and keeps none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from crossfade.errors import LiveError

__all__ = ["OpenedFile"]


@dataclass(frozen=True)
class OpenedFile:
    """A file that connections hold open.

    Attributes:
        path: Where it lay when they were opened.
        identity: Its device and its number there.
    """

    path: Path
    identity: tuple[int, int]

    @classmethod
    def at(cls, path: Path) -> Self:
        """Return the file that lies at a path now."""
        return cls(path, _identity(path))

    def check(self) -> None:
        """Make sure that it still lies there; some microseconds.

        Raises:
            LiveError: If it was removed, or another lies there.
        """
        try:
            same = _identity(self.path) == self.identity
        except (FileNotFoundError, NotADirectoryError):
            same = False
        if not same:
            raise LiveError(
                f"{self.path}: the live data was removed or replaced while it was open; restart the service"
            )


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, at every look
    return found.st_dev, found.st_ino
