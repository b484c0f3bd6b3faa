"""What a run shows while it works."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from crossfade_indexing.progress import Lines, Quiet, TerminalBars


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, force_terminal=terminal, width=120, color_system=None), written


def test_a_terminal_sees_how_much_is_done_how_fast_and_how_long_it_took() -> None:
    screen, written = console(terminal=True)

    with TerminalBars(screen).step("Embed") as advance:
        for done in range(0, 101, 20):
            advance(done, 100)
            time.sleep(0.06)

    assert "/100" in written.getvalue()
    assert "/s" in written.getvalue()
    assert "✓ Embed" in written.getvalue()


def test_a_log_gets_a_line_with_rate_and_time_left_every_ten_seconds() -> None:
    screen, written = console(terminal=False)
    reporter = Lines(screen)
    reporter._EVERY_S = 0.0

    with reporter.step("Embed") as advance:
        advance(100, 400)
        time.sleep(0.05)
        advance(200, 400)

    first, last = written.getvalue().splitlines()
    assert first.startswith("Embed: 200 of 400, ")
    assert first.endswith(" s left")
    assert last.startswith("Embed: done in ")


def test_a_machine_is_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Quiet().step("Embed") as advance:
        advance(1, 2)
    Quiet().note("a warning")

    assert capsys.readouterr() == ("", "")
