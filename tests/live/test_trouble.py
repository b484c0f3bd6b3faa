"""When the database is locked, full or gone: one clear error, nothing half-written, and all is well afterwards."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from live.acts import act, add, items_of, person
from live.postgresql import Server

from crossfade.errors import LiveError
from crossfade.live import ItemRecord, LiveData, UserRecord, database


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes writes wait for a tenth of a second only."""
    monkeypatch.setattr(database, "LOCK_TIMEOUT_S", 0.1)


def test_a_write_that_another_process_keeps_waiting_fails_and_reads_go_on(impatient: None, path: Path) -> None:
    with LiveData.open(str(path)) as live, closing(sqlite3.connect(path, isolation_level=None)) as other:
        add(live, act(item_id="a"))
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(LiveError, match=r"live\.db: cannot write.*locked; another process.*ask again"):
            add(live, act(item_id="b"))
        assert items_of(person(live).events) == ["a"]
        other.execute("ROLLBACK")

        add(live, act(item_id="c"))
        assert items_of(person(live).events) == ["a", "c"]


def test_the_same_on_a_server(impatient: None, server: Server) -> None:
    url = server.create("held")
    with LiveData.open(url) as live, psycopg.connect(url) as other:
        other.execute("SELECT * FROM clock FOR UPDATE")

        with pytest.raises(LiveError, match=r"cannot write.*ask again"):
            add(live, act())
        assert items_of(person(live).events) == []
        other.rollback()

        assert not add(live, act())[0].duplicate


def in_another_process(path: Path, statement: str) -> str:
    program = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])"
    return subprocess.run(
        [sys.executable, "-c", program, str(path), statement], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_what_is_acknowledged_after_an_erasure_outlasts_another_process_that_opens_and_closes_the_file(
    path: Path,
) -> None:
    with LiveData.open(str(path)) as live:
        add(live, act(user_id="ann"), act(user_id="bob"))
        live.call(live.store.erase_user("bob"))
        assert in_another_process(path, "SELECT count(*) FROM events") == "1"

        add(live, act(user_id="ann", item_id="later"))

        assert path.with_name(f"{path.name}-wal").exists()
        assert in_another_process(path, "SELECT count(*) FROM events") == "2"


@pytest.mark.parametrize("then", ["removed", "another", "no folder", "without log"])
def test_a_file_that_is_no_longer_the_one_opened_acknowledges_and_answers_nothing(path: Path, then: str) -> None:
    folder = path.parent / "folder"
    folder.mkdir()
    path = folder / "live.db"
    with LiveData.open(str(path)) as live:
        add(live, act(item_id="a"))
        before = person(live)
        other = folder / "other.db"
        live.call(live.store.backup(other))
        if then == "no folder":
            shutil.rmtree(folder)
            folder.write_text("a file")
        elif then == "removed":
            path.unlink()
        elif then == "without log":
            path.with_name("live.db-wal").unlink()
        else:
            other.replace(path)

        for use in (
            lambda: add(live, act(item_id="b")),
            lambda: live.call(live.store.put_users([UserRecord("ann", {})])),
            lambda: person(live),
            lambda: live.call(live.store.statistics()),
            lambda: live.call(live.store.backup(path.parent / "backup.db")),
        ):
            with pytest.raises(LiveError, match=r"live\.db.*removed or replaced.*restart the service"):
                use()

        assert path.exists() == (then in {"another", "without log"})
    if then == "another":
        with LiveData.open(str(path)) as again:
            assert person(again).events == before.events


def test_a_file_that_is_removed_during_a_write_keeps_nothing(path: Path) -> None:
    remove = path.unlink

    async def write() -> None:
        async with live.store._database.writing() as writing:
            await writing.take(1)
            remove()

    with LiveData.open(str(path)) as live, pytest.raises(LiveError, match="removed or replaced"):
        live.call(write())


def test_a_full_disk_keeps_nothing_of_what_did_not_fit_and_all_that_did(path: Path) -> None:
    async def fill(pages: int) -> None:
        async with live.store._database.writing() as writing:
            await writing.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    with LiveData.open(str(path)) as live:
        add(live, act(item_id="a"))
        live.call(fill(30))

        with pytest.raises(LiveError, match=r"full.*make room"):
            add(live, *(act(item_id="x" * 1000) for _ in range(1000)))
        with pytest.raises(LiveError, match=r"full.*make room"):
            live.call(live.store.put_users([UserRecord(f"u{number}", {"a": "x" * 1000}) for number in range(1000)]))
        assert items_of(person(live).events) == ["a"]

        live.call(fill(1_000_000))
        add(live, act(item_id="b"))
        assert items_of(person(live).events) == ["a", "b"]
        assert person(live, "u0").attributes is None


def test_every_caller_of_a_commit_that_failed_hears_of_it(impatient: None, path: Path) -> None:
    with LiveData.open(str(path)) as live, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [live.submit(live.store.add_events([act(event_id=str(number))])) for number in range(10)]

        errors = [future.exception() for future in waiting]

        assert all(isinstance(error, LiveError) for error in errors)
        other.execute("ROLLBACK")
        assert not any(outcome.duplicate for outcome in add(live, *(act(event_id=str(number)) for number in range(10))))


def test_a_look_survives_the_restart_of_its_server(server: Server) -> None:
    url = server.create("restarted")
    with LiveData.open(url) as live:
        add(live, act())
        person(live)
        with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'restarted' AND pid <> %s",
                [admin.info.backend_pid],
            )

        assert len(person(live).events) == 1


def test_a_write_that_finds_its_server_gone_says_so_and_the_next_is_kept(server: Server) -> None:
    url = server.create("gone")
    with LiveData.open(url) as live:
        add(live, act())
        with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gone'")

        with pytest.raises(LiveError, match="cannot write"):
            add(live, act(event_id="a"))

        assert not add(live, act(event_id="a"))[0].duplicate


def test_errors_show_no_id_of_a_user(impatient: None, path: Path) -> None:
    with LiveData.open(str(path)) as live, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(LiveError) as failed:
            live.call(live.store.erase_user("private-person"))

        assert "private-person" not in f"{failed.value}{failed.value.__cause__}"


def test_a_defect_of_the_caller_is_no_trouble_of_the_database(live: LiveData) -> None:
    with pytest.raises(TypeError, match="JSON"):
        live.call(live.store.put_items([ItemRecord("a", {"x": object()})]))

    assert live.call(live.store.all_items()) == []
