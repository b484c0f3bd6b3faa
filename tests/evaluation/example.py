"""An evaluation made up for the tests, as large as a real one and with names that try to break the page."""

from __future__ import annotations

import datetime as dt

from crossfade_indexing.evaluation.result import (
    ActivityByHour,
    Bin,
    Calibration,
    DataSummary,
    Evaluation,
    FadePoint,
    FieldResult,
    Group,
    GroupLeader,
    GroupName,
    Interval,
    Kind,
    LongTailPoint,
    Metric,
    MissingValues,
    ModelResult,
    Paired,
    Protocol,
    RatingResult,
)

HOSTILE = '<img src=x onerror="alert(1)">'
_GROUPS: tuple[GroupName, ...] = ("newcomers", "regulars", "heavy users", "cold items", "warm items")
# Name, kind, component, NDCG, coverage, novelty in bits, NDCG by group.
_ROWS: tuple[tuple[str, Kind, str | None, float, float, float, tuple[float, ...]], ...] = (
    ("Crossfade", "crossfade", None, 0.1335, 0.31, 9.4, (0.101, 0.139, 0.158, 0.061, 0.134)),
    ("Collaborative alone", "component", "collaborative", 0.1268, 0.27, 9.2, (0.072, 0.134, 0.156, 0.021, 0.129)),
    ("Content alone", "component", "content", 0.0611, 0.58, 11.3, (0.083, 0.059, 0.041, 0.059, 0.061)),
    ("Context alone", "component", "context", 0.0322, 0.16, 8.9, (0.034, 0.032, 0.029, 0.002, 0.034)),
    ("Popularity alone", "component", "popularity", 0.0462, 0.02, 7.2, (0.055, 0.045, 0.038, 0.0, 0.049)),
    ("Crossfade without collaborative", "without", "collaborative", 0.0792, 0.44, 10.2, ()),
    ("Crossfade without content", "without", "content", 0.1289, 0.26, 9.1, ()),
    ("Crossfade without context", "without", "context", 0.1301, 0.31, 9.5, ()),
    ("Crossfade without popularity", "without", "popularity", 0.1333, 0.33, 9.6, ()),
    ("Collaborative and content", "plus", "content", 0.1296, 0.33, 9.6, ()),
    ("Collaborative and context", "plus", "context", 0.1284, 0.27, 9.2, ()),
    ("EASE", "baseline", None, 0.1294, 0.22, 9.0, (0.079, 0.135, 0.161, 0.012, 0.132)),
    ("User neighbours, cosine", "baseline", None, 0.1121, 0.14, 8.5, (0.066, 0.117, 0.152, 0.004, 0.116)),
    ("User neighbours, Pearson", "baseline", None, 0.1083, 0.15, 8.6, (0.061, 0.114, 0.149, 0.004, 0.112)),
    ("Item neighbours, cosine", "baseline", None, 0.1172, 0.29, 9.6, (0.071, 0.123, 0.147, 0.015, 0.119)),
    ("User and item neighbours", "baseline", None, 0.1189, 0.21, 9.1, (0.073, 0.124, 0.153, 0.011, 0.121)),
    ("TF-IDF content", "baseline", None, 0.0524, 0.55, 11.5, (0.069, 0.051, 0.037, 0.051, 0.052)),
    ("Popularity", "baseline", None, 0.0455, 0.02, 7.1, (0.054, 0.044, 0.037, 0.0, 0.048)),
    ("Random", "baseline", None, 0.0041, 0.93, 13.1, (0.004, 0.004, 0.004, 0.004, 0.004)),
)


def around(mean: float, half: float | None = None) -> Interval:
    width = 0.05 * abs(mean) if half is None else half
    return Interval(mean=mean, low=mean - width, high=mean + width)


def paired(baseline: str, difference: float, other: float, half: float, p_value: float = 0.004) -> Paired:
    ratio = around(1 + difference / other, half / other)
    return Paired(baseline=baseline, difference=around(difference, half), ratio=ratio, p_value=p_value)


