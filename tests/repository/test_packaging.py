import statistics
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

PACKAGES = ("service/crossfade", "indexing/crossfade_indexing")
IMPORT_LIMIT_S = 0.3
TIME_THE_IMPORT = "import time; before = time.perf_counter(); import crossfade; print(time.perf_counter() - before)"
NAME_WHAT_IS_LOADED = "import sys, crossfade; print(*sorted(name.partition('.')[0] for name in sys.modules))"


def build(source: Path, target: str, into: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", into],
        cwd=source,
        check=True,
        capture_output=True,
    )
    return next(into.iterdir())


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(repository, "wheel", tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_both_packages_whole(repository: Path, wheel: Path) -> None:
    files = [
        path.relative_to((repository / package).parent).as_posix()
        for package in PACKAGES
        for path in (repository / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]

    packed = names_in(wheel)

    assert {"crossfade/py.typed", "crossfade_indexing/py.typed"} <= packed
    assert any(name.startswith("crossfade_indexing/sample/catalogue/") for name in packed)
    assert packed.issuperset(files)


def test_a_wheel_built_from_the_sdist_is_the_same(repository: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build(repository, "sdist", tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")

    rebuilt = build(next(tmp_path.glob("crossfade-*")), "wheel", tmp_path / "wheel")

    assert names_in(rebuilt) == names_in(wheel)


def test_importing_crossfade_is_quick() -> None:
    seconds = statistics.median(float(python(TIME_THE_IMPORT)) for _ in range(5))

    assert seconds < IMPORT_LIMIT_S


def test_importing_crossfade_loads_no_web_framework_and_nothing_heavy() -> None:
    loaded = set(python(NAME_WHAT_IS_LOADED).split())

    assert loaded.isdisjoint({"fastapi", "starlette", "httpx", "uvicorn", "pydantic", "numpy", "faiss", "polars"})
