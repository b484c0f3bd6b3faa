"""What a service was told goes on top of the files, in one cut, without anybody who was erased."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossfade.errors import InputError, LiveError
from crossfade.live import Event, ItemRecord, LiveData, StoredEvent, UserRecord
from crossfade_indexing.cleaning import clean
from crossfade_indexing.cleaning.cleaner import Cleaned
from crossfade_indexing.cleaning.fitting import is_whole
from crossfade_indexing.sources import read_files, read_live

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
# Nobody meets such an id by chance.
GONE = "gone-3f9d2c71b8"


class Shop:
    """Files, a live store, and what becomes of the two."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = str(directory / "live.db")
        self.data = LiveData.open(self.url)
        self.store = self.data.store

    def file(self, name: str, *lines: str) -> Path:
        path = self.directory / name
        path.write_text("\n".join(lines) + "\n")
        return path

    def told(self, user_id: str, item_id: str, event_type: str = "watch", **more: object) -> None:
        local_time = more.pop("local_time", None)
        event = Event(user_id, item_id, event_type, **{"timestamp": NOON, **more})  # type: ignore[arg-type]  # by name
        assert isinstance(local_time, dt.datetime | None)
        self.data.call(self.store.add_events([StoredEvent(0, event, local_time)]))

    def put(self, item_id: str, **properties: object) -> None:
        self.data.call(self.store.put_items([ItemRecord(item_id, properties)]))

    def delete(self, item_id: str) -> None:
        self.data.call(self.store.delete_items([item_id]))

    def describe(self, user_id: str, **attributes: str) -> None:
        self.data.call(self.store.put_users([UserRecord(user_id, attributes)]))

    def merge(self, into_id: str, from_id: str) -> None:
        self.data.call(self.store.merge_users(into_id, from_id))

    def erase(self, user_id: str) -> None:
        self.data.call(self.store.erase_user(user_id))

    def clean(
        self,
        events: Path | None = None,
        items: Path | None = None,
        users: Path | None = None,
        *,
        timezone: str | None = None,
        strict: bool = False,
    ) -> Cleaned:
        rejects = self.directory / "rejects.jsonl"
        raw = read_files(events, items, users)
        return clean(raw, timezone=timezone, rejects=rejects, strict=strict, live=read_live(self.url))

    def lost(self) -> list[dict[str, Any]]:
        """What the rejects say of live data; items by field."""
        rejects = (self.directory / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
        lines = [json.loads(line) for line in rejects]
        live = [line for line in lines if line["table"].startswith("live_")]
        return sorted(live, key=lambda line: (line["row"].get("item_id", ""), line.get("field") or ""))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(tmp_path)
    yield opened
    opened.data.close()


@pytest.fixture
def events(shop: Shop) -> Path:
    return shop.file(
        "events.csv",
        "user_id,item_id,timestamp,event_type,event_id,context.device",
        "1,a,2026-04-01T20:00:00+02:00,watch,e1,tv",
        "2,b,2026-04-02T20:00:00+02:00,like,e2,phone",
        f"{GONE},a,2026-04-03T20:00:00+02:00,like,e3,phone",
    )


@pytest.fixture
def items(shop: Shop) -> Path:
    return shop.file(
        "items.csv", "item_id,title,year,genre", "a,Apple,2001,fruit", "b,Bread,2002,", "c,Cake,2003,sweet"
    )


def test_events_that_a_service_was_told_are_appended(shop: Shop, events: Path, items: Path) -> None:
    shop.told(
        "1", "c", "rating", value=4.0, context={"device": "tv", "country": "DE"}, local_time=NOON.replace(tzinfo=None)
    )
    shop.told("new", "a")

    cleaned = shop.clean(events, items)

    table = cleaned.dataset.events
    assert table["user_id"].to_list() == ["1", "2", GONE, "1", "new"]
    assert table.schema["timestamp"] == pl.Datetime("us", "UTC")
    live = table.row(3, named=True)
    assert (live["item_id"], live["event_type"], live["value"], live["timestamp"]) == ("c", "rating", 4.0, NOON)
    assert live["local_time"] == NOON.replace(tzinfo=None)
    assert (live["context.device"], live["context.country"]) == ("tv", "DE")
    assert "event_id" not in table.columns
    assert table["local_time"][4] is None
    assert cleaned.report.as_dict()["live_events"] == {"read": 2, "kept": 2}


def test_where_a_users_clock_is_unknown_the_named_zone_tells(shop: Shop, events: Path) -> None:
    shop.told("new", "a")

    table = shop.clean(events, timezone="Europe/Berlin").dataset.events

    assert table["local_time"][-1] == dt.datetime(2026, 5, 1, 14)  # noqa: DTZ001 - a clock's time has no zone


def test_an_event_that_the_files_have_too_counts_once(shop: Shop, events: Path) -> None:
    shop.told("1", "a", event_id="e1")
    shop.told("1", "a", event_id="e9")

    cleaned = shop.clean(events)

    assert cleaned.dataset.events.height == 4
    assert cleaned.report.as_dict()["live_events"] == {"read": 2, "kept": 1, "repeated_event_id": 1}


def test_the_mark_says_how_far_the_store_was_read(shop: Shop, events: Path) -> None:
    shop.told("1", "a")
    shop.put("x", title="X")
    first = shop.clean(events).dataset.live
    shop.told("1", "a")

    second = shop.clean(events).dataset.live

    assert first is not None
    assert second is not None
    assert first.store_id == second.store_id == shop.store.store_id
    assert second.seq == first.seq + 1
    assert clean(read_files(events)).dataset.live is None


def test_items_that_were_put_replace_those_of_the_files_or_follow_them(shop: Shop, events: Path, items: Path) -> None:
    shop.put("b", title="Brioche", year=2020, categories=["pastry"])
    shop.put("d", title="Dal", year=1999.5, spicy=True, vendors=["x", 7], size={"cm": 3})

    found = shop.clean(events, items).dataset.items

    assert found["item_id"].to_list() == ["a", "c", "b", "d"]
    assert found["title"].to_list() == ["Apple", "Cake", "Brioche", "Dal"]
    assert found["year"].to_list() == [2001.0, 2003.0, 2020.0, 1999.5]
    assert found["genre"].to_list() == ["fruit", "sweet", None, None]
    assert found["categories"].to_list() == [[], [], ["pastry"], []]
    assert found["spicy"].to_list() == [None, None, None, True]
    assert found["vendors"].to_list()[3] == ["x", "7"]
    assert found["size"].to_list()[3] == {"cm": 3}


def test_a_live_value_of_another_kind_is_missing_and_said_so(shop: Shop, events: Path, items: Path) -> None:
    shop.put("b", title="Brioche", year="long ago", genre=["sweet", "soft"])
    shop.put("c", title="Cake", year="2010", genre=7)

    cleaned = shop.clean(events, items)

    assert cleaned.dataset.items["year"].to_list() == [2001, None, 2010]
    assert cleaned.dataset.items["genre"].to_list() == ["fruit", None, "7"]
    told = [
        "'year' are missing; that of item 'b' is missing, because 'year' holds numbers in the files; put a number,",
        "'genre' are missing; that of item 'b' is missing, because 'genre' holds text in the files; put text,",
        "'genre' are kept in another form; that of item 'c' is kept as \"7\", because 'genre' holds text; put it so,",
    ]
    warnings = [line for line in cleaned.report.warnings if "live values" in line]
    assert warnings == [f"live.db: 1 live values of {line} or use another property" for line in told]
    assert [(one["reason"], one["field"], one["row"]) for one in shop.lost()] == [
        ("unfitting_value", "genre", {"item_id": "b", "genre": ["sweet", "soft"]}),
        ("unfitting_value", "year", {"item_id": "b", "year": "long ago"}),
        ("changed_value", "genre", {"item_id": "c", "genre": 7}),
    ]


def test_each_live_value_that_changes_its_form_is_told(shop: Shop, events: Path) -> None:
    shop.put("a", sizes=["small", 1], crew={"name": "Ann", "films": ["x", 1]}, studio="A", half="\ud800", big=2**64 + 1)
    shop.put("b", sizes=["large"], crew={"name": "Ben"}, studio=7, half="whole", big=0.5)

    found = shop.clean(events).dataset.items.sort("item_id").to_dicts()

    assert [one["sizes"] for one in found] == [["small", "1"], ["large"]]
    assert [one["studio"] for one in found] == ["A", "7"]
    assert [one["half"] for one in found] == ["?", "whole"]
    assert [(one["row"]["item_id"], one["field"], one["reason"]) for one in shop.lost()] == [
        (owner, field, "changed_value")
        for owner, field in [("a", "big"), ("a", "crew"), ("a", "half"), ("a", "sizes"), ("b", "studio")]
    ]


def test_live_items_that_no_bundle_can_hold_are_told(shop: Shop, events: Path) -> None:
    shop.put(" ", title="Blank")
    shop.put("a ", title="Before")
    shop.put("a", title="After", __line__=5)

    cleaned = shop.clean(events, strict=True)

    assert cleaned.dataset.items.select("item_id", "title").rows() == [("b", ""), ("a", "After")]
    counts = {"read": 3, "kept": 1, "missing_item_id": 1, "repeated_item_id": 1}
    assert cleaned.report.as_dict()["live_items"] == counts
    assert [(one["row"]["item_id"], one["reason"], one["field"], one["line"]) for one in shop.lost()] == [
        (" ", "missing_item_id", None, None),
        ("a", "unfitting_value", "__line__", None),
        ("a ", "repeated_item_id", None, None),
    ]


def test_a_live_attribute_that_the_files_have_as_no_attribute_is_told(shop: Shop, events: Path) -> None:
    users = shop.directory / "users.parquet"
    pl.DataFrame({"user_id": ["1", "2"], "born": [dt.date(1990, 1, 1)] * 2}).write_parquet(users)
    shop.describe("2", born="1991-01-01", country="FR")

    cleaned = shop.clean(events, users=users)

    assert cleaned.dataset.users is not None
    assert cleaned.dataset.users.filter(user_id="2").to_dicts() == [{"user_id": "2", "born": None, "country": "FR"}]
    [lost] = shop.lost()
    assert (lost["table"], lost["reason"], lost["field"]) == ("live_users", "unfitting_value", "born")
    assert lost["row"] == {"user_id": "2", "born": "1991-01-01"}
    message = "missing, because 'born' holds times in the files; use another attribute, or make it text in the files"
    assert lost["message"] == message
    assert any(line.startswith("live.db: 1 live values of 'born' are missing") for line in cleaned.report.warnings)


def test_live_events_that_are_left_out_are_told_and_are_no_fault(shop: Shop, events: Path, items: Path) -> None:
    shop.told("1", "a", event_id="e1", context={"device": "tv"})
    shop.told("1", "nowhere", value=2.5)

    shop.clean(events, items, strict=True)

    repeated, unknown = shop.lost()
    assert (repeated["reason"], repeated["row"]["event_id"]) == ("repeated_event_id", "e1")
    assert repeated["row"]["context.device"] == "tv"
    assert (unknown["reason"], unknown["row"]["item_id"], unknown["row"]["value"]) == ("unknown_item", "nowhere", 2.5)
    assert unknown["row"]["timestamp"] == "2026-05-01T12:00:00+00:00"
    assert (unknown["table"], unknown["file"], unknown["line"]) == ("live_events", shop.url, None)


@pytest.mark.parametrize(
    ("value", "kept", "whole"),
    [
        (1, 1.0, True),
        (2**53 + 1, float(2**53), False),
        (True, 1, True),
        (7, "7", False),
        ("7", 7, True),
        ("3,4", {"lat": 3.0, "lon": 4.0}, True),
        ([3, 4], {"lat": 3.0, "lon": 4.0}, True),
        ({"lat": 3, "lon": 4}, [3.0, 4.0], True),
        ({"lat": 3, "lon": 4, "name": "X"}, [3.0, 4.0], False),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": None}}, True),
        ({"a": {"b": 1}}, {"a": {"b": "1"}}, False),
        ("x", ["x"], True),
        (7, ["7"], False),
        ([["x", 1]], [["x", "1"]], False),
        ([], None, True),
        ({}, None, True),
        ("2026-05-01", dt.date(2026, 5, 1), True),
        ("2026-05-01T12:00:00Z", dt.date(2026, 5, 1), False),
        ("2026-05-01T12:00:00Z", NOON, True),
    ],
)
def test_a_value_is_whole_where_nothing_of_it_is_lost(value: object, kept: object, whole: bool) -> None:
    assert is_whole(value, kept) is whole


def test_live_values_join_what_the_files_hold_of_any_kind(shop: Shop, events: Path) -> None:
    items = shop.file(
        "items.jsonl",
        '{"item_id": "a", "at": {"lat": 1.5, "lon": 2.5}, "sizes": [1], "is_new": true, "is_hidden": 0, "until": null}',
        '{"item_id": "b", "at": {"lat": 3.5, "lon": 4.5}, "sizes": [2], "is_new": true, "is_hidden": 0, "until": null}',
    )
    shop.put("x", at={"latitude": 1, "longitude": 2, "name": "X"}, sizes=1.5, is_new=False, is_hidden=True, until=5)
    shop.put("y", at="3,4", sizes=[], is_new="", is_hidden=False, until=5.5)

    cleaned = shop.clean(events, items)

    found = cleaned.dataset.items.filter(pl.col("item_id").is_in(["x", "y"]))
    nowhere = {"lat": None, "lon": None, "latitude": None, "longitude": None, "name": None}
    assert found["at"].to_list() == [
        {**nowhere, "latitude": 1, "longitude": 2, "name": "X"},
        {**nowhere, "lat": 3.0, "lon": 4.0},
    ]
    assert found["sizes"].to_list() == [[1.5], []]
    assert found["is_new"].to_list() == [False, None]
    assert found["is_hidden"].to_list() == [1, 0]
    assert found["until"].to_list() == [5.0, 5.5]
    assert not [line for line in cleaned.report.warnings if "live values" in line]


def test_live_values_join_columns_of_times_and_of_fixed_lengths(shop: Shop, events: Path) -> None:
    path = shop.directory / "items.parquet"
    columns = {
        "item_id": ["a", "b"],
        "day": pl.Series([dt.date(2020, 1, 1)] * 2),
        "moment": pl.Series([NOON] * 2),
        "clock": pl.Series([NOON.replace(tzinfo=None)] * 2),
        "pair": pl.Series([[1.0, 2.0]] * 2, dtype=pl.Array(pl.Float64, 2)),
        "colour": pl.Series(["red", "red"], dtype=pl.Categorical),
        "available_from": [0, 0],
    }
    pl.DataFrame(columns).write_parquet(path)
    iso = "2026-05-01T12:00:00Z"
    shop.put("b", day=iso, moment=iso, clock=iso, pair={"lat": 3, "lon": 4}, colour="blue", available_from=iso)
    shop.put("a", day="soon", moment=5, pair=["x"])

    cleaned = shop.clean(events, path)

    b, a = cleaned.dataset.items.sort("item_id", descending=True).to_dicts()
    assert (b["day"], b["moment"], b["clock"]) == (NOON.date(), NOON, NOON.replace(tzinfo=None))
    assert (b["pair"], b["colour"], b["available_from"]) == ([3.0, 4.0], "blue", NOON.timestamp())
    assert (a["day"], a["moment"], a["pair"]) == (None, None, None)
    assert [(one["reason"], one["field"]) for one in shop.lost()] == [
        ("unfitting_value", "day"),
        ("unfitting_value", "moment"),
        ("unfitting_value", "pair"),
        ("changed_value", "day"),  # its hour
    ]
    assert len([line for line in cleaned.report.warnings if "live values" in line]) == 4


def test_a_deleted_item_leaves_with_its_events(shop: Shop, events: Path, items: Path) -> None:
    shop.told("1", "b")
    shop.put("b", title="Bread")
    shop.delete("b")

    described, alone = shop.clean(events, items), shop.clean(events)

    for cleaned in (described, alone):
        assert "b" not in cleaned.dataset.items["item_id"]
        assert cleaned.dataset.events["item_id"].unique().to_list() == ["a"]
        assert cleaned.report.as_dict()["events"]["unknown_item"] == 1
        assert cleaned.report.as_dict()["live_events"]["unknown_item"] == 1


def test_what_was_put_about_a_user_stands_in_place_of_the_file(shop: Shop, events: Path) -> None:
    users = shop.file("users.csv", "user_id,age,country", "1,34,DE", "2,20,FR")
    shop.describe("2", country="IT", pet="cat")
    shop.describe("new", age="50")

    found = shop.clean(events, users=users).dataset.users

    assert found is not None
    assert found.sort("user_id").to_dicts() == [
        {"user_id": "1", "age": "34", "country": "DE", "pet": None},
        {"user_id": "2", "age": None, "country": "IT", "pet": "cat"},
        {"user_id": "new", "age": "50", "country": None, "pet": None},
    ]


def test_merged_users_are_one_in_the_files_too(shop: Shop, events: Path) -> None:
    users = shop.file("users.csv", "user_id,age", "2,20", "1,34", "anonymous,1")
    shop.told("anonymous", "b")
    shop.merge("1", "anonymous")
    shop.merge("1", "2")

    cleaned = shop.clean(events, users=users)

    assert cleaned.dataset.events["user_id"].to_list() == ["1", "1", GONE, "1"]
    assert cleaned.dataset.users is not None
    assert cleaned.dataset.users.to_dicts() == [{"user_id": "1", "age": 34}]


def test_attributes_of_merged_users_are_joined_name_by_name_as_the_service_joins_them(shop: Shop, events: Path) -> None:
    for user_id, country, name in (("a", "IT", "pet"), ("c", "FR", "pet"), ("b", "SE", "plan"), ("1", "NO", "tall")):
        shop.describe(user_id, country=country, **{name: user_id})
    for user_id in ("c", "a", "b"):
        shop.merge("1", user_id)

    users = shop.clean(events).dataset.users

    assert users is not None
    (joined,) = users.to_dicts()
    assert {"country": "NO", "pet": "a", "plan": "b", "tall": "1"}.items() <= joined.items()
    assert shop.data.look(["a"], after=0, items_after=0).people["a"].attributes == {
        "country": "NO",
        "pet": "a",
        "plan": "b",
        "tall": "1",
    }


def test_who_was_erased_is_in_no_table_and_no_file(shop: Shop, items: Path) -> None:
    events = shop.file(
        "events.csv",
        "user_id,item_id,timestamp",
        f"{GONE},a,2026-04-01",
        f"{GONE},nowhere,2026-04-01",
        f"{GONE},a,2026-04-01,too,many,fields",
        "1,nowhere,2026-04-01",
        "1,a,2026-04-01",
    )
    users = shop.file("users.csv", "user_id,age", f"{GONE},20", "1,34")
    shop.erase(GONE)

    cleaned = shop.clean(events, items, users)

    assert cleaned.dataset.events["user_id"].to_list() == ["1"]
    assert cleaned.dataset.users is not None
    assert cleaned.dataset.users["user_id"].to_list() == ["1"]
    told = cleaned.report.as_dict()
    assert told["events"] == {"read": 5, "kept": 1, "malformed_line": 1, "erased_user": 2, "unknown_item": 1}
    assert told["users"] == {"read": 2, "kept": 1, "erased_user": 1}
    rejects = (shop.directory / "rejects.jsonl").read_text().splitlines()
    assert [json.loads(line)["row"]["user_id"] for line in rejects] == ["1"]
    assert not list(shop.directory.glob(".rejects*"))


def test_who_comes_back_is_somebody_new(shop: Shop, events: Path) -> None:
    shop.told(GONE, "b")
    shop.erase(GONE)
    shop.told(GONE, "a")

    table = shop.clean(events).dataset.events

    assert table.filter(user_id=GONE)["item_id"].to_list() == ["a"]
    assert table.filter(user_id=GONE)["timestamp"].to_list() == [NOON]


def test_neither_an_erasure_nor_an_unknown_live_item_is_a_fault_of_the_files(
    shop: Shop, events: Path, items: Path
) -> None:
    shop.erase(GONE)
    shop.told("1", "not put yet")

    cleaned = shop.clean(events, items, strict=True)

    assert cleaned.report.dropped_total == 0


def test_a_shop_may_have_nothing_but_its_service(shop: Shop) -> None:
    shop.told("1", "x")
    shop.told("1", "y")

    undescribed = shop.clean().dataset
    shop.put("y", title="Yam")
    described = shop.clean().dataset

    assert undescribed.items["item_id"].to_list() == ["x", "y"]
    assert described.items.select("item_id", "title").rows() == [("y", "Yam")]
    assert described.events["item_id"].to_list() == ["y"]
    assert described.users is None


def test_live_data_without_any_event_are_not_enough(shop: Shop) -> None:
    with pytest.raises(InputError, match="no event is left"):
        shop.clean()


def test_a_file_that_is_not_there_is_no_new_store(tmp_path: Path) -> None:
    with pytest.raises(LiveError, match=r"nowhere\.db: there is no live data"):
        read_live(str(tmp_path / "nowhere.db"))

    assert not (tmp_path / "nowhere.db").exists()
