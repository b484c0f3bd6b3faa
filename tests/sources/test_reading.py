from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from crossfade_indexing.cleaning import Cleaned, clean
from crossfade_indexing.sources import RawTables, Reason, blocks, read_files

Write = Callable[[str, str | bytes], Path]

EVENTS = [("007", "a"), ("8", "b")]
CSV = "user_id,item_id\n007,a\n8,b\n"
TSV = "user_id\titem_id\n007\ta\n8\tb\n"
JSON_LINES = '{"user_id": "007", "item_id": "a"}\n{"user_id": 8, "item_id": "b"}\n'


def ids(raw: RawTables) -> list[tuple[str, str]]:
    return clean(raw).dataset.events.select("user_id", "item_id").rows()


def unread(raw: RawTables) -> list[tuple[int, str, str]]:
    return raw.events.unread.rows()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("events.csv", CSV),
        ("EVENTS.CSV", CSV),
        ("events.csv.gz", CSV),
        ("events.tsv", TSV),
        ("events.tsv.gz", TSV),
        ("events.jsonl", JSON_LINES),
        ("events.jsonl.gz", JSON_LINES),
        ("events.ndjson", JSON_LINES),
        ("events.ndjson.gz", JSON_LINES),
    ],
)
def test_the_ending_says_how_a_file_is_read(write: Write, name: str, content: str) -> None:
    raw = read_files(write(name, content))

    assert ids(raw) == EVENTS


