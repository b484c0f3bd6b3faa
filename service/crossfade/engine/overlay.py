"""Items that were added, changed or deleted since the bundle was built, as rows after the bundle's own.

Rows are only ever appended. A changed item gets a new one, and its old one is *gone*: never answered again, but still
there for an answer that is being computed, and for the further pages of one that was begun before. An overlay is
immutable; ``extended`` makes the next one, which shares what has not changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crossfade.bundle import Bundle, ItemSpaces
from crossfade.encoding.item_text import item_text
from crossfade.engine.buffer import Buffer
from crossfade.engine.filters import AddedKinds, FilterTable
from crossfade.live import ItemRecord
from crossfade.types import FloatArray, RowArray

__all__ = ["AddedItems", "Overlay"]

Encode = Callable[[Sequence[str]], FloatArray]

_PRESENT = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class AddedItems:
    """What the added rows are scored with; one row each, in the order of ``ItemSpaces``.

    Attributes:
        sources: Shape (l, rank).
        targets: Shape (l, rank).
        vectors: Shape (l, d), in the content space.
        context: Shape (l, n_values), log-lifts.
        attributes: Shape (l, n_values), log-lifts.
        popularity: Shape (l,).
        trend: Shape (l,).
    """

    sources: FloatArray
    targets: FloatArray
    vectors: FloatArray
    context: FloatArray
    attributes: FloatArray
    popularity: FloatArray
    trend: FloatArray

    def __len__(self) -> int:
        return len(self.popularity)

    @classmethod
    def none(cls, spaces: ItemSpaces) -> AddedItems:
        """Return no rows, of the widths that go with some spaces."""

        def empty(*widths: int) -> FloatArray:
            return np.zeros((0, *widths), np.float32)

        rank = spaces.collaborative.targets.shape[1]
        return cls(
            sources=empty(rank),
            targets=empty(rank),
            vectors=empty(spaces.content.vectors.shape[1]),
            context=empty(len(spaces.context.mean)),
            attributes=empty(len(spaces.attributes.mean)),
            popularity=empty(),
            trend=empty(),
        )


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
        rows = [
            self._row(bundle, record, embedding, old_rows[record.item_id])
            for record, embedding in zip(kept, _embeddings(bundle, encode, kept), strict=True)
        ]
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

    def _table(self, kinds: AddedKinds, properties: Sequence[Mapping[str, object]]) -> FilterTable:
        """Return the table with further rows; it is made anew in the rare case that a property is of another kind."""
        if not kinds.widen(self.kinds):
            return FilterTable.of_rows([*self.properties, *properties], kinds)
        return self.table.followed_by(properties, kinds) if properties else self.table

    def _buffer(self, name: str) -> Buffer:
        found = self._buffers.get(name)
        return Buffer.of(getattr(self.added, name)) if found is None else found

    def _row(
        self, bundle: Bundle, record: ItemRecord, embedding: FloatArray | None, old_row: int | None
    ) -> dict[str, FloatArray]:
        """Return what one item is scored with.

        What its text says comes from the text; what was learned from events stays. An item about which nothing was
        learned gets the factors of its text, no lift, and the mean popularity: it is not unpopular but unknown.
        """
        spaces = bundle.spaces
        if old_row is not None:
            row = self._present(bundle, old_row)
            if item_text(record.properties) == item_text(self._properties_at(bundle, old_row)):
                return row
        else:
            row = {
                "context": np.zeros(len(spaces.context.mean), np.float32),
                "attributes": np.zeros(len(spaces.attributes.mean), np.float32),
                "popularity": np.asarray(spaces.popularity.mean() if spaces.popularity.size else 0.0, np.float32),
                "trend": np.zeros((), np.float32),
            }
        placed = (
            np.zeros(spaces.content.vectors.shape[1], np.float32)
            if embedding is None
            else spaces.content.place(embedding[None])[0]
        )
        if old_row is None or _is_of_text(row, spaces):
            mapped = placed @ spaces.collaborative.cold_map
            rank = spaces.collaborative.targets.shape[1]
            row["sources"], row["targets"] = mapped[:rank], mapped[rank:]
        row["vectors"] = placed
        return row

    def _present(self, bundle: Bundle, row: int) -> dict[str, FloatArray]:
        n_items, spaces = bundle.catalogue.table.height, bundle.spaces
        if row >= n_items:
            return {name: getattr(self.added, name)[row - n_items] for name in AddedItems.__dataclass_fields__}
        return {
            "sources": spaces.collaborative.sources[row],
            "targets": spaces.collaborative.targets[row],
            "vectors": spaces.content.vectors[row],
            "context": spaces.context.lifts[:, row],
            "attributes": spaces.attributes.lifts[:, row],
            "popularity": spaces.popularity[row],
            "trend": spaces.trend[row],
        }

    def _properties_at(self, bundle: Bundle, row: int) -> Mapping[str, object]:
        n_items = bundle.catalogue.table.height
        if row >= n_items:
            return self.properties[row - n_items]
        return bundle.catalogue.properties([row], sorted(bundle.catalogue.property_names))[0]


def _embeddings(bundle: Bundle, encode: Encode, records: Sequence[ItemRecord]) -> list[FloatArray | None]:
    """Return each item's embedding by the bundle's encoder; those of another one are made again, all at once."""
    own = bundle.manifest.encoder.fingerprint
    strange = [place for place, record in enumerate(records) if record.encoder != own and item_text(record.properties)]
    embeddings = [record.embedding if record.encoder == own else None for record in records]
    for place, vector in zip(strange, encode([item_text(records[place].properties) for place in strange]), strict=True):
        embeddings[place] = vector
    return embeddings


def _is_of_text(row: Mapping[str, FloatArray], spaces: ItemSpaces) -> bool:
    """Whether factors are those of the item's text alone: nobody has touched it."""
    mapped = row["vectors"] @ spaces.collaborative.cold_map
    return np.allclose(mapped, np.concatenate([row["sources"], row["targets"]]), rtol=1e-3, atol=1e-5)
