"""The catalogue, as it is changed while the service runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date

from crossfade.encoding.item_text import item_text
from crossfade.engine.answer import Item, ItemPage
from crossfade.engine.bounds import check_id
from crossfade.engine.filters import read_time
from crossfade.engine.filters.standing import STANDING
from crossfade.engine.kept.keeper import PATIENCE, Keeper, page_of
from crossfade.engine.view import View
from crossfade.errors import LiveError, NotFoundError, QueryError
from crossfade.live import ItemRecord

__all__ = ["MAX_PROPERTIES", "ItemKeeper"]

MAX_PROPERTIES = 64
"""How many properties an item may be given beside those that say whether it may be answered; one that has more already,
from files, gets none beside.
"""


class ItemKeeper(Keeper):
    """Keeps items."""

    def put_items(self, items: Sequence[Item]) -> None:
        """Keep items as they are given, each in the place of the one of its id; all of them or none.

        New texts are embedded now and once. The items can be recommended, found by their text and explained from the
        next answer on, in every process.

        Raises:
            QueryError: If an id occurs twice, an item has more than ``MAX_PROPERTIES``, or a property cannot be kept,
                or not as what the other items hold there: ``field`` is its place, for example ``items.0.year``.
            LiveError: If they could not be written.
        """
        ids = [item.item_id for item in items]
        if len(set(ids)) < len(ids):
            raise QueryError("items: an item_id occurs twice", field="items")
        items = [Item(item.item_id, _without_none(item.properties)) for item in items]
        for place, item in enumerate(items):
            _check_item(item, f"items.{place}.")
            _check_standing(item.properties, f"items.{place}.")
        if items:
            view = self._look([])
            kinds = view.items.kinds_without(ids)
            for place, item in enumerate(items):
                kinds.check(item.properties, f"items.{place}.")
                kinds = kinds.changed(came=[item.properties])
            records = _records(view, items)
            unmoved = [item.item_id for item in items if _says_the_same(view, item)]
            self.live.call(self.live.store.put_items(records, unmoved=unmoved))

    def patch_item(self, item_id: str, changes: Mapping[str, object]) -> Item:
        """Change some properties of an item; None removes one. Changes that meet are both kept.

        Raises:
            NotFoundError: If there is no such item.
            QueryError: If a property cannot be kept, or not as what the other items hold there, or if the item would
                have more than ``MAX_PROPERTIES``, and more than before.
            LiveError: If it could not be written.
        """
        for _ in range(PATIENCE):
            record = self.live.call(self.live.store.get_item(item_id))
            view = self._look([])
            row = view.items.row_of(item_id)
            if row is None:
                raise NotFoundError(f"there is no item {item_id!r}")
            before = view.items.all_properties(row)
            item = Item(item_id, _without_none({**before, **changes}))
            _check_item(item, "", most=max(MAX_PROPERTIES, len(before)))
            _check_changes(view, item, changes)
            (changed,) = _records(view, [item], changed_seq=0 if record is None else record.changed_seq)
            unmoved = [item_id] if _says_the_same(view, item) else []
            put = self.live.store.put_items([changed], unmoved=unmoved, only_if_unchanged=True)
            if self.live.call(put) is not None:
                return item
        raise LiveError(f"the item {item_id!r} is being changed by too many at once; try again")

    def delete_item(self, item_id: str) -> None:
        """Take an item out of every answer from now on, and out of later indexing runs.

        Raises:
            NotFoundError: If there is no such item.
            LiveError: If it could not be written.
        """
        if self._look([]).items.row_of(item_id) is None:
            raise NotFoundError(f"there is no item {item_id!r}")
        self.live.call(self.live.store.delete_items([item_id]))

    def get_item(self, item_id: str) -> Item:
        """Return an item as it is now.

        Raises:
            NotFoundError: If there is no such item.
        """
        items = self._look([]).items
        row = items.row_of(item_id)
        if row is None:
            raise NotFoundError(f"there is no item {item_id!r}")
        return Item(item_id, items.all_properties(row))

    def list_items(self, *, limit: int = 100, cursor: str | None = None) -> ItemPage:
        """Return items in the order of their ids.

        Args:
            limit: 1 to 500.
            cursor: ``next_cursor`` of the page before: the last id of it.

        Raises:
            QueryError: If limit is out of its bounds.
        """
        items = self._look([]).items
        page, following = page_of(items.ids_in_order, limit, cursor)
        rows = [row for row in map(items.row_of, page) if row is not None]
        return ItemPage([Item(items.id_of(row), items.all_properties(row)) for row in rows], following)


def _without_none(properties: Mapping[str, object]) -> dict[str, object]:
    """Return the properties that have a value, as JSON has them: NaN, which a bundle's table may hold, is none."""
    plain = {name: _as_json(value) for name, value in properties.items()}
    return {name: value for name, value in plain.items() if value is not None}


