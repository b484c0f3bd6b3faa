"""Default weights of the components, learned on held-out items as a function of how much a profile holds.

Each held-out user asks twice: with the whole past, and with only the latest few of it, as the newcomer that everybody
once was. The candidates of each are scored on every component once; the weights are then searched one after the other
for the NDCG of their sum. Collaborative weighs 1, so only the others move, each from a newcomer's value to a regular's.
A move must gain more than two standard errors: what does not help is left where it is, and what harms is turned off.
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
from crossfade_indexing.selection.factors import Trial
from crossfade_indexing.selection.holdout import KINDS, Holdout, relative_gains

__all__ = ["FusionLearner"]

_USERS = 1_000
_TRUNCATED_TO = (0, 1, 2, 3, 5, 8)
_NEWCOMER_SHARE = 1 / 2
_PER_COMPONENT = 100
_BATCH = 64
_PLACES = 20
_ROUNDS = 2
_WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.5)
# What everybody uses may count as much as what somebody did, not more: a first click must be seen to matter.
_WEIGHTS_OF_ALL = tuple(weight for weight in _WEIGHTS if weight <= 1.0)
_FADES = (3.0, 10.0, 20.0, 50.0, 150.0)
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


class FusionLearner:
    """Learns the weights of spaces that were learned on the training side of one holdout.

    Args:
        holdout: What to learn on.
        evidence: How past items count in a profile.
        situations: Of all speaking events; says in which context the held-out ones took place.
        item_ids: By row.
    """

    def __init__(
        self, holdout: Holdout, evidence: EvidenceConfig, situations: pl.DataFrame, item_ids: pl.Series
    ) -> None:
        self._holdout = holdout
        self._evidence = evidence
        self._known = _situations_of(holdout, situations, item_ids) if len(holdout.users) else {}

    def learn(
        self, spaces: ItemSpaces, config: FusionConfig, *, start: FusionConfig | None = None, only: str | None = None
    ) -> tuple[FusionConfig, list[Trial]]:
        """Learn what the config leaves open.

        Args:
            spaces: Learned from the holdout's training side.
            config: A part that it names stays.
            start: Where to start; the config by default.
            only: Move this component alone.

        Returns:
            The weights, and the settings that were taken on the way, the first being the start; none with fewer than
            twenty held-out users, who would choose by chance.
        """
        if len(self._holdout.users) < _FEWEST_USERS:
            return start or config, []
        scored = _score(_requests(self._holdout, spaces, self._evidence, self._known), spaces)
        search = _Search(scored, start or config)
        for _ in range(_ROUNDS):
            before = search.best
            for move in _moves(scored, config.model_fields_set, only):
                search.take(move)
            if search.best == before:
                break
        return search.best, search.trials


class _Search:
    """The best setting so far, and how it came about."""

    def __init__(self, scored: _Scored, start: FusionConfig) -> None:
        self._scored = scored
        self._weights = [
            weight * share for weight in KINDS.values() for share in (1 - _NEWCOMER_SHARE, _NEWCOMER_SHARE)
        ]
        self.best = start
        self._best_ndcg = self._base = scored.ndcg(start)
        self.trials = [self._trial()]

    def take(self, move: _Move) -> None:
        """Make a move if the best of its candidates gains more than two standard errors of its gain."""
        sure_gains, candidates, ndcgs = [], list(move(self.best)), []
        for candidate in candidates:
            ndcg = self._scored.ndcg(candidate)
            gains = relative_gains(ndcg, self._best_ndcg, self._scored.groups, self._weights)
            sure_gains.append(gains.mean() - 2 * gains.std() / np.sqrt(len(gains)))
            ndcgs.append(ndcg)
        place = int(np.argmax(sure_gains))
        if sure_gains[place] > 0:
            self.best, self._best_ndcg = candidates[place], ndcgs[place]
            self.trials.append(self._trial())

    def _trial(self) -> Trial:
        ndcg, groups, config = self._best_ndcg, self._scored.groups, self.best
        gains = relative_gains(ndcg, self._base, groups, self._weights)
        sides = {"newcomer": config.newcomer, "regular": config.regular}
        setting = {f"{side}.{name}": weights[name] for side, weights in sides.items() for name in COMPONENTS}
        kinds = {
            name: float(ndcg[groups // 2 == kind].mean())
            for kind, name in enumerate(KINDS)
            if (groups // 2 == kind).any()
        }
        error = float(gains.std() / np.sqrt(len(gains)))
        return Trial(setting | {"fade": config.fade}, kinds, float(gains.mean()), error)


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


def _moves(scored: _Scored, named: set[str], only: str | None) -> Iterator[_Move]:
    sides = [side for side in ("regular", "newcomer") if side not in named]
    for name, z in zip(COMPONENTS, scored.z, strict=True):
        if name == "collaborative" or not z.any() or only not in {None, name}:
            continue
        values = _WEIGHTS_OF_ALL if name in {"popularity", "trend"} else _WEIGHTS
        # Each side must earn its own: moved together, popularity that newcomers need would be forced upon regulars.
        for moved in [sides] if only == name else [[side] for side in sides]:
            yield _Move(values, name, moved)
    if "fade" not in named and only is None:
        yield _Move(_FADES, None, ())


def _requests(
    holdout: Holdout,
    spaces: ItemSpaces,
    evidence: EvidenceConfig,
    known: Mapping[str, Sequence[tuple[int, dict[str, str]]]],
) -> list[_Asked]:
    train = holdout.train
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
        kind = int(holdout.kinds[place])
        for truncated, size in ((False, len(rows)), (True, _TRUNCATED_TO[place % len(_TRUNCATED_TO)])):
            if truncated and size >= len(rows):
                continue
            last = slice(len(rows) - size, len(rows))
            order = np.argsort(rows[last])
            profile = Profile(rows[last][order], counted[last][order], None, context, attributes)
            asked.append(_Asked(profile, relevant, rows, 2 * kind + truncated))
    return asked


def _situations_of(
    holdout: Holdout, situations: pl.DataFrame, item_ids: pl.Series
) -> dict[str, list[tuple[int, dict[str, str]]]]:
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
