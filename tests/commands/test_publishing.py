"""``crossfade index`` over a bundle that is there: what is clearly worse does not take its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from crossfade.bundle import BundleStore


class Files(Protocol):
    events: Path
    items: Path


class Finished(Protocol):
    code: int
    out: str
    err: str


Run = Callable[..., Finished]


def index_without_most_events(run: Run, files: Files, out: Path, *more: object) -> Finished:
    lines = files.events.read_text().splitlines(keepends=True)
    files.events.write_text("".join(lines[:6]))
    return run("index", "--events", files.events, "--items", files.items, "--out", out, "--encoder", "tfidf", *more)


def test_what_is_clearly_worse_ends_with_8_and_says_what_to_do(run: Run, files: Files, bundle: Path) -> None:
    before = BundleStore(bundle).current()

    done = index_without_most_events(run, files, bundle)

    assert done.code == 8
    assert "Built, but not published" in done.out
    assert "users instead of 20" in done.out
    assert "--publish-anyway" in done.out
    assert BundleStore(bundle).current() == before


def test_json_holds_the_comparison(run: Run, files: Files, bundle: Path) -> None:
    done = index_without_most_events(run, files, bundle, "--json")

    told = json.loads(done.out)
    assert done.code == 8
    assert told["published"] is False
    assert told["comparison"]["present"] == BundleStore(bundle).current()
    assert told["comparison"]["clearly_worse"] is True


def test_told_to_it_is_published(run: Run, files: Files, bundle: Path) -> None:
    done = index_without_most_events(run, files, bundle, "--publish-anyway", "--json")

    assert done.code == 0
    assert json.loads(done.out)["version"] == BundleStore(bundle).current()


def test_what_was_not_published_can_be_put_to_use_and_left_again(run: Run, files: Files, bundle: Path) -> None:
    before = BundleStore(bundle).current()
    refused = json.loads(index_without_most_events(run, files, bundle, "--json").out)["version"]

    to = run("rollback", bundle, "--to", refused, "--json")
    back = run("rollback", bundle, "--json")

    assert json.loads(to.out) == {"from": before, "to": refused}
    assert json.loads(back.out) == {"from": refused, "to": before}
