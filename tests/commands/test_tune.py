"""``crossfade tune``, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands.typed import Files, Run

from crossfade_indexing.config import read_config
from crossfade_indexing.tuning import Judge


def test_its_result_is_a_config_that_index_takes_and_does_not_vary(
    run: Run, index: Run, tune: Run, config: Path, tmp_path: Path
) -> None:
    tuned = tune("--trials", "5")
    indexed = index(tmp_path / "bundle", "--config", config)

    found = read_config(config)
    manifest = json.loads(run("inspect", tmp_path / "bundle", "--json").out)["manifest"]
    assert (tuned.code, indexed.code) == (0, 0)
    assert manifest["factorization"]["user_exponent"] == found.factorization.user_exponent
    assert manifest["factorization"]["half_rank"] == found.factorization.half_rank
    assert manifest["profile"]["recency"] == found.evidence.recency


def test_it_prints_a_leaderboard_and_says_where_the_config_is(tune: Run, config: Path) -> None:
    done = tune("--trials", "5")

    assert "0 (default)" in done.out
    assert "1 (index)" in done.out
    assert "5 settings measured to the end, 0 stopped early" in done.out
    assert f"crossfade index --config {config}" in done.out
    comment = [line for line in config.read_text().splitlines() if line.startswith("#")]
    assert "crossfade tune" in comment[0]
    assert "Best of 5 settings" in comment[1]


def test_json_is_one_document_and_nothing_else(tune: Run, config: Path) -> None:
    done = tune("--trials", "3", "--json")

    told = json.loads(done.out)
    assert done.err == ""
    assert (told["measured"], told["pruned"], told["interrupted"]) == (3, 0, False)
    assert told["leaderboard"][0]["gain"] >= 0
    assert told["settings"] == read_config(config).model_dump(exclude_unset=True)


def test_ctrl_c_ends_with_130_and_writes_what_was_found(
    tune: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, calls = Judge.judge, []

    def interrupted(*arguments: object) -> object:
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return judge(*arguments)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(Judge, "judge", interrupted)
    done = tune("--study", tmp_path / "s.sqlite")
    monkeypatch.undo()
    again = tune("--study", tmp_path / "s.sqlite", "--trials", "1", "--json")

    assert done.code == 130
    assert "3 settings measured to the end" in done.out
    assert "Stopped by Ctrl-C" in done.out
    assert json.loads(again.out)["measured"] == 4


@pytest.mark.parametrize(
    ("arguments", "ending"),
    [
        (["--out", "{tmp}/c.toml"], (2, "--events FILE or --preset")),
        (["--out", "{tmp}/c.toml", "--preset", "movielens"], (2, "--preset and --source")),
        (["--out", "{tmp}/c.toml", "--events", "{events}", "--study", "s.txt"], (2, ".sqlite or .journal")),
        (["--out", "{tmp}/c.toml", "--events", "{events}", "--trials", "0"], (2, "--trials")),
        (["--out", "{tmp}/none/c.toml", "--events", "{events}"], (3, "in a folder that is there")),
        (["--out", "{tmp}", "--events", "{events}"], (3, "in a folder that is there")),
        (["--out", "{tmp}/c.toml", "--events", "{tmp}/none.csv"], (3, "none.csv")),
    ],
)
def test_a_wrong_argument_is_named(
    run: Run, files: Files, tmp_path: Path, arguments: list[str], ending: tuple[int, str]
) -> None:
    done = run("tune", *(argument.format(tmp=tmp_path, events=files.events) for argument in arguments))

    assert done.code == ending[0]
    assert ending[1] in done.err
    assert not (tmp_path / "c.toml").exists()
