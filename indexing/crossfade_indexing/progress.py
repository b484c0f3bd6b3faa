"""What an indexing run tells its user while it works: bars on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["Advance", "Lines", "Quiet", "Reporter", "TerminalBars"]

Advance = Callable[[int, int], None]
"""Called with how much is done and how much there is."""


class Reporter(Protocol):
    """Where a run says what it is doing."""

    def step(self, name: str) -> AbstractContextManager[Advance]:
        """Announce a step for the duration of a ``with`` block, which gets a function to report its advance."""
        ...

    def note(self, message: str) -> None:
        """Say something worth keeping on the screen: a warning, a result."""
        ...


class Quiet:
    """Says nothing."""

    @contextmanager
    def step(self, _name: str) -> Iterator[Advance]:
        """Announce nothing."""
        yield lambda _done, _total: None

    def note(self, message: str) -> None:
        """Say nothing."""


class Lines:
    """One line when a step begins to advance, every ten seconds, and when it ends; for logs.

    Args:
        console: Where to write.
    """

    _EVERY_S = 10.0

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, name: str) -> Iterator[Advance]:
        """Announce a step."""
        started = time.monotonic()
        first: tuple[float, int] | None = None  # what came before it, such as loading a model, is no measure of pace
        last = started

        def advance(done: int, total: int) -> None:
            nonlocal first, last
            now = time.monotonic()
            first = first or (now, done)
            if now - last < self._EVERY_S or done == first[1]:
                return
            last = now
            rate = (done - first[1]) / (now - first[0])
            left = (total - done) / rate
            self.note(f"{name}: {done:,} of {total:,}, {rate:,.0f}/s, {left:,.0f} s left")

        yield advance
        self.note(f"{name}: done in {time.monotonic() - started:.1f} s")

    def note(self, message: str) -> None:
        """Write one line."""
        self._console.print(message, highlight=False, markup=False, soft_wrap=True)


class _Rate(ProgressColumn):
    """How many a second; Rich shows a rate of its own only where the total is unknown."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s", style="progress.data.speed")


class TerminalBars:
    """A bar per step, with rate and time left.

    Args:
        console: A terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, name: str) -> Iterator[Advance]:
        """Show a bar while the step runs, and a line with its duration after."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        started = time.monotonic()
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(name, total=None)

            def advance(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            yield advance
        self._console.print(f"[green]✓[/green] {name} [dim]{time.monotonic() - started:.1f} s[/dim]", highlight=False)

    def note(self, message: str) -> None:
        """Write one line."""
        self._console.print(message, highlight=False, markup=False, soft_wrap=True)
