"""In which situation each event took place: fields of the request and attributes of the user."""

from __future__ import annotations

import polars as pl

from crossfade.engine.clock import CLOCK_FIELDS, PART_OF_DAY_STARTS, WEEKDAYS, WEEKEND

__all__ = ["ATTRIBUTE_PREFIX", "CONTEXT_PREFIX", "situations", "with_clock_fields"]

CONTEXT_PREFIX = "context."
ATTRIBUTE_PREFIX = "user."

_MOST_FIELDS = 32
_MOST_NUMBERS = 20


def with_clock_fields(events: pl.DataFrame) -> pl.DataFrame:
    """Add ``context.part_of_day``, ``context.weekday`` and ``context.weekend`` of each event's local time.

    A column of that name that the events have already counts where it is not null. They say the same as
    ``crossfade.engine.clock.derived_fields``; null where the local time is unknown.
    """
    local = pl.col("local_time").dt
    hour = local.hour()
    part: pl.Expr = pl.when(hour.is_not_null()).then(pl.lit("night"))
    for name, start in PART_OF_DAY_STARTS.items():
        part = pl.when(hour >= start).then(pl.lit(name)).otherwise(part)
    weekday = local.weekday().replace_strict(dict(enumerate(WEEKDAYS, 1)), return_dtype=pl.String)
    weekend = pl.when(weekday.is_in(WEEKEND)).then(pl.lit("yes")).when(weekday.is_not_null()).then(pl.lit("no"))
    derived = dict(zip(CLOCK_FIELDS, (part, weekday, weekend), strict=True))
    columns = {CONTEXT_PREFIX + field: value for field, value in derived.items()}
    return events.with_columns(
        pl.coalesce(name, value).alias(name) if name in events.columns else value.alias(name)
        for name, value in columns.items()
    )


def situations(events: pl.DataFrame, users: pl.DataFrame | None) -> tuple[pl.DataFrame, list[str]]:
    """Return the fields known of each event, and warnings of one line each.

    A user's attributes count as fields if they name groups: numbers with many different values and anything nested or
    dated are left out. Of more than 32 fields those known of most events stay.

    Args:
        events: As in ``Dataset.events``; may have a column ``weight`` (numeric, > 0).
        users: As in ``Dataset.users``.

    Returns:
        One row per event in the order given: ``user_id``, ``item_id``, ``weight`` if there is one, and the fields as
        ``context.<field>`` and ``user.<attribute>``, String, null where unknown.
    """
    table = with_clock_fields(events)
    context = [name for name in table.columns if name.startswith(CONTEXT_PREFIX)]
    kept = ["user_id", "item_id", *(["weight"] if "weight" in events.columns else [])]
    table = table.select(*kept, *context)
    warnings: list[str] = []
    if users is not None:
        attributes, warnings = _attributes(users)
        table = table.join(attributes, on="user_id", how="left", maintain_order="left")
    known = {name: table[name].count() for name in table.columns[len(kept) :]}
    fields = sorted((name for name, count in known.items() if count), key=lambda name: -known[name])
    if len(fields) > _MOST_FIELDS:
        warnings.append(f"context: {len(fields)} fields; only the {_MOST_FIELDS} known of most events are looked at")
    chosen = set(fields[:_MOST_FIELDS])
    return table.select(*kept, *(name for name in known if name in chosen)), warnings


def _attributes(users: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    columns: list[pl.Expr] = []
    warnings: list[str] = []
    for name, dtype in users.schema.items():
        if name == "user_id" or not (dtype.is_numeric() or dtype in (pl.String, pl.Boolean)):
            continue
        if users[name].n_unique() > _MOST_NUMBERS and _looks_numeric(users[name]):
            warnings.append(
                f"users: the attribute {name!r} holds many different numbers and is left out; name bands, such as 18-24"
            )
            continue
        columns.append(pl.col(name).cast(pl.String).alias(ATTRIBUTE_PREFIX + name))
    return users.select("user_id", *columns), warnings


def _looks_numeric(values: pl.Series) -> bool:
    known = values.drop_nulls()
    return known.dtype.is_numeric() or known.cast(pl.Float64, strict=False).null_count() == 0
