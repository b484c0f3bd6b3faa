"""Opening: anything that is a database of ours, by any number at once, and nothing else."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import resources
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from live.acts import act, add, person
from live.postgresql import Server

from crossfade.errors import LiveError
from crossfade.live import LiveData
from crossfade.live.schema import REVISIONS, TABLES, VERSION_TABLE


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite+aiosqlite:///{}"])
def test_a_path_and_its_url_are_the_same_store(path: Path, form: str) -> None:
    with LiveData.open(str(path)) as live:
        add(live, act())

    with LiveData.open(form.format(path)) as again:
        assert len(person(again).events) == 1


def test_what_was_kept_is_there_when_opened_again(new_url: str) -> None:
    with LiveData.open(new_url) as live:
        add(live, act())
        identity = (live.store.store_id, live.store.secret)

    with LiveData.open(new_url) as again:
        assert (again.store.store_id, again.store.secret) == identity
        assert len(person(again).events) == 1


def test_many_may_open_a_new_database_at_once(new_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(LiveData.open, [new_url] * 8))

    assert len({live.store.store_id for live in opened}) == 1
    assert [outcome.duplicate for live in opened for outcome in add(live, act(event_id="a"))].count(False) == 1
    for live in opened:
        live.close()


def test_the_migrations_make_the_tables_that_the_code_speaks_of(new_url: str) -> None:
    LiveData.open(new_url).close()
    sync = new_url.replace("postgresql://", "postgresql+psycopg://")

    engine = sa.create_engine(sync)
    with engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}), TABLES
        )
    engine.dispose()

    assert differences == []


def test_every_migration_is_known_by_its_revision() -> None:
    with resources.as_file(resources.files("crossfade.live") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]

    assert tuple(reversed(known)) == REVISIONS


def test_a_database_of_a_newer_crossfade_is_refused_and_left_alone(new_url: str) -> None:
    LiveData.open(new_url).close()
    engine = sa.create_engine(new_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE crossfade_revision SET version_num = '9999'"))

    with pytest.raises(LiveError, match="newer Crossfade"):
        LiveData.open(new_url)

    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM crossfade_revision")).scalar() == "9999"
    engine.dispose()


def test_a_database_in_its_present_state_is_opened_without_the_library_of_migrations(path: Path) -> None:
    LiveData.open(str(path)).close()
    program = (
        "import sys; from crossfade.live import LiveData\n"
        f"LiveData.open({str(path)!r}).close(); assert 'alembic' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_file_of_something_else_is_refused(path: Path) -> None:
    path.write_text("no database at all" * 1000)

    with pytest.raises(LiveError, match="something else"):
        LiveData.open(str(path))


def test_a_file_with_tables_of_another_program_is_refused_and_left_as_it_was(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.executescript("CREATE TABLE alembic_version (version_num); CREATE TABLE users (id)")
    before = path.read_bytes()

    with pytest.raises(LiveError, match=r"live\.db: holds tables of another program; name another"):
        LiveData.open(str(path))

    assert path.read_bytes() == before


def test_beside_tables_of_another_program_a_schema_of_its_own_will_do(server: Server) -> None:
    url = server.create("shared")
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("CREATE TABLE alembic_version (version_num text); CREATE TABLE users (id int)")
        with pytest.raises(LiveError, match="shared: holds tables of another program"):
            LiveData.open(url)
        own = f"{url}?options=-csearch_path%3Dcrossfade"
        with pytest.raises(LiveError, match="create the schema"):
            LiveData.open(own)
        other.execute("CREATE SCHEMA crossfade")

        with LiveData.open(own) as live:
            assert not add(live, act())[0].duplicate
        tables = other.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()

    assert tables == (2,)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LiveError, match=r"nowhere/live\.db.*folder"):
        LiveData.open(str(tmp_path / "nowhere" / "live.db"))


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", ":memory:", "file:x?mode=memory"])
def test_a_store_in_memory_is_refused(url: str) -> None:
    with pytest.raises(LiveError, match="path of a file"):
        LiveData.open(url)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ann:sesame@host/live",
        "postgresql://ann:sesame@127.0.0.1:1/live",
        "postgresql://127.0.0.1:1/live?password=sesame&user=ann",
        "postgresql://ann:sesame@127.0.0.1:port/live",
        "://ann:sesame@",
    ],
)
def test_no_error_shows_a_password(url: str) -> None:
    with pytest.raises(LiveError) as refused:
        LiveData.open(url)

    shown = "".join(str(error) for error in (refused.value, refused.value.__cause__, refused.value.__context__))
    assert "sesame" not in shown


def test_a_wrong_password_is_told_as_such(server: Server) -> None:
    url = server.url("postgres").replace("correct-horse", "sesame")

    with pytest.raises(LiveError, match="check the user and the password") as refused:
        LiveData.open(url)

    assert "sesame" not in f"{refused.value} {refused.value.__cause__}"


def test_one_that_is_closed_says_so(path: Path) -> None:
    live = LiveData.open(str(path))
    live.close()
    live.close()

    with pytest.raises(LiveError, match="closed"):
        live.call(live.store.all_items())


def test_a_commit_is_on_the_disk_and_deleted_bytes_are_not(path: Path) -> None:
    with LiveData.open(str(path)) as live, closing(sqlite3.connect(path)) as plain:

        async def pragmas() -> list[object]:
            async with live.store._database.writing() as writing:
                names = ("synchronous", "secure_delete", "foreign_keys")
                return [(await writing.connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in names]

        assert live.call(pragmas()) == [2, 1, 1]  # synchronous FULL
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
