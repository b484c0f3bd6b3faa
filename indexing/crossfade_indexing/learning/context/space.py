"""Lifts and weights as a bundle carries them: only the fields that count, on one scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from crossfade.bundle.context_space import ContextSpace
from crossfade.engine.context import context_part
from crossfade_indexing.learning.context.fields import ATTRIBUTE_PREFIX, CONTEXT_PREFIX
from crossfade_indexing.learning.context.weights import LearnedContext

__all__ = ["attribute_space", "context_space"]

_SITUATIONS = 1_000
_PLACE = 10
_BATCH = 64
# A tenth-best item used 2.7 times as often as usual. A context that tells less than that stays quiet beside the other
# components: to be lifted to their level would be to shout what was hardly there.
_LEAST = 1.0


def context_space(learned: LearnedContext, table: pl.DataFrame, *, seed: int = 0) -> ContextSpace:
    """Return the fields of the request that count.

    Args:
        learned: What counts.
        table: As ``situations`` returns it: past events, of which up to 1,000 are drawn to find the scale.
        seed: Of that draw.
    """
    return _space(learned, table, prefix=CONTEXT_PREFIX, seed=seed)


def attribute_space(learned: LearnedContext, table: pl.DataFrame, *, seed: int = 0) -> ContextSpace:
    """Return the attributes of the user that count, named as in the users file; arguments as of ``context_space``."""
    return _space(learned, table, prefix=ATTRIBUTE_PREFIX, seed=seed)


def _space(learned: LearnedContext, table: pl.DataFrame, *, prefix: str, seed: int) -> ContextSpace:
    counts = learned.counts
    chosen = {
        field: one.weight
        for field, one in zip(counts.fields, learned.weights, strict=True)
        if field.startswith(prefix) and one.weight > 0
    }
    if not chosen:
        return ContextSpace.empty(len(counts.item_ids))
    all_lifts = counts.log_lifts(learned.kappas)
    lifts = np.concatenate([all_lifts[counts.rows_of(field)] for field in chosen])
    unscaled = ContextSpace(
        fields={field.removeprefix(prefix): counts.fields[field] for field in chosen},
        weights=np.array([*chosen.values()], np.float32),
        lifts=lifts,
        mean=lifts.mean(axis=1, dtype=np.float64).astype(np.float32),
        scale=1.0,
    )
    known = table.select(pl.col(field).alias(field.removeprefix(prefix)) for field in chosen)
    return replace(unscaled, scale=_tenth_best(unscaled, known, seed))


def _tenth_best(space: ContextSpace, table: pl.DataFrame, seed: int) -> float:
    """Return the median tenth-best z over some situations in which the component has a say; at least 1."""
    drawn = table[np.random.default_rng(seed).permutation(table.height)[:_SITUATIONS]]
    vectors = [
        space.active({field: value for field, value in known.items() if value is not None})[0]
        for known in drawn.iter_rows(named=True)
    ]
    place = min(_PLACE, space.lifts.shape[1]) - 1
    tenth: list[float] = []
    for start in range(0, len(vectors), _BATCH):
        batch = vectors[start : start + _BATCH]
        part = context_part("", space, batch, weights=np.ones(len(batch), np.float32))
        z = np.broadcast_to(part.everywhere(), (len(batch), space.lifts.shape[1]))
        tenth += (-np.partition(-z, place, axis=1)[part.present, place]).tolist()
    return max(_LEAST, float(np.median(tenth))) if tenth else 1.0
