"""``crossfade evaluate``: what it writes, what it says, and what a failure leaves behind."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from commands.typed import Files, Run

from crossfade_indexing.evaluation.result import Evaluation


def test_a_run_writes_the_report_and_the_numbers_and_prints_a_table(evaluate: Run, report: Path) -> None:
    done = evaluate()

    assert done.code == 0, done.err
    evaluation = Evaluation.model_validate_json((report / "evaluation.json").read_text())
    assert evaluation.protocol.split == "last 20 % per user"
    assert (report / "report.html").read_text().startswith("<!")
    assert sorted(path.name for path in report.iterdir()) == [
        "evaluation.json",
        "rejects.jsonl",
        "report.html",
    ]
    assert "Crossfade" in done.out
    assert "most differences will be within chance" in done.err


def test_json_is_one_document_and_nothing_else(evaluate: Run, report: Path) -> None:
    done = evaluate("--json")

    assert done.err == ""
    assert json.loads(done.out) == json.loads((report / "evaluation.json").read_text())


def test_the_report_tells_the_command_that_repeats_it(run: Run, evaluate: Run) -> None:
    first = json.loads(evaluate("--repeats", 2, "--k", 3, "--json").out)

    program, *arguments = shlex.split(first["protocol"]["command"])
    again = json.loads(run(*arguments, "--json").out)

    assert program == "crossfade"
    assert again["protocol"]["command"] == first["protocol"]["command"]
    assert [model["metrics"] for model in again["models"]] == [model["metrics"] for model in first["models"]]
    assert again["protocol"]["split"] == "random 20 % per user, 2 draws"


def test_without_times_it_says_that_the_split_is_a_random_one(evaluate: Run, files: Files) -> None:
    rows = [line.split(",") for line in files.events.read_text().splitlines()]
    files.events.write_text("".join(f"{user},{item}\n" for user, item, *_ in rows))

    done = evaluate()

    assert done.code == 0, done.err
    assert "no times are known" in done.err
    assert "random 20 % per user" in done.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--split", "last", "--folds", "3"], "one outcome only"),
        (["--folds", "3", "--repeats", "2"], "exclude each other"),
        (["--split", "chance"], "chance"),
        (["--k", "0"], "--k"),
        (["--preset", "movielens", "--source", "."], "--events FILE or --preset"),
        (["--source", "."], "--preset and --source"),
        (["--encoder", " "], "--encoder needs a name"),
    ],
)
def test_a_wrong_option_ends_with_2_and_is_named(evaluate: Run, arguments: list[str], complaint: str) -> None:
    done = evaluate(*arguments)

    assert done.code == 2
    assert complaint in done.err


def test_too_little_data_ends_with_3_in_one_line(evaluate: Run, files: Files) -> None:
    files.events.write_text("user_id,item_id\nu1,fjord\nu2,reef\n")

    done = evaluate()

    assert done.code == 3
    assert "too few" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err


def test_a_report_that_is_a_file_ends_with_3(evaluate: Run, report: Path) -> None:
    report.write_text("")

    done = evaluate()

    assert done.code == 3
    assert "--report needs a directory" in done.err


def test_strict_makes_a_dropped_row_an_error(evaluate: Run, report: Path) -> None:
    done = evaluate("--strict")

    assert done.code == 3
    assert not (report / "report.html").exists()


def test_ctrl_c_ends_with_130_and_leaves_the_earlier_report_alone(
    evaluate: Run, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report.mkdir()
    (report / "evaluation.json").write_text("earlier")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("crossfade_indexing.evaluation.saving.Path.replace", interrupted)
    done = evaluate()

    assert done.code == 130
    assert (report / "evaluation.json").read_text() == "earlier"
    assert not list(report.glob(".*"))
