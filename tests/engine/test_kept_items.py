"""What a property of an item may be, when other items have it already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from engine.conftest import KnownWords

from crossfade.engine import Item
from crossfade.engine.filters import MAX_ADDED_NAMES, parse_filter
from crossfade.engine.items import Items
from crossfade.engine.kept.items import ItemKeeper
from crossfade.engine.kept.keeper import page_of
from crossfade.engine.view import View
from crossfade.errors import QueryError
from crossfade.live import LiveData

MakeView = Callable[..., View]

PLACES = [{"latitude": 1.0, "longitude": 2.0}] * 2


class Process:
    """One process that serves a bundle and shares its live data with others."""

    def __init__(self, bundled: View, live: LiveData) -> None:
        self._now, self._live = bundled, live
        self.keeper = ItemKeeper(live, self.look)

    def look(self, _: Sequence[str]) -> View:
        overlay = self._now.items.overlay
        records = self._live.call(self._live.store.items_after(overlay.seq))
        if records:
            overlay = overlay.extended(self._now.bundle, self._now.encoder.encode, records, records[-1].changed_seq)
            self._now = replace(self._now, items=replace(self._now.items, overlay=overlay))
        return self._now

    @property
    def items(self) -> Items:
        return self.look([]).items

    def put(self, item_id: str, **properties: object) -> None:
        self.keeper.put_items([Item(item_id, properties)])


@pytest.fixture
def bundled(make_view: MakeView) -> View:
    """Two items, with a property of nearly every kind."""
    properties = {
        "director": ["Ann", "Bo"],
        "is_new": [True, False],
        "genres": [["crime"], []],
        "sizes": [[1, 2], None],
        "at": PLACES,
        "crew": [{"name": "Ann"}] * 2,
        "available_until": [4_000_000_000, None],
    }
    return make_view([[1.0], [0.0]], [[1.0], [0.0]], [[1.0], [0.0]], properties=properties)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveData]:
    with LiveData.open(str(tmp_path / "live.db")) as data:
        yield data


@pytest.fixture
def process(bundled: View, live: LiveData) -> Process:
    return Process(bundled, live)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("year", "nineteen", "expected a number, because 'year' holds numbers, got \"nineteen\""),
        ("year", [2001, 2002], "expected a number, because 'year' holds numbers, got [2001, 2002]"),
        ("year", True, "expected a number, because 'year' holds numbers, got true"),
        ("year", 10**400, "expected a number, because 'year' holds numbers, got 1000"),
        ("director", ["Ann", "Bo"], "expected text, because 'director' holds text, got [\"Ann\", \"Bo\"]"),
        ("is_new", "perhaps", "expected true or false, because 'is_new' holds true and false"),
        ("genres", {"a": 1}, "expected text, or a list of such, because 'genres' holds lists of text"),
        ("sizes", [1, "two"], "expected a number, or a list of such, because 'sizes' holds lists of numbers"),
        ("at", "nowhere", 'expected a place such as {"latitude": 52.5, "longitude": 13.4}'),
        ("crew", "Ann", "expected an object, because 'crew' holds values that cannot be compared"),
        ("new", 10**400, "expected a number"),
        ("is_hidden", "yes", "expected true or false"),
        ("is_hidden", 1, "expected true or false"),
        ("available_from", "soon", "expected an ISO 8601 date or time"),
        ("available_until", 4_000_000_000, "expected an ISO 8601 date or time"),
    ],
)  # fmt: skip
def test_a_value_that_the_property_cannot_hold_is_refused(
    process: Process, name: str, value: object, message: str
) -> None:
    with pytest.raises(QueryError) as put:
        process.keeper.put_items([Item("fine", {}), Item("i0", {name: value})])
    with pytest.raises(QueryError) as changed:
        process.keeper.patch_item("i0", {name: value})

    assert put.value.field == f"items.1.{name}"
    assert changed.value.field == name
    assert str(put.value).startswith(f"items.1.{name}: {message}")
    assert str(changed.value).startswith(f"{name}: {message}")
    assert process.items.row_of("fine") is None


@pytest.mark.parametrize(
    ("name", "value", "leaf"),
    [
        ("director", 7, {"eq": "7"}),
        ("year", 2001.5, {"gt": 2001}),
        ("is_new", "True", {"eq": True}),
        ("genres", "crime", {"eq": "crime"}),
        ("sizes", 2, {"eq": 2}),
        ("at", "1,2", {"within": {"latitude": 1, "longitude": 2, "km": 1}}),
        ("at", [1, 2], {"within": {"latitude": 1, "longitude": 2, "km": 1}}),
        ("crew", {"role": "cook"}, {"exists": True}),
        ("year", None, {"exists": False}),
        ("director", "", {"exists": False}),
    ],
)
def test_what_can_be_converted_is_taken(process: Process, name: str, value: object, leaf: Mapping[str, object]) -> None:
    process.put("new", **{name: value})

    items = process.items
    row = items.row_of("new")
    assert row is not None
    assert items.all_properties(row).get(name) == value
    assert items.matching(parse_filter({"field": name, **leaf}), now=datetime.now(UTC))[row]


def test_a_new_property_holds_what_the_other_items_that_have_it_now_hold(process: Process) -> None:
    process.put("a", size=1)
    process.put("a", size="large")
    process.put("b", size="small")
    process.put("b", size=5)

    with pytest.raises(QueryError, match=r"^items\.0\.size: expected text, because 'size' holds text, got \[1\]"):
        process.put("b", size=[1])
    process.keeper.delete_item("a")
    process.keeper.patch_item("b", {"size": [1]})

    assert process.keeper.get_item("b").properties == {"size": [1]}
    with pytest.raises(QueryError, match=r"^items\.0\.size: expected a number, or a list of such"):
        process.put("c", size="large")


def test_items_that_are_put_together_have_to_agree_and_can_change_a_kind_together(process: Process) -> None:
    process.keeper.put_items([Item("a", {"size": 1}), Item("b", {"size": 2})])

    with pytest.raises(QueryError, match=r"^items\.1\.size: expected a number"):
        process.keeper.put_items([Item("a", {"size": 1}), Item("c", {"size": "large"})])
    process.keeper.put_items([Item("a", {"size": {"cm": 1}}), Item("b", {"size": {"cm": 2}})])

    assert process.keeper.get_item("b").properties == {"size": {"cm": 2}}


def test_a_rule_that_the_table_has_as_a_number_is_put_as_text(process: Process) -> None:
    process.put("new", available_until="2020-01-01")

    items = process.items
    assert not items.standing(datetime.now(UTC))[items.row_of("new")]


def test_only_a_new_text_is_embedded(bundled: View, live: LiveData) -> None:
    encoder = cast("KnownWords", bundled.encoder)
    process, other = Process(bundled, live), Process(bundled, live)
    assert other.items.n_rows == 2

    process.put("i0", title="T0", price=1)
    process.keeper.put_items([Item("i0", {"title": "T0", "price": 2}), Item("new", {"title": "T1"})])
    process.put("new", title="T1", price=1)
    process.keeper.patch_item("new", {"price": 2})
    process.keeper.patch_item("i1", {"price": 2})

    assert encoder.encoded == ["T1"]
    overlay = other.items.overlay
    assert {item_id: overlay.added.vectors[row - 2].tolist() for item_id, row in overlay.row_of.items()} == {
        "i0": [1.0],
        "i1": [0.0],
        "new": [0.0],
    }
    assert encoder.encoded == ["T1"]


def test_an_item_that_a_bundle_had_is_embedded_when_one_comes_without_it(
    bundled: View, live: LiveData, make_view: MakeView
) -> None:
    Process(bundled, live).put("i1", title="T1", price=1)

    without = make_view([[1.0]], [[1.0]], [[1.0]], words={"T1": np.full(1, 0.5, np.float32)})
    items = Process(without, live).items

    assert items.overlay.added.vectors.tolist() == [[1.0]]  # of unit length


def test_a_change_takes_an_item_to_64_properties_and_no_further(process: Process) -> None:
    many = {f"property {number}": number for number in range(65)}
    process.put("full", **dict(list(many.items())[:64]), nothing=None)

    with pytest.raises(QueryError, match=r"items\.0: expected at most 64 properties, got 65") as put:
        process.put("too much", **many)
    with pytest.raises(QueryError, match="properties: expected at most 64 properties, got 65") as changed:
        process.keeper.patch_item("full", {"property 64": 64})

    assert (put.value.field, changed.value.field) == ("items.0", "properties")
    assert len(process.keeper.patch_item("full", {"property 0": None, "property 64": 64}).properties) == 64


def test_an_item_of_a_wider_catalogue_may_be_changed_but_gets_no_further_properties(
    make_view: MakeView, live: LiveData
) -> None:
    wide = {f"property {number}": [number] for number in range(70)}
    process = Process(make_view([[1.0]], [[1.0]], [[1.0]], properties=wide), live)

    changed = process.keeper.patch_item("i0", {"property 0": 7})

    assert changed.properties == process.keeper.get_item("i0").properties
    assert (len(changed.properties), changed.properties["property 0"]) == (72, 7)
    with pytest.raises(QueryError, match="at most 64 properties, got 73"):
        process.keeper.patch_item("i0", {"one more": True})
    assert process.keeper.patch_item("i0", {"is_hidden": True}).properties["is_hidden"] is True


def test_a_change_is_not_refused_for_what_it_leaves_as_it_is(process: Process) -> None:
    process.keeper.patch_item("i0", {"title": "New"})

    assert process.keeper.get_item("i0").properties["available_until"] == 4_000_000_000


def test_every_process_says_the_same_of_a_property(bundled: View, live: LiveData) -> None:
    first, second = Process(bundled, live), Process(bundled, live)
    first.put("a", size=1, odd="x")
    assert second.items.property_names >= {"size", "odd"}
    first.put("a", size="large")
    first.put("b", size="small")

    late = Process(bundled, live)

    assert first.items.overlay.table.schema == second.items.overlay.table.schema == late.items.overlay.table.schema
    assert "odd" not in first.items.property_names
    for process in (first, second, late):
        with pytest.raises(QueryError, match="because 'size' holds text"):
            process.put("c", size=[1])


def test_there_are_at_most_256_names_that_no_indexed_item_has(process: Process) -> None:
    process.keeper.put_items([Item(f"n{n}", {f"name {n:03}": n}) for n in range(MAX_ADDED_NAMES)])

    with pytest.raises(QueryError, match="there are 256 properties already that no indexed item has") as refused:
        process.put("more", one_more=1)
    process.put("more", year=2020, **{"name 000": 5})
    process.keeper.delete_item("n255")
    process.put("more", one_more=1)

    assert refused.value.field == "items.0.one_more"
    assert "name 255" not in process.items.property_names


def test_a_page_that_ends_the_list_has_no_cursor() -> None:
    assert page_of(["a", "b"], 2, None) == (["a", "b"], None)
    assert page_of(["a", "b", "c"], 2, None) == (["a", "b"], "b")
    assert page_of(["a", "b", "c"], 2, "b") == (["c"], None)
