"""What an evaluation found, as plain data: ``--json`` prints it, the report and the findings are made of it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

__all__ = [
    "ActivityByHour",
    "Bin",
    "Calibration",
    "DataSummary",
    "Evaluation",
    "FadePoint",
    "FieldResult",
    "Group",
    "GroupLeader",
    "GroupName",
    "Interval",
    "Kind",
    "LongTailPoint",
    "Metric",
    "MissingValues",
    "ModelResult",
    "Paired",
    "Protocol",
    "RatingResult",
]

Metric = Literal[
    "precision",
    "recall",
    "f1",
    "hit_rate",
    "map",
    "mrr",
    "ndcg",
    "coverage",
    "gini",
    "novelty",
    "diversity",
    "serendipity",
    "popularity_lift",
]
"""All of the first ``Protocol.k`` places; novelty is in bits, popularity_lift a factor, the others are in 0 to 1."""

Kind = Literal["crossfade", "component", "without", "plus", "baseline"]
"""The fused ranker; one component alone; the fusion without one; the best component and one more; anything else."""

GroupName = Literal["newcomers", "regulars", "heavy users", "cold items", "warm items"]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Deciles = Annotated[tuple[Share, ...], Field(min_length=10, max_length=10)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(_Data):
    """A mean and its 95 % interval, all finite."""

    mean: Finite
    low: Finite
    high: Finite


class Paired(_Data):
    """One model compared with another on the same users, by NDCG."""

    baseline: str
    """Name of the other model."""
    difference: Interval
    """This model's NDCG minus the other's."""
    ratio: Interval | None
    """This model's NDCG divided by the other's; None where the other's is 0."""
    p_value: Share
    """Two-sided."""


class Protocol(_Data):
    """How the numbers were got, and how to get them again."""

    split: str
    """In words, such as ``last 20 % per user``."""
    k: Annotated[int, Field(ge=1)]
    """How many places of a ranking count."""
    users_evaluated: Count
    """Users with at least one held-out item, over all repeats."""
    items: Count
    """Items that are ranked for each of them, less those that the user has had."""
    seed: int
    repeats: Annotated[int, Field(ge=1)]
    """Folds, or draws of the split."""
    crossfade_version: str
    created_at: AwareDatetime
    command: str
    """The shell line that repeats it all."""


class Bin(_Data):
    """One bar of a histogram; both bounds belong to it."""

    low: Finite
    high: Finite
    count: Count


class LongTailPoint(_Data):
    """The most used ``items`` (a share of all) have ``events`` (a share of all)."""

    items: Share
    events: Share


class ActivityByHour(_Data):
    """Events by the clock on the wall."""

    timezone: str
    """IANA name of the zone the hours are in."""
    counts: Annotated[tuple[tuple[Count, ...], ...], Field(min_length=7, max_length=7)]
    """Monday first, 24 hours each, from midnight."""


class MissingValues(_Data):
    """How much of a column of the cleaned data is empty: null, NaN, "", or an empty list."""

    table: Literal["events", "items", "users"]
    column: str
    missing: Count
    rows: Count


class DataSummary(_Data):
    """The cleaned data at a glance."""

    users: Count
    """Users with events."""
    items: Count
    """Items, those without events included."""
    events: Count
    sparsity: Share
    """Share of the (user, item) pairs without any event."""
    ratings: tuple[Bin, ...] | None = None
    """Histogram of the values: one bin per value if there are few; None if the events carry none."""
    events_per_user: tuple[Bin, ...] = ()
    """Users by their number of events, in bins that double: 1, 2-3, 4-7 …"""
    events_per_item: tuple[Bin, ...] = ()
    """Items by their number of events, in the same bins; the first is 0."""
    long_tail: tuple[LongTailPoint, ...] = ()
    """From (0, 0) to (1, 1), the most used items first; at most 101 points."""
    activity: ActivityByHour | None = None
    """None if no event has a time of day."""
    missing: tuple[MissingValues, ...] = ()
    """Every column, in the order of the tables."""
    cleaning: dict[str, dict[str, Count]] = {}
    """By table: rows ``read``, rows ``kept``, and rows dropped by reason, as `CleaningReport.as_dict` has it."""
    warnings: tuple[str, ...] = ()
    """What reading and cleaning had to say, one line each."""
    event_types: dict[str, Count] = {}
    """Events by type, the commonest first."""
    first_event: dt.datetime | None = None
    last_event: dt.datetime | None = None