def test_whole_numbers_of_parquet_are_ids_without_a_point(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    pl.DataFrame({"user_id": [7, 8], "item_id": [1.0, 2.5]}).write_parquet(path)

    raw = read_files(path)

    assert ids(raw) == [("7", "1"), ("8", "2.5")]


def test_ids_of_json_lines_may_be_numbers_in_one_line_and_text_in_another(write: Write) -> None:
    raw = read_files(write("events.jsonl", '{"user_id": 1, "item_id": "a"}\n{"user_id": "007", "item_id": 2.0}\n'))

    assert ids(raw) == [("1", "a"), ("007", "2")]


def test_a_byte_order_mark_carriage_returns_blank_lines_and_a_missing_last_line_end_are_no_matter(write: Write) -> None:
    raw = read_files(write("events.csv", b"\xef\xbb\xbfuser_id,item_id\r\n\r\n007,a\r\n  \r\n8,b"))

    assert ids(raw) == EVENTS
    assert raw.events.frame.get_column("__line__").to_list() == [3, 5]


def test_every_row_knows_the_line_it_begins_on(write: Write) -> None:
    content = 'item_id,title\na,"two\nlines"\n\nb,one\nc,"say ""hi"", twice"\n'

    items = read_files(write("events.csv", CSV), write("items.csv", content)).items

    assert items is not None
    assert items.frame.rows() == [(2, "a", "two\nlines"), (5, "b", "one"), (6, "c", 'say "hi", twice')]


def test_rows_of_parquet_are_counted_from_one(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    pl.DataFrame({"user_id": ["x", "y"], "item_id": ["a", "b"]}).write_parquet(path)

    assert read_files(path).events.frame.get_column("__line__").to_list() == [1, 2]


def test_lines_with_too_many_or_too_few_fields_are_set_aside(write: Write) -> None:
    raw = read_files(write("events.csv", "user_id,item_id,value\nx,a,1\nx,b\nx,c,1,2\ny,d,\n"))

    assert ids(raw) == [("x", "a"), ("y", "d")]
    assert unread(raw) == [(3, Reason.MALFORMED_LINE, '"x,b"'), (4, Reason.MALFORMED_LINE, '"x,c,1,2"')]


@pytest.mark.parametrize("block_bytes", [8, 2**20])
def test_a_quote_that_is_never_closed_costs_its_own_line_alone(
    write: Write, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)

    raw = read_files(write("events.csv", 'user_id,item_id\nx,"a\ny,b\nz,"c"\nw,"d" e\nv,f\n'))

    assert ids(raw) == [("y", "b"), ("z", "c"), ("v", "f")]
    assert [line for line, _, _ in unread(raw)] == [2, 5]


@pytest.mark.parametrize("block_bytes", [1, 5, 16])
def test_a_field_may_span_lines_wherever_the_file_is_cut_into_blocks(
    write: Write, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)

    raw = read_files(write("events.csv", 'user_id,item_id\nx,"a\nb\n\nc"\ny,d\n'))

    assert raw.events.frame.rows() == [(2, "x", "a\nb\n\nc"), (6, "y", "d")]
    assert unread(raw) == []


def test_quotes_inside_a_field_are_text(write: Write) -> None:
    raw = read_files(write("events.csv", 'user_id,item_id\nx,The 12" Single\ny,b'))

    assert ids(raw) == [("x", 'The 12" Single'), ("y", "b")]


def test_quotes_that_make_no_sense_in_tsv_are_text(write: Write) -> None:
    raw = read_files(write("events.tsv", 'user_id\titem_id\nx\t"Heroes" by Bowie\ny\t"b"\n'))

    assert ids(raw) == [("x", '"Heroes" by Bowie'), ("y", "b")]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_latin_1_byte_costs_its_row_alone(write: Write, quote: str) -> None:
    content = f"user_id,item_id\nx,{quote}Köln{quote}\n".encode() + b"y,M\xfcnchen\nz,c\n"

    raw = read_files(write("events.csv", content))

    assert ids(raw) == [("x", "Köln"), ("z", "c")]
    assert unread(raw) == [(3, Reason.UNDECODABLE_BYTES, '"y,M�nchen"')]


def test_a_latin_1_byte_in_a_row_of_several_lines_costs_the_whole_row(write: Write) -> None:
    raw = read_files(write("events.csv", b'user_id,item_id\nx,"a\nM\xfcnchen"\ny,b\n'))

    assert ids(raw) == [("y", "b")]
    assert [(line, reason) for line, reason, _ in unread(raw)] == [(2, Reason.UNDECODABLE_BYTES)]


def test_what_is_no_object_in_json_lines_is_set_aside(write: Write) -> None:
    bad = ['{"user_id": "x"', "[1]", "7", "{'user_id': 1}", '{"item_id": NaN}', '{"user_id": 1e999, "item_id": "a"}']
    bad.append(f'{{"user_id": {"1" * 50}, "item_id": "a"}}')
    content = "\n".join(['{"user_id": "x", "item_id": "a"}', "", *bad, '{"user_id": "y", "item_id": "b"}'])

    raw = read_files(write("events.jsonl", content))

    assert ids(raw) == [("x", "a"), ("y", "b")]
    assert raw.events.frame.get_column("__line__").to_list() == [1, 10]
    assert [(line, json.loads(row)) for line, _, row in unread(raw)] == list(enumerate(bad, start=3))


def test_broken_bytes_in_json_lines_cost_their_line(write: Write) -> None:
    raw = read_files(write("events.jsonl", JSON_LINES.encode() + b'{"user_id": "M\xfcller", "item_id": "c"}\n'))

    assert ids(raw) == EVENTS
    assert [(line, reason) for line, reason, _ in unread(raw)] == [(3, Reason.UNDECODABLE_BYTES)]


@pytest.mark.parametrize("block_bytes", [1, 2**20])
def test_a_field_that_is_a_list_here_and_text_there_is_read_wherever_blocks_end(
    write: Write, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    lines = (
        '{"item_id": 1, "categories": ["a", "b"], "year": 1990, "cast": [1]}\n'
        '{"item_id": "x", "categories": "c|d", "cast": [{"name": "y"}]}\n'
    )
    events = write("events.jsonl", '{"user_id": "u", "item_id": "1"}\n')
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)

    items = clean(read_files(events, write("items.jsonl", lines))).dataset.items

    assert items.select("item_id", "categories", "year").rows() == [("1", ["a", "b"], 1990), ("x", ["c", "d"], None)]


def test_a_context_object_becomes_context_columns(write: Write) -> None:
    line = {"user_id": "x", "item_id": "a", "context": {"device": "tv", "wide": True}, "context.place": "home"}

    events = clean(read_files(write("events.jsonl", json.dumps(line)))).dataset.events

    context = {name: events[name].item() for name in events.columns if name.startswith("context.")}
    assert context == {"context.device": "tv", "context.wide": "true", "context.place": "home"}


def test_columns_that_events_have_no_use_for_are_named(write: Write) -> None:
    raw = read_files(write("events.csv", "user_id,item_id,mood,context,,context.device\nx,a,happy,y,z,tv\n"))

    assert raw.events.warnings == (
        'events.csv: not used: "mood", "(unnamed)"',
        'events.csv: not used: "context" (a column for each field is named "context.<field>")',
    )


def test_the_types_of_properties_in_csv_are_found(cleaned: Callable[..., Cleaned]) -> None:
    items = (
        "item_id,year,price,new,zip,code,note,empty\n"
        "1,1999,1.5,true,02139,7,x,\n"
        "2,,nan,FALSE,10115,8x, ,\n"
        "3,-3,-2e-1,,80331,9,NA,\n"
    )

    table = cleaned("user_id,item_id\nu,1\n", items).dataset.items

    assert table.select("year", "price", "new").rows() == [(1999, 1.5, True), (None, None, False), (-3, -0.2, None)]
    assert table.select("zip", "code", "note", "empty").rows() == [
        ("02139", "7", "x", None),
        ("10115", "8x", None, None),
        ("80331", "9", "NA", None),
    ]


def test_timestamps_of_parquet_are_read_with_or_without_a_zone(tmp_path: Path) -> None:
    noon = dt.datetime(2020, 7, 1, 12, tzinfo=dt.UTC)
    zoned, naive, days = tmp_path / "zoned.parquet", tmp_path / "naive.parquet", tmp_path / "days.parquet"
    ids_only = pl.DataFrame({"user_id": ["x"], "item_id": ["a"]})
    ids_only.with_columns(timestamp=pl.lit(noon).dt.convert_time_zone("Asia/Tokyo")).write_parquet(zoned)
    ids_only.with_columns(timestamp=pl.lit(noon.replace(tzinfo=None))).write_parquet(naive)
    ids_only.with_columns(timestamp=pl.lit(noon.date())).write_parquet(days)

    seconds = tmp_path / "seconds.parquet"
    ids_only.with_columns(timestamp=pl.lit(noon.timestamp())).write_parquet(seconds)

    times = [
        clean(read_files(path), timezone="Europe/Berlin").dataset.events["timestamp"].item()
        for path in (zoned, seconds, naive, days)
    ]

    assert times == [noon, noon, noon - dt.timedelta(hours=2), noon - dt.timedelta(hours=14)]


@pytest.mark.parametrize("block_bytes", [1, 2**20])
def test_lists_that_have_no_type_are_read_all_the_same(
    write: Write, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    rows = [
        {"item_id": "a", "mixed": [False, []], "size": 1, "crew": {"by": "x"}, "cast": []},
        {"item_id": "b", "crew": {"year": 2}, "cast": ["y"]},
        {"item_id": "c", "mixed": {}, "size": 2.5, "crew": {"by": "z"}},
    ]
    events = write("events.jsonl", '{"user_id": "u", "item_id": "a"}\n')
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)

    lines = "\n".join(json.dumps(row) for row in rows)

    items = clean(read_files(events, write("items.jsonl", lines)), strict=True).dataset.items

    assert items.select("item_id", "mixed", "size", pl.col("crew").struct.field("by"), "cast").rows() == [
        ("a", "[false, []]", 1.0, "x", []),
        ("b", None, None, None, ["y"]),
        ("c", "{}", 2.5, "z", None),
    ]


def test_a_column_named_like_our_own_is_not_mistaken_for_it(write: Write) -> None:
    events = write("events.csv", "user_id,item_id,__line__\nx,a,7\n")
    items = write("items.jsonl", '{"item_id": "a", "__line__": 7}\n')

    raw = read_files(events, items)

    assert [table.frame.get_column("__line__").to_list() for table in raw.tables] == [[2], [1]]


def test_parquet_may_hold_types_that_text_has_not(tmp_path: Path) -> None:
    events, items = tmp_path / "events.parquet", tmp_path / "items.parquet"
    ids = {"user_id": pl.Series(["x"], dtype=pl.Categorical), "item_id": pl.Series(["7"]).cast(pl.Decimal(10, 2))}
    pl.DataFrame({**ids, "value": [True]}).write_parquet(events)
    lists = {"categories": [5], "tags": pl.Series([["a", "b"]], dtype=pl.Array(pl.String, 2)), "title": [b"Alpha"]}
    pl.DataFrame({"item_id": [7], **lists, "poster": [{"bytes": b"\xff", "path": "a.jpg"}]}).write_parquet(items)

    result = clean(read_files(events, items))

    dataset = result.dataset
    assert result.report.warnings == ("items.parquet: not used, for they hold bytes: poster",)
    assert dataset.events.select("user_id", "item_id", "value").rows() == [("x", "7", 1.0)]
    assert dataset.items.rows() == [("7", "Alpha", "", ["5"], ["a", "b"])]
