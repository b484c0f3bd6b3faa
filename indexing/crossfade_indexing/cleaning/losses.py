"""Live values that the next bundle lacks, or holds in another form than they were put in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from crossfade_indexing.sources.raw import LINE, REJECTS, Reason

__all__ = ["LOST", "Loss", "loss_warnings", "lost_values"]

LOST = pl.Schema({**REJECTS, "field": pl.String(), "message": pl.String()})
"""Lost values set aside: as `REJECTS`, the property or attribute, and what to do; there is no line."""

_BECAME = {Reason.UNFITTING_VALUE: "missing", Reason.CHANGED_VALUE: "kept in another form"}


@dataclass(frozen=True)
class Loss:
    """One value of an item or a user.

    Attributes:
        reason: ``UNFITTING_VALUE`` or ``CHANGED_VALUE``.
        owner: ``{"item_id": …}`` or ``{"user_id": …}``.
        field: Its property or attribute.
        value: As it was put.
        message: What became of it, why, and what to do.
    """

    reason: Reason
    owner: dict[str, str]
    field: str
    value: object
    message: str


def lost_values(losses: Sequence[Loss]) -> pl.DataFrame:
    """The losses in their order, in the schema `LOST`."""
    return pl.DataFrame(
        {
            LINE: [None] * len(losses),
            "reason": [loss.reason.value for loss in losses],
            "row": [json.dumps({**loss.owner, loss.field: loss.value}) for loss in losses],
            "field": [loss.field for loss in losses],
            "message": [loss.message for loss in losses],
        },
        schema=LOST,
    )


def loss_warnings(store: str, losses: Sequence[Loss]) -> list[str]:
    """One line for each field and reason: how many, and what became of the first."""
    counts = Counter((loss.field, loss.reason) for loss in losses)
    first = {(loss.field, loss.reason): loss for loss in reversed(losses)}
    return [
        f"{store}: {number:,} live values of {field!r} are {_BECAME[reason]}; that of {_name(first[field, reason])} is "
        f"{first[field, reason].message}"
        for (field, reason), number in counts.items()
    ]


def _name(loss: Loss) -> str:
    [(key, value)] = loss.owner.items()
    return f"{key.removesuffix('_id')} {value!r}"
