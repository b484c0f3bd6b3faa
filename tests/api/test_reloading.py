"""A new version is served within a second, and a bad one never."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from api.conftest import Serve
from api.hand_made import publish
from api.reading import answer_of, problem_of
from fastapi.testclient import TestClient

from crossfade import Recommender, create_app, create_router
from crossfade.api import watching
from crossfade.bundle import BundleStore

A_SECOND = 1.0


def happens(condition: Callable[[], bool], *, within_s: float) -> bool:
    """Wait until something holds, or for so long."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def damage(store: BundleStore) -> Path:
    """Flip one byte of the current version and return the file."""
    path = store.versions_directory / store.current() / "popularity.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    return path


def test_a_new_version_is_served_within_a_second(store: BundleStore) -> None:
    with TestClient(create_app(Recommender(store))) as client:
        version = publish(store, seed=1)

        assert happens(lambda: client.get("/v1/bundle").json()["version"] == version, within_s=A_SECOND)


def test_every_process_follows_a_version_that_one_was_told_to_serve(store: BundleStore) -> None:
    first = store.current()
    second = publish(store, seed=1)
    one, other = (TestClient(create_app(Recommender(store))) for _ in range(2))
    with one, other:
        answer = one.post("/v1/bundle/reload", json={"version": first})

        assert answer.json() == {"bundle": first, "previous": second, "changed": True}
        assert store.current() == first
        assert happens(lambda: other.get("/v1/bundle").json()["version"] == first, within_s=A_SECOND)


def test_reloading_without_a_version_reads_the_pointer(store: BundleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_INTERVAL_S", 60.0)
    before = store.current()
    with TestClient(create_app(Recommender(store))) as client:
        unchanged = client.post("/v1/bundle/reload")
        version = publish(store, seed=1)
        changed = client.post("/v1/bundle/reload", json={})

    assert unchanged.json() == {"bundle": before, "previous": before, "changed": False}
    assert changed.json() == {"bundle": version, "previous": before, "changed": True}


@pytest.mark.parametrize("version", ["20990101T000000.000000Z-0123456789ab", "../../etc", "current", "x" * 64])
def test_a_version_that_is_not_there_is_refused(store: BundleStore, version: str) -> None:
    with TestClient(create_app(Recommender(store))) as client:
        problem = problem_of(client.post("/v1/bundle/reload", json={"version": version}))

        assert (problem.status, problem.code) == (404, "bundle_not_found")
        assert client.get("/health/ready").json()["bundle"] == store.current()


def test_a_damaged_version_is_refused_by_name_of_the_file_while_the_old_one_goes_on(
    store: BundleStore, caplog: pytest.LogCaptureFixture
) -> None:
    with TestClient(create_app(Recommender(store))) as client:
        good = client.get("/v1/bundle").json()["version"]
        with caplog.at_level(logging.ERROR, logger="crossfade.api.watching"):
            version = publish(store, seed=1)
            path = damage(store)
            told = problem_of(client.post("/v1/bundle/reload", json={"version": version}))
            assert happens(lambda: len(caplog.records) > 0, within_s=A_SECOND)
            time.sleep(2.5 * watching._INTERVAL_S)  # it would complain again now
        serving = client.get("/health/ready").json()["bundle"]

    assert (told.status, told.code) == (503, "bundle_corrupt")
    assert str(path) in told.detail
    assert len(caplog.records) == 1
    assert str(path) in caplog.text
    assert good in caplog.text
    assert serving == good


def test_a_version_whose_files_arrive_late_is_served_once_they_are_there(
    store: BundleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(watching, "_INTERVAL_S", 0.05)
    recommender = Recommender(store)
    watching.watch(recommender)
    version = publish(store, seed=1)
    path = store.versions_directory / version / "items.parquet"
    away = path.rename(path.with_suffix(".later"))
    refused = not happens(lambda: recommender.bundle.version == version, within_s=0.5)

    away.rename(path)

    assert refused
    assert happens(lambda: recommender.bundle.version == version, within_s=A_SECOND)


def test_a_pointer_that_is_gone_is_no_reason_to_stop(store: BundleStore, caplog: pytest.LogCaptureFixture) -> None:
    with TestClient(create_app(Recommender(store))) as client:
        pointer = store.directory / "current"
        pointer.unlink()
        assert happens(lambda: "no bundle here" in caplog.text, within_s=A_SECOND)

        still_there = client.post("/v1/recommendations").status_code
        version = publish(store, seed=1)

        assert still_there == 200
        assert happens(lambda: client.get("/v1/bundle").json()["version"] == version, within_s=A_SECOND)


def test_what_the_watching_does_not_foresee_does_not_end_it(
    store: BundleStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watching, "_INTERVAL_S", 0.05)
    recommender = Recommender(store)

    def fail() -> str:
        raise LookupError("a defect")

    with monkeypatch.context() as broken:
        broken.setattr(store, "current", fail)
        watching.watch(recommender)
        assert happens(lambda: "a defect" in caplog.text, within_s=A_SECOND)
    version = publish(store, seed=1)

    assert happens(lambda: recommender.bundle.version == version, within_s=A_SECOND)


def test_one_thread_watches_for_all_that_use_a_recommender(store: BundleStore) -> None:
    before = set(threading.enumerate())
    recommender = Recommender(store)

    create_router(recommender)
    create_app(recommender)

    assert len(set(threading.enumerate()) - before) == 1


def test_the_watching_thread_ends_with_its_recommender(store: BundleStore) -> None:
    before = set(threading.enumerate())
    recommender = Recommender(store)
    watching.watch(recommender)
    (watcher,) = set(threading.enumerate()) - before
    gone = weakref.ref(recommender)

    del recommender
    gc.collect()
    watcher.join(5)

    assert gone() is None
    assert not watcher.is_alive()


def test_no_request_fails_while_versions_change_under_load(store: BundleStore, serve: Serve) -> None:
    stop = threading.Event()

    def ask(url: str, number: int) -> list[tuple[int, str]]:
        seen = []
        with httpx2.Client(base_url=url) as client:
            while not stop.is_set():
                response = client.post("/v1/recommendations", json={"user_id": f"u{number % 3}", "text": "space"})
                seen.append((response.status_code, answer_of(response).bundle))
        return seen

    with serve(create_app(Recommender(store))) as url, ThreadPoolExecutor(8) as callers:
        asked = [callers.submit(ask, url, number) for number in range(8)]
        versions = [store.current()]
        with httpx2.Client(base_url=url) as client:
            for seed in (1, 2, 3):
                versions.append(publish(store, seed=seed))
                client.post("/v1/bundle/reload").raise_for_status()
                time.sleep(0.2)
            client.post("/v1/bundle/reload", json={"version": versions[0]}).raise_for_status()
            time.sleep(0.2)
        stop.set()
        seen = [one for answers in asked for one in answers.result()]

    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == set(versions)
