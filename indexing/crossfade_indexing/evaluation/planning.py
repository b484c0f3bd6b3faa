"""Which events are held out, and for whom: the command line's ``--split``, ``--folds`` and ``--repeats``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from crossfade.errors import InputError
from crossfade_indexing.evaluation.splits import (
    Split,
    global_time,
    last_share,
    leave_last_out,
    random_folds,
    random_share,
)

__all__ = ["SPLIT_KINDS", "Plan", "SplitKind", "hold_out_again"]

SplitKind = Literal["last", "leave-last-out", "global-time", "random"]
SPLIT_KINDS: tuple[SplitKind, ...] = ("last", "leave-last-out", "global-time", "random")

_BY_TIME: Mapping[SplitKind, Callable[[pl.DataFrame], Split]] = {
    "last": last_share,
    "leave-last-out": leave_last_out,
    "global-time": global_time,
}
_IN_WORDS: Mapping[SplitKind, str] = {
    "last": "last 20 % per user",
    "leave-last-out": "the last event of each user",
    "global-time": "the last 20 % of all events",
    "random": "random 20 % per user",
}


@dataclass(frozen=True)
class Plan:
    """How to evaluate.

    Attributes:
        split: Which events are held out; None for ``last`` where times are known, else ``random``.
        folds: Random folds, at least 2; None for draws.
        repeats: Draws of the random split, at least 1.
        k: How many places of a ranking count, at least 1.
        max_users: For how many users items are ranked in each repeat; of more, as many are drawn.
        baselines: Whether to measure other models as well, rating prediction among them.
        again: Whether people use items again, so that what they have had may be recommended and found; None for what
            indexing reads from the training side of the first split.
        seed: Of all that is drawn.
    """

    split: SplitKind | None = None
    folds: int | None = None
    repeats: int = 1
    k: int = 10
    max_users: int = 5000
    baselines: bool = True
    again: bool | None = None
    seed: int = 0

    def kind(self, events: pl.DataFrame) -> SplitKind:
        """Return which split it will be."""
        if self.split is not None:
            return self.split
        several = self.folds is not None or self.repeats > 1
        return "random" if several or events["timestamp"].null_count() == events.height else "last"

    def in_words(self, events: pl.DataFrame) -> str:
        """Return what the protocol calls it."""
        kind = self.kind(events)
        if kind == "random" and self.folds is not None:
            return f"{self.folds} random folds per user"
        draws = f", {self.repeats} draws" if self.repeats > 1 else ""
        return f"{_IN_WORDS[kind]}{draws}"

    @property
    def n_splits(self) -> int:
        """How often everything is learned and measured."""
        return self.repeats if self.folds is None else self.folds

    def splits(self, events: pl.DataFrame) -> Iterator[Split]:
        """Yield the splits.

        Raises:
            InputError: If the split needs times and there are none, or nothing can be held out or learned from.
            ValueError: If several repeats are asked of a split that has only one outcome.
        """
        kind = self.kind(events)
        if kind != "random" and self.n_splits > 1:
            raise ValueError(f"the split {kind!r} has one outcome only, asked for {self.n_splits}")
        for split in self._splits(kind, events):
            if split.test.is_empty() or split.train.is_empty():
                raise InputError(
                    f"{events.height:,} events of {events['user_id'].n_unique():,} users are too few for the split "
                    f"'{_IN_WORDS[kind]}': it leaves {split.train.height:,} to learn from and holds out "
                    f"{split.test.height:,}; people need at least three events each, or two with --split leave-last-out"
                )
            yield split

    def _splits(self, kind: SplitKind, events: pl.DataFrame) -> Iterator[Split]:
        if kind != "random":
            return iter([_BY_TIME[kind](events)])
        if self.folds is not None:
            return random_folds(events, self.folds, seed=self.seed)
        return random_share(events, seeds=range(self.seed, self.seed + self.repeats))


def hold_out_again(train: pl.DataFrame, kind: SplitKind, seed: int) -> Split | None:
    """Return the training side split in the same way once more, for choosing parameters; None if it is too small."""
    try:
        split = next(random_share(train, seeds=[seed])) if kind == "random" else _BY_TIME[kind](train)
    except InputError:
        return None
    return None if split.test.is_empty() or split.train.is_empty() else split
