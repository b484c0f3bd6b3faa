"""What held-out users would have asked: with their whole past, and as the newcomers they once were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from crossfade.bundle import ItemSpaces
from crossfade.engine.profile import Profile, profile_weights
from crossfade.types import RowArray
from crossfade_indexing.config import EvidenceConfig
from crossfade_indexing.selection.holdout import Holdout

__all__ = ["Request", "requests_of"]

_USERS = 1_000
_TRUNCATED_TO = (0, 1, 2, 3, 5, 8)


@dataclass(frozen=True)
class Request:
    """One request of a held-out user.

    Attributes:
        user: Whose request it is, a user row.
        profile: What is told of them.
        relevant: What should be found: item rows, each once, never empty.
        had: Item rows that are not to be found again.
        newcomer: Whether the past was cut short.
        kind: Place in ``KINDS``.
    """

    user: int
    profile: Profile
    relevant: RowArray
    had: RowArray
    newcomer: bool
    kind: int


def requests_of(
    holdout: Holdout, spaces: ItemSpaces, evidence: EvidenceConfig, situations: pl.DataFrame, item_ids: pl.Series
) -> list[Request]:
    """Return the requests of up to 1,000 held-out users in an order drawn by chance, so that any first part is fair.

    Each asks twice: with the whole past, and with only the latest few past items of it, if there are more.

    Args:
        holdout: The users.
        spaces: Learned from its training side.
        evidence: How past items count in a profile.
        situations: Of all speaking events; says in which context the held-out ones took place.
        item_ids: By row.
    """
    if not len(holdout.users):
        return []
    train, known = holdout.train, _situations_of(holdout, situations, item_ids)
    asked = []
    for place in np.linspace(0, len(holdout.users) - 1, min(_USERS, len(holdout.users))).astype(np.int64):
        user, relevant = int(holdout.users[place]), holdout.relevant[place]
        span = slice(train.starts[user], train.starts[user + 1])
        rows, weights = train.items[span], train.weights[span]
        counted = profile_weights(
            weights, np.arange(len(rows))[::-1], recency=evidence.recency, against=evidence.against
        )
        moment, relevant = _of_the_moment(known.get(train.user_ids[user], []), relevant, spaces)
        context = spaces.context.active(_strip(moment, "context."))[0]
        attributes = spaces.attributes.active(_strip(moment, "user."))[0]
        for newcomer, size in ((False, len(rows)), (True, _TRUNCATED_TO[place % len(_TRUNCATED_TO)])):
            if newcomer and size >= len(rows):
                continue
            last = slice(len(rows) - size, len(rows))
            order = np.argsort(rows[last])
            profile = Profile(rows[last][order], counted[last][order], None, context, attributes)
            asked.append(Request(user, profile, relevant, rows, newcomer, int(holdout.kinds[place])))
    order = np.random.default_rng(0).permutation(len(asked))
    return [asked[place] for place in order]


def _situations_of(
    holdout: Holdout, situations: pl.DataFrame, item_ids: pl.Series
) -> Mapping[str, list[tuple[int, dict[str, str]]]]:
    """Return the liked held-out items of every user, by row, each with the fields of its event."""
    users = np.repeat(holdout.users, [len(relevant) for relevant in holdout.relevant])
    rows = np.concatenate(holdout.relevant)
    wanted = pl.DataFrame(
        {
            "user_id": pl.Series(holdout.train.user_ids, dtype=pl.String).gather(users),
            "item_id": item_ids.gather(rows),
            "_row": rows,
        }
    )
    found = wanted.join(situations, on=["user_id", "item_id"], how="inner", maintain_order="left")
    found = found.unique(["user_id", "item_id"], keep="last", maintain_order=True)
    fields = [name for name in found.columns if name.startswith(("context.", "user."))]
    known: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for user_id, row, *values in found.select("user_id", "_row", *fields).iter_rows():
        named = {name: value for name, value in zip(fields, values, strict=True) if value is not None}
        known.setdefault(user_id, []).append((row, named))
    return known


def _of_the_moment(
    events: Sequence[tuple[int, dict[str, str]]], relevant: RowArray, spaces: ItemSpaces
) -> tuple[dict[str, str], RowArray]:
    """Return the fields of the first event, and what is relevant in that very situation.

    What somebody took in the evening does not tell whether the morning's list was good: where the context tells
    something, only the items of the same situation count.
    """
    if not events:
        return {}, relevant
    moment = events[0][1]
    telling = [f"context.{field}" for field in spaces.context.fields]
    if not telling:
        return moment, relevant
    same = [row for row, fields in events if all(fields.get(name) == moment.get(name) for name in telling)]
    return moment, np.array(same, np.int64)


def _strip(fields: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in fields.items() if name.startswith(prefix)}
