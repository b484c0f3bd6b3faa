"""``crossfade live`` and ``crossfade keys``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from live.acts import act, add

from crossfade.cli import main
from crossfade.live import LiveData


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


@pytest.fixture
def used(path: Path) -> Path:
    """A store with one event and one old impression."""
    with LiveData.open(str(path)) as live:
        add(live, act(), act(event_type="impression"))
    return path


def test_status_says_how_much_there_is(capsys: pytest.CaptureFixture[str], used: Path) -> None:
    _, for_people, _ = run(capsys, "live", "status", "--live", used)
    code, for_machines, _ = run(capsys, "live", "status", "--live", used, "--json")

    assert code == 0
    assert "events    2\n" in for_people
    assert "from 2026-03-01T12:00:00+00:00" in for_people
    told = json.loads(for_machines)
    assert (told["rows"]["events"], told["seq"], told["newest_event"]) == (2, 2, "2026-03-01T12:00:00+00:00")


def test_compact_says_what_it_deleted(capsys: pytest.CaptureFixture[str], used: Path) -> None:
    code, out, _ = run(capsys, "live", "compact", "--live", used, "--impressions-older-than-days", "1", "--json")
    _, again, _ = run(capsys, "live", "compact", "--live", used)

    assert (code, json.loads(out)["deleted"]) == (0, 1)
    assert again.startswith("0 impressions deleted")


def test_backup_writes_a_store(capsys: pytest.CaptureFixture[str], used: Path, tmp_path: Path) -> None:
    code, out, _ = run(capsys, "live", "backup", "--live", used, tmp_path / "a.db")
    _, told, _ = run(capsys, "live", "backup", "--live", used, tmp_path / "b.db", "--json")

    assert code == 0
    assert "a.db: 0.1 MB" in out
    assert json.loads(told)["bytes"] == (tmp_path / "b.db").stat().st_size
    _, status, _ = run(capsys, "live", "status", "--live", tmp_path / "a.db", "--json")
    assert json.loads(status)["rows"]["events"] == 2


def test_keys_are_made_listed_and_revoked(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    _, key, told = run(capsys, "keys", "create", "--name", "the shop", "--role", "write", "--live", path)
    _, made, told_again = run(capsys, "keys", "create", "--name", "me", "--role", "admin", "--live", path, "--json")
    admin = json.loads(made)
    assert key.startswith("cf_")
    assert f"made a new database at {path}\n" in told
    assert "will not be shown again" in told
    assert admin["key"].startswith("cf_")
    assert "new database" not in told_again

    code, revoked, _ = run(capsys, "keys", "revoke", admin["id"], "--live", path)
    assert code == 0
    assert "(me): revoked" in revoked
    _, again, _ = run(capsys, "keys", "revoke", admin["id"], "--live", path, "--json")

    _, listed, _ = run(capsys, "keys", "list", "--live", path)
    _, machine, _ = run(capsys, "keys", "list", "--live", path, "--json")
    assert "the shop" in listed
    assert [line.endswith("good") for line in listed.splitlines()] == [True, False]
    kept = json.loads(machine)["keys"]
    assert [(one["name"], one["role"]) for one in kept] == [("the shop", "write"), ("me", "admin")]
    assert kept[1]["revoked_at"] == json.loads(again)["revoked_at"]
    assert key.strip() not in machine + listed


def test_what_is_not_there_is_no_new_store(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    code, _, err = run(capsys, "live", "status", "--live", path)

    assert code == 9
    assert "no such file" in err
    assert not path.exists()


def test_a_key_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str], used: Path) -> None:
    code, _, err = run(capsys, "keys", "revoke", "nothing", "--live", used)

    assert code == 6
    assert "'nothing'" in err