def model(row: tuple[str, Kind, str | None, float, float, float, tuple[float, ...]]) -> ModelResult:
    name, kind, component, ndcg, coverage, novelty, by_group = row
    factors: dict[Metric, float] = {"precision": 0.8, "recall": 0.9, "f1": 0.7, "hit_rate": 3.9, "map": 0.5, "mrr": 1.8}
    metrics: dict[Metric, Interval] = {metric: around(ndcg * factor) for metric, factor in factors.items()}
    metrics |= {"ndcg": around(ndcg), "coverage": around(coverage, 0.008), "novelty": around(novelty, 0.05)}
    metrics |= {"gini": around(0.97 - coverage / 2, 0.01), "diversity": around(0.5 + novelty / 60)}
    metrics |= {"serendipity": around(ndcg * coverage), "popularity_lift": around(18 / novelty)}
    return ModelResult(
        name=name,
        kind=kind,
        component=component,
        metrics=metrics,
        groups={group: {"ndcg": around(value)} for group, value in zip(_GROUPS, by_group, strict=False)},
        fit_s=31 * ndcg,
        rank_s=2.7 * ndcg,
        versus_best_baseline=None if name == "EASE" else paired("EASE", ndcg - 0.1294, 0.1294, 0.0028),
        versus_crossfade=None if kind == "crossfade" else paired("Crossfade", ndcg - 0.1335, 0.1335, 0.0021),
    )


def summary() -> DataSummary:
    per_hour = [3, 2, 1, 1, 1, 2, 5, 9, 11, 9, 8, 9, 12, 11, 9, 9, 11, 14, 19, 25, 29, 27, 18, 8]
    week = (1.0, 0.9, 0.95, 1.0, 1.2, 1.6, 1.5)
    return DataSummary(
        users=610,
        items=9_724,
        events=100_836,
        sparsity=0.983,
        ratings=tuple(
            Bin(low=(n + 1) / 2, high=(n + 1) / 2, count=count)
            for n, count in enumerate([1370, 2811, 1791, 7551, 5550, 20047, 13136, 26818, 8551, 13211])
        ),
        events_per_user=tuple(
            Bin(low=2**n, high=2 ** (n + 1) - 1, count=count)
            for n, count in enumerate([0, 0, 0, 0, 143, 169, 128, 93, 51, 20, 6])
        ),
        events_per_item=(
            Bin(low=0, high=0, count=18),
            *(
                Bin(low=2**n, high=2 ** (n + 1) - 1, count=count)
                for n, count in enumerate([3446, 2098, 1432, 1123, 897, 463, 202, 42, 3])
            ),
        ),
        long_tail=tuple(LongTailPoint(items=n / 100, events=1 - (1 - n / 100) ** 5) for n in range(101)),
        activity=ActivityByHour(
            timezone="Europe/Berlin", counts=tuple(tuple(int(37 * n * day) for n in per_hour) for day in week)
        ),
        missing=(
            MissingValues(table="events", column="user_id", missing=0, rows=100_836),
            MissingValues(table="events", column="context.device", missing=9_215, rows=100_836),
            MissingValues(table="items", column="description", missing=1_411, rows=9_724),
            MissingValues(table="items", column="categories", missing=34, rows=9_724),
            MissingValues(table="items", column=HOSTILE, missing=9_100, rows=9_724),
        ),
        cleaning={
            "events": {"read": 100_900, "kept": 100_836, "duplicate_event": 60, "unreadable_timestamp": 4},
            "items": {"read": 9_742, "kept": 9_724, "missing_item_id": 18},
        },
        warnings=("ratings.csv: timestamps without an offset are read as UTC (100,836 of them)",),
        event_types={"rating": 98_400, "watch": 2_400, HOSTILE: 36},
        first_event=dt.datetime(1996, 3, 29, 18, 36, 55, tzinfo=dt.UTC),
        last_event=dt.datetime(2018, 9, 24, 14, 27, 30, tzinfo=dt.UTC),
    )


