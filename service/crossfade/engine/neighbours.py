"""Users of like taste."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from crossfade.engine.answer import SimilarUser, SimilarUsers
from crossfade.engine.query import Query
from crossfade.engine.ready import Ready
from crossfade.engine.view import View
from crossfade.live import Person

__all__ = ["find_similar_users"]


def find_similar_users(
    view: View, user_id: str, limit: int, people: Callable[[Sequence[str]], Mapping[str, Person]]
) -> SimilarUsers:
    """Answer the users whose scores over the catalogue go most the same way as this user's.

    Somebody who was erased since the bundle was built is not named, and somebody who was merged into another is named
    by the id that counts now.

    Args:
        view: What to answer from.
        user_id: Whose neighbours.
        limit: How many at most.
        people: Tells what the live store knows of some users.

    Raises:
        QueryError: If limit is out of its bounds.
    """
    ready = Ready.alone(view, Query(user_id=user_id, limit=limit))
    part, missing = ready.fusion.collaborative, ready.known.missing
    if not part.present[0]:
        return SimilarUsers(view.bundle.version, cold_start=True, users=[], missing=missing)
    direction = part.vectors @ view.bundle.spaces.collaborative.root
    direction /= np.linalg.norm(direction)
    index, ids = view.bundle.users, view.bundle.past.user_ids
    own = set(view.person(user_id).user_ids)
    n_asked = limit + len(own)
    while True:
        similarities, rows = index.search(direction, n_asked)
        found = [(ids[row], float(one)) for row, one in zip(rows[0].tolist(), similarities[0], strict=True) if row >= 0]
        known = people([other for other, _ in found])
        named: dict[str, float] = {}
        for other, similarity in found:
            person = known.get(other) or Person((other,))
            if other not in person.forgotten and person.user_ids[0] not in own:
                named.setdefault(person.user_ids[0], min(similarity, 1.0))
        if len(named) >= limit or n_asked >= index.size:
            break
        n_asked *= 2
    users = [SimilarUser(other, similarity) for other, similarity in named.items()][:limit]
    return SimilarUsers(view.bundle.version, cold_start=False, users=users, missing=missing)
