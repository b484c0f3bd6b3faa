"""A writer that is killed: what it was told is kept is kept, once."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest


def test_every_acknowledged_event_outlasts_its_writer(
    repository: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark = runpy.run_path(str(repository / "benchmarks" / "live_durability.py"), run_name="benchmark")

    status = benchmark["kill_and_look"](url, rounds=2, events=500)

    told = capsys.readouterr().out
    assert status == 0, told
    assert "2 of 2 killed" in told
    assert "0 lost, 0 kept twice" in told
