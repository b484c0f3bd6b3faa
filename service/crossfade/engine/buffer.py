"""Rows that more follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossfade.types import FloatArray

__all__ = ["Buffer"]


@dataclass(frozen=True)
class Buffer:
    """Rows in an array with room behind them, so that adding one does not copy all.

    Only the newest overlay is ever extended, so what lies behind ``n`` belongs to nobody yet.
    """

    room: FloatArray
    n: int

    @classmethod
    def of(cls, rows: FloatArray) -> Buffer:
        """Return one that holds these rows and has no room yet."""
        return cls(rows, len(rows))

    @property
    def rows(self) -> FloatArray:
        """What it holds."""
        return self.room[: self.n]

    def appended(self, rows: Sequence[FloatArray]) -> Buffer:
        """Return one that holds some more; this one stays as it is."""
        end, room = self.n + len(rows), self.room
        if end > len(room):
            room = np.zeros((max(2 * end, 64), *self.room.shape[1:]), np.float32)
            room[: self.n] = self.rows
        room[self.n : end] = rows
        return Buffer(room, end)
