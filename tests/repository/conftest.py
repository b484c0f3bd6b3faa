"""Run the fenced blocks of a Markdown document as a reader would, top to bottom, in a folder that holds the demo.

========== =========================================================================================================
python     is executed; the blocks of one document share their names
console    ``$ `` begins a command, a backslash continues it; the lines up to the next command are what it must print,
           nothing there means anything goes; ``...`` stands for any text, alone on its line for any number of lines
json, toml must parse
text       is only shown
========== =========================================================================================================

Any other language, and any block that cannot run, needs ``<!-- not run: the reason -->`` on the line above it.
A file name after the language (``csv events.csv``) saves the block under that name for the blocks below.
Ports are taken as they are free: ``127.0.0.1:8000`` in a document is whatever the server above it was given.

Sybil and its like were looked at: they leave commands, servers, wildcards and unmarked blocks to us, so that little
would be theirs but finding the fences, which a Markdown parser does better than their patterns.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pytest
from markdown_it import MarkdownIt

PRINTED_ADDRESS = "127.0.0.1:8000"
NOT_RUN = re.compile(r"<!-- not run: .+ -->\s*")
SERVING = re.compile(r"(make demo|crossfade (demo|serve))\b")
PATIENCE_S = 60


@dataclass(frozen=True)
class Block:
    """One fenced block: what it is, and where in the document its first line of content stands."""

    document: Path
    line: int
    language: str
    file_name: str
    content: str

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"


def blocks_to_run(document: Path) -> Iterator[Block]:
    """Yield the document's blocks in order, without those marked as not run."""
    above = ""
    for token in MarkdownIt().parse(document.read_text(encoding="utf-8")):
        if token.type == "fence" and not NOT_RUN.fullmatch(above) and token.map is not None:
            language, _, file_name = token.info.strip().partition(" ")
            yield Block(document, token.map[0] + 2, language, file_name, token.content)
        above = token.content if token.type == "html_block" else ""


def differences(expected: str, printed: str) -> str:
    """Compare what a command printed with what the document shows; empty where they agree."""
    shown = [line.rstrip() for line in expected.strip("\n").splitlines()]
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    pattern = "".join(
        "(?:.*\n)*?" if line.strip() == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n" for line in shown
    )
    if re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)):
        return ""
    return "\n".join(difflib.unified_diff(shown, lines, "shown", "printed", lineterm=""))


def commands_of(content: str) -> Iterator[tuple[str, str]]:
    """Split a console block into pairs of a command and the text that it must print."""
    command, expected = "", ""
    for line in content.splitlines(keepends=True):
        if line.startswith("$ "):
            if command:
                yield command.strip(), expected
            command, expected = line.removeprefix("$ "), ""
        elif command.endswith("\\\n"):
            command += line
        else:
            expected += line
    yield command.strip(), expected


class Reader:
    """Follows documents in one folder; keeps the names and the server of the one being read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, object] = {"__name__": "__main__"}
        self._server: subprocess.Popen[str] | None = None
        self._address = PRINTED_ADDRESS

    def read(self, document: Path) -> None:
        """Run the document's blocks; stop with the file and line of the first that does not do as it says."""
        for block in blocks_to_run(document):
            if block.file_name:
                (self._folder / block.file_name).write_text(block.content, encoding="utf-8")
            elif block.language == "python":
                self._execute(block)
            elif block.language == "console":
                for command, expected in commands_of(block.content):
                    self._run(block, command, expected)
            elif block.language == "json":
                json.loads(block.content)
            elif block.language == "toml":
                tomllib.loads(block.content)
            elif block.language != "text":
                pytest.fail(f"{block}: a block in {block.language or 'no language'!r} can only stand marked as not run")

    def close(self) -> None:
        """Stop the server, if the document started one."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(PATIENCE_S)
            self._server = None

    def _execute(self, block: Block) -> None:
        source = "\n" * (block.line - 1) + block.content.replace(PRINTED_ADDRESS, self._address)
        with contextlib.chdir(self._folder):
            exec(compile(source, str(block.document), "exec"), self._names)  # noqa: S102 (our own documents)

    def _run(self, block: Block, command: str, expected: str) -> None:
        printed = self._serve(command) if SERVING.match(command) else self._shell(block, command)
        printed = printed.replace(self._address, PRINTED_ADDRESS)
        if expected.strip() and (difference := differences(expected, printed)):
            pytest.fail(f"{block}: $ {command}\n{difference}")

    def _shell(self, block: Block, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command.replace(PRINTED_ADDRESS, self._address)],
            cwd=self._folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode != 0:
            pytest.fail(f"{block}: $ {command}\nexit status {done.returncode}\n{done.stdout}")
        return done.stdout

    def _serve(self, command: str) -> str:
        self.close()
        self._address = f"127.0.0.1:{_free_port()}"
        words = command.replace("make demo", "crossfade demo").split()
        log = self._folder / "server.log"
        with log.open("w", encoding="utf-8") as output:
            self._server = self._start([*words, "--port", self._address.partition(":")[2]], output)
        deadline = time.monotonic() + PATIENCE_S
        while not _answers(f"http://{self._address}/health/ready"):
            if self._server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"$ {command}\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        return log.read_text(encoding="utf-8")

    def _start(self, words: list[str], output: TextIO) -> subprocess.Popen[str]:
        return subprocess.Popen(
            words, cwd=self._folder, env=_environment(), stdout=output, stderr=subprocess.STDOUT, text=True
        )


def _environment() -> dict[str, str]:
    # Our own commands first, and a terminal of one size whoever runs this.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (our own server)
            return bool(response.status == 200)
    except OSError:
        return False


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Somebody who follows a document in the test's own folder."""
    reader = Reader(tmp_path)
    yield reader
    reader.close()
