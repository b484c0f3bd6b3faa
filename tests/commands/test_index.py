"""``crossfade index``: what it publishes, what it says, and what a failure leaves behind."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from commands.typed import Files, Run

from crossfade.bundle import BundleStore


def test_a_run_publishes_a_bundle_and_shows_what_was_dropped(index: Run, tmp_path: Path) -> None:
    done = index(tmp_path / "out")

    assert done.code == 0
    assert "1 unknown item" in done.out
    assert "1 missing user id" in done.out
    assert "6 items, 30 users" in done.out
    rejects = [json.loads(line) for line in (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()]
    assert {(row["line"], row["reason"]) for row in rejects} >= {(62, "unknown_item"), (63, "missing_user_id")}


def test_json_is_one_document_and_nothing_else(index: Run, tmp_path: Path) -> None:
    done = index(tmp_path / "out", "--json")

    told = json.loads(done.out)
    assert done.err == ""
    assert told["version"] == BundleStore(tmp_path / "out").current()
    assert told["counts"]["items"] == told["texts_encoded"] == 6
    assert told["cleaning"]["events"]["unknown_item"] == 1


def test_a_second_run_embeds_only_what_changed(run: Run, files: Files, tmp_path: Path, default_encoder: str) -> None:
    arguments = ("index", "--events", files.events, "--items", files.items, "--out", tmp_path / "out", "--json")
    first = json.loads(run(*arguments, "--encoder", default_encoder).out)

    again = json.loads(run(*arguments, "--encoder", default_encoder).out)
    files.items.write_text(files.items.read_text().replace("Whales and", "Dolphins and"))
    changed = json.loads(run(*arguments, "--encoder", default_encoder).out)

    assert [told["texts_encoded"] for told in (first, again, changed)] == [6, 0, 1]


def test_strict_makes_a_dropped_row_an_error_and_publishes_nothing(index: Run, tmp_path: Path) -> None:
    done = index(tmp_path / "out", "--strict")

    assert done.code == 3
    assert "unknown_item" in done.err
    assert not BundleStore(tmp_path / "out").versions()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "--events FILE or --preset"),
        (["--events", "e.csv", "--preset", "movielens", "--source", "."], "--events FILE or --preset"),
        (["--preset", "movielens"], "--preset and --source"),
        (["--preset", "netflix", "--source", "."], "netflix"),
        (["--evnts", "e.csv"], "--evnts"),
        (["--live", "live.db", "--events", "e.csv", "--preset", "movielens"], "--events FILE or --preset"),
        (["--events", "e.csv", "--timezone", "Mars/Olympus"], "Mars/Olympus"),
        (["--events", "e.csv", "--timezone", "../../etc"], "no such IANA zone"),
    ],
)
def test_a_wrong_option_ends_with_2_and_is_named(
    run: Run, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    done = run("index", "--out", tmp_path / "out", *arguments)

    assert done.code == 2
    assert complaint in done.err


def test_a_missing_file_ends_with_3_and_is_named(run: Run, tmp_path: Path) -> None:
    done = run("index", "--events", tmp_path / "none.csv", "--out", tmp_path / "out", "--encoder", "tfidf")

    assert done.code == 3
    assert str(tmp_path / "none.csv") in done.err
    assert done.err.count("\n") == 1


def test_an_out_that_is_a_file_ends_with_3(index: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")

    done = index(tmp_path / "out")

    assert done.code == 3
    assert "--out needs a directory" in done.err


def test_an_encoder_that_cannot_be_had_ends_with_5(
    run: Run, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    done = run(
        "index", "--events", files.events, "--items", files.items, "--out", tmp_path / "out", "--encoder", "./no/such"
    )

    assert done.code == 5
    assert "no/such" in done.err
    assert not (tmp_path / "out" / "current").exists()


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("[factorization]\nrank = 0\n", "factorization.rank"),
        ("[factorisation]\nrank = 3\n", "factorisation"),
        ("rank = \n", "not TOML"),
        ("[fusion.newcomer]\nnovelty = 1\n", "fusion.newcomer: Value error, expected exactly"),
        ("[fusion]\nfade = inf\n", "fusion.fade"),
        ("[evidence.event_weights]\nwatch = nan\n", "evidence.event_weights.watch"),
        ("[factorization]\nseed = 99999999999999\n", "factorization.seed"),
    ],
)
def test_a_wrong_setting_ends_with_3_and_is_named(index: Run, tmp_path: Path, toml: str, complaint: str) -> None:
    (tmp_path / "c.toml").write_text(toml)

    done = index(tmp_path / "out", "--config", tmp_path / "c.toml")

    assert done.code == 3
    assert complaint in done.err


def test_settings_are_used_and_recorded(run: Run, index: Run, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("keep_versions = 1\n[factorization]\nrank = 2\n")

    done = index(bundle, "--config", tmp_path / "c.toml", "--json")

    manifest = json.loads(run("inspect", bundle, "--json").out)["manifest"]
    assert manifest["factorization"]["rank"] == 2
    assert len(json.loads(done.out)["pruned"]) == 1


def test_ctrl_c_ends_with_130_and_leaves_the_previous_bundle_alone(
    index: Run, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(bundle.rglob("*"))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("crossfade.bundle.writer.write_users", interrupted)
    done = index(bundle)

    assert done.code == 130
    assert sorted(bundle.rglob("*")) == before
    BundleStore(bundle).open_current()


@pytest.mark.parametrize("most_bytes", [0, 500, 2_000])
def test_a_full_disk_ends_with_7_and_leaves_the_previous_bundle_alone(
    files: Files, bundle: Path, most_bytes: int
) -> None:
    version = BundleStore(bundle).current()
    files.events.write_text(files.events.read_text().replace("nowhere", "fjord").replace(",fjord", "u2,fjord", 1))

    done = subprocess.run(
        [
            *(sys.executable, "-m", "crossfade", "index", "--events", files.events, "--items", files.items),
            *("--out", bundle, "--encoder", "tfidf"),
        ],
        # No file may grow past this: to the program it is what a full disk is.
        # Python's compiler would leave truncated files in the environment, so it is told to write none.
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 7, done.stderr
    assert "Traceback" not in done.stderr
    assert BundleStore(bundle).versions() == [version]
    assert not list((bundle / "versions").glob(".building*"))
    assert BundleStore(bundle).open_current().version == version


def test_events_alone_are_enough(run: Run, files: Files, tmp_path: Path) -> None:
    done = run("index", "--events", files.events, "--out", tmp_path / "out", "--encoder", "tfidf", "--json")

    assert done.code == 0
    assert json.loads(done.out)["counts"]["items"] == 7
    found = json.loads(run("recommend", "--bundle", tmp_path / "out", "--user", "u0", "--json").out)
    assert found["items"]


def test_events_that_are_no_acts_are_warned_of(run: Run, files: Files, tmp_path: Path) -> None:
    files.events.write_text("user_id,item_id,event_type\nann,fjord,impression\nbob,reef,impression\n")

    done = run(
        "index", "--events", files.events, "--items", files.items, "--out", tmp_path / "out", "--encoder", "tfidf"
    )

    assert done.code == 0
    assert "no user has had any item" in done.out + done.err
