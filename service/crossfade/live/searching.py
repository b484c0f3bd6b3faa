"""Whether a file holds any of some texts; a program of its own: ``python searching.py FILE``, a JSON list on its input.

It must not run in a process that has the file open as a database: on POSIX, closing any descriptor of a file drops all
locks that the process has on it, SQLite's included. The next process to close the database then takes itself for the
last one and removes the log into which the first goes on writing (https://sqlite.org/howtocorrupt.html, section 2.2).
"""

from __future__ import annotations

import json
import mmap
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["found_in"]

_FOUND, _NOT_FOUND = "found", "not found"


def found_in(path: Path, texts: Sequence[str]) -> bool:
    """Return whether any of the texts is in a file, as UTF-8; asked in another process.

    Raises:
        OSError: If the file could not be searched.
    """
    command = [sys.executable, "-I", "-S", __file__, str(path)]  # isolated: nothing but the standard library
    done = subprocess.run(command, input=json.dumps(list(texts)), capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    told = done.stdout.strip()
    if done.returncode or told not in {_FOUND, _NOT_FOUND}:
        raise OSError(f"cannot search the file: {(done.stderr.splitlines() or ['no word why'])[-1]}")
    return told == _FOUND


def _main() -> None:
    texts = [text.encode() for text in json.load(sys.stdin)]
    with Path(sys.argv[1]).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        sys.stdout.write(_FOUND if any(content.find(text) >= 0 for text in texts) else _NOT_FOUND)


if __name__ == "__main__":
    _main()
