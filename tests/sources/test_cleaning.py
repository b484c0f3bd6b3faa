from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from crossfade.errors import InputError
from crossfade_indexing.cleaning import Cleaned, clean, render
from crossfade_indexing.sources import Reason, read_files

Clean = Callable[..., Cleaned]
Rejected = Callable[[], list[dict[str, object]]]

ITEMS = "item_id,title\na,Alpha\nb,Beta\n"


@pytest.mark.parametrize(
    ("reason", "header", "bad_row"),
    [
        (Reason.MISSING_USER_ID, "user_id,item_id", ",a"),
        (Reason.MISSING_USER_ID, "user_id,item_id", '" ",a'),
        (Reason.MISSING_ITEM_ID, "user_id,item_id", "y,"),
        (Reason.MALFORMED_LINE, "user_id,item_id", "y,a,b"),
        (Reason.UNKNOWN_ITEM, "user_id,item_id", "y,zeta"),
        (Reason.UNREADABLE_TIMESTAMP, "user_id,item_id,timestamp", "y,a,yesterday"),
        (Reason.UNREADABLE_TIMESTAMP, "user_id,item_id,timestamp", "y,a,-1"),
        (Reason.UNREADABLE_TIMESTAMP, "user_id,item_id,timestamp", "y,a,1969-12-31"),
        (Reason.UNREADABLE_TIMESTAMP, "user_id,item_id,timestamp", "y,a,2020-02-30"),
        (Reason.UNREADABLE_TIMESTAMP, "user_id,item_id,timestamp", "y,a,9999999999"),
        (Reason.UNREADABLE_TIMESTAMP, "user_id,item_id,timestamp", "y,a,2100-01-01T00:00:00Z"),
        (Reason.UNREADABLE_TIMESTAMP, "user_id,item_id,timestamp", "y,a,99999999999999999999999"),
        (Reason.UNREADABLE_TIMESTAMP, "user_id,item_id,timestamp", "y,a,inf"),
        (Reason.UNREADABLE_VALUE, "user_id,item_id,value", "y,a,good"),
        (Reason.UNREADABLE_VALUE, "user_id,item_id,value", 'y,a,"4,5"'),
        (Reason.NON_FINITE_VALUE, "user_id,item_id,value", "y,a,inf"),
        (Reason.NON_FINITE_VALUE, "user_id,item_id,value", "y,a,-Infinity"),
        (Reason.NON_FINITE_VALUE, "user_id,item_id,value", "y,a,NaN"),
        (Reason.NON_FINITE_VALUE, "user_id,item_id,value", "y,a,1e999"),
        (Reason.REPEATED_EVENT_ID, "user_id,item_id,event_id", "x,b,"),
        (Reason.DUPLICATE_EVENT, "user_id,item_id,value", "x,a,"),
    ],
)
def test_a_bad_event_is_dropped_counted_and_written_to_the_rejects(
    cleaned: Clean, rejected: Rejected, reason: Reason, header: str, bad_row: str
) -> None:
    good_row = "x,a" + "," * (header.count(",") - 1)
    if reason is Reason.REPEATED_EVENT_ID:
        good_row, bad_row = good_row + "1", bad_row + "1"

    result = cleaned(f"{header}\n{good_row}\n{bad_row}\n", ITEMS)

    assert result.dataset.events.select("user_id", "item_id").rows() == [("x", "a")]
    assert result.report.as_dict()["events"] == {"read": 2, "kept": 1, reason.value: 1}
    [row] = rejected()
    assert (row["table"], row["line"], row["reason"]) == ("events", 3, reason.value)
    assert str(row["file"]).endswith("events.csv")
    assert row["row"] == bad_row or list(dict(row["row"]).values())[:2] == bad_row.replace('"', "").split(",")[:2]  # type: ignore[call-overload]


