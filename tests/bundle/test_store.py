"""Versions: written whole or not at all, one of them current."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from crossfade.bundle import BundleStore
from crossfade.errors import BundleCorruptError, BundleNotFoundError


def everything_under(directory: Path) -> set[Path]:
    return set(directory.rglob("*"))


def test_what_was_written_is_what_is_opened(store: BundleStore) -> None:
    opened = store.open_current()

    assert opened.version == store.current()
    assert opened.past.user_ids == ["u0", "u1"]
    rows, weights = opened.past.of(1)
    assert rows.tolist() == [2, 1]  # oldest first
    assert weights.tolist() == [-1.0, 2.0]
    assert opened.catalogue.properties([4, 0], ["title"]) == [{"title": "t"}, {"title": "t"}]
    assert opened.users.size == 2
    assert opened.spaces.popularity.tolist() == [5.0, 4.0, 3.0, 2.0, 1.0]
    assert opened.spaces.trend.tolist() == [0.0, 0.0, 0.5, 0.0, -0.5]
    assert dict(opened.spaces.context.fields) == {"tv": ("yes",)}
    assert dict(opened.spaces.attributes.fields) == {"adult": ("yes",)}


def test_what_is_known_of_users_is_opened_whether_they_did_anything_or_not(store: BundleStore) -> None:
    known = store.open_current().user_attributes

    assert [known.of(user_id) for user_id in ("u0", "u1", "never here")] == [{}, {"adult": "yes"}, {}]
    assert [user_id in known for user_id in ("u0", "u1", "never here")] == [False, True, True]


def test_mapped_vectors_cannot_be_changed(store: BundleStore) -> None:
    opened = store.open_current()

    with pytest.raises(ValueError, match="read-only"):
        opened.spaces.content.vectors[0, 0] = 1.0


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_run_that_fails_midway_leaves_no_trace_and_the_old_version_in_use(
    store: BundleStore, publish: Callable[..., str], failure: BaseException
) -> None:
    before, version = everything_under(store.directory), store.current()

    def fail(_directory: Path) -> None:
        raise failure

    with pytest.raises(type(failure)):
        publish(store, write_encoder=fail)

    assert everything_under(store.directory) == before
    assert store.open_current().version == version


def test_what_a_killed_run_left_is_no_version_and_goes_a_day_later(
    store: BundleStore, publish: Callable[..., str]
) -> None:
    fresh, old = (store.versions_directory / f".building-{name}" for name in ("1-fresh", "2-old"))
    for directory in (fresh, old):
        directory.mkdir()
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))

    publish(store)

    assert len(store.versions()) == 2
    assert fresh.exists()
    assert not old.exists()


def test_rolling_back_uses_the_version_before(store: BundleStore, publish: Callable[..., str]) -> None:
    first = store.current()
    second = publish(store)
    newer, older = max(first, second), min(first, second)  # written within one second they order by hash
    store.use(newer)

    assert store.roll_back() == older
    assert store.open_current().version == older
    with pytest.raises(BundleNotFoundError, match="no version older"):
        store.roll_back()


def test_a_damaged_version_cannot_be_put_to_use(store: BundleStore, publish: Callable[..., str]) -> None:
    before, damaged = store.current(), publish(store)
    (store.versions_directory / damaged / "users.faiss").unlink()

    with pytest.raises(BundleCorruptError, match=r"users\.faiss"):
        store.use(damaged)

    assert store.current() == before


def test_pruning_removes_the_oldest_but_never_the_current(store: BundleStore, publish: Callable[..., str]) -> None:
    for seed in range(1, 5):
        publish(store, seed)
    oldest, *rest = store.versions()
    store.use(oldest)

    assert store.prune(2) == rest[:3]
    assert store.versions() == [oldest, rest[3]]


def test_a_version_still_answers_after_it_was_removed(store: BundleStore, publish: Callable[..., str]) -> None:
    opened = store.open_current()
    store.use(publish(store))

    for version in store.versions():
        if version != store.current():
            assert store.prune(1) in ([version], [])

    assert np.isfinite(opened.spaces.content.vectors).all()
