import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

# For each contract of pyproject.toml: a module, and the line that must not stand in it.
VIOLATIONS = {
    "Serving is built in layers": ("service/crossfade/errors.py", "import crossfade.bundle"),
    "The indexing job is built in layers": (
        "indexing/crossfade_indexing/dataset.py",
        "import crossfade_indexing.sample",
    ),
    "Serving never imports the indexing job": (
        "service/crossfade/bundle/store.py",
        "import crossfade_indexing.dataset",
    ),
    "Serving needs none of the libraries that training does": ("service/crossfade/bundle/store.py", "import torch"),
    "What the engine needs knows no web framework": ("service/crossfade/engine/profile.py", "import fastapi"),
}


@pytest.fixture
def copied(tmp_path: Path, repository: Path) -> Path:
    for folder in ("service", "indexing"):
        shutil.copytree(repository / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repository / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "service:indexing"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_code_as_it_stands_keeps_every_contract(copied: Path) -> None:
    outcome = lint_imports(copied)

    assert outcome.returncode == 0, outcome.stdout
    assert f"{len(VIOLATIONS)} kept, 0 broken" in outcome.stdout


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_forbidden_import_is_reported(copied: Path, contract: str) -> None:
    module, forbidden_import = VIOLATIONS[contract]
    with (copied / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{forbidden_import}\n")

    outcome = lint_imports(copied)

    assert outcome.returncode == 1
    assert f"{contract} BROKEN" in outcome.stdout


def test_a_module_that_no_layer_names_is_reported(copied: Path) -> None:
    (copied / "service" / "crossfade" / "helpers.py").touch()

    outcome = lint_imports(copied)

    assert outcome.returncode == 1
    assert "Serving is built in layers BROKEN" in outcome.stdout


def test_every_contract_has_a_violation_here(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))

    contracts = settings["tool"]["importlinter"]["contracts"]

    assert {contract["name"] for contract in contracts} == VIOLATIONS.keys()
