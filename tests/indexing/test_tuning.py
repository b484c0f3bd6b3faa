"""The search for settings: what it varies, how it measures, and that it can be left and taken up again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from crossfade.errors import InputError
from crossfade_indexing.config import EvidenceConfig, FactorizationConfig, IndexingConfig, SelectionConfig, read_config
from crossfade_indexing.selection.factors import select
from crossfade_indexing.tuning import Findings, Judge, Space, search, write_config

N_USERS, N_ITEMS, TASTES = 120, 60, 3
FIXED = SelectionConfig(seconds=0)
TIMED = {"evidence.recency", "evidence.age_half_life_days"}
FACTORS = {
    f"factorization.{name}"
    for name in ("user_exponent", "item_exponent", "half_rank", "filter_exponent", "leverage_exponent", "rank")
}


def acts(*, types: tuple[str, ...] = ("watch",), timed: bool = True, per_user: int = 10) -> pl.DataFrame:
    """Return events of crowds with a taste each, as cleaning leaves them."""
    rng = np.random.default_rng(1)
    users = np.repeat(np.arange(N_USERS), per_user)
    items = rng.integers(N_ITEMS // TASTES, size=len(users)) * TASTES + users % TASTES
    stray = rng.random(len(users)) < 0.2
    items[stray] = rng.integers(N_ITEMS, size=stray.sum())
    times = pl.Series(1_700_000_000_000_000 + rng.permutation(len(users)) * 10**9).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame(
        {
            "user_id": [f"u{user}" for user in users],
            "item_id": [f"i{item}" for item in items],
            "timestamp": times if timed else pl.Series([None] * len(users), dtype=pl.Datetime("us", "UTC")),
            "event_type": [types[place % len(types)] for place in range(len(users))],
            "value": pl.Series([None] * len(users), dtype=pl.Float64),
        }
    )


def ratings() -> pl.DataFrame:
    once = acts(types=("rating",)).unique(["user_id", "item_id"], maintain_order=True)
    stars = np.random.default_rng(2).integers(1, 6, size=once.height).astype(np.float64)
    return once.with_columns(value=pl.Series(stars))


ITEM_IDS = pl.Series([f"i{item}" for item in range(N_ITEMS)])
CONFIG = IndexingConfig(selection=FIXED)


def look(
    events: pl.DataFrame,
    *,
    config: IndexingConfig = CONFIG,
    file: Path | None = None,
    trials: int = 5,
    seconds: float = 60.0,
) -> Findings:
    judge, space = Judge(events, ITEM_IDS, config), Space.over(events, config)
    return search(
        judge,
        space,
        {"default": config},
        file=file,
        seconds=seconds,
        trials=trials,
        on_progress=lambda _done, _total: None,
    )


def names(space: Space) -> set[str]:
    return {one.name for one in space.dimensions}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (acts(), {"evidence.repeat_growth", *TIMED}),
        (acts(timed=False), {"evidence.repeat_growth"}),
        # Stars of 1 speak against, and a pair rated once has no repeats.
        (ratings(), {"evidence.neutral_value", *TIMED, "evidence.against"}),
        # The commoner of the two is the measure of the other; dislikes keep their weight.
        (
            acts(types=("watch", "watch", "like", "dislike")),
            {"evidence.repeat_growth", *TIMED, "evidence.against", "evidence.event_weights.like"},
        ),
    ],
    ids=["acts", "without times", "ratings", "several types"],
)
def test_what_the_data_know_nothing_of_is_not_varied(events: pl.DataFrame, expected: set[str]) -> None:
    assert names(Space.over(events, CONFIG)) == expected | FACTORS


def test_what_the_config_names_is_not_varied() -> None:
    config = IndexingConfig(
        evidence=EvidenceConfig(recency=0.2, event_weights={"watch": 2.0}), factorization=FactorizationConfig(rank=32)
    )
    events = acts(types=("watch", "like"))

    space = Space.over(events, config)

    rest = {"evidence.repeat_growth", "evidence.age_half_life_days"}
    assert names(space) == rest | FACTORS - {"factorization.rank"}
    assert space.config(space.values(config)).factorization.rank == 32


def test_values_become_a_config_that_names_them_to_four_digits() -> None:
    events = acts(types=("watch", "watch", "like"))
    space = Space.over(events, CONFIG)
    values = space.values(CONFIG) | {
        "evidence.event_weights.like": 5.123456,
        "evidence.recency": 0.25,
        "factorization.rank": 48,
    }

    config = space.config(values)

    assert config.evidence.event_weights == EvidenceConfig().event_weights | {"like": 5.123}
    assert config.evidence.recency == 0.25
    assert config.evidence.age_half_life_days is None
    assert space.config(values | {"evidence.age_half_life_days": 90.0}).evidence.age_half_life_days == 90.0
    assert config.factorization.rank == 48
    assert {"rank", "half_rank", "user_exponent"} <= config.factorization.model_fields_set
    assert CONFIG.evidence.recency == 0.0


def test_a_setting_is_measured_as_indexing_measures_it() -> None:
    events = acts()
    judge = Judge(events, ITEM_IDS, CONFIG)
    searched = IndexingConfig(
        factorization=FactorizationConfig(
            **FactorizationConfig().model_dump() | {"half_rank": 8, "user_exponent": 0.5}  # all named: one trial
        )
    )
    theirs = select(judge.holdouts, searched, lambda _done, _total: None).trials[0]

    ours = judge.judge(searched)

    assert ours.ndcg == pytest.approx(theirs.ndcg, rel=1e-6)


def test_the_base_gains_nothing_over_itself() -> None:
    judgement = Judge(acts(), ITEM_IDS, CONFIG).judge(CONFIG)

    assert judgement.gain == judgement.error == 0.0
    assert all(0.05 < value < 0.9 for value in judgement.ndcg.values())


def test_a_judge_tells_the_gain_step_by_step_and_can_be_stopped() -> None:
    judge = Judge(acts(), ITEM_IDS, CONFIG)
    other = CONFIG.model_copy(update={"factorization": FactorizationConfig(half_rank=4)})
    told: list[tuple[int, float]] = []

    def stop_at_once(step: int, gain: float) -> None:
        told.append((step, gain))
        raise StopIteration

    judgement = judge.judge(other, lambda step, gain: told.append((step, gain)))

    assert [step for step, _ in told] == list(range(len(told)))
    assert told[-1][1] == judgement.gain
    assert len(told) == len(judge.holdouts)  # with few users one step per draw
    told.clear()
    with pytest.raises(StopIteration):
        judge.judge(other, stop_at_once)
    assert len(told) == 1


def test_too_few_users_to_tune_by_are_refused() -> None:
    events = acts().filter(pl.col("user_id").is_in(["u1", "u2", "u3"]))

    with pytest.raises(InputError, match="too few to tune by"):
        Judge(events, ITEM_IDS, CONFIG)


def test_the_default_is_tried_first_so_that_the_best_is_never_worse() -> None:
    findings = look(acts())

    default = next(entry for entry in findings.entries if entry.origin == "default")
    assert default.number == 0
    assert default.gain == 0.0
    assert findings.entries[0].sure_gain >= 0.0
    sure = [entry.sure_gain for entry in findings.entries]
    assert sure == sorted(sure, reverse=True)


def test_without_any_time_the_default_is_still_known() -> None:
    findings = look(acts(), seconds=0.0)

    assert [entry.origin for entry in findings.entries] == ["default"]


def test_the_same_search_finds_the_same() -> None:
    assert look(acts()).entries == look(acts()).entries


@pytest.mark.parametrize("ending", ["sqlite", "journal"])
def test_a_study_goes_on_where_it_was_left(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"study ?#%41.{ending}"
    first = look(acts(), file=file, trials=3)

    second = look(acts(), file=file, trials=2)

    assert file.exists()
    assert [entry.number for entry in sorted(second.entries, key=lambda entry: entry.number)] == [0, 1, 2, 3, 4]
    assert all(entry in second.entries for entry in first.entries)
    assert [entry.origin for entry in second.entries].count("default") == 1
    assert len({tuple(entry.values.values()) for entry in second.entries}) == 5  # nothing is drawn twice


@pytest.mark.parametrize(
    ("events", "config"),
    [
        (acts(per_user=9), CONFIG),
        (acts(), CONFIG.model_copy(update={"factorization": FactorizationConfig(rank=16)})),
    ],
    ids=["other data", "other settings"],
)
def test_a_study_of_something_else_is_refused(tmp_path: Path, events: pl.DataFrame, config: IndexingConfig) -> None:
    file = tmp_path / "study.journal"
    look(acts(), file=file, trials=1)

    with pytest.raises(InputError, match="a study of other data"):
        look(events, config=config, file=file)


@pytest.mark.parametrize("ending", ["sqlite", "journal"])
def test_a_file_that_is_no_study_is_refused(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"study.{ending}"
    file.write_text("user_id,item_id\nu,i\n" * 100)

    with pytest.raises(InputError, match="as a study"):
        look(acts(), file=file)


def interrupt_after(calls: int) -> Callable[..., None]:
    """Return an Advance that Ctrl-C strikes in."""
    left = [calls]

    def advance(_done: int, _total: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    return advance


def test_ctrl_c_keeps_what_was_found() -> None:
    judge, space = Judge(acts(), ITEM_IDS, CONFIG), Space.over(acts(), CONFIG)

    findings = search(
        judge, space, {"default": CONFIG}, file=None, seconds=60, trials=9, on_progress=interrupt_after(3)
    )

    assert findings.interrupted
    assert len(findings.entries) == 3


def test_ctrl_c_before_anything_is_known_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, space = Judge(acts(), ITEM_IDS, CONFIG), Space.over(acts(), CONFIG)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(judge, "judge", interrupted)

    with pytest.raises(KeyboardInterrupt):
        search(judge, space, {"default": CONFIG}, file=None, seconds=60, trials=9, on_progress=interrupt_after(99))


def test_what_does_worse_than_most_is_stopped_early() -> None:
    findings = look(acts(), trials=40)

    assert findings.pruned > 0
    assert len(findings.entries) + findings.pruned == 40


def test_a_written_config_reads_back_the_same(tmp_path: Path) -> None:
    config = IndexingConfig(
        keep_versions=3,
        evidence=EvidenceConfig(event_weights={'say "hi"\\ \x7f\n': 2.5, "ünï 😀": 1e-05, "like": 3.0}, recency=0.1),
        factorization=FactorizationConfig(rank=48),
    )

    write_config(tmp_path / "c.toml", config, ["Where it comes from", ""])

    again = read_config(tmp_path / "c.toml")
    assert again == config
    assert again.model_fields_set == config.model_fields_set
    assert again.evidence.model_fields_set == {"event_weights", "recency"}
    assert again.factorization.model_fields_set == {"rank"}
    assert (tmp_path / "c.toml").read_text().startswith("# Where it comes from\n#\n")


def test_a_config_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.toml"
    path.write_text("keep_versions = 2\n")

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_config(path, IndexingConfig(keep_versions=9), [])

    assert read_config(path).keep_versions == 2
    assert list(tmp_path.iterdir()) == [path]
