"""What the moment says about the items: log-lifts of the request's context, summed.

Unlike the other components this one is not measured in deviations of each query's own scores: a log-lift has a natural
unit, and a context that tells little must stay quiet instead of being blown up. One scale holds for every query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from crossfade.bundle.context_space import ContextSpace
from crossfade.engine.clock import TIME_FIELDS, derived_fields, local_moment
from crossfade.types import FloatArray, RowArray

__all__ = ["ContextPart", "ReadContext", "context_part", "read_context"]

_NO_ROWS: RowArray = np.empty(0, np.int64)


@dataclass(frozen=True)
class ReadContext:
    """One request's context, as far as the bundle knows what it means.

    Attributes:
        vector: Shape (n_values,), the field's weight at each value that holds now, else 0.
        applied: The fields that count, derived ones included.
        ignored: What the request named and what tells nothing.
    """

    vector: FloatArray
    applied: dict[str, str]
    ignored: dict[str, str]


def read_context(
    space: ContextSpace,
    context: Mapping[str, str],
    *,
    now: datetime | None = None,
    default_zone: str | None = None,
) -> ReadContext:
    """Read a request's context; a clock field that it names outright counts instead of what its timestamp says.

    Args:
        space: What the bundle learned.
        context: The request's.
        now: As in ``local_moment``.
        default_zone: As in ``local_moment``; the one that the bundle's events were read in.

    Raises:
        QueryError: If the timestamp or the time zone cannot be read.
    """
    moment = local_moment(context, now=now, default_zone=default_zone)
    derived = {} if moment is None else derived_fields(moment)
    named = {field: value for field, value in context.items() if field not in TIME_FIELDS}
    vector, applied, rest = space.active(derived | named)
    ignored = {field: value for field, value in rest.items() if field in named}
    if not (derived.keys() - named.keys()) & applied.keys():  # then the time did nothing
        ignored |= {field: context[field] for field in TIME_FIELDS if field in context}
    return ReadContext(vector, applied, ignored)


@dataclass(frozen=True)
class ContextPart:
    """A component whose raw score is a sum of a few log-lifts.

    Attributes:
        name: The component's.
        space: The lifts of the bundle's items.
        added: Shape (l, n_values), those of the items that follow.
        vectors: Shape (b, n_values), mostly zeros.
        means: Shape (b,), mean raw score over the catalogue.
        gains: Shape (b,), ``weight / scale``; 0 where absent.
        present: Shape (b,), whether any value is active.
    """

    name: str
    space: ContextSpace
    added: FloatArray
    vectors: FloatArray
    means: FloatArray
    gains: FloatArray
    present: NDArray[np.bool_]

    def at(self, query: int, rows: RowArray) -> FloatArray:
        """Return the weighted z of some items for one query, shape (len(rows),)."""
        if self.gains[query] == 0:
            return np.zeros(len(rows), np.float32)
        active = np.flatnonzero(self.vectors[query])
        n_base = self.space.lifts.shape[1]
        inside = rows < n_base
        raw = np.empty(len(rows), np.float32)
        raw[inside] = self.vectors[query, active] @ self.space.lifts[active[:, None], rows[inside]]
        if not inside.all():
            raw[~inside] = self.added[rows[~inside] - n_base] @ self.vectors[query]
        weighted: FloatArray = np.multiply(raw - self.means[query], self.gains[query], dtype=np.float32)
        return weighted

    def everywhere(self) -> FloatArray | float:
        """Return the weighted z of every item for every query, shape (b, n_items)."""
        if not self.gains.any():
            return 0.0
        gained = self.vectors * self.gains[:, None]
        active = np.flatnonzero(gained.any(axis=0))
        raw = gained[:, active] @ self.space.lifts[active]
        if len(self.added):
            raw = np.concatenate([raw, gained @ self.added.T], axis=1)
        weighted: FloatArray = np.subtract(raw, (self.gains * self.means)[:, None], dtype=np.float32)
        return weighted

    def nearest(self, n: int, queries: RowArray) -> list[RowArray]:
        """Find the ``n`` items of the bundle of largest z for some queries, one array of rows, best first, for each.

        An array is empty where the component has no say.
        """
        n_base = self.space.lifts.shape[1]
        n = min(n, n_base)
        found = [_NO_ROWS] * len(queries)
        if n == 0:
            return found
        for place, query in enumerate(queries):  # one at a time: each looks at a handful of the values
            if self.gains[query] > 0:
                active = np.flatnonzero(self.vectors[query])
                raw = self.vectors[query, active] @ self.space.lifts[active]
                best = np.argpartition(raw, n_base - n)[n_base - n :]
                found[place] = best[np.argsort(-raw[best], kind="stable")]
        return found


def context_part(
    name: str,
    space: ContextSpace,
    vectors: Sequence[FloatArray],
    *,
    weights: FloatArray,
    added: FloatArray | None = None,
) -> ContextPart:
    """Prepare a context component for a batch.

    Args:
        name: The component's.
        space: The lifts.
        vectors: One per query, of shape (n_values,).
        weights: Shape (b,), >= 0.
        added: Shape (l, n_values), lifts of the items that follow on the bundle's.
    """
    stacked = np.stack(vectors)
    present = np.asarray(stacked.any(axis=1))
    gains = np.where(present, weights / space.scale, 0.0).astype(np.float32)
    lifts = np.zeros((0, stacked.shape[1]), np.float32) if added is None else added
    return ContextPart(name, space, lifts, stacked, stacked @ space.mean, gains, present)
