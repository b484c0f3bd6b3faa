from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from crossfade.errors import InputError
from crossfade_indexing.cleaning import clean
from crossfade_indexing.sources import read_files

Write = Callable[[str, str | bytes], Path]


def error_of(path: Path, items: Path | None = None) -> str:
    with pytest.raises(InputError) as error:
        clean(read_files(path, items))

    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{path.parent}/")
    return message.removeprefix(f"{path.parent}/")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv: is empty (0 bytes)"),
        ("a.csv.gz", "", "a.csv.gz: is empty (0 bytes)"),
        ("a.jsonl", "", "a.jsonl: is empty (0 bytes)"),
        ("a.parquet", "", "a.parquet: is empty (0 bytes)"),
        ("a.csv", "\n \n", "a.csv: is empty (blank lines only)"),
        ("a.jsonl", "\n \n", "a.jsonl: holds no JSON object, one per line"),
        ("a.csv", "user_id,item_id\n", "a.csv: has a header and no rows"),
        ("a.csv", "user_id,item_id", "a.csv: has a header and no rows"),
        (
            "a.csv",
            "userId,movieId\n1,2\n",
            (
                'a.csv: lacks the columns "user_id", "item_id"; has "userId", "movieId"; '
                'rename "userId" to "user_id" and "movieId" to "item_id"?'
            ),
        ),
        ("a.csv", "user_id,name\nx,y\n", 'a.csv: lacks the column "item_id"; has "user_id", "name"'),
        (
            "a.tsv",
            "user_id\tItem-ID\nx\ty\n",
            'a.tsv: lacks the column "item_id"; has "user_id", "Item-ID"; rename "Item-ID" to "item_id"?',
        ),
        (
            "a.jsonl",
            '{"user_id": 1, "itemid": 2}\n',
            'a.jsonl: lacks the column "item_id"; has "user_id", "itemid"; rename "itemid" to "item_id"?',
        ),
        (
            "a.csv",
            "user_id;item_id\nx;a\n",
            (
                'a.csv: lacks the columns "user_id", "item_id"; has "user_id;item_id"; '
                "its fields seem to be separated by ';'"
            ),
        ),
        (
            "a.csv",
            "1,2\n3,4\n",
            'a.csv: lacks the columns "user_id", "item_id"; has "1", "2"; is its header line missing?',
        ),
        ("a.csv", "user_id,item_id,user_id\nx,a,y\n", 'a.csv: has more than one column "user_id"'),
        ("a.csv", '"user_id,item_id\nx,a\n', "a.csv: its first line is no header (unexpected end of data)"),
        ("a.csv", b"n\xe4me,b\nx,a\n", r"a.csv: is no UTF-8 text (its header holds b'\xe4')"),
        ("a.csv", "user_id,item_id\nx,a\n".encode("utf-16"), "a.csv: is UTF-16 text; save it as UTF-8"),
        ("a.jsonl", "[\n{}\n]\n", 'a.jsonl: lacks the columns "user_id", "item_id"; has none'),
        (
            "a.jsonl",
            '{"user_id": 1,\n"item_id": 2}',
            "a.jsonl: holds no JSON object, one per line; line 1 begins '{\"user_id\": 1,'",
        ),
        ("a.jsonl", '{"user_id": [1], "item_id": 2}', 'a.jsonl: the column "user_id" holds List(Int64), not ids'),
        ("a.csv", "user_id,item_id\n,a\n", "a.csv: no event is left: 1 missing_user_id in a.csv"),
        (
            "a.xlsx",
            "PK",
            'a.xlsx: unknown file ending ".xlsx"; known are .csv .tsv .jsonl .ndjson, each also with .gz, and .parquet',
        ),
        (
            "a.json",
            "{}",
            (
                'a.json: unknown file ending ".json" (JSON Lines, one object per line, are named .jsonl); '
                "known are .csv .tsv .jsonl .ndjson, each also with .gz, and .parquet"
            ),
        ),
    ],
)
def test_one_clear_line_says_what_is_wrong_with_a_file(
    write: Write, name: str, content: str | bytes, message: str
) -> None:
    assert error_of(write(name, content)) == message


def test_a_missing_file_and_what_may_have_been_meant(write: Write) -> None:
    path = write("ratings.csv", "user_id,item_id\nx,a\n")

    assert error_of(path.with_name("rating.csv")) == "rating.csv: no such file; did you mean ratings.csv?"
    assert error_of(path.with_name("zebra.csv")) == "zebra.csv: no such file"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.mkdir()

    assert error_of(path) == "events.csv: is a directory, not a file"


def test_broken_containers_are_named(write: Write, tmp_path: Path) -> None:
    whole = write("whole.csv.gz", "user_id,item_id\nx,a\n").read_bytes()
    (tmp_path / "cut.csv.gz").write_bytes(whole[:-10])
    (tmp_path / "plain.csv.gz").write_bytes(b"user_id,item_id\nx,a\n")

    assert error_of(tmp_path / "cut.csv.gz").startswith("cut.csv.gz: is no whole gzip file (")
    assert error_of(tmp_path / "plain.csv.gz").startswith("plain.csv.gz: is no whole gzip file (")
    assert error_of(write("a.parquet", "PAR1")).startswith("a.parquet: is no readable Parquet file (")


def test_a_file_that_may_not_be_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.csv", "user_id,item_id\nx,a\n")

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)

    assert error_of(path) == "a.csv: may not be read (Permission denied)"


def test_parquet_without_rows_or_columns(tmp_path: Path) -> None:
    pl.DataFrame({"user_id": [], "item_id": []}).write_parquet(tmp_path / "none.parquet")
    pl.DataFrame({"user": [1], "item": [2]}).write_parquet(tmp_path / "other.parquet")

    assert error_of(tmp_path / "none.parquet") == "none.parquet: has columns and no rows"
    assert error_of(tmp_path / "other.parquet") == (
        'other.parquet: lacks the columns "user_id", "item_id"; has "user", "item"; '
        'rename "user" to "user_id" and "item" to "item_id"?'
    )


def test_the_items_file_is_checked_as_the_events_file_is(write: Write) -> None:
    events = write("events.csv", "user_id,item_id\nx,a\n")

    assert error_of(events, write("items.csv", "movieId,title\na,Alpha\n")) == (
        'items.csv: lacks the column "item_id"; has "movieId", "title"; rename "movieId" to "item_id"?'
    )


def test_a_file_of_many_columns_is_not_listed_whole(write: Write) -> None:
    header = ",".join(f"column_{number}" for number in range(40))

    assert error_of(write("a.csv", f"{header}\n{header}\n")).endswith('"column_11" and 28 more')
