"""The cleaned data at a glance, for the report."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import polars as pl

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.evaluation.result import ActivityByHour, Bin, DataSummary, LongTailPoint, MissingValues

__all__ = ["summarize"]

# More different values than this are no marks that each deserve a bar.
_MOST_MARKS = 20
_LONG_TAIL_STEPS = 100


def summarize(
    dataset: Dataset,
    *,
    timezone: str = "UTC",
    cleaning: Mapping[str, Mapping[str, int]] | None = None,
    warnings: Sequence[str] = (),
) -> DataSummary:
    """Count what the report shows of the data.

    Args:
        dataset: The cleaned data; not changed.
        timezone: IANA name of the zone that hours and weekdays are shown in.
        cleaning: Rows by table and outcome, as `CleaningReport.as_dict` has them.
        warnings: What reading and cleaning had to say.
    """
    events = dataset.events
    per_user = _events_per("user_id", events)
    per_item = _events_per("item_id", events)
    items = max(dataset.items.height, per_item.size)
    per_item = np.concatenate([per_item, np.zeros(items - per_item.size, dtype=np.int64)])
    pairs = events.select(pl.struct("user_id", "item_id").hash().n_unique()).item()
    first, last = events.select(pl.col("timestamp").min().alias("first"), pl.col("timestamp").max().alias("last")).row(
        0
    )
    return DataSummary(
        users=per_user.size,
        items=items,
        events=events.height,
        sparsity=1 - pairs / (per_user.size * items) if pairs else 1.0,
        ratings=_histogram(events.get_column("value")),
        events_per_user=_doubling_bins(per_user),
        events_per_item=_doubling_bins(per_item),
        long_tail=_long_tail(per_item),
        activity=_activity(events.get_column("timestamp"), timezone),
        missing=(
            *_missing("events", events),
            *_missing("items", dataset.items),
            *(() if dataset.users is None else _missing("users", dataset.users)),
        ),
        cleaning={table: dict(rows) for table, rows in (cleaning or {}).items()},
        warnings=tuple(warnings),
        event_types=_event_types(events.get_column("event_type")),
        first_event=first,
        last_event=last,
    )


def _events_per(column: str, events: pl.DataFrame) -> RowArray:
    # Texts are grouped by their 64-bit hashes: eight times faster, and a collision would move one bar by one.
    return events.get_column(column).hash().value_counts().get_column("count").cast(pl.Int64).to_numpy()


def _event_types(types: pl.Series) -> dict[str, int]:
    found = types.value_counts().sort(["count", "event_type"], descending=[True, False])
    return dict(found.iter_rows())


def _histogram(values: pl.Series) -> tuple[Bin, ...] | None:
    found = values.drop_nulls()
    if found.is_empty():
        return None
    by_value = found.value_counts().sort("value")
    if by_value.height <= _MOST_MARKS:
        return tuple(Bin(low=value, high=value, count=count) for value, count in by_value.iter_rows())
    counts, edges = np.histogram(by_value["value"].to_numpy(), bins=_MOST_MARKS, weights=by_value["count"].to_numpy())
    return _bins(edges, counts)


def _bins(edges: FloatArray, counts: FloatArray) -> tuple[Bin, ...]:
    return tuple(
        Bin(low=float(low), high=float(high), count=int(count))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    )


def _doubling_bins(counts: RowArray) -> tuple[Bin, ...]:
    """Return the bins 0 (if anything is in it), 1, 2-3, 4-7 … up to the largest count."""
    zeros = int((counts == 0).sum())
    some = counts[counts > 0]
    # frexp is exact where log2 rounds: n = m * 2**e with m in [0.5, 1), so e is the number of binary digits.
    by_digits = np.bincount(np.frexp(some.astype(np.float64))[1])[1:]
    rising = tuple(Bin(low=2**n, high=2 ** (n + 1) - 1, count=int(count)) for n, count in enumerate(by_digits))
    return (Bin(low=0, high=0, count=zeros), *rising) if zeros else rising


def _long_tail(per_item: RowArray) -> tuple[LongTailPoint, ...]:
    total = int(per_item.sum())
    if total == 0:
        return ()
    running = np.concatenate([[0], np.cumsum(np.sort(per_item)[::-1])])
    steps = min(_LONG_TAIL_STEPS, per_item.size)
    places = [math.floor(step * per_item.size / steps) for step in range(steps + 1)]
    return tuple(LongTailPoint(items=place / per_item.size, events=int(running[place]) / total) for place in places)


def _activity(timestamps: pl.Series, timezone: str) -> ActivityByHour | None:
    local = timestamps.drop_nulls().dt.convert_time_zone(timezone)
    # Dates alone are read as midnight: they say nothing of the hour.
    if local.is_empty() or bool((local.dt.time() == dt.time()).all()):
        return None
    slots = ((local.dt.weekday().cast(pl.Int64) - 1) * 24 + local.dt.hour()).to_numpy()
    counts = np.bincount(slots, minlength=7 * 24).reshape(7, 24)
    return ActivityByHour(timezone=timezone, counts=tuple(tuple(int(count) for count in day) for day in counts))


def _missing(table: Literal["events", "items", "users"], frame: pl.DataFrame) -> tuple[MissingValues, ...]:
    found = frame.select(_is_missing(name, dtype).sum() for name, dtype in frame.schema.items()).row(0)
    return tuple(
        MissingValues(table=table, column=name, missing=missing or 0, rows=frame.height)
        for name, missing in zip(frame.columns, found, strict=True)
    )


def _is_missing(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.String:
        empty = column == ""
    elif isinstance(dtype, pl.List):
        empty = column.list.len() == 0
    elif dtype.is_float():
        empty = column.is_nan()
    else:
        return column.is_null().alias(name)
    return (column.is_null() | empty).fill_null(value=True).alias(name)
