"""The example of a batch job, run as a process, as a library and against a service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest
from api.hand_made import PAST
from api.locked import Book
from client.serving import serving

from crossfade import Query, Recommender, create_app
from crossfade.settings import DoorSettings


class Job(Protocol):
    def __call__(self, *arguments: str | Path, key: str = "") -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def job(repository: Path) -> Job:
    """Runs the script."""

    def run(*arguments: str | Path, key: str = "") -> subprocess.CompletedProcess[str]:
        script = repository / "examples" / "batch_job" / "job.py"
        environment = {**os.environ, "PYTHONPATH": str(repository / "service"), "PYTHONUTF8": "1"}
        return subprocess.run(
            [sys.executable, "-W", "error", script, *arguments],
            env=environment | ({"RECOMMENDER_KEY": key} if key else {}),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return run


def lines_of(text: str) -> dict[str, list[dict[str, Any]]]:
    """Return the items by user."""
    return {line["user_id"]: line["items"] for line in map(json.loads, text.splitlines())}


def test_library_and_service_write_the_same_file(job: Job, bundle: Path, tmp_path: Path) -> None:
    here = job("--bundle", bundle, "--limit", "3")
    recommender, book = Recommender.open(bundle), Book()
    answer = recommender.recommend(Query(user_id="Jürgen", limit=3))
    key = book.make("read")["Authorization"].removeprefix("Bearer ")
    (tmp_path / "users.txt").write_text("Jürgen\n\nx/y\nnobody\n", encoding="utf-8")
    with serving(create_app(recommender, settings=DoorSettings(auth="on"), keys=book)) as url:
        some = job("--url", url, "--limit", "3", "--users", tmp_path / "users.txt", "--out", tmp_path / "out", key=key)
    recommender.close()

    everyone, written = lines_of(here.stdout), lines_of((tmp_path / "out").read_text(encoding="utf-8"))
    assert (here.returncode, some.returncode) == (0, 0), here.stderr + some.stderr
    assert {user for user, past in PAST.items() if past} <= everyone.keys()
    assert [*written] == ["Jürgen", "x/y", "nobody"]
    assert (
        written["Jürgen"]
        == everyone["Jürgen"]
        == [
            {"item_id": item.item_id, "title": item.properties["title"], "score": round(item.score, 4)}
            for item in answer.items
        ]
    )
    assert written["x/y"] == everyone["x/y"]


def test_a_job_that_fails_says_why_in_a_line_and_leaves_the_old_file(job: Job, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old", encoding="utf-8")

    failed = job("--bundle", tmp_path, "--out", out)

    assert failed.returncode == 1
    assert failed.stderr.startswith("bundle_not_found: ")
    assert len(failed.stderr.splitlines()) == 1
    assert out.read_text(encoding="utf-8") == "old"
