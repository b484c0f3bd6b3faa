"""What users did, as far as it is known now: the bundle's past, and the events since.

One past item has one weight, by the same rules as in the indexing job: of several opinions the latest counts, of other
acts the strongest. What the bundle says of a pair was aged when it was built; what came since is new. What it has seen
but does not hold, impressions and acts on items that it lacks, is told by the live store still.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from crossfade.bundle import NO_TIME, Bundle
from crossfade.bundle.evidence import Act, is_opinion, weigh_acts
from crossfade.engine.items import Items
from crossfade.live import IMPRESSION, Person, StoredEvent
from crossfade.types import FloatArray, RowArray

__all__ = ["IMPRESSION", "Evidence", "evidence_of"]

# What an impression that nothing followed is worth against an item fades, so that the item comes round again.
_FORGOTTEN_BY_HALF_AFTER_S = 86_400.0
_MOST_AGAINST_SHOWN = 2.0


@dataclass(frozen=True)
class Evidence:
    """What is known of one user.

    Attributes:
        known: Whether anything is.
        rows: Shape (n,), present rows of the past items, oldest first, each once.
        weights: Shape (n,), as in ``Past``.
        times: Shape (n,), unix seconds of the last act, ``NO_TIME`` where unknown.
        types: What the user did with each, as far as known.
        shown: By row of an item that was shown and not acted on since: what speaks against it, below 0, in units of
            a score. Of what was shown before the bundle was built, the last 30 days count.
        seen: By row: when it was last shown, in unix seconds; as far back.
        attributes: What is known beside.
    """

    known: bool = False
    rows: RowArray = field(default_factory=lambda: np.empty(0, np.int64))
    weights: FloatArray = field(default_factory=lambda: np.empty(0, np.float32))
    times: RowArray = field(default_factory=lambda: np.empty(0, np.int64))
    types: Sequence[frozenset[str]] = ()
    shown: Mapping[int, float] = field(default_factory=dict)
    seen: Mapping[int, int] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _PastItem:
    weight: float
    time: int
    types: frozenset[str]


def evidence_of(items: Items, person: Person, *, now: datetime, until: int | None = None) -> Evidence:
    """Return what is known of a user.

    Args:
        items: The catalogue.
        person: What the live store knows of them.
        now: The moment to look back from.
        until: Events after this watermark do not count; None counts all.
    """
    bundle = items.bundle
    past, known = _bundle_past(items, person)
    events = [event for event in person.events if _counts(event, items, until)]
    by_row: dict[int, list[StoredEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda one: (_unix(one), one.seq)):
        row = items.row_of(event.event.item_id)
        if row is not None:
            by_row[row].append(event)
    shown, seen = {}, {}
    for row, of_item in sorted(by_row.items(), key=lambda pair: (_last_act(pair[1]), pair[1][-1].seq)):
        acts = [event for event in of_item if event.event.event_type != IMPRESSION]
        joined = _joined(bundle, past.get(row), acts)
        if joined is not None:
            past.pop(row, None)  # of those of one time it is the latest
            past[row] = joined
        impressions = [_unix(one) for one in of_item if one.event.event_type == IMPRESSION]
        if impressions:
            seen[row] = impressions[-1]
        acted = max(past[row].time if row in past else NO_TIME, _last_act(acts))
        left = [when for when in impressions if when > acted]
        if left:
            shown[row] = _against_shown(left, now.timestamp())
    attributes = _attributes(bundle, person)
    past = dict(sorted(past.items(), key=lambda pair: pair[1].time))  # as in a bundle: by latest act, unknown first
    return Evidence(
        known=known or bool(events) or attributes is not None,
        rows=np.fromiter(past, np.int64, len(past)),
        weights=np.array([one.weight for one in past.values()], np.float32),
        times=np.array([one.time for one in past.values()], np.int64),
        types=[one.types for one in past.values()],
        shown=shown,
        seen=seen,
        attributes=attributes or {},
    )


def _counts(stored: StoredEvent, items: Items, until: int | None) -> bool:
    """Return whether an event is to be counted here: it came by then, and the bundle does not hold it already."""
    if until is not None and stored.seq > until:
        return False
    event = stored.event
    held = event.event_type != IMPRESSION and event.item_id in items.bundle.catalogue.row_of
    return stored.seq > items.overlay.since or not held


def _bundle_past(items: Items, person: Person) -> tuple[dict[int, _PastItem], bool]:
    """Return the past items that the bundle knows, oldest first, by present row, and whether it knows the user."""
    bundle = items.bundle
    names = bundle.manifest.event_types
    found: dict[int, _PastItem] = {}
    known = False
    for user_id in person.user_ids:
        user_row = None if user_id in person.forgotten else bundle.past.row_of.get(user_id)
        if user_row is None:
            continue
        known = True
        rows, weights = bundle.past.of(user_row)
        times, types = bundle.past.acts(user_row)
        for row, weight, time, bits in zip(
            rows.tolist(), weights.tolist(), times.tolist(), types.tolist(), strict=True
        ):
            present = items.present(row)
            if present is None:
                continue
            did = frozenset(name for bit, name in enumerate(names) if bits >> bit & 1)
            other = found.pop(present, None)
            if other is not None:  # of somebody who was merged into this user
                weight, time, did = max(weight, other.weight), max(time, other.time), did | other.types  # noqa: PLW2901
            found[present] = _PastItem(weight, time, did)
    return found, known


def _joined(bundle: Bundle, before: _PastItem | None, acts: Sequence[StoredEvent]) -> _PastItem | None:
    """Return one past item as the bundle knows it and with the acts since; None where no act since counts."""
    rules = bundle.manifest.evidence
    weighed = [Act(one.event.event_type, one.event.value) for one in acts]
    weight = weigh_acts(weighed, rules)
    if weight is None:
        return None
    types, time = frozenset(one.event.event_type for one in acts), _unix(acts[-1])
    if before is None:
        return _PastItem(weight, time, types)
    if not any(is_opinion(act, rules) for act in weighed):  # a no stands until the user says otherwise
        weight = before.weight if before.weight < 0 else max(before.weight, weight)
    return _PastItem(weight, max(time, before.time), types | before.types)


def _attributes(bundle: Bundle, person: Person) -> Mapping[str, str] | None:
    """Return what is known of a user beside what they did; None where nobody ever told anything."""
    if person.attributes is not None:
        return person.attributes
    for user_id in person.user_ids:  # the one all others were merged into comes first
        if user_id not in person.forgotten and user_id in bundle.user_attributes:
            return bundle.user_attributes.of(user_id)
    return None


def _against_shown(times: Sequence[int], now: float) -> float:
    """Return ``-2 a / (1 + a)`` with a the impressions, each counting half for every day since.

    Source: impression discounting, Lee et al., KDD 2014; the form and the numbers are ours and were not tuned, because
    no public data holds what they need.
    """
    amount: float = sum(0.5 ** (max(0.0, now - when) / _FORGOTTEN_BY_HALF_AFTER_S) for when in times)
    return -_MOST_AGAINST_SHOWN * amount / (1.0 + amount)


def _last_act(events: Sequence[StoredEvent]) -> int:
    return max((_unix(one) for one in events if one.event.event_type != IMPRESSION), default=NO_TIME)


def _unix(event: StoredEvent) -> int:
    return NO_TIME if event.event.timestamp is None else int(event.event.timestamp.timestamp())
