"""The command line, run in this process, and small input files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands.typed import Files, Finished, Run

from crossfade.cli import main

TITLES = {
    "harbour": "A detective in a northern harbour town looks for a missing fisherman.",
    "fjord": "A murder on the fjord brings a northern detective home.",
    "vault": "Four thieves plan the robbery of a bank vault.",
    "safe": "A robbery goes wrong when the thieves find the safe empty.",
    "reef": "Divers film the coral reef at night.",
    "whales": "Whales and the divers who follow them.",
}


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs ``crossfade`` with arguments."""

    def run_command(*arguments: object) -> Finished:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Finished(ended.value.code, out, err)

    return run_command


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of embeddings of the test's own."""
    directory = tmp_path / "cache"
    monkeypatch.setenv("CROSSFADE_CACHE_DIR", str(directory))
    return directory


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Two crowds: the even users watch crime, the odd ones the sea; everyone has seen a robbery."""
    rows = ["user_id,item_id,timestamp,event_type"]
    tastes = (["harbour", "fjord", "vault"], ["reef", "whales", "safe"])
    for user in range(30):
        liked = tastes[user % 2]
        rows += [f"u{user},{item},2026-01-{user + 1:02}T20:00:00+00:00,watch" for item in liked[: 1 + user % 3]]
    rows += ["u1,nowhere,2026-01-01T20:00:00+00:00,watch", ",fjord,2026-01-01T20:00:00+00:00,watch"]
    events, items = tmp_path / "events.csv", tmp_path / "items.jsonl"
    events.write_text("\n".join(rows) + "\n")
    items.write_text(
        "".join(
            json.dumps({"item_id": item, "title": item.title(), "description": text, "year": 2000 + place}) + "\n"
            for place, (item, text) in enumerate(TITLES.items())
        )
    )
    return Files(events, items)


@pytest.fixture
def index(run: Run, files: Files) -> Run:
    """Runs ``crossfade index`` on the files, into the directory given first."""

    def run_index(out: Path, *more: object) -> Finished:
        inputs = ("--events", files.events, "--items", files.items)
        return run("index", *inputs, "--out", out, "--encoder", "tfidf", *more)

    return run_index


@pytest.fixture
def bundle(index: Run, tmp_path: Path) -> Path:
    """A bundle of the files."""
    out = tmp_path / "bundle"
    done = index(out)
    assert done.code == 0, done.err
    return out


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Where ``evaluate`` puts its report."""
    return tmp_path / "report"


@pytest.fixture
def evaluate(run: Run, files: Files, report: Path) -> Run:
    """Runs ``crossfade evaluate`` on the files, without other models."""

    def run_evaluate(*more: object) -> Finished:
        inputs = ("--events", files.events, "--items", files.items, "--encoder", "tfidf")
        return run("evaluate", *inputs, "--report", report, "--no-baselines", *more)

    return run_evaluate


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where ``tune`` writes, and ``index`` reads, settings."""
    return tmp_path / "c.toml"


@pytest.fixture
def tune(run: Run, files: Files, config: Path) -> Run:
    """Runs ``crossfade tune`` on the files."""

    def run_tune(*more: object) -> Finished:
        return run("tune", "--events", files.events, "--items", files.items, "--out", config, *more)

    return run_tune
