"""Items that were added, changed or deleted since the bundle was built, as rows after the bundle's own.

Rows are appended. A changed item gets a new one, and its old one is *gone*: never answered again, but still there for
the further pages of an answer that was begun before; where more are gone than present, all but the latest are dropped.
An overlay is immutable; ``extended`` makes the next one, which shares what has not changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossfade.bundle import Bundle
from crossfade.encoding.item_text import item_text
from crossfade.engine.added import AddedItems, AddedRow, Encode, base_row, embeddings_of, new_row
from crossfade.engine.buffer import Buffer
from crossfade.engine.filters import AddedKinds, FilterTable
from crossfade.live import ItemRecord
from crossfade.types import RowArray

__all__ = ["Overlay"]

_PRESENT = int(np.iinfo(np.int64).max)


class _Old(NamedTuple):
    """What an item was before a change."""

    row: AddedRow
    text: str


@dataclass(frozen=True)
class Overlay:
    """The changes to a bundle's items, up to one point.

    Attributes:
        since: What the bundle has seen.
        seq: Every change up to here is in.
        added: What the added rows are scored with.
        properties: By added row, ``item_id`` included.
        made_seq: Shape (l,): with which change a row came.
        scored_seq: Shape (l,): after which change a row has had its score.
        gone_seq: Shape (n_items + l,): with which change a row went, the largest integer for one that is present.
        row_of: Present row of every item that was added or changed, the bundle's rows counted first.
        deleted: Items that are gone for good.
        kinds: What the properties of the added rows that are present hold.
        table: The added rows, to filter; it has the columns of ``kinds``.
    """

    since: int
    seq: int
    added: AddedItems
    properties: Sequence[Mapping[str, object]]
    made_seq: RowArray
    scored_seq: RowArray
    gone_seq: RowArray
    row_of: Mapping[str, int]
    deleted: frozenset[str]
    kinds: AddedKinds
    table: FilterTable
    _buffers: Mapping[str, Buffer] = field(default_factory=dict, repr=False)

    @classmethod
    def over(cls, bundle: Bundle, seq: int = 0) -> Overlay:
        """Return the overlay of a bundle to whose items nothing has happened up to ``seq``."""
        n_items = bundle.catalogue.table.height
        none = np.zeros(0, np.int64)
        kinds = AddedKinds(bundle.catalogue.table.schema)
        return cls(
            since=seq,
            seq=seq,
            added=AddedItems.none(bundle.spaces),
            properties=[],
            made_seq=none,
            scored_seq=none,
            gone_seq=np.full(n_items, _PRESENT),
            row_of={},
            deleted=frozenset(),
            kinds=kinds,
            table=FilterTable.of_rows([], kinds),
        )

    @cached_property
    def gone(self) -> NDArray[np.bool_]:
        """Which rows must not be answered, shape (n_items + l,)."""
        return self.gone_seq < _PRESENT

    def as_of(self, bundle: Bundle, seq: int) -> Overlay:
        """Return the overlay as it was at an earlier point; rows keep their numbers, and those made since are gone.

        What was not seen between two changes of an item cannot be told any more; where a later row scores as the item
        did then, it stands for it.

        Args:
            bundle: The one it lies over.
            seq: Up to which changes are in.
        """
        if self.seq <= seq:
            return self
        n_items = bundle.catalogue.table.height
        touched = np.union1d(
            n_items + np.flatnonzero(self.made_seq > seq),
            np.flatnonzero((self.gone_seq > seq) & (self.gone_seq < _PRESENT)),
        )
        rows_of: dict[str, list[int]] = defaultdict(list)
        for row in touched.tolist():
            rows_of[bundle.catalogue.item_ids[row] if row < n_items else self._id_at(row - n_items)].append(row)
        gone_seq, row_of, deleted = self.gone_seq.copy(), dict(self.row_of), set(self.deleted)
        gone_seq[touched] = seq
        for item_id, rows in rows_of.items():
            row_of.pop(item_id, None)
            deleted.add(item_id)
            row = self._row_at(rows, seq)
            if row is not None:
                gone_seq[row] = _PRESENT
                deleted.discard(item_id)
                if row >= n_items:
                    row_of[item_id] = row
        return replace(self, seq=seq, gone_seq=gone_seq, row_of=row_of, deleted=frozenset(deleted))

    def _row_at(self, rows: Sequence[int], seq: int) -> int | None:
        """Return the one of an item's rows that stood at a point; None where it was not there."""
        n_items = len(self.gone_seq) - len(self.made_seq)
        before = next((row for row in rows if row < n_items or self.made_seq[row - n_items] <= seq), None)
        later = next((row for row in rows if row >= n_items and self.made_seq[row - n_items] > seq), None)
        if later is None:
            return before
        scored, scored_later = self.since, int(self.scored_seq[later - n_items])
        if before is not None and before >= n_items:
            scored = int(self.scored_seq[before - n_items])
        return later if scored_later <= seq and (before is None or scored < scored_later) else before

    def _id_at(self, place: int) -> str:
        return str(self.properties[place]["item_id"])

    def extended(self, bundle: Bundle, encode: Encode, records: Sequence[ItemRecord], seq: int) -> Overlay:
        """Return the overlay with further changes.

        Args:
            bundle: The one it lies over.
            encode: The bundle's text encoder, for records whose embedding another one made.
            records: In the order of their changes; of one item the last counts.
            seq: Every change up to here is in.
        """
        latest = {record.item_id: record for record in records}
        base_row_of, n_items = bundle.catalogue.row_of, bundle.catalogue.table.height
        old_rows = {item_id: self.row_of.get(item_id, base_row_of.get(item_id)) for item_id in latest}
        kept = [record for record in latest.values() if not record.deleted]
        row_of, first = dict(self.row_of), n_items + len(self.added)
        for item_id, record in latest.items():
            if record.deleted:
                row_of.pop(item_id, None)
        row_of |= {record.item_id: first + place for place, record in enumerate(kept)}
        gone_seq = np.concatenate([self.gone_seq, np.full(len(kept), _PRESENT)])
        for item_id, row in old_rows.items():
            if row is not None:
                gone_seq[row] = min(gone_seq[row], latest[item_id].changed_seq)
        rows = self._rows(bundle, encode, kept, old_rows)
        columns = {
            name: self._buffer(name).appended([row[name] for row in rows]) if rows else self._buffer(name)
            for name in AddedItems.__dataclass_fields__
        }
        properties = [{"item_id": one.item_id, **one.properties} for one in kept]
        gone = [self.properties[row - n_items] for row in old_rows.values() if row is not None and row >= n_items]
        kinds = self.kinds.changed(came=properties, gone=gone)
        revived = {record.item_id for record in kept}
        return Overlay(
            since=self.since,
            seq=seq,
            added=AddedItems(**{name: buffer.rows for name, buffer in columns.items()}),
            properties=[*self.properties, *properties],
            made_seq=np.append(self.made_seq, np.array([one.changed_seq for one in kept], np.int64)),
            scored_seq=np.append(self.scored_seq, np.array([one.scored_seq for one in kept], np.int64)),
            gone_seq=gone_seq,
            row_of=row_of,
            deleted=(self.deleted | {one.item_id for one in latest.values() if one.deleted}) - revived,
            kinds=kinds,
            table=self._table(kinds, properties),
            _buffers=columns,
        )

    def tidied(self, *, gone_kept: int = 1_000) -> Overlay:
        """Return the overlay without rows that went long ago, once these are more than those that are present.

        So an item that is edited again and again costs little more than one that was edited once. The other rows keep
        their order and get other numbers.

        Args:
            gone_kept: How many of the latest to go are kept, for the further pages of answers begun before; twice as
                many may gather.
        """
        n_items = len(self.gone_seq) - len(self.made_seq)
        gone_seq = self.gone_seq[n_items:]
        gone = np.flatnonzero(gone_seq < _PRESENT)
        if len(gone) <= 2 * gone_kept or len(gone) <= len(gone_seq) - len(gone):
            return self
        kept = np.ones(len(gone_seq), np.bool_)
        kept[gone[np.argsort(gone_seq[gone], kind="stable")[: len(gone) - gone_kept]]] = False
        places = n_items + np.cumsum(kept) - 1
        properties = [one for one, is_kept in zip(self.properties, kept.tolist(), strict=True) if is_kept]
        return replace(
            self,
            added=self.added.only(kept),
            properties=properties,
            made_seq=self.made_seq[kept],
            scored_seq=self.scored_seq[kept],
            gone_seq=np.concatenate([self.gone_seq[:n_items], gone_seq[kept]]),
            row_of={item_id: int(places[row - n_items]) for item_id, row in self.row_of.items()},
            table=FilterTable.of_rows(properties, self.kinds),
            _buffers={},
        )

    def _table(self, kinds: AddedKinds, properties: Sequence[Mapping[str, object]]) -> FilterTable:
        """Return the table with further rows; it is made anew in the rare case that a property is of another kind."""
        if not kinds.widen(self.kinds):
            return FilterTable.of_rows([*self.properties, *properties], kinds)
        return self.table.followed_by(properties, kinds) if properties else self.table

    def _buffer(self, name: str) -> Buffer:
        found = self._buffers.get(name)
        return Buffer.of(getattr(self.added, name)) if found is None else found

    def _rows(
        self, bundle: Bundle, encode: Encode, records: Sequence[ItemRecord], old_rows: Mapping[str, int | None]
    ) -> list[AddedRow]:
        """Return what items are scored with: as the bundle has them or as before, unless their text is another one.

        The bundle comes first: who saw a text change and change back says the same as who did not.
        """
        in_bundle = bundle.catalogue.row_of
        rows: dict[str, AddedRow] = {}
        new: list[tuple[ItemRecord, AddedRow | None]] = []
        for record in records:
            old = self._old(bundle, old_rows[record.item_id])
            known = (self._old(bundle, in_bundle.get(record.item_id)), old)
            text = item_text(record.properties)
            same = next((one for one in known if one is not None and one.text == text), None)
            if same is None:
                new.append((record, None if old is None else old.row))
            else:
                rows[record.item_id] = same.row
        embeddings = embeddings_of(bundle, encode, [record for record, _ in new])
        for (record, row), embedding in zip(new, embeddings, strict=True):
            rows[record.item_id] = new_row(bundle.spaces, embedding, row)
        return [rows[record.item_id] for record in records]

    def _old(self, bundle: Bundle, row: int | None) -> _Old | None:
        if row is None:
            return None
        n_items = bundle.catalogue.table.height
        scored = base_row(bundle.spaces, row) if row < n_items else self.added.row(row - n_items)
        return _Old(scored, item_text(self._properties_at(bundle, row)))

    def _properties_at(self, bundle: Bundle, row: int) -> Mapping[str, object]:
        n_items = bundle.catalogue.table.height
        if row >= n_items:
            return self.properties[row - n_items]
        return bundle.catalogue.properties([row], sorted(bundle.catalogue.property_names))[0]