def test_undecodable_bytes_are_a_reason_of_their_own(cleaned: Clean, rejected: Rejected) -> None:
    result = cleaned(b"user_id,item_id\nx,a\ny,M\xfcnchen\n")

    assert result.report.as_dict()["events"] == {"read": 2, "kept": 1, "undecodable_bytes": 1}
    assert rejected()[0]["row"] == "y,M�nchen"


def test_a_row_with_several_faults_is_counted_once_under_the_first(cleaned: Clean) -> None:
    result = cleaned("user_id,item_id,timestamp,value\nx,a,1,1\n,zeta,never,much\n", ITEMS)

    assert result.report.as_dict()["events"] == {"read": 2, "kept": 1, "missing_user_id": 1}


def test_the_same_act_at_another_time_of_another_type_or_value_is_no_duplicate(cleaned: Clean) -> None:
    rows = ["x,a,1,watch,1", "x,a,1,watch,1", "x,a,2,watch,1", "x,a,1,like,1", "x,a,1,watch,2"]

    result = cleaned("\n".join(["user_id,item_id,timestamp,event_type,value", *rows]))

    assert result.dataset.events.height == 4


def test_equal_acts_with_ids_of_their_own_are_two_events(cleaned: Clean) -> None:
    result = cleaned("event_id,user_id,item_id\n1,x,a\n2,x,a\n1,y,b\n,z,c\n,z,c\n")

    assert result.dataset.events.select("user_id").to_series().to_list() == ["x", "x", "z"]
    assert result.report.as_dict()["events"] == {"read": 5, "kept": 3, "repeated_event_id": 1, "duplicate_event": 1}


def test_a_faulty_event_does_not_take_the_place_of_a_good_one_with_its_id(cleaned: Clean) -> None:
    result = cleaned("event_id,user_id,item_id,value\n1,x,a,much\n1,x,a,3\n")

    assert result.dataset.events["value"].to_list() == [3.0]


def test_events_come_out_in_the_order_and_types_that_the_dataset_promises(cleaned: Clean) -> None:
    header = "value,context.device,item_id,timestamp,user_id,event_type\n"

    events = cleaned(header + " 4 ,tv, b ,86400,x,watch\n,,a,,x,\n").dataset.events

    assert events.schema == pl.Schema(
        {
            "user_id": pl.String(),
            "item_id": pl.String(),
            "timestamp": pl.Datetime("us", "UTC"),
            "local_time": pl.Datetime("us"),
            "event_type": pl.String(),
            "value": pl.Float64(),
            "context.device": pl.String(),
        }
    )
    assert events.rows() == [
        ("x", "b", dt.datetime(1970, 1, 2, tzinfo=dt.UTC), None, "watch", 4.0, "tv"),
        ("x", "a", None, None, "event", None, None),
    ]


def test_of_repeated_items_and_users_the_last_counts(cleaned: Clean, rejected: Rejected) -> None:
    items = "item_id,title\na,Old\nb,Beta\na,New\n ,Nameless\n"
    users = "user_id,age\nx,1\nx,2\n,3\n"

    result = cleaned("user_id,item_id\nx,a\n", items, users)

    assert result.dataset.items.select("item_id", "title").rows() == [("b", "Beta"), ("a", "New")]
    assert result.dataset.users is not None
    assert result.dataset.users.rows() == [("x", 2)]
    assert [(row["table"], row["line"], row["reason"]) for row in rejected()] == [
        ("items", 2, "repeated_item_id"),
        ("items", 5, "missing_item_id"),
        ("users", 2, "repeated_user_id"),
        ("users", 4, "missing_user_id"),
    ]


def test_items_have_their_text_and_every_other_column_as_a_property(cleaned: Clean) -> None:
    items = 'year,item_id,categories,title,description,tags\n1999,a, Crime|Drama||Crime ,Alpha,"Quiet, ", dark | dark\n'

    table = cleaned("user_id,item_id\nx,a\n", items).dataset.items

    assert table.columns == ["item_id", "title", "description", "categories", "tags", "year"]
    assert table.rows() == [("a", "Alpha", "Quiet,", ["Crime", "Drama"], ["dark"], 1999)]


