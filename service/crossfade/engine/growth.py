"""Item rows in two pieces: those of the bundle, mapped into memory and never changed, and those added since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossfade.types import FloatArray, RowArray

__all__ = ["Grown", "ItemRows", "blocks", "grown"]


@dataclass(frozen=True)
class Grown:
    """Rows of ``base`` followed by those of ``added``, to be read like one array.

    Attributes:
        base: Shape (n, ...).
        added: Shape (l, ...), l > 0.
    """

    base: FloatArray
    added: FloatArray

    def __len__(self) -> int:
        return len(self.base) + len(self.added)

    @property
    def shape(self) -> tuple[int, ...]:
        """As of one array."""
        return (len(self), *self.base.shape[1:])

    def __getitem__(self, rows: RowArray) -> FloatArray:
        inside = rows < len(self.base)
        if inside.all():
            return self.base[rows]
        taken = np.empty((len(rows), *self.base.shape[1:]), self.base.dtype)
        taken[inside] = self.base[rows[inside]]
        taken[~inside] = self.added[rows[~inside] - len(self.base)]
        return taken


ItemRows = FloatArray | Grown
"""Something per item, by row."""


def grown(base: FloatArray, added: FloatArray | None) -> ItemRows:
    """Return the rows of one followed by those of the other; just ``base`` where nothing was added."""
    return base if added is None or len(added) == 0 else Grown(base, added)


def blocks(rows: ItemRows) -> tuple[FloatArray, ...]:
    """Return the pieces, in order."""
    return (rows.base, rows.added) if isinstance(rows, Grown) else (rows,)
