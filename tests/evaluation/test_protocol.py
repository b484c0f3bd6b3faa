"""An evaluation from end to end on small hand-made data: who is evaluated, by what, and what comes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from crossfade.bundle import BundleStore
from crossfade.engine import Recommender
from crossfade.errors import InputError
from crossfade_indexing.config import EvidenceConfig, IndexingConfig
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.encoders import EncodingCache, open_item_encoder
from crossfade_indexing.evaluation import contestants
from crossfade_indexing.evaluation.baselines import default_baselines
from crossfade_indexing.evaluation.case import Case, Catalog, prepare_case
from crossfade_indexing.evaluation.comparing import best_of
from crossfade_indexing.evaluation.contestants import choose_baselines
from crossfade_indexing.evaluation.context_gain import field_result
from crossfade_indexing.evaluation.groups import group_sizes, ndcg_by_group
from crossfade_indexing.evaluation.measuring import Surroundings, measure, pool
from crossfade_indexing.evaluation.metrics import hits_of
from crossfade_indexing.evaluation.models import Ranked, ask, queries_of
from crossfade_indexing.evaluation.planning import Plan
from crossfade_indexing.evaluation.protocol import Source, evaluate
from crossfade_indexing.evaluation.ranker import TrainingData
from crossfade_indexing.evaluation.ratings_table import explicit_ratings, rating_results
from crossfade_indexing.evaluation.result import Evaluation, ModelResult
from crossfade_indexing.evaluation.splits import Split
from crossfade_indexing.pipeline import build_bundle
from crossfade_indexing.progress import Quiet

START = dt.datetime(2026, 1, 1, 20, tzinfo=dt.UTC)
TOPICS = ("murder detective harbour", "coral reef divers")
Row = tuple[str, str, int | None, float | None]
Evaluate = Callable[..., Evaluation]


def events(rows: Sequence[Row], event_type: str = "event") -> pl.DataFrame:
    """From user, item, day and value."""
    times = [None if day is None else START + dt.timedelta(days=day) for _, _, day, _ in rows]
    return pl.DataFrame(
        {
            "user_id": [row[0] for row in rows],
            "item_id": [row[1] for row in rows],
            "timestamp": pl.Series(times, dtype=pl.Datetime("us", "UTC")),
            "local_time": pl.Series([None] * len(rows), dtype=pl.Datetime("us")),
            "event_type": [event_type] * len(rows),
            "value": pl.Series([row[3] for row in rows], dtype=pl.Float64),
        }
    )


def two_crowds(*, users: int = 30, rated: bool = True, timed: bool = True, text: bool = True) -> Dataset:
    """Even users like the items 0 to 9, odd ones 10 to 19, and each dislikes one of the others."""
    random = np.random.default_rng(3)
    rows: list[Row] = []
    for user in range(users):
        liked = random.permutation(10)[:8] + 10 * (user % 2)
        other = 10 * (1 - user % 2) + int(random.integers(10))
        rows += [(f"u{user}", f"i{other}", 0 if timed else None, 1.0)] if rated else []
        values = [5.0, 4.0, 4.5, 4.0, 5.0, 4.0, 4.5, 5.0] if rated else [None] * 8
        rows += [
            (f"u{user}", f"i{item}", day if timed else None, value)
            for day, (item, value) in enumerate(zip(liked, values, strict=True), start=1)
        ]
    items = pl.DataFrame(
        {
            "item_id": [f"i{item}" for item in range(21)],
            "title": [TOPICS[item // 10 % 2] if text else "" for item in range(21)],
            "description": [""] * 21,
            "categories": pl.Series([[]] * 21, dtype=pl.List(pl.String)),
        }
    )
    return Dataset(events(rows), items)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Evaluate:
    """Evaluates a data set with TF-IDF embeddings."""
    directory: Path = tmp_path_factory.mktemp("cache")

    def run_evaluation(dataset: Dataset, plan: Plan = Plan()) -> Evaluation:  # noqa: B008 - frozen
        source = Source(dataset, open_item_encoder("tfidf"), EncodingCache(directory))
        return evaluate(source, plan, Quiet())

    return run_evaluation


@pytest.fixture(scope="module")
def of_ratings(run: Evaluate) -> Evaluation:
    """The crowds with ratings and times, beside all baselines."""
    return run(two_crowds(), Plan(k=5))


def named(evaluation: Evaluation, name: str) -> ModelResult:
    return next(model for model in evaluation.models if model.name == name)


def case_of(train: Sequence[Row], test: Sequence[Row], plan: Plan = Plan()) -> Case:  # noqa: B008 - frozen
    users, items = (sorted({str(row[place]) for row in (*train, *test)}) for place in (0, 1))
    catalog = Catalog(pl.Series(users), items, [""] * len(items))
    return prepare_case(Split("hand-made", events(train), events(test)), catalog, EvidenceConfig(), plan)


def test_only_new_items_rated_four_of_five_or_more_are_to_be_found() -> None:
    train = [("a", "had", 0, 5.0), ("b", "bad", 0, 1.0), ("b", "meh", 1, 3.0)]
    test = [("a", "had", 2, 5.0), ("a", "bad", 3, 3.5), ("a", "fine", 4, 4.0), ("b", "fine", 5, 2.0)]

    case = case_of(train, test)

    assert [case.catalog.user_ids[int(user)] for user in case.users] == ["a"]
    assert [case.catalog.item_ids[row] for row in case.relevant.indices.tolist()] == ["fine"]
    assert case.users_left_out == 1


def test_where_items_are_used_again_what_was_had_is_to_be_found_too() -> None:
    train: list[Row] = [("a", "song", 0, None), ("b", "song", 0, None)]
    test: list[Row] = [("a", "song", 1, None)]

    case = case_of(train, test, Plan(again=True))

    assert case.relevant.nnz == 1
    assert case.had.nnz == 0


def test_nothing_to_be_found_for_anybody_is_said_in_plain_words() -> None:
    with pytest.raises(InputError, match="no user has anything to be found"):
        case_of([("a", "x", 0, 5.0), ("b", "y", 0, 3.0), ("b", "x", 1, 1.0)], [("a", "y", 2, 1.0)])


def test_a_request_tells_the_moment_and_the_fields_of_the_first_held_out_like() -> None:
    train = events([("a", "x", 0, None)])
    test = events([("a", "z", 2, None), ("a", "y", 1, None)]).with_columns(
        pl.Series("context.device", ["tv", "phone"]), local_time=pl.col("timestamp").dt.replace_time_zone(None)
    )
    catalog = Catalog(pl.Series(["a"]), ["x", "y", "z"], ["", "", ""])
    train = train.with_columns(pl.lit(None, pl.String).alias("context.device"))

    case = prepare_case(Split("", train, test), catalog, EvidenceConfig(), Plan())

    assert case.contexts == [{"device": "phone", "timestamp": "2026-01-02T20:00:00"}]


def test_of_more_users_than_wanted_a_sample_is_evaluated() -> None:
    train: list[Row] = [(f"u{user}", "x", 0, None) for user in range(20)]
    test: list[Row] = [(f"u{user}", "y", 1, None) for user in range(20)]

    first, second = (case_of(train, test, Plan(max_users=7, seed=seed)).users for seed in (0, 1))

    assert len(first) == len(second) == 7
    assert first.tolist() != second.tolist()
    assert first.tolist() == sorted(first.tolist())


def hand_made_case() -> Case:
    """Two users, four items; item 3 is cold; the first user has had one item, the second none."""
    weights = sp.csr_array(np.array([[1.0, 0, 0, 0], [0, 0, 0, 0]], np.float32))
    return Case(
        catalog=Catalog(pl.Series(["a", "b"]), ["0", "1", "2", "3"], [""] * 4),
        training=TrainingData(weights, None, [""] * 4),
        users=np.array([0, 1]),
        relevant=sp.csr_array(np.array([[0, 1.0, 0, 1], [1, 0, 0, 0]], np.float32)),
        had=weights,
        contexts=[{}, {}],
        user_events=np.array([120, 0]),
        item_events=np.array([9, 6, 5, 0]),
        liked={0: ["0"]},
        users_left_out=0,
    )


def test_ndcg_of_a_group_counts_its_users_or_its_items_alone() -> None:
    case = hand_made_case()
    rows = np.array([[3, 1], [1, 2]])
    hits, relevant = hits_of(rows, case.relevant)

    found = ndcg_by_group(rows, hits, relevant, case, 2)

    assert found["heavy users"].tolist()[0] == pytest.approx(1.0)
    assert np.isnan(found["heavy users"][1])
    assert found["newcomers"][1] == 0
    assert found["cold items"][0] == pytest.approx(1.0)
    assert found["warm items"].tolist() == pytest.approx([1 / np.log2(3), 0])
    assert group_sizes(case) == {
        "newcomers": 1,
        "regulars": 0,
        "heavy users": 1,
        "cold items": 1,
        "warm items": 2,
    }


def test_repeats_of_a_model_are_pooled_and_the_best_is_found_by_ndcg() -> None:
    around = Surroundings(hand_made_case(), np.eye(4, dtype=np.float32), np.array([[1, 2], [1, 2]]), k=2, seed=0)
    good = Ranked("good", "baseline", None, np.array([[3, 1], [0, 2]]), 1.0, 3.0)
    bad = replace(good, name="bad", rows=np.array([[2, -1], [1, 2]]))

    once, worse = measure(good, around), measure(bad, around)
    twice = pool([once, worse])

    assert once.values["ndcg"].tolist() == pytest.approx([1, 1])
    assert once.values["serendipity"].tolist() == [0.5, 0.5]
    spread = once.spreads["coverage"][0]
    assert spread[~np.isnan(spread)].tolist() == [1.0, 0.5, 0.5]
    assert len(spread) == 21  # always, so that repeats fit together however few users they have
    assert once.deciles[0].sum(axis=1).tolist() == pytest.approx([1, 1])
    assert twice.values["ndcg"].tolist() == pytest.approx([1, 1, 0, 0])
    assert twice.spreads["gini"].shape == (2, 21)
    best = best_of([worse, once], "baseline")
    assert best is once


def test_all_kinds_of_models_are_measured_and_compared(of_ratings: Evaluation) -> None:
    kinds = [model.kind for model in of_ratings.models]

    assert {"crossfade", "component", "without", "baseline"} <= set(kinds)
    assert kinds[0] == "crossfade"
    assert len({model.name for model in of_ratings.models}) == len(kinds)
    assert len(named(of_ratings, "Crossfade").metrics) == 13
    best = {m.versus_best_baseline.baseline for m in of_ratings.models if m.versus_best_baseline is not None}
    assert len(best) == 1
    assert [m.name for m in of_ratings.models if m.versus_best_baseline is None] == [*best]
    assert named(of_ratings, "Random").versus_crossfade is not None


def test_what_there_is_to_learn_is_learned(of_ratings: Evaluation) -> None:
    ours, random = (named(of_ratings, name).metrics["ndcg"] for name in ("Crossfade", "Random"))

    assert ours.low > random.high


def test_a_profile_is_cut_down_to_see_the_fade(of_ratings: Evaluation) -> None:
    points = of_ratings.fade

    assert [point.past_items for point in points] == [0, 1, 2, 5]
    assert all(sum(point.share.values()) == pytest.approx(1) for point in points)
    assert points[0].share["collaborative"] == 0 < points[-1].share["collaborative"]
    assert not {"Collaborative alone", "Content alone"} & set(points[0].ndcg)
    assert "Collaborative alone" in points[1].ndcg
    assert points[0].ndcg["Crossfade"].mean < points[-1].ndcg["Crossfade"].mean


def test_the_report_has_all_that_ratings_and_times_allow(of_ratings: Evaluation) -> None:
    assert of_ratings.protocol.split == "last 20 % per user"
    assert of_ratings.protocol.users_evaluated <= 30
    assert {rating.name for rating in of_ratings.ratings} >= {"Bias-aware SVD", "Mean of all ratings"}
    assert of_ratings.ratings[0].excess is None
    assert all(rating.excess is not None and rating.excess.mean > 0 for rating in of_ratings.ratings[1:])
    assert {entry.model for entry in of_ratings.calibration} >= {"Crossfade", "Popularity"}
    assert of_ratings.leaders
    assert of_ratings.findings
    assert Evaluation.model_validate_json(of_ratings.model_dump_json()) == of_ratings


def test_without_times_values_or_text_random_splits_are_measured_still(run: Evaluate) -> None:
    dataset = two_crowds(rated=False, timed=False, text=False)

    evaluation = run(dataset, Plan(baselines=False, folds=2, k=5))

    assert evaluation.protocol.split == "2 random folds per user"
    assert evaluation.protocol.repeats == 2
    assert not evaluation.ratings
    assert {model.kind for model in evaluation.models} <= {"crossfade", "component", "without", "plus"}
    assert all(model.component != "content" for model in evaluation.models), "nobody was told anything by no text"
    assert named(evaluation, "Crossfade").versus_best_baseline is None


def test_a_user_whom_training_never_saw_is_a_newcomer(run: Evaluate) -> None:
    dataset = two_crowds(rated=False)
    late: list[Row] = [("new", f"i{item}", 30, None) for item in range(5)]
    grown = Dataset(pl.concat([dataset.events, events(late)]), dataset.items)

    evaluation = run(grown, Plan(split="global-time", baselines=False, k=5))

    assert evaluation.protocol.split == "the last 20 % of all events"
    assert evaluation.groups[0].name == "newcomers"
    assert evaluation.groups[0].size == evaluation.protocol.users_evaluated


@pytest.mark.parametrize(
    ("rows", "plan", "complaint"),
    [
        ([("a", "x", 0, None), ("b", "y", 0, None)], Plan(), "2 events of 2 users are too few"),
        ([("a", "x", None, None)] * 9, Plan(split="last"), "no times"),
    ],
)
def test_data_that_cannot_be_split_is_refused_in_plain_words(
    run: Evaluate, rows: list[Row], plan: Plan, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        run(Dataset(events(rows), two_crowds().items), plan)


def test_a_split_by_time_has_one_outcome() -> None:
    with pytest.raises(ValueError, match="one outcome only"):
        next(Plan(split="last", repeats=2).splits(two_crowds().events))


def test_the_latest_rating_of_an_item_counts() -> None:
    table = explicit_ratings(events([("a", "x", 2, 5.0), ("a", "x", 1, 1.0), ("a", "y", 0, 3.0)]))

    assert table is not None
    assert table.sort("item_id")["value"].to_list() == [5.0, 3.0]
    assert explicit_ratings(events([("a", "x", 0, None)])) is None


def test_a_handful_of_ratings_is_not_predicted() -> None:
    table = explicit_ratings(events([("a", "x", 0, 5.0), ("a", "y", 1, 3.0), ("b", "x", 2, 1.0)]))

    assert rating_results(table, seed=0, reporter=Quiet()) == ()


def test_every_field_of_the_context_is_left_out_once(run: Evaluate) -> None:
    dataset = two_crowds(rated=False)
    devices = pl.Series("context.device", ["tv", "phone"] * (dataset.events.height // 2))

    evaluation = run(Dataset(dataset.events.with_columns(devices), dataset.items), Plan(baselines=False, k=5))

    assert [(field.field, field.component) for field in evaluation.context] == [("device", "context")]
    assert evaluation.context[0].weight >= 0


def one_split() -> tuple[Split, Case]:
    dataset = two_crowds()
    split = next(Plan().splits(dataset.events))
    catalog = Catalog(dataset.events["user_id"].unique().sort(), dataset.items["item_id"].to_list(), [""] * 21)
    return split, prepare_case(split, catalog, EvidenceConfig(), Plan())


def test_parameters_are_chosen_for_the_baselines_that_have_some() -> None:
    split, case = one_split()

    chosen = choose_baselines(split, case, EvidenceConfig(), kind="last", plan=Plan(), reporter=Quiet())

    defaults = default_baselines(0, n_users=30, n_items=21)
    assert [model.name for model in chosen] == [model.name for model in defaults]


def test_neighbours_that_would_take_hours_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    split, case = one_split()
    monkeypatch.setattr(contestants, "_NEIGHBOURS_UP_TO", 0)

    chosen = choose_baselines(split, case, EvidenceConfig(), kind="last", plan=Plan(), reporter=Quiet())

    assert [model.name for model in chosen] == ["popularity", "random", "tf-idf", "EASE"]


def test_with_too_little_to_choose_by_the_parameters_are_the_defaults() -> None:
    train = [("a", "x", 0, None), ("b", "y", 0, None), ("a", "y", 1, None), ("b", "z", 1, None)]
    split = Split("hand-made", events(train), events([("a", "z", 2, None)]))
    case = case_of(train, [("a", "z", 2, None)])

    chosen = choose_baselines(split, case, EvidenceConfig(), kind="last", plan=Plan(), reporter=Quiet())

    assert len(chosen) == len(default_baselines(0, n_users=2, n_items=3))


def test_a_field_that_changes_no_answer_gains_nothing(tmp_path: Path) -> None:
    split, _ = one_split()
    dataset = two_crowds()
    build_bundle(
        Dataset(split.train, dataset.items),
        open_item_encoder("tfidf"),
        BundleStore(tmp_path / "bundle"),
        cache=EncodingCache(tmp_path / "cache"),
        cleaning={},
        reporter=Quiet(),
        config=IndexingConfig(),
    )
    recommender = Recommender.open(tmp_path / "bundle")
    users = dataset.events["user_id"].unique().sort()
    case = prepare_case(
        split, Catalog(users, recommender.bundle.catalogue.item_ids, [""] * 21), EvidenceConfig(), Plan()
    )
    answers = ask(recommender, queries_of(case, 10, again=False))
    nothing = [replace(answer, items=[]) for answer in answers]

    same, lost = (
        field_result(
            "device", "context", 0.5, answers=(answers, other), recommender=recommender, case=case, plan=Plan()
        )
        for other in (answers, nothing)
    )

    assert (same.gain.low, same.gain.mean, same.gain.high) == (0, 0, 0)
    assert lost.gain.low > 0