class ModelResult(_Data):
    """What one ranking model reached."""

    name: str
    """As people read it, such as ``EASE`` or ``Crossfade without context``; unique."""
    kind: Kind
    component: str | None = None
    """Which component is alone, left out, or added; None for the kinds ``crossfade`` and ``baseline``."""
    metrics: dict[Metric, Interval]
    groups: dict[GroupName, dict[Metric, Interval]] = {}
    """The metrics over the users, or the held-out items, of a group alone."""
    fit_s: Annotated[float, Field(ge=0)] = 0.0
    """Seconds to learn, mean over the repeats."""
    rank_s: Annotated[float, Field(ge=0)] = 0.0
    """Seconds to rank for all evaluated users, mean over the repeats."""
    versus_best_baseline: Paired | None = None
    """This model compared with the best of kind ``baseline``; None for that one itself."""
    versus_crossfade: Paired | None = None
    """This model compared with the one of kind ``crossfade``; None for that one itself."""


class Group(_Data):
    """A part of the users, or of the held-out items."""

    name: GroupName
    meaning: str
    """In words, such as ``users with fewer than 10 past items``."""
    size: Count
    """Users in it, or held-out events of its items."""


class GroupLeader(_Data):
    """Who ranks best for a group: the model with the highest NDCG there, compared with the second on the same users."""

    group: GroupName
    model: str
    versus: Paired


class RatingResult(_Data):
    """How far predicted ratings are from those given, in units of the rating."""

    name: str
    rmse: Interval
    mae: Interval
    excess: Interval | None = None
    """Mean squared error less that of the best model on the same ratings, paired; None for the best."""


class FadePoint(_Data):
    """The users (or profiles cut down) that hold about as many past items."""

    past_items: Count
    """Fewest past items in this point."""
    most_past_items: Count | None = None
    """Most past items in this point; None: exactly ``past_items``."""
    users: Count
    share: dict[str, Share]
    """By component: its mean share of the score of what is recommended; they sum to 1."""
    ndcg: dict[str, Interval]
    """By name of the model."""


class FieldResult(_Data):
    """What one field of the context is worth."""

    field: str
    component: str
    """The component that the field belongs to, such as ``context``."""
    weight: Finite
    """As learned; 0 switches the field off."""
    gain: Interval
    """NDCG with the field minus NDCG without it, on the same users."""


class Calibration(_Data):
    """How a model's recommendations spread over the popularity of items.

    The items are ordered by their training events and cut into ten equal parts, the most popular first.
    """

    model: str
    deciles: Deciles
    """Share of all recommended places that each tenth of the items takes."""
    training: Deciles
    """Share of all training events of each tenth."""


class Evaluation(_Data):
    """All that ``crossfade evaluate`` measures; what `model_dump_json` writes, `model_validate_json` reads."""

    protocol: Protocol
    data: DataSummary
    models: tuple[ModelResult, ...]
    """In the order in which tables show them."""
    groups: tuple[Group, ...] = ()
    leaders: tuple[GroupLeader, ...] = ()
    ratings: tuple[RatingResult, ...] = ()
    """Empty if the data has no explicit ratings."""
    fade: tuple[FadePoint, ...] = ()
    """By ``past_items``, rising."""
    context: tuple[FieldResult, ...] = ()
    calibration: tuple[Calibration, ...] = ()
    findings: tuple[str, ...] = ()
    """Plain sentences, the most important first; see `findings.find`."""