def test_lists_of_json_are_flattened_and_joined(write: Callable[[str, str], Path]) -> None:
    events = write("events.jsonl", '{"user_id": 1, "item_id": 1}\n')
    line = (
        '{"item_id": 1, "title": 1984, "description": ["One.", "Two."], "categories": [["a", "b"], ["b", null, " "]]}\n'
    )

    table = clean(read_files(events, write("items.jsonl", line))).dataset.items

    assert table.rows() == [("1", "1984", "One. Two.", ["a", "b"])]


def test_numbers_that_are_none_are_missing_properties(tmp_path: Path, write: Callable[[str, str], Path]) -> None:
    path = tmp_path / "items.parquet"
    pl.DataFrame({"item_id": ["a", "b"], "price": [float("nan"), float("inf")], "note": [None, None]}).write_parquet(
        path
    )

    table = clean(read_files(write("events.csv", "user_id,item_id\nx,a\n"), path)).dataset.items

    assert table["price"].to_list() == [None, None]
    assert table.schema["note"] == pl.String


def test_without_an_items_file_the_items_are_those_of_the_events(cleaned: Clean) -> None:
    items = cleaned("user_id,item_id\nx,b\nx,a\ny,b\n").dataset.items

    assert items.rows() == [("b", "", "", []), ("a", "", "", [])]


def test_an_item_without_any_text_stays_with_a_warning(cleaned: Clean) -> None:
    items = "item_id,title,description,categories,tags\na,,,,\nb, ,,,\nc,,,,dark\nd,,x,,\n"

    result = cleaned("user_id,item_id\nx,a\n", items)

    assert result.dataset.items.height == 4
    assert result.report.warnings == ("items.csv: 2 of 4 items have no text; they are known by their events alone",)


def test_without_rejects_there_is_no_file_and_an_old_one_goes(cleaned: Clean, tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    cleaned("user_id,item_id\nx,a\n,a\n")
    assert path.exists()

    cleaned("user_id,item_id\nx,a\n")

    assert not path.exists()


def test_a_failed_write_of_the_rejects_leaves_the_old_ones(
    cleaned: Clean, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned("user_id,item_id\nx,a\n,a\n")
    before = (tmp_path / "rejects.jsonl").read_bytes()

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        cleaned("user_id,item_id\nx,a\ny,\ny,\n")

    assert (tmp_path / "rejects.jsonl").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.csv", "rejects.jsonl"]


def test_strict_makes_dropped_rows_an_error_once_they_are_written(cleaned: Clean, rejected: Rejected) -> None:
    with pytest.raises(InputError) as error:
        cleaned("user_id,item_id\nx,a\n,a\n,b\nx,zeta\n", ITEMS, strict=True)

    assert str(error.value).startswith(
        "3 rows cannot be used: 2 missing_user_id in events.csv, 1 unknown_item in events.csv; see "
    )
    assert len(rejected()) == 3


def test_strict_has_nothing_against_clean_files(cleaned: Clean) -> None:
    assert cleaned("user_id,item_id\nx,a\n", ITEMS, strict=True).report.dropped_total == 0


def test_when_no_event_is_left_the_error_shows_why(cleaned: Clean) -> None:
    with pytest.raises(InputError) as error:
        cleaned("user_id,item_id\nx,1.0\ny,2.0\n", "item_id,title\n1,Alpha\n")

    assert str(error.value).endswith(
        "events.csv: no event is left: 2 unknown_item in events.csv; "
        'item ids look like "1.0" there and like "1" in items.csv'
    )


def test_the_report_is_a_table_for_people(cleaned: Clean) -> None:
    report = cleaned("user_id,item_id\nx,a\n,a\n,b\nx,zeta\n", ITEMS).report
    console = Console(width=100)

    with console.capture() as capture:
        console.print(render(report))

    text = capture.get()
    assert "2 missing user id" in text
    assert "1 unknown item" in text
