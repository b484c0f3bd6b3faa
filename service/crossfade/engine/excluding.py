"""Which items a request leaves out one by one: those it names, and what the user has had."""

from __future__ import annotations

import numpy as np

from crossfade.bundle import NO_TIME
from crossfade.engine.people import IMPRESSION
from crossfade.engine.query import Exclude
from crossfade.engine.ready import Ready
from crossfade.types import RowArray

__all__ = ["interacted", "left_out", "named"]


def left_out(ready: Ready) -> RowArray:
    """Return the rows that a request leaves out, each once."""
    return np.union1d(named(ready), interacted(ready))


def named(ready: Ready) -> RowArray:
    """Return the rows of the items that the request names."""
    return ready.asked.items.rows_of(ready.asked.query.exclude.item_ids)


def interacted(ready: Ready) -> RowArray:
    """Return the rows that are left out because the user has had them; see ``Exclude``."""
    exclude, known = ready.asked.query.exclude, ready.known
    everything = exclude.interacted
    if everything is None:
        everything = not exclude.narrowed and not ready.view.bundle.manifest.profile.repeats
    parts = []
    if everything:
        parts += [known.evidence.rows, known.given]
    if exclude.narrowed:
        parts.append(_of_kind(ready, exclude))
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _of_kind(ready: Ready, exclude: Exclude) -> RowArray:
    """Return what the user has had since a moment, by acts of some types, or both."""
    evidence, types = ready.known.evidence, frozenset(exclude.event_types or ())
    since = NO_TIME if exclude.since is None else int(exclude.since.timestamp())
    rows = [
        row
        for row, time, did in zip(evidence.rows.tolist(), evidence.times.tolist(), evidence.types, strict=True)
        if time >= since and (not types or not types.isdisjoint(did))
    ]
    if IMPRESSION in types:
        rows += [row for row, time in evidence.seen.items() if time >= since]
    return np.array(rows, np.int64)
