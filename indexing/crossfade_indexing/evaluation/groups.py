"""Parts of the users and of the held-out items for whom a model may do better or worse than on the whole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossfade.types import RowArray
from crossfade_indexing.evaluation.case import Case
from crossfade_indexing.evaluation.metrics import Hits, PerUser, hits_of, ndcg
from crossfade_indexing.evaluation.result import Group, GroupName

__all__ = ["group_sizes", "groups_of", "ndcg_by_group"]

_REGULAR_FROM = 10
_HEAVY_FROM = 100

_MEANINGS: Mapping[GroupName, str] = {
    "newcomers": f"users with fewer than {_REGULAR_FROM} training events",
    "regulars": f"users with {_REGULAR_FROM} to {_HEAVY_FROM - 1} training events",
    "heavy users": f"users with {_HEAVY_FROM} or more training events",
    "cold items": "held-out items without any training event",
    "warm items": "held-out items with training events",
}


def ndcg_by_group(rows: RowArray, hits: Hits, relevant: RowArray, case: Case, k: int) -> dict[GroupName, PerUser]:
    """Return each user's NDCG in every group that has anyone, NaN for the users outside of it.

    For a group of items only those are relevant: the list and its places stay what they are.

    Args:
        rows: Shape (n_users, k), what is recommended.
        hits: As `hits_of` returns them.
        relevant: Likewise.
        case: The users and items.
        k: How many places count.
    """
    overall = ndcg(hits, relevant, k)
    found: dict[GroupName, PerUser] = {
        name: np.where(members, overall, np.nan) for name, members in _users_by_group(case).items() if members.any()
    }
    for name, items in _items_by_group(case).items():
        inside = _restricted(case.relevant, items)
        users = np.flatnonzero(np.diff(inside.indptr))
        if len(users):
            found[name] = np.full(len(rows), np.nan)
            found[name][users] = ndcg(*hits_of(rows[users], inside[users]), k)
    return found


def group_sizes(case: Case) -> dict[GroupName, int]:
    """Return how many users, or held-out items of users, are in each group."""
    sizes: dict[GroupName, int] = {name: int(members.sum()) for name, members in _users_by_group(case).items()}
    return sizes | {name: int(items[case.relevant.indices].sum()) for name, items in _items_by_group(case).items()}


def groups_of(sizes: list[dict[GroupName, int]]) -> tuple[Group, ...]:
    """Return the groups that have anyone, with their mean size over the repeats.

    Args:
        sizes: Of each repeat, as `group_sizes` returns them.
    """
    means = {name: round(float(np.mean([one[name] for one in sizes]))) for name in _MEANINGS}
    return tuple(
        Group(name=name, meaning=meaning, size=means[name])
        for name, meaning in _MEANINGS.items()
        if any(one[name] for one in sizes)
    )


def _users_by_group(case: Case) -> dict[GroupName, NDArray[np.bool_]]:
    events = case.user_events[case.users]
    return {
        "newcomers": events < _REGULAR_FROM,
        "regulars": (events >= _REGULAR_FROM) & (events < _HEAVY_FROM),
        "heavy users": events >= _HEAVY_FROM,
    }


def _items_by_group(case: Case) -> dict[GroupName, NDArray[np.bool_]]:
    warm = case.item_events > 0
    return {"cold items": ~warm, "warm items": warm}


def _restricted(relevant: sp.csr_array, items: NDArray[np.bool_]) -> sp.csr_array:
    """Return only what is stored in the given columns."""
    kept = items[relevant.indices]
    users = np.repeat(np.arange(relevant.shape[0]), np.diff(relevant.indptr))[kept]
    return sp.csr_array((relevant.data[kept], (users, relevant.indices[kept])), shape=relevant.shape)