def fade() -> tuple[FadePoint, ...]:
    bounds = ((0, 0), (1, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 2698))
    shares = (
        (0.0, 0.1, 0.7),
        (0.2, 0.6, 0.1),
        (0.3, 0.55, 0.08),
        (0.5, 0.38, 0.05),
        (0.61, 0.29, 0.03),
        (0.68, 0.23, 0.02),
        (0.74, 0.17, 0.02),
    )
    reached = (
        (0.05, 0.001, 0.05),
        (0.082, 0.051, 0.05),
        (0.101, 0.079, 0.049),
        (0.115, 0.105, 0.047),
        (0.132, 0.127, 0.046),
        (0.142, 0.139, 0.043),
        (0.151, 0.153, 0.039),
    )
    return tuple(
        FadePoint(
            past_items=low,
            most_past_items=high,
            users=users,
            share={
                "collaborative": share[0],
                "content": share[1],
                "popularity": share[2],
                "context": round(1 - sum(share), 6),
            },
            ndcg={name: around(value) for name, value in zip(("Crossfade", "EASE", "Popularity"), values, strict=True)},
        )
        for (low, high), share, values, users in zip(
            bounds, shares, reached, (12, 48, 51, 90, 169, 120, 120), strict=True
        )
    )


def calibrations() -> tuple[Calibration, ...]:
    training = (0.62, 0.16, 0.08, 0.05, 0.03, 0.02, 0.015, 0.01, 0.01, 0.005)
    ours = (0.71, 0.14, 0.06, 0.03, 0.02, 0.015, 0.01, 0.005, 0.005, 0.005)
    return (
        Calibration(model="Crossfade", deciles=ours, training=training),
        Calibration(model="EASE", deciles=(0.86, 0.08, 0.03, 0.01, 0.01, 0.01, 0, 0, 0, 0), training=training),
        Calibration(model="Popularity", deciles=(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), training=training),
        Calibration(model="Random", deciles=(0.1,) * 10, training=training),
    )


def example() -> Evaluation:
    """Everything filled; the findings are those of the numbers only where a test makes them so."""
    return Evaluation(
        protocol=Protocol(
            split="last 20 % per user",
            k=10,
            users_evaluated=607,
            items=9_724,
            seed=7,
            repeats=1,
            crossfade_version="0.1.0",
            created_at=dt.datetime(2026, 11, 22, 4, 0, tzinfo=dt.UTC),
            command=f"crossfade evaluate --events ratings.csv --items movies.csv --report '{HOSTILE}'",
        ),
        data=summary(),
        models=tuple(model(row) for row in _ROWS),
        groups=(
            Group(name="newcomers", meaning="users with fewer than 20 past items", size=111),
            Group(name="regulars", meaning="users with 20 to 99 past items", size=289),
            Group(name="heavy users", meaning="users with 100 or more past items", size=207),
            Group(name="cold items", meaning="items with at most 2 training events", size=1_204),
            Group(name="warm items", meaning="all other items", size=8_520),
        ),
        leaders=(
            GroupLeader(group="newcomers", model="Crossfade", versus=paired("Content alone", 0.018, 0.083, 0.007)),
            GroupLeader(group="regulars", model="Crossfade", versus=paired("EASE", 0.004, 0.135, 0.006, 0.2)),
            GroupLeader(group="heavy users", model="EASE", versus=paired("Crossfade", 0.003, 0.158, 0.002, 0.03)),
        ),
        ratings=(
            RatingResult(name="Bias-aware SVD", rmse=around(0.846, 0.006), mae=around(0.648, 0.005)),
            RatingResult(name="Item mean", rmse=around(0.981, 0.007), mae=around(0.761, 0.006)),
            RatingResult(name="User and item bias", rmse=around(0.871, 0.006), mae=around(0.668, 0.005)),
        ),
        fade=fade(),
        context=(
            FieldResult(field="part_of_day", component="context", weight=0.42, gain=around(0.0021, 0.0011)),
            FieldResult(field="weekday", component="context", weight=0.08, gain=around(0.0002, 0.0009)),
            FieldResult(field=HOSTILE, component="context", weight=0.0, gain=around(0.0, 0.0001)),
            FieldResult(field="device", component="context", weight=0.77, gain=around(0.0052, 0.0018)),
        ),
        calibration=calibrations(),
    )
