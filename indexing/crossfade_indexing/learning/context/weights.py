"""How much each field is to be trusted, learned from the events of users whom its lifts have not seen.

Other users, not just other events: a few hundred people's tastes differ between any two groups of them, and who has
been counted in a group will go on choosing by that taste. Lifts of a meaningless attribute, checked on later events of
the same users, earned a weight of 0.5; checked on other users they earn none.

In a situation an item is chosen with probability proportional to ``popularity * exp(sum_f weight_f * lift_f)``. With
rivals drawn in proportion to popularity that is a softmax over the chosen item and its rivals in which popularity
cancels (sampled softmax, Bengio & Senécal 2008): a field earns its weight only by what it tells beyond popularity. All
fields are fitted together, so that of two that say the same (device and network) each gets its own share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.learning.context.fields import ATTRIBUTE_PREFIX, CONTEXT_PREFIX
from crossfade_indexing.learning.context.lifts import Counts, count_events

__all__ = ["FieldWeight", "LearnedContext", "learn_context"]

_MOST_EVENTS = 20_000
_RIVALS = 16
_GROUPS = 5
_LARGEST = 4.0
# Fewer users than these prove nothing.
_FEWEST_USERS = 10
# Standard errors above zero: of 32 meaningless fields, one in 23 data sets would keep one. At 2.0 it were half of them.
_CLEARLY = 3.0

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FieldWeight:
    """What was learned of one field.

    Attributes:
        field: For example ``device``, or ``user.country`` for an attribute.
        weight: What its log-lifts are multiplied with, >= 0; 0 if it does not clearly help.
        error: Standard error of the weight, users being independent of each other; 0 where the weight is.
        strength: Root mean square of ``weight * lift`` over values and items as often as they occur: by how much,
            in natural logarithms, the field moves an item up or down.
        gain: What leaving the field out would cost in log-likelihood per held-out event, the others refitted.
    """

    field: str
    weight: float
    error: float
    strength: float
    gain: float


@dataclass(frozen=True)
class LearnedContext:
    """What the context and the users' attributes were found to tell.

    Attributes:
        counts: Of all events.
        kappas: The shrinkage chosen for each field, in events per item.
        weights: One per field, in the order of the counts.
        gain: Log-likelihood per event beyond popularity, of users whose events were not counted.
    """

    counts: Counts
    kappas: tuple[float, ...]
    weights: tuple[FieldWeight, ...]
    gain: float


@dataclass(frozen=True)
class _Choices:
    """Lifts of the chosen item (first) and its rivals; events without any active field are left out.

    Attributes:
        lifts: Shape (n, 1 + rivals, n_fields).
        barred: Shape (n, 1 + rivals): rivals that are the chosen item itself.
        user: Shape (n,), from 0.
    """

    lifts: FloatArray
    barred: NDArray[np.bool_]
    user: RowArray

    def of(self, fields: RowArray) -> _Choices:
        """Return the same choices by these fields alone."""
        return _Choices(np.ascontiguousarray(self.lifts[:, :, fields]), self.barred, self.user)

    def probabilities(self, weights: _Floats) -> tuple[_Floats, FloatArray]:
        """Return the logarithm of each chosen item's probability, shape (n,), and those of all candidates."""
        utility = self.lifts @ weights.astype(np.float32)
        utility[self.barred] = -np.inf
        utility -= utility.max(axis=1, keepdims=True)
        chosen = utility[:, 0].astype(np.float64)
        np.exp(utility, out=utility)
        total = utility.sum(axis=1, dtype=np.float64)
        utility /= total[:, None]
        return chosen - np.log(total), utility


