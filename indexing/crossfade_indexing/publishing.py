"""Whether a new bundle may take the place of the present one: both are asked for the same held-out items.

What is held out is drawn from the past that the *present* bundle holds: what people did is known, whatever may have
happened to the new files. Judged by the new data alone, a file cut to a tenth would look fine, as would ids that no
longer mean the same. Neither bundle may have seen the held-out items, but each was built from everything it had, so
both have their collaborative factors fitted once more, with their own settings, on their own past without those items.
Each then answers by its own engine and weights: once from what it holds of the user otherwise, once from a single item,
the same for both, as the newcomer that everybody once was. A user or item that the new bundle does not know counts
against it; what a user did since the present one was built is in its favour, being what makes it newer.

Not refitted are popularity, trend, context and attributes, in which one event in thousands shows little, and what the
texts say, in which none does. Not measured are search and the moment of a request. That is why a bundle that lost more
than half of its items, texts, users or past items is refused as well, whatever it answers.

The cost is two fits of the factors and six hundred answers of each bundle: some seconds on a hundred thousand events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.bundle import Bundle
from crossfade.bundle.manifest import Counts
from crossfade.engine.fusion import fuse_by_default
from crossfade.engine.profile import Profile, profile_weights
from crossfade_indexing.config import FactorizationConfig
from crossfade_indexing.learning.indexes import build_space
from crossfade_indexing.learning.spaces import Material, learn_factors
from crossfade_indexing.past_items import PastItems
from crossfade_indexing.selection.holdout import hold_out, ndcg_of_scores, relative_gains

__all__ = ["Comparison", "compare"]

_USERS = 300
# Fewer than this say nothing, as in choosing.
_FEWEST_USERS = 20
_TOLERATED_LOSS = 0.2
_STANDARD_ERRORS = 1.96
_LOST_SHARE = 0.5
_BATCH = 64
_SHARES = {"past": 2 / 3, "one_item": 1 / 3}
"""What is answered from, and how much each counts: as in learning the weights of the components."""

_COUNTED = {"items": "items", "described_items": "items with text", "users": "users", "past_items": "past items"}


@dataclass(frozen=True)
class Comparison:
    """How a new bundle does beside the present one.

    Attributes:
        present: The present version's name.
        users: Whose held-out items were looked for; with fewer than twenty, nothing was measured.
        present_ndcg: NDCG@20 of the present bundle, from the user's ``past`` and from ``one_item``; {} if not measured.
        new_ndcg: The same of the new one, on the same users and items.
        gain: Of the new one over the present one, two thirds from the past; -0.2 is a fifth less. None if not measured.
        error: The gain's standard error.
        lost: In plain words, what the new bundle has less than half as much of.
    """

    present: str
    users: int
    present_ndcg: Mapping[str, float]
    new_ndcg: Mapping[str, float]
    gain: float | None
    error: float | None
    lost: tuple[str, ...]

    @property
    def clearly_worse(self) -> bool:
        """Whether it lost half of something, or the gain is below -20 % and its 95 % interval below 0."""
        if self.lost:
            return True
        if self.gain is None or self.error is None:
            return False
        return self.gain < -_TOLERATED_LOSS and self.gain + _STANDARD_ERRORS * self.error < 0

    def in_words(self) -> str:
        """Return it in a sentence or two."""
        if self.gain is None or self.error is None:
            measured = f"only {self.users} users of {self.present} have items to hold out: too few to measure by"
        else:
            measured = (
                f"on held-out items of {self.users} users, NDCG@20 is {self.new_ndcg['past']:.3f} where {self.present} "
                f"has {self.present_ndcg['past']:.3f}, and from a single item {self.new_ndcg['one_item']:.3f} where it "
                f"has {self.present_ndcg['one_item']:.3f}; together {self.gain:+.1%}, 95 % interval "
                f"± {_STANDARD_ERRORS * self.error:.1%}"
            )
        return "; ".join([*self.lost, measured])

    def as_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "present": self.present,
            "users": self.users,
            "present_ndcg": dict(self.present_ndcg),
            "new_ndcg": dict(self.new_ndcg),
            "gain": self.gain,
            "error": self.error,
            "lost": list(self.lost),
            "clearly_worse": self.clearly_worse,
        }


def compare(present: Bundle, new: Bundle) -> Comparison:
    """Ask both bundles for what was held out of up to 300 of the present one's users; see the module."""
    lost = _lost(present.manifest.counts, new.manifest.counts)
    holdout = hold_out(_past_items(present), users=_USERS, seed=0)
    n_users = len(holdout.users)
    if n_users < _FEWEST_USERS:
        return Comparison(present.version, n_users, {}, {}, None, None, lost)
    pairs = _pairs(present, ~holdout.kept)
    users = [present.past.user_ids[row] for row in holdout.users]
    wanted = [[present.catalogue.item_ids[row] for row in rows] for rows in holdout.relevant]
    sides = [_without(present, pairs), _without(new, pairs)]
    pasts = [[_past(side, user) for user in users] for side in sides]
    had = [set(one).union(other) for one, other in zip(*pasts, strict=True)]
    asked = _Asked(users, [past[-1] for past in pasts[0]], wanted, had)
    base, values = (_ndcg(side, asked) for side in sides)
    kinds = np.repeat(np.arange(len(_SHARES)), n_users)
    gains = relative_gains(values.ravel(), base.ravel(), kinds, tuple(_SHARES.values()))
    per_user = gains.reshape(values.shape).mean(axis=0)
    return Comparison(
        present.version,
        n_users,
        present_ndcg=dict(zip(_SHARES, base.mean(axis=1).tolist(), strict=True)),
        new_ndcg=dict(zip(_SHARES, values.mean(axis=1).tolist(), strict=True)),
        gain=float(per_user.mean()),
        error=float(per_user.std() / np.sqrt(n_users)),
        lost=lost,
    )


