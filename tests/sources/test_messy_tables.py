"""Whatever a file holds: every row read is kept or dropped, and nothing fails but with one clear line."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from crossfade.errors import InputError
from crossfade_indexing.cleaning import clean
from crossfade_indexing.sources import RawTables, blocks, read_files

HEADERS = (b"user_id", b"item_id", b"timestamp", b"value", b"timezone", b"event_id", b"context.x")

FIELD = st.one_of(
    st.sampled_from(["", " ", "a", "b", "1", "1.0", "nan", "-inf", "1e999", "2020-01-01", "2020-01-01T00:00+01:00"]),
    st.sampled_from(["99999999999999999999", "-5", "Europe/Berlin", '"', '"a', '""', "a|b", '["x"]', "[", "\0", "\r"]),
    st.text(max_size=6),
)
# Mostly what fits, so that most tables have rows to keep.
ID = st.integers(0, 9).flatmap(lambda odds: FIELD if odds == 0 else st.sampled_from(["a", "a", "b", "1"]))
FACT = st.integers(0, 3).flatmap(lambda odds: FIELD if odds == 0 else st.sampled_from(["", "1", "2020-01-01"]))
EVENT_COLUMNS = st.permutations(["timestamp", "value", "timezone", "event_id", "context.x"]).flatmap(
    lambda others: st.permutations(["user_id", "item_id", *others[:3]])
)
ITEM_COLUMNS = st.permutations(["item_id", "title", "categories", "tags", "price"])
SIMPLE = st.none() | st.booleans() | st.integers() | st.floats() | FIELD
NESTED = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def delimited(draw: st.DrawFn, columns: st.SearchStrategy[list[str]]) -> bytes:
    names = draw(columns)
    row = st.tuples(*(ID if name.endswith("_id") else FACT for name in names)).map(list)
    rows = draw(
        st.lists(row | row.map(lambda fields: fields[1:]) | row.map(lambda fields: [*fields, "x"]), max_size=12)
    )
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    text = line_end.join([",".join(names), *(",".join(row) for row in rows)])
    return (
        draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode() + draw(st.sampled_from([b"", b"\n", b"\n\xff"]))
    )


@st.composite
def json_lines(draw: st.DrawFn) -> bytes:
    ids = draw(st.sampled_from([ID, ID, ID | SIMPLE, NESTED]))
    others = dict.fromkeys(["timestamp", "value", "timezone", "context", "title", "categories"], FACT | NESTED)
    objects = st.fixed_dictionaries({"user_id": ids, "item_id": ids}, optional=others).map(json.dumps)
    broken = FIELD.filter(lambda text: "\n" not in text)
    return "\n".join(draw(st.lists(objects | objects | broken, min_size=1, max_size=10))).encode(errors="replace")


def accounted_for(raw: RawTables, rejects: Path) -> None:
    report = None
    try:
        result = clean(raw, rejects=rejects)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - most examples raise nothing
        return
    report = result.report
    for table, counts in zip(raw.tables, report.tables, strict=True):
        assert counts.rows_read == table.frame.height + table.unread.height
        assert counts.rows_read == counts.rows_kept + sum(counts.dropped.values())
    kept = {counts.table: counts.rows_kept for counts in report.tables}
    events, items = result.dataset.events, result.dataset.items
    assert kept["events"] == events.height
    assert kept.get("items", items.height) == items.height
    assert items["item_id"].is_unique().all()
    assert events["item_id"].is_in(items["item_id"].implode()).all()
    assert not any(events.select(pl.col("user_id", "item_id", "event_type").has_nulls()).row(0))
    assert events["value"].drop_nulls().is_finite().all()
    rows = (
        [json.loads(line) for line in rejects.read_text(encoding="utf-8").split("\n")[:-1]] if rejects.exists() else []
    )
    assert len(rows) == report.dropped_total


@settings(deadline=None, max_examples=80)
@given(
    events=delimited(EVENT_COLUMNS) | json_lines(),
    items=st.none() | delimited(ITEM_COLUMNS) | json_lines(),
    block_bytes=st.sampled_from([7, 64, 2**20]),
)
def test_every_row_read_is_kept_or_dropped(events: bytes, items: bytes | None, block_bytes: int) -> None:
    def write(name: str, content: bytes) -> Path:
        is_csv = content.removeprefix(b"\xef\xbb\xbf").startswith(
            (*HEADERS, b"title", b"categories", b"tags", b"price")
        )
        path = folder / (name + (".csv" if is_csv else ".jsonl"))
        path.write_bytes(content)
        return path

    before = blocks.BLOCK_BYTES
    blocks.BLOCK_BYTES = block_bytes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            raw = read_files(write("events", events), None if items is None else write("items", items))
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most examples raise nothing
        else:
            accounted_for(raw, folder / "rejects.jsonl")
        finally:
            blocks.BLOCK_BYTES = before