def learn_context(
    table: pl.DataFrame, item_ids: Sequence[str], *, kappas: Sequence[float] = (2.0, 6.0, 20.0, 60.0), seed: int = 0
) -> LearnedContext:
    """Count, choose the shrinkage, fit the fields' weights, and set those to 0 that are not clearly above it.

    Users are dealt into five groups, and each group's events are explained by the counts of the other four. The
    log-likelihood is penalised by half the sum of the squared weights, which lie between 0 and 4. The field whose
    weight is the fewest standard errors above 0 is taken out and the others are fitted again, until all of them are at
    least 3 above. Looks at up to 20,000 of the events, drawn.

    Args:
        table: As ``situations`` returns it, of acts that speak for an item.
        item_ids: By row; events of other items are left out.
        kappas: Shrinkages to choose among, in events per item, > 0.
        seed: Of the groups, and of the events and the rivals drawn.
    """
    counts = count_events(table, item_ids)
    names = list(counts.fields)
    attributes = np.array([name.startswith(ATTRIBUTE_PREFIX) for name in names], np.bool_)
    drawn = _draw_choices(table, counts, kappas, np.random.default_rng(seed))
    choices, chosen = _choose_shrinkage(drawn, np.array(kappas), attributes)
    weights, errors = np.zeros(len(names)), np.zeros(len(names))
    kept = _eliminate(choices, weights, errors)
    looked_at = min(table.height, _MOST_EVENTS)
    gain, gains = _gains(choices, kept, weights)
    return LearnedContext(
        counts=counts,
        kappas=tuple(chosen.tolist()),
        weights=tuple(
            FieldWeight(
                field=name.removeprefix(CONTEXT_PREFIX),
                weight=float(weights[place]),
                error=float(errors[place]),
                strength=float(weights[place] * _spread(counts, name, float(chosen[place]))) if weights[place] else 0.0,
                gain=gains.get(place, 0.0) / looked_at,
            )
            for place, name in enumerate(names)
        ),
        gain=gain / max(looked_at, 1),
    )


def _draw_choices(
    table: pl.DataFrame, counts: Counts, kappas: Sequence[float], random: np.random.Generator
) -> list[_Choices]:
    """Return the same choices once per kappa."""
    user = table["user_id"].rank("dense").to_numpy().astype(np.int64) - 1
    group = random.integers(_GROUPS, size=int(user.max(initial=-1)) + 1)[user]
    taken = np.zeros(table.height, np.bool_)
    taken[random.permutation(table.height)[:_MOST_EVENTS]] = True
    parts: list[list[_Choices]] = []
    for one in range(_GROUPS):
        inside = group == one
        others = counts.without(count_events(table.filter(inside), counts.item_ids, fields=counts.fields))
        asked = inside & taken
        parts.append(_against_rivals(others, table.filter(asked), user[asked], kappas, random))
    return [
        _Choices(
            np.concatenate([part.lifts for part in same]),
            np.concatenate([part.barred for part in same]),
            np.concatenate([part.user for part in same]),
        )
        for same in zip(*parts, strict=True)
    ]


def _against_rivals(
    others: Counts, events: pl.DataFrame, user: RowArray, kappas: Sequence[float], random: np.random.Generator
) -> list[_Choices]:
    items, codes = others.locate(events)
    usable = (items >= 0) & (codes >= 0).any(axis=1)
    usable[usable] = others.used[items[usable]] > 0
    items, codes = items[usable], codes[usable]
    rivals = np.zeros((len(items), _RIVALS), np.int64)
    if len(items):
        rivals = random.choice(len(others.used), rivals.shape, p=others.used / others.used.sum())
    candidates = np.column_stack([items, rivals])
    barred = candidates == items[:, None]
    barred[:, 0] = False
    lifts = [np.zeros((*candidates.shape, codes.shape[1]), np.float32) for _ in kappas]
    for place, code in enumerate(codes.T):
        known = np.flatnonzero(code >= 0)
        rows, columns = code[known, None], candidates[known]
        count, expected = others.counts[rows, columns], others.expected(rows, columns)
        for shrunken, kappa in zip(lifts, kappas, strict=True):
            shrunken[known, :, place] = np.log((count + kappa) / (expected + kappa))
    return [_Choices(shrunken, barred, user[usable]) for shrunken in lifts]


def _choose_shrinkage(
    drawn: list[_Choices], kappas: _Floats, attributes: NDArray[np.bool_]
) -> tuple[_Choices, _Floats]:
    """Choose one kappa for the context and one for the attributes, and return the choices and each field's kappa.

    An attribute's counts hold fewer people than a context's, since each has one value of it and keeps it: what one of
    them happens to like is in all their events, so that it takes more events to believe.
    """
    best = int(np.argmax([_likelihood(choices) for choices in drawn]))
    if not attributes.any() or attributes.all():
        return drawn[best], np.full(len(attributes), kappas[best])
    mixed = [replace(drawn[best], lifts=np.where(attributes, other.lifts, drawn[best].lifts)) for other in drawn]
    other = int(np.argmax([_likelihood(choices) for choices in mixed]))
    return mixed[other], np.where(attributes, kappas[other], kappas[best])


