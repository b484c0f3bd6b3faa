"""Keeping items that were put, changed or deleted while the service runs."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace

import sqlalchemy as sa

from crossfade.live.database import Part, Writing
from crossfade.live.records import ItemRecord
from crossfade.live.rows import item_to_row, require_keepable, row_to_item
from crossfade.live.schema import items
from crossfade.live.upsert import upsert

__all__ = ["ItemTable"]

_TEXT = ("title", "description", "categories", "tags")  # what the text of an item is made of
_A_STATEMENT = 10_000


class ItemTable(Part):
    """The part of the store that keeps items."""

    async def put_items(
        self, records: Sequence[ItemRecord], *, unmoved: Collection[str] = (), only_if_unchanged: bool = False
    ) -> int | None:
        """Keep items as they are given, deleted ones among them; all or none.

        Args:
            records: Distinct ids, at least one. Their ``scored_seq`` does not matter: it stays where the store has the
                item with the same text. So does the embedding, for a record without an ``encoder``.
            unmoved: Ids whose text is that of the bundle: where the store has no such item yet, its score has not
                moved and ``scored_seq`` is 0.
            only_if_unchanged: Whether to write only if each item's last change in the store, 0 for none, still is the
                ``changed_seq`` of its record.

        Returns:
            The place of the last of them in the order of commits; None where one had changed and nothing was written.

        Raises:
            LiveError: If they could not be written.
            QueryError: If an id holds what no database can keep.
        """
        require_keepable("item_id", *(record.item_id for record in records))
        async with self._database.writing() as writing:
            before = await _present(writing, [record.item_id for record in records])
            if only_if_unchanged and any(
                record.changed_seq != (before[record.item_id].changed_seq if record.item_id in before else 0)
                for record in records
            ):
                return None
            last = await writing.take(len(records))
            rows = []
            for seq, record in enumerate(records, last - len(records) + 1):
                old = before.get(record.item_id)
                scored = _scored(record, old, seq, unmoved)
                kept = replace(record, changed_seq=seq, scored_seq=scored)
                if old is not None and not record.encoder and _says_the_same(record, old):
                    kept = replace(kept, embedding=old.embedding, encoder=old.encoder)
                rows.append(item_to_row(kept))
            await upsert(writing.connection, items, rows)
        return last

    async def delete_items(self, item_ids: Sequence[str]) -> int | None:
        """Mark items as gone, whether the store had them or only a bundle does; their properties are dropped."""
        return await self.put_items([ItemRecord(item_id, {}, deleted=True) for item_id in item_ids])

    async def get_item(self, item_id: str) -> ItemRecord | None:
        """Return an item that was put or deleted here, None for any other."""
        async with self._database.reading() as connection:
            row = (await connection.execute(sa.select(items).where(items.c.item_id == item_id))).one_or_none()
        return None if row is None else row_to_item(row)

    async def items_after(self, seq: int) -> list[ItemRecord]:
        """Return the items whose last change was later, in the order of those changes, deleted ones among them."""
        changed = sa.select(items).where(items.c.changed_seq > seq).order_by(items.c.changed_seq)
        async with self._database.reading() as connection:
            return [row_to_item(row) for row in await connection.execute(changed)]

    async def all_items(self) -> list[ItemRecord]:
        """Return all items that were ever put or deleted here, in the order of their last change."""
        return await self.items_after(-1)


async def _present(writing: Writing, item_ids: list[str]) -> dict[str, ItemRecord]:
    found = {}
    for start in range(0, len(item_ids), _A_STATEMENT):
        wanted = sa.select(items).where(items.c.item_id.in_(item_ids[start : start + _A_STATEMENT]))
        found.update({row.item_id: row_to_item(row) for row in await writing.connection.execute(wanted)})
    return found


def _scored(record: ItemRecord, before: ItemRecord | None, seq: int, unmoved: Collection[str]) -> int:
    """Return the place of the last change that moved the item's score, this one at ``seq`` included."""
    if before is None:
        return 0 if record.item_id in unmoved and not record.deleted else seq
    return before.scored_seq if _says_the_same(record, before) else seq


def _says_the_same(record: ItemRecord, before: ItemRecord) -> bool:
    return before.deleted == record.deleted and _text(before) == _text(record)


def _text(record: ItemRecord) -> str:
    return json.dumps([record.properties.get(name) for name in _TEXT])
