"""The rules that hold for every request: what is hidden, and when an item is available."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from crossfade.engine.filters.column import BoolArray
from crossfade.engine.filters.reading import read_time, read_truth
from crossfade.types import RowArray

__all__ = ["STANDING", "StandingRules"]

STANDING = ("is_hidden", "available_from", "available_until")
"""The properties they read, in the order of ``StandingRules.of``."""

_ALWAYS = np.iinfo(np.int64)


@dataclass(frozen=True)
class _Seen:
    """A mask and the microseconds for which it holds, the second excluded."""

    since: int
    until: int
    mask: BoolArray


@dataclass
class StandingRules:
    """Which items are visible when; all arrays of shape (n_items,).

    Attributes:
        hidden: Never visible.
        since: Visible from here, microseconds since 1970.
        until: Visible up to here, excluded.
    """

    hidden: BoolArray
    since: RowArray
    until: RowArray
    _seen: _Seen | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(
        cls,
        n_items: int,
        hidden: Iterable[object],
        available_from: Iterable[object],
        available_until: Iterable[object],
    ) -> StandingRules:
        """Read the rules from the values of the properties, one per item or none at all; see ``visible_mask``."""
        rules = cls(np.zeros(n_items, np.bool_), np.full(n_items, _ALWAYS.min), np.full(n_items, _ALWAYS.max))
        for row, value in enumerate(hidden):
            rules.hidden[row] = read_truth(value) is True
        for row, value in enumerate(available_from):
            rules.since[row] = _moment(value, _ALWAYS.min)
        for row, value in enumerate(available_until):
            rules.until[row] = _moment(value, _ALWAYS.max)
        return rules

    def followed_by(self, others: StandingRules) -> StandingRules:
        """Return the rules of these items and then some more."""
        return StandingRules(
            np.concatenate([self.hidden, others.hidden]),
            np.concatenate([self.since, others.since]),
            np.concatenate([self.until, others.until]),
        )

    def visible(self, now: int) -> BoolArray:
        """Return which items are visible, shape (n_items,), read-only; cheap until an item comes or goes."""
        seen = self._seen
        if seen is None or not seen.since <= now < seen.until:
            seen = self._look(now)
            self._seen = seen
        return seen.mask

    def _look(self, now: int) -> _Seen:
        mask = ~self.hidden & (self.since <= now) & (now < self.until)
        mask.setflags(write=False)
        changes = np.concatenate([self.since, self.until, [_ALWAYS.min, _ALWAYS.max]])
        return _Seen(int(changes[changes <= now].max()), int(changes[changes > now].min()), mask)


def _moment(value: object, otherwise: int) -> int:
    moment = read_time(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        moment = round(value * 1e6)
    return otherwise if moment is None or not _ALWAYS.min < moment < _ALWAYS.max else moment
