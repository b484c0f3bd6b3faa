"""Long lists in pieces that one request may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

__all__ = ["Chunk", "chunks"]

Chunk = tuple[int, list[bytes]]
"""The place of its first element in the whole list, and the elements as JSON."""

_BRACKETS = 32  # room for what stands around the list


def chunks(elements: Iterable[bytes], *, most: int, most_bytes: int) -> Iterator[Chunk]:
    """Cut a list into pieces; an element that is too large alone makes a piece of its own, for the service to refuse.

    Args:
        elements: As JSON.
        most: Elements of a piece, at most.
        most_bytes: Bytes of a piece, at most.
    """
    first, piece, size = 0, list[bytes](), _BRACKETS
    for element in elements:
        if piece and (len(piece) == most or size + len(element) + 1 > most_bytes):
            yield first, piece
            first, piece, size = first + len(piece), [], _BRACKETS
        piece.append(element)
        size += len(element) + 1
    if piece:
        yield first, piece
