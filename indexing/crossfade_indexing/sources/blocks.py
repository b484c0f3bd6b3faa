"""Text files in blocks of whole lines: a file of any size is read in little memory and keeps its line numbers."""

from __future__ import annotations

import difflib
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from crossfade.errors import InputError

__all__ = ["Block", "check_file", "read_blocks"]

BLOCK_BYTES = 32 * 2**20
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Block:
    """Whole lines of a file.

    Attributes:
        first_line: The 1-based number of the first.
        data: The lines as bytes; the last may lack its line end.
        last: Whether the file ends here.
    """

    first_line: int
    data: bytes
    last: bool


def check_file(path: Path) -> None:
    """Make sure that there is a file to read.

    Raises:
        InputError: If the path is missing, is no file, or holds nothing.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a directory, not a file")
    if not path.exists():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, sorted(beside), n=1, cutoff=0.75)
        raise InputError(f"{path}: no such file" + (f"; did you mean {close[0]}?" if close else ""))
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty (0 bytes)")


def read_blocks(path: Path) -> Iterator[Block]:
    """The file's lines, gunzipped where its name ends in ``.gz``, without a byte order mark.

    Raises:
        InputError: If it is missing, empty, UTF-16, or a broken gzip file.
    """
    check_file(path)
    try:
        # gzip.open in binary mode is a BinaryIO in all but its declared type.
        with cast("BinaryIO", gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            yield from _cut(path, file)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: is no whole gzip file ({error})") from error
    except PermissionError as error:
        raise InputError(f"{path}: may not be read ({error.strerror})") from error


def _cut(path: Path, file: BinaryIO) -> Iterator[Block]:
    start = file.read(BLOCK_BYTES)
    if start.startswith(_UTF16_BOMS):
        raise InputError(f"{path}: is UTF-16 text; save it as UTF-8")
    if not start:
        raise InputError(f"{path}: is empty (0 bytes)")
    pending = [start.removeprefix(_UTF8_BOM)]
    first_line = 1
    while chunk := file.read(BLOCK_BYTES):
        whole, line_end, rest = chunk.rpartition(b"\n")
        if line_end:
            yield (block := Block(first_line, b"".join([*pending, whole, line_end]), last=False))
            first_line += block.data.count(b"\n")
            pending = [rest]
        else:
            pending.append(chunk)
    yield Block(first_line, b"".join(pending), last=True)