@dataclass(frozen=True)
class _Asked:
    """What both bundles are asked, user by user, by external ids.

    Attributes:
        users: Who.
        latest: One item of each user's past that was not held out, the latest.
        wanted: What is to be found.
        had: What is not to be recommended.
    """

    users: Sequence[str]
    latest: Sequence[str]
    wanted: Sequence[Sequence[str]]
    had: Sequence[set[str]]


def _lost(present: Counts, new: Counts) -> tuple[str, ...]:
    before, after = present.model_dump(), new.model_dump()
    return tuple(
        f"{after[name]:,} {words} instead of {before[name]:,}"
        for name, words in _COUNTED.items()
        if after[name] < _LOST_SHARE * before[name]
    )


def _past_items(bundle: Bundle) -> PastItems:
    past = bundle.past
    liked = np.asarray(past.weights > 0)
    n_items, ages = len(bundle.catalogue.item_ids), np.zeros(len(liked), np.float32)
    return PastItems(
        past.user_ids,
        n_items,
        past.starts,
        past.items,
        past.weights,
        past.times,
        past.types,
        liked,
        ages,
        timed=True,
    )


def _pairs(bundle: Bundle, chosen: NDArray[np.bool_]) -> pl.DataFrame:
    """Return the external ids of some past items."""
    users = np.repeat(np.arange(len(bundle.past.user_ids)), np.diff(bundle.past.starts))[chosen]
    return pl.DataFrame(
        {
            "user_id": pl.Series(bundle.past.user_ids, dtype=pl.String).gather(users),
            "item_id": bundle.catalogue.table["item_id"].gather(bundle.past.items[chosen]),
        }
    )


def _without(bundle: Bundle, pairs: pl.DataFrame) -> Bundle:
    """Return the bundle as if some past items had not been, its factors fitted to the others."""
    everything = _pairs(bundle, np.ones(len(bundle.past.items), np.bool_)).with_row_index("place")
    gone = everything.join(pairs, on=["user_id", "item_id"], how="semi")["place"].to_numpy()
    kept = np.ones(len(bundle.past.items), np.bool_)
    kept[gone] = False
    past = _past_items(bundle).keep(kept)
    config = FactorizationConfig(**bundle.manifest.factorization.model_dump())
    material = Material(past, pl.DataFrame(), bundle.spaces.content, bundle.catalogue.table["item_id"])
    factors = learn_factors(material, config)
    space = build_space(factors.sources, factors.targets, factors.cold_map)
    return replace(bundle, past=past.as_past(), spaces=replace(bundle.spaces, collaborative=space))


def _past(bundle: Bundle, user_id: str) -> list[str]:
    """Return the items a user has had, oldest first."""
    row = bundle.past.row_of.get(user_id)
    return [] if row is None else [bundle.catalogue.item_ids[item] for item in bundle.past.of(row)[0]]


def _ndcg(bundle: Bundle, asked: _Asked) -> NDArray[np.float64]:
    """Return NDCG@20 over all items that the user has not had, shape (2, n_users), rows as in ``_SHARES``."""
    row_of, n_users = bundle.catalogue.row_of, len(asked.users)
    # -1 stands for an item that the bundle does not know: never found, always missed.
    relevant = [np.array([row_of.get(item, -1) for item in items], np.int64) for items in asked.wanted]
    profiles = [_profile(bundle, user, None) for user in asked.users]
    profiles += [_profile(bundle, user, item) for user, item in zip(asked.users, asked.latest, strict=True)]
    parts = []
    for start in range(0, len(profiles), _BATCH):
        batch = profiles[start : start + _BATCH]
        places = [place % n_users for place in range(start, start + len(batch))]
        scores = fuse_by_default(bundle, batch).scores_everywhere()
        for row, place in zip(scores, places, strict=True):
            row[[row_of[item] for item in asked.had[place] if item in row_of]] = -np.inf
        parts.append(ndcg_of_scores(scores, [relevant[place] for place in places]))
    return np.concatenate(parts).reshape(2, n_users)


def _profile(bundle: Bundle, user_id: str, only: str | None) -> Profile:
    """Return what the bundle knows of a user outside any context, or all but the past and this one item of it."""
    row, spaces = bundle.past.row_of.get(user_id), bundle.spaces
    if only is not None:
        items = np.array(
            [bundle.catalogue.row_of[name] for name in [only] if name in bundle.catalogue.row_of], np.int64
        )
        weights = np.ones(len(items), np.float32)
    elif row is not None:
        items, weights = bundle.past.of(row)
    else:
        items, weights = np.empty(0, np.int64), np.empty(0, np.float32)
    rules = bundle.manifest.profile
    counted = profile_weights(weights, np.arange(len(items))[::-1], recency=rules.recency, against=rules.against)
    order = np.argsort(items)[counted[np.argsort(items)] != 0]
    return Profile(
        rows=items[order],
        weights=counted[order],
        text=None,
        context=spaces.context.active({})[0],
        attributes=spaces.attributes.active(bundle.user_attributes.of(user_id))[0],
    )
