"""``inspect``, ``rollback``, ``recommend``, ``serve`` and the help."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from commands.typed import Run

from crossfade import cli
from crossfade.bundle import BundleStore


def test_inspect_shows_what_a_bundle_holds(run: Run, bundle: Path) -> None:
    done = run("inspect", bundle)

    assert done.code == 0
    assert "6 (6 used by someone, 6 with text)" in done.out
    assert "tfidf" in done.out
    assert "weights, newcomers" in done.out
    assert "weights, regulars" in done.out


def test_recommend_prints_titles_and_what_scores_are_made_of(run: Run, bundle: Path) -> None:
    done = run("recommend", "--bundle", bundle, "--item-ids", "harbour", "--limit", "2")

    assert done.code == 0
    first = done.out.index("Fjord")
    assert first < done.out.index("collaborative") < done.out.index("content") < done.out.index("popularity")


def test_recommend_prints_the_http_answer_as_json(run: Run, bundle: Path) -> None:
    done = run("recommend", "--bundle", bundle, "--text", "a robbery", "--limit", "2", "--json")

    answer = json.loads(done.out)
    assert {item["item_id"] for item in answer["items"]} == {"vault", "safe"}
    assert answer["items"][0]["properties"]["title"] in {"Vault", "Safe"}
    assert answer["cold_start"] is True


def test_who_is_in_the_users_file_and_did_nothing_is_no_stranger(run: Run, index: Run, tmp_path: Path) -> None:
    users, out = tmp_path / "users.csv", tmp_path / "bundle"
    users.write_text("user_id,age\nzoe,young\n" + "".join(f"u{user},young\n" for user in range(20)))
    done = index(out, "--users", users)
    assert done.code == 0, done.err

    answer = json.loads(run("recommend", "--bundle", out, "--user", "zoe", "--json").out)

    assert answer["missing"]["user_id"] is None
    assert answer["cold_start"] is True


def test_recommend_says_what_it_does_not_know(run: Run, bundle: Path) -> None:
    done = run("recommend", "--bundle", bundle, "--user", "zoe", "--item-ids", "atlantis", "--context", "device=tv")

    told = " ".join(done.out.split())
    assert "user 'zoe' is not known" in told
    assert "not in the catalogue: atlantis" in told
    assert "learned nothing about: device" in told
    assert "cold start" in told


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ((), 2, "--user, --item-ids or --text"),
        (("--user", "u1", "--limit", "0"), 2, "--limit"),
        (("--user", "u1", "--context", "tv"), 2, "KEY=VALUE"),
        (("--user", "u1", "--context", "timestamp=yesterday"), 6, "context.timestamp: 'yesterday'"),
        (("--text", "x" * 2_001), 6, "expected 1 to 2000 characters, got 2001"),
    ],
)
def test_recommend_refuses_what_it_cannot_answer(
    run: Run, bundle: Path, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    done = run("recommend", "--bundle", bundle, *arguments)

    assert done.code == code
    assert complaint in done.err


@pytest.mark.parametrize(
    "command", [("inspect",), ("rollback",), ("recommend", "--user", "u", "--bundle"), ("serve", "--bundle")]
)
def test_without_a_bundle_each_command_ends_with_4_in_one_line(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = run(*command, tmp_path / "nothing")

    assert done.code == 4
    assert done.err.count("\n") == 1
    assert "no bundle here" in done.err


def test_rollback_goes_back_one_version_and_no_further(run: Run, index: Run, bundle: Path) -> None:
    first = BundleStore(bundle).current()
    assert index(bundle).code == 0
    second = BundleStore(bundle).current()
    older, newer = sorted([first, second])  # written within one second they order by hash
    BundleStore(bundle).use(newer)

    done = run("rollback", bundle, "--json")
    further = run("rollback", bundle)

    assert json.loads(done.out) == {"from": newer, "to": older}
    assert further.code == 4
    assert "no version older" in further.err


def test_a_port_that_is_taken_ends_with_7_and_is_named(run: Run, bundle: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--bundle", bundle, "--port", taken.getsockname()[1])

    assert done.code == 7
    assert "cannot listen on 127.0.0.1" in done.err
    assert "--port" in done.err


def test_a_service_that_could_not_start_leaves_the_environment_as_it_was(run: Run, tmp_path: Path) -> None:
    before = dict(os.environ)

    assert run("serve", "--bundle", tmp_path / "nothing", "--auth", "off").code == 4

    assert dict(os.environ) == before


def test_help_names_every_command_of_both_packages(run: Run) -> None:
    done = run("--help")

    assert done.code == 0
    for name in ("demo", "index", "inspect", "recommend", "rollback", "serve"):
        assert f"\n  {name} " in done.out


def test_an_unknown_command_ends_with_2(run: Run) -> None:
    assert run("indx").code == 2


def test_a_command_whose_packages_are_missing_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "crossfade_indexing.job", None)

    done = run("index", "--events", tmp_path / "e.csv", "--out", tmp_path)

    assert done.code == 2
    assert "pip install 'crossfade[indexing]'" in done.err


def test_every_exit_code_is_documented() -> None:
    assert cli.__doc__ is not None
    for code in {*cli.EXIT_CODES.values(), cli.EXIT_INTERRUPTED}:
        assert f" {code} " in " ".join(cli.__doc__.split())