def _likelihood(choices: _Choices) -> float:
    """Return the log-likelihood of all fields together."""
    n_fields = choices.lifts.shape[2]
    if not (n_fields and len(choices.user)):
        return 0.0
    return float(choices.probabilities(_fit(choices, np.full(n_fields, 0.5)))[0].sum())


def _eliminate(choices: _Choices, weights: _Floats, errors: _Floats) -> RowArray:
    """Fill in the weights and errors of the fields that clearly help, and return which they are."""
    fields = np.arange(len(weights))
    if len(np.unique(choices.user)) < _FEWEST_USERS:
        return fields[:0]
    start = np.full(len(fields), 0.5)
    while len(fields):
        some = choices.of(fields)
        fitted = _fit(some, start)
        clearness = fitted / _errors(some, fitted)
        weakest = int(np.argmin(clearness))
        if clearness[weakest] >= _CLEARLY:
            weights[fields], errors[fields] = fitted, fitted / clearness
            break
        # Several at 0 go together; of the others one, since what it said may pass to its like.
        stays = fitted > 0 if (fitted <= 0).any() else np.arange(len(fields)) != weakest
        fields, start = fields[stays], fitted[stays]
    return fields


def _fit(choices: _Choices, start: _Floats) -> _Floats:
    flat = choices.lifts.reshape(-1, len(start))
    chosen = choices.lifts[:, 0].sum(axis=0, dtype=np.float64)

    def loss(weights: _Floats) -> tuple[float, _Floats]:
        likelihood, shares = choices.probabilities(weights)
        value = -float(likelihood.sum()) + 0.5 * float(weights @ weights)
        return value, shares.reshape(-1) @ flat - chosen + weights

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, _LARGEST)] * len(start))
    return np.asarray(found.x, np.float64)


def _errors(choices: _Choices, weights: _Floats) -> _Floats:
    """Return the weights' standard errors: the larger of those that take events or users to be independent."""
    _, shares = choices.probabilities(weights)
    flat = choices.lifts.reshape(-1, len(weights))
    expected = np.einsum("ec,ecf->ef", shares, choices.lifts).astype(np.float64)
    second = ((flat * shares.reshape(-1, 1)).T @ flat).astype(np.float64)
    inverse = np.linalg.inv(second - expected.T @ expected + np.eye(len(weights)))
    by_user = np.zeros((int(choices.user.max()) + 1, len(weights)))
    np.add.at(by_user, choices.user, choices.lifts[:, 0] - expected)
    clustered = inverse @ (by_user.T @ by_user) @ inverse
    variances: _Floats = np.maximum(np.diag(inverse), np.diag(clustered))
    return np.sqrt(variances)


def _gains(choices: _Choices, fields: RowArray, weights: _Floats) -> tuple[float, dict[int, float]]:
    """Return what the fields add to the log-likelihood of all the events together, and what each would be missed by."""
    if not len(fields):
        return 0.0, {}

    def likelihood(among: RowArray, values: _Floats) -> float:
        return float(choices.of(among).probabilities(values)[0].sum())

    whole = likelihood(fields, weights[fields])
    nothing = float(choices.of(fields).probabilities(np.zeros(len(fields)))[0].sum())
    gains: dict[int, float] = {}
    for field in fields:
        others = fields[fields != field]
        refitted = _fit(choices.of(others), weights[others]) if len(others) else np.zeros(0)
        gains[int(field)] = whole - likelihood(others, refitted)
    return whole - nothing, gains


def _spread(counts: Counts, field: str, kappa: float) -> float:
    """Return the root mean square of a field's lifts over values and items as often as they occur."""
    rows = counts.rows_of(field)
    one = Counts(
        counts.item_ids,
        {field: counts.fields[field]},
        counts.counts[rows],
        counts.known[[list(counts.fields).index(field)]],
        counts.used,
    )
    often = one.counts.sum(axis=1, dtype=np.float64)
    squares = often / often.sum() @ np.square(one.log_lifts([kappa])) @ one.used / one.used.sum()
    return float(np.sqrt(squares))