def _check_item(item: Item, where: str, *, most: int = MAX_PROPERTIES) -> None:
    """Raise ``QueryError`` unless an item can be kept; ``where`` goes before the names of its fields."""
    check_id(f"{where}item_id", item.item_id)
    if (count := len(item.properties.keys() - set(STANDING))) > most:
        field = where.removesuffix(".") or "properties"
        raise QueryError(f"{field}: expected at most {MAX_PROPERTIES} properties, got {count}", field=field)
    if "item_id" in item.properties:
        raise QueryError(f"{where}item_id: no property can have this name", field=f"{where}item_id")
    for name in ("title", "description"):
        if not isinstance(item.properties.get(name, ""), str):
            raise QueryError(f"{where}{name}: expected text", field=f"{where}{name}")
    categories = item.properties.get("categories", [])
    if not isinstance(categories, list) or not all(isinstance(one, str) for one in categories):
        raise QueryError(f"{where}categories: expected a list of texts", field=f"{where}categories")
    for name, value in item.properties.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise QueryError(f"{where}{name}: expected a value as JSON has it", field=f"{where}{name}") from error


def _check_standing(properties: Mapping[str, object], where: str) -> None:
    """Raise ``QueryError`` unless the standing rules can read what is meant for them."""
    if not isinstance(properties.get("is_hidden", False), bool):
        raise QueryError(f"{where}is_hidden: expected true or false", field=f"{where}is_hidden")
    for name in ("available_from", "available_until"):
        value = properties.get(name)
        if value is not None and (not isinstance(value, str) or read_time(value) is None):
            raise QueryError(f"{where}{name}: expected an ISO 8601 date or time", field=f"{where}{name}")


def _check_changes(view: View, item: Item, changes: Mapping[str, object]) -> None:
    """Raise ``QueryError`` unless the new properties of an item can be kept as what the other items hold there."""
    new = {name: value for name, value in item.properties.items() if name in changes}
    rest = {name: value for name, value in item.properties.items() if name not in changes}
    _check_standing(new, "")
    view.items.kinds_without([item.item_id]).changed(came=[rest]).check(new, "")


def _records(view: View, items: Sequence[Item], *, changed_seq: int = 0) -> list[ItemRecord]:
    """Return items as they are kept, embedded where their text is another one than now."""
    texts = [item_text(item.properties) for item in items]
    new = [text for item, text in zip(items, texts, strict=True) if text != _text_now(view, item.item_id)]
    embeddings = dict(zip(new, view.encoder.encode(new), strict=True))
    fingerprint = view.bundle.manifest.encoder.fingerprint
    return [
        ItemRecord(
            item.item_id,
            item.properties,
            changed_seq=changed_seq,
            embedding=embeddings[text] if text else None,
            encoder=fingerprint,
        )
        if text in embeddings
        else ItemRecord(item.item_id, item.properties, changed_seq=changed_seq)
        for item, text in zip(items, texts, strict=True)
    ]


def _text_now(view: View, item_id: str) -> str | None:
    row = view.items.row_of(item_id)
    return None if row is None else item_text(view.items.all_properties(row))


def _as_json(value: object) -> object:
    """Return a value as JSON has it; a bundle's own table may hold times and NaN."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _as_json(one) for name, one in value.items()}
    return value


def _says_the_same(view: View, item: Item) -> bool:
    """Whether an item's text is that of the bundle's item of its id."""
    row = view.bundle.catalogue.row_of.get(item.item_id)
    if row is None:
        return False
    names = sorted(view.bundle.catalogue.property_names)
    return item_text(view.bundle.catalogue.properties([row], names)[0]) == item_text(item.properties)
