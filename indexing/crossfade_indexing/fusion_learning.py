"""Default weights of the components, learned on held-out items as a function of how much a profile holds.

Each held-out user asks twice: with the whole past, and with only the latest few of it, as the newcomer that everybody
once was. The candidates of each are scored on every component once; the weights are then searched one after the other
for the NDCG of their sum. Collaborative weighs 1, so only the others move, each from a newcomer's value to a regular's.
A move must gain more than its standard error: what does not help is left where it is, and what harms is turned off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.bundle import ItemSpaces
from crossfade.engine import COMPONENTS
from crossfade.engine.fusion import prepare
from crossfade.engine.profile import Profile, fold_in, profile_weights
from crossfade.types import FloatArray, RowArray
from crossfade_indexing.config import EvidenceConfig, FusionConfig
from crossfade_indexing.holdout import KINDS, Holdout, relative_gains
from crossfade_indexing.selection import Trial

__all__ = ["learn_fusion"]

_USERS = 1_000
_TRUNCATED_TO = (0, 1, 2, 4, 8, 16)
_NEWCOMER_SHARE = 1 / 3
_PER_COMPONENT = 100
_BATCH = 64
_PLACES = 20
_ROUNDS = 2
_WEIGHTS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0)
_FADES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_FEWEST_USERS = 20


@dataclass(frozen=True)
class _Asked:
    """One request of a held-out user."""

    profile: Profile
    relevant: RowArray
    had: RowArray
    group: int


@dataclass(frozen=True)
class _Scored:
    """Candidates of every request, padded to the same number.

    Attributes:
        z: Shape (n_components, v, m), float32.
        relevant: Shape (v, m); padding is never relevant.
        padding: Shape (v, m).
        ideals: Shape (v,), the best DCG there could be.
        sizes: Shape (v,), past items that collaborative could use; 0 where it is absent.
        groups: Shape (v,).
    """

    z: FloatArray
    relevant: NDArray[np.bool_]
    padding: NDArray[np.bool_]
    ideals: NDArray[np.float64]
    sizes: NDArray[np.int64]
    groups: NDArray[np.int64]

    def ndcg(self, config: FusionConfig) -> NDArray[np.float64]:
        """Return NDCG@20 per request under a config."""
        shares = config.fade / (config.fade + self.sizes)
        total = np.where(self.padding, -np.inf, 0.0).astype(np.float32)
        for name, z in zip(COMPONENTS, self.z, strict=True):
            regular, newcomer = config.regular[name], config.newcomer[name]
            weights = (regular + (newcomer - regular) * shares).astype(np.float32)
            if weights.any():
                total += weights[:, None] * z
        places = min(_PLACES, total.shape[1])
        top = np.argpartition(total, total.shape[1] - places, axis=1)[:, total.shape[1] - places :]
        order = np.argsort(-np.take_along_axis(total, top, axis=1), axis=1, kind="stable")
        hits = np.take_along_axis(self.relevant, np.take_along_axis(top, order, axis=1), axis=1)
        return np.asarray((hits @ (1 / np.log2(np.arange(2, places + 2)))) / self.ideals)


def learn_fusion(
    holdout: Holdout,
    spaces: ItemSpaces,
    config: FusionConfig,
    *,
    evidence: EvidenceConfig,
    situations: pl.DataFrame,
    item_ids: pl.Series,
) -> tuple[FusionConfig, list[Trial]]:
    """Learn what the config leaves open.

    Args:
        holdout: What to learn on.
        spaces: Learned from its training side.
        config: Where to start; a part that it names stays.
        evidence: How past items count in a profile.
        situations: Of all speaking events; says in which context the held-out ones took place.
        item_ids: By row.

    Returns:
        The weights, and the settings that were taken on the way, the first being the start.
    """
    if len(holdout.users) < _FEWEST_USERS:
        return config, []
    scored = _score(_requests(holdout, spaces, evidence, situations, item_ids), spaces)
    weights = [weight * share for weight in KINDS.values() for share in (1 - _NEWCOMER_SHARE, _NEWCOMER_SHARE)]
    present = {name: bool(z.any()) for name, z in zip(COMPONENTS, scored.z, strict=True)}
    best, best_ndcg = config, scored.ndcg(config)
    base = best_ndcg
    trials = [_trial(best, best_ndcg, base, scored, weights)]
    for _ in range(_ROUNDS):
        before = best
        for move in _moves(present, config.model_fields_set):
            gains = []
            for candidate in move(best):
                ndcg = scored.ndcg(candidate)
                gain = relative_gains(ndcg, best_ndcg, scored.groups, weights)
                gains.append((float(gain.mean() - gain.std() / np.sqrt(len(gain))), candidate, ndcg))
            sure, candidate, ndcg = max(gains, key=lambda one: one[0])
            if sure > 0:
                best, best_ndcg = candidate, ndcg
                trials.append(_trial(best, best_ndcg, base, scored, weights))
        if best == before:
            break
    return best, trials


class _Move:
    """One step of the search: candidates that differ from the best so far in one thing."""

    def __init__(self, values: Sequence[float], name: str | None, sides: Sequence[str]) -> None:
        self._values, self._name, self._sides = values, name, sides

    def __call__(self, best: FusionConfig) -> Iterator[FusionConfig]:
        for value in self._values:
            if self._name is None:
                yield best.model_copy(update={"fade": value})
            else:
                update = {side: {**getattr(best, side), self._name: value} for side in self._sides}
                yield best.model_copy(update=update)


def _moves(present: Mapping[str, bool], named: set[str]) -> Iterator[_Move]:
    sides = [side for side in ("regular", "newcomer") if side not in named]
    for name in COMPONENTS:
        if name != "collaborative" and present[name]:
            if len(sides) == 2:
                yield _Move(_WEIGHTS, name, sides)
            for side in sides:
                yield _Move(_WEIGHTS, name, [side])
    if "fade" not in named:
        yield _Move(_FADES, None, ())


def _trial(
    config: FusionConfig,
    ndcg: NDArray[np.float64],
    base: NDArray[np.float64],
    scored: _Scored,
    weights: Sequence[float],
) -> Trial:
    gains = relative_gains(ndcg, base, scored.groups, weights)
    setting = {f"{side}.{name}": getattr(config, side)[name] for side in ("newcomer", "regular") for name in COMPONENTS}
    kinds = {
        name: float(ndcg[scored.groups // 2 == kind].mean())
        for kind, name in enumerate(KINDS)
        if (scored.groups // 2 == kind).any()
    }
    return Trial(setting | {"fade": config.fade}, kinds, float(gains.mean()), float(gains.std() / np.sqrt(len(gains))))


def _requests(
    holdout: Holdout, spaces: ItemSpaces, evidence: EvidenceConfig, situations: pl.DataFrame, item_ids: pl.Series
) -> list[_Asked]:
    train = holdout.train
    known = _situations_of(holdout, situations, item_ids)
    asked = []
    for place in np.linspace(0, len(holdout.users) - 1, min(_USERS, len(holdout.users))).astype(np.int64):
        user, relevant = int(holdout.users[place]), holdout.relevant[place]
        span = slice(train.starts[user], train.starts[user + 1])
        rows, weights = train.items[span], train.weights[span]
        counted = profile_weights(
            weights, np.arange(len(rows))[::-1], recency=evidence.recency, against=evidence.against
        )
        moment = known.get(train.user_ids[user], {})
        context = spaces.context.active(_strip(moment, "context."))[0]
        attributes = spaces.attributes.active(_strip(moment, "user."))[0]
        kind = int(holdout.kinds[place])
        for truncated, size in ((False, len(rows)), (True, _TRUNCATED_TO[place % len(_TRUNCATED_TO)])):
            if truncated and size >= len(rows):
                continue
            last = slice(len(rows) - size, len(rows))
            order = np.argsort(rows[last])
            profile = Profile(rows[last][order], counted[last][order], None, context, attributes)
            asked.append(_Asked(profile, relevant, rows, 2 * kind + truncated))
    return asked


def _situations_of(holdout: Holdout, situations: pl.DataFrame, item_ids: pl.Series) -> dict[str, dict[str, str]]:
    """Return the fields of one liked held-out event per user."""
    users = [holdout.train.user_ids[user] for user in holdout.users]
    items = item_ids.gather([int(relevant[0]) for relevant in holdout.relevant])
    wanted = pl.DataFrame({"user_id": users, "item_id": items}, schema_overrides={"user_id": pl.String})
    found = wanted.join(situations, on=["user_id", "item_id"], how="inner").unique("user_id", keep="first")
    fields = [name for name in found.columns if name.startswith(("context.", "user."))]
    return {
        user_id: {name: value for name, value in zip(fields, values, strict=True) if value is not None}
        for user_id, *values in found.select("user_id", *fields).iter_rows()
    }


def _strip(fields: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in fields.items() if name.startswith(prefix)}


def _score(asked: Sequence[_Asked], spaces: ItemSpaces) -> _Scored:
    """Score each request's candidates: the best of every component among items not had, and the relevant ones."""
    candidates: list[RowArray] = []
    values: list[FloatArray] = []
    sizes: list[int] = []
    for start in range(0, len(asked), _BATCH):
        batch = asked[start : start + _BATCH]
        profiles = [one.profile for one in batch]
        folded = np.stack([fold_in(profile, spaces.collaborative.sources) for profile in profiles])
        ones = dict.fromkeys(COMPONENTS, np.ones(len(batch), np.float32))
        fusion = prepare(spaces, profiles, folded, ones)
        everywhere = [np.broadcast_to(part.everywhere(), (len(batch), fusion.n_items)) for part in fusion.parts]
        for place, one in enumerate(batch):
            z = np.stack([component[place] for component in everywhere])
            rows = _candidates(z, one)
            candidates.append(rows)
            values.append(z[:, rows])
            sizes.append(one.profile.size if folded[place].any() else 0)
    longest = max(len(rows) for rows in candidates)
    padded = np.zeros((len(COMPONENTS), len(asked), longest), np.float32)
    relevant = np.zeros((len(asked), longest), np.bool_)
    padding = np.ones((len(asked), longest), np.bool_)
    for place, (rows, z) in enumerate(zip(candidates, values, strict=True)):
        padded[:, place, : len(rows)] = z
        relevant[place, : len(rows)] = np.isin(rows, asked[place].relevant)
        padding[place, : len(rows)] = False
    discounts = np.cumsum(1 / np.log2(np.arange(2, _PLACES + 2)))
    ideals = discounts[[min(len(one.relevant), _PLACES) - 1 for one in asked]]
    return _Scored(padded, relevant, padding, ideals, np.array(sizes), np.array([one.group for one in asked]))


def _candidates(z: FloatArray, one: _Asked) -> RowArray:
    allowed = np.ones(z.shape[1], np.bool_)
    allowed[one.had] = False
    open_rows = np.flatnonzero(allowed)
    number = min(_PER_COMPONENT, len(open_rows))
    found = [one.relevant]
    present = [component[open_rows] for component in z if component.any()]
    found += [open_rows[np.argpartition(-component, number - 1)[:number]] for component in present]
    return np.unique(np.concatenate(found))
