"""Whether a path still leads to the file of SQLite that was opened there, and to its log beside it.

One that was removed takes writes, and keeps none.
"""

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
        log: The path of SQLite's log, and what ``identity`` is of the file; None where it has none.
    """

    path: Path
    identity: tuple[int, int]
    log: tuple[str, tuple[int, int]] | None = None

    @classmethod
    def at(cls, path: Path) -> Self:
        """Return the file that lies at a path now; once one connection has read it, with its log."""
        log = f"{path}-wal"
        return cls(path, _identity(path), (log, _identity(log)) if Path(log).exists() else None)

    def check(self) -> None:
        """Make sure that both still lie there; some microseconds.

        Raises:
            LiveError: If one was removed, or another lies there.
        """
        try:
            same = _identity(self.path) == self.identity and (self.log is None or _identity(self.log[0]) == self.log[1])
        except (FileNotFoundError, NotADirectoryError):
            same = False
        if not same:
            raise LiveError(
                f"{self.path}: the live data was removed or replaced while it was open; restart the service"
            )


def _identity(path: Path | str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, at every look
    return found.st_dev, found.st_ino
