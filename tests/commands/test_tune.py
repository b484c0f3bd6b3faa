"""``crossfade tune``, as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from crossfade_indexing.config import read_config
from crossfade_indexing.tuning import Judge


class Files(Protocol):
    events: Path
    items: Path


class Finished(Protocol):
    code: int
    out: str
    err: str


Run = Callable[..., Finished]


def tune(run: Run, files: Files, out: Path, *more: object) -> Finished:
    return run("tune", "--events", files.events, "--items", files.items, "--out", out, *more)


def test_its_result_is_a_config_that_index_takes_and_does_not_vary(run: Run, files: Files, tmp_path: Path) -> None:
    tuned = tune(run, files, tmp_path / "c.toml", "--trials", "5")
    indexed = run(
        *("index", "--events", files.events, "--items", files.items, "--out", tmp_path / "bundle"),
        *("--encoder", "tfidf", "--config", tmp_path / "c.toml"),
    )

    config = read_config(tmp_path / "c.toml")
    manifest = json.loads(run("inspect", tmp_path / "bundle", "--json").out)["manifest"]
    assert (tuned.code, indexed.code) == (0, 0)
    assert manifest["factorization"]["user_exponent"] == config.factorization.user_exponent
    assert manifest["factorization"]["half_rank"] == config.factorization.half_rank
    assert manifest["profile"]["recency"] == config.evidence.recency


def test_it_prints_a_leaderboard_and_says_where_the_config_is(run: Run, files: Files, tmp_path: Path) -> None:
    done = tune(run, files, tmp_path / "c.toml", "--trials", "5")

    assert "0 (default)" in done.out
    assert "1 (index)" in done.out
    assert "5 settings measured to the end, 0 stopped early" in done.out
    assert f"crossfade index --config {tmp_path / 'c.toml'}" in done.out
    comment = [line for line in (tmp_path / "c.toml").read_text().splitlines() if line.startswith("#")]
    assert "crossfade tune" in comment[0]
    assert "Best of 5 settings" in comment[1]


def test_json_is_one_document_and_nothing_else(run: Run, files: Files, tmp_path: Path) -> None:
    done = tune(run, files, tmp_path / "c.toml", "--trials", "3", "--json")

    told = json.loads(done.out)
    assert done.err == ""
    assert (told["measured"], told["pruned"], told["interrupted"]) == (3, 0, False)
    assert told["leaderboard"][0]["gain"] >= 0
    assert told["settings"] == read_config(tmp_path / "c.toml").model_dump(exclude_unset=True)


def test_ctrl_c_ends_with_130_and_writes_what_was_found(
    run: Run, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, calls = Judge.judge, []

    def interrupted(*arguments: object) -> object:
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return judge(*arguments)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(Judge, "judge", interrupted)
    done = tune(run, files, tmp_path / "c.toml", "--study", tmp_path / "s.sqlite")
    monkeypatch.undo()
    again = tune(run, files, tmp_path / "c.toml", "--study", tmp_path / "s.sqlite", "--trials", "1", "--json")

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
