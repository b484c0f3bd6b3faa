"""What ruff does not see: public names, and what must never be committed."""

import ast
import importlib
import subprocess
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted([*(ROOT / "service").rglob("*.py"), *(ROOT / "indexing").rglob("*.py")])
# Places on somebody's machine, and addresses of package indexes; this file is the one that may name them.
NEVER_COMMITTED = r"/(work|root|home|Users)/|(index-url|find-links)|files\.pythonhosted|download\.pytorch|/simple/"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_all_names_every_public_name_of_the_module(path: Path) -> None:
    module = ast.parse(path.read_text(encoding="utf-8"))

    defined = {node.name for node in module.body if is_for_others(node)}

    assert defined <= set(declared_public(module))


def is_for_others(node: ast.stmt) -> TypeGuard[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    # A decorated function is reached through what it is registered with, as a command or a handler.
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return not node.decorator_list and not node.name.startswith("_")
    return isinstance(node, ast.ClassDef) and not node.name.startswith("_")


def declared_public(module: ast.Module) -> list[str]:
    for node in module.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


def test_every_name_that_crossfade_promises_is_there() -> None:
    crossfade = importlib.import_module("crossfade")

    assert [name for name in crossfade.__all__ if not hasattr(crossfade, name)] == []


def test_no_path_of_a_machine_and_no_address_of_an_index_is_committed() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")

    found = subprocess.run(
        ["git", "grep", "-nIE", NEVER_COMMITTED, "--", ".", f":!{Path(__file__).relative_to(ROOT)}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.stdout == ""
