"""A writer that is killed: what it was told is kept is kept, once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_every_acknowledged_event_outlasts_its_writer(repository: Path, url: str) -> None:
    script = repository / "benchmarks" / "live_durability.py"
    command = [sys.executable, str(script), "--rounds", "3", "--events", "2000", "--live", url]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 killed" in done.stdout
    assert "0 lost, 0 kept twice" in done.stdout
