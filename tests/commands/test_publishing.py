"""``crossfade index`` over a bundle that is there: what is clearly worse does not take its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands.typed import Files, Finished, Run

from crossfade.bundle import BundleStore


@pytest.fixture
def index_few(index: Run, files: Files) -> Run:
    """Runs ``crossfade index`` as ever, but on few of the events."""
    lines = files.events.read_text().splitlines(keepends=True)

    def run_index(out: Path, *more: object) -> Finished:
        files.events.write_text("".join(lines[:6]))
        return index(out, *more)

    return run_index


def test_what_is_clearly_worse_ends_with_8_and_says_what_to_do(index_few: Run, bundle: Path) -> None:
    before = BundleStore(bundle).current()

    done = index_few(bundle)

    assert done.code == 8
    assert "Built, but not published" in done.out
    assert "users instead of 30" in done.out
    assert "--publish-anyway" in done.out
    assert BundleStore(bundle).current() == before


def test_json_holds_the_comparison(index_few: Run, bundle: Path) -> None:
    done = index_few(bundle, "--json")

    told = json.loads(done.out)
    assert done.code == 8
    assert told["published"] is False
    assert told["comparison"]["present"] == BundleStore(bundle).current()
    assert told["comparison"]["clearly_worse"] is True


def test_told_to_it_is_published(index_few: Run, bundle: Path) -> None:
    done = index_few(bundle, "--publish-anyway", "--json")

    assert done.code == 0
    assert json.loads(done.out)["version"] == BundleStore(bundle).current()


def test_what_was_not_published_can_be_put_to_use_and_left_again(run: Run, index_few: Run, bundle: Path) -> None:
    before = BundleStore(bundle).current()
    refused = json.loads(index_few(bundle, "--json").out)["version"]

    to = run("rollback", bundle, "--to", refused, "--json")
    back = run("rollback", bundle, "--json")

    assert json.loads(to.out) == {"from": before, "to": refused}
    assert json.loads(back.out) == {"from": refused, "to": before}
