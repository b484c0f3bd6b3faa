"""The files of an evaluation, all of them or none."""

from __future__ import annotations

import os
from pathlib import Path

from crossfade.errors import InputError
from crossfade_indexing.evaluation.report import render
from crossfade_indexing.evaluation.result import Evaluation

__all__ = ["make_directory", "save"]

DATA, PAGE = "evaluation.json", "report.html"


def make_directory(directory: Path) -> None:
    """Make the directory of the report, before any work is done for it.

    Raises:
        InputError: If that cannot be.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{directory}: --report needs a directory that can be made or written ({error.strerror})"
        ) from error


def save(evaluation: Evaluation, directory: Path) -> None:
    """Write ``evaluation.json`` and ``report.html``; what lay there stays until both are whole.

    Raises:
        OSError: If they cannot be written.
    """
    texts = {DATA: evaluation.model_dump_json(indent=1) + "\n", PAGE: render(evaluation)}
    partial = {name: directory / f".{name}.{os.getpid()}" for name in texts}
    try:
        for name, text in texts.items():
            partial[name].write_text(text, encoding="utf-8")
        for name, path in partial.items():
            path.replace(directory / name)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
