"""The steps of the Dockerfile, taken in a folder instead of an image, with this Python instead of the image's."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

# What the image has at its root and we have in a folder.
PLACES = re.compile(r"(?<![\w.:/])/(?=source|opt|bundles)")
START_S, STOP_S = 60, 10


@dataclass
class Image:
    """What the Dockerfile's steps have left behind."""

    root: Path
    environment: dict[str, str]
    command: list[str] = field(default_factory=list)
    health_check: list[str] = field(default_factory=list)

    def run(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, env=self.environment, cwd=self.root, capture_output=True, text=True, check=False)


def instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in dockerfile.splitlines() if line and not line.startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        name, _, arguments = line.partition(" ")
        yield name, arguments


def build(repository: Path, root: Path) -> Image:
    image = Image(root, {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"})
    folder = root
    for name, arguments in instructions((repository / "Dockerfile").read_text(encoding="utf-8")):
        here = PLACES.sub(f"{root}/", arguments)
        if name == "WORKDIR":
            folder = Path(here)
            folder.mkdir(parents=True)
        elif name == "COPY" and not here.startswith("--from"):
            copy(repository, folder, here.split())
        elif name == "RUN":
            # An image has no use for pip's cache, and good use for compiled modules; here it is the other way round.
            execute(here.replace("--no-cache-dir", "--no-compile"), folder, image.environment)
        elif name == "ENV":
            settings = dict(pair.split("=", 1) for pair in here.split())
            image.environment |= {key: value.replace("$PATH", os.environ["PATH"]) for key, value in settings.items()}
        elif name == "HEALTHCHECK":
            image.health_check = json.loads(here.partition("CMD ")[2])
        elif name == "CMD":
            image.command = json.loads(here)
    return image


def copy(repository: Path, folder: Path, words: list[str]) -> None:
    *sources, target = words
    for source in sources:
        if (repository / source).is_dir():
            shutil.copytree(repository / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(repository / source, folder / target)


def execute(command: str, folder: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if "Could not find a version" in done.stderr:
        pytest.skip("no package index within reach")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def image(repository: Path, tmp_path_factory: pytest.TempPathFactory, sample_bundle: Path) -> Image:
    image = build(repository, tmp_path_factory.mktemp("image"))
    shutil.copytree(sample_bundle, image.root / "bundles")
    return image


def with_port(words: list[str], port: int) -> list[str]:
    return [word.replace("8000", str(port)) for word in words]


def test_the_image_serves_the_bundle_in_its_volume_and_stops_when_told(image: Image) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    health_check = with_port(image.health_check, port)
    assert image.run(health_check).returncode == 1

    with running(with_port(image.command, port), image) as service:
        wait_until_healthy(image, health_check, service)
        service.terminate()
        service.wait(STOP_S)


@contextlib.contextmanager
def running(words: list[str], image: Image) -> Iterator[subprocess.Popen[bytes]]:
    service = subprocess.Popen(words, env=image.environment, cwd=image.root)
    try:
        yield service
    finally:
        service.kill()
        service.wait(STOP_S)


def wait_until_healthy(image: Image, health_check: list[str], service: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while (outcome := image.run(health_check)).returncode != 0:
        assert service.poll() is None
        assert time.monotonic() < deadline, outcome.stderr


def test_the_image_holds_nothing_that_only_training_needs(image: Image) -> None:
    installed = {package["name"] for package in json.loads(image.run(["pip", "list", "--format=json"]).stdout)}

    assert "crossfade" in installed
    assert installed.isdisjoint({"torch", "scikit-learn", "scipy", "sentence-transformers", "transformers", "pytest"})


def test_what_is_copied_into_the_image_is_let_through_to_the_daemon(repository: Path) -> None:
    ignored = (repository / ".dockerignore").read_text(encoding="utf-8").splitlines()
    steps = instructions((repository / "Dockerfile").read_text(encoding="utf-8"))
    sources = {word for name, rest in steps if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]}

    assert sources == {line.removeprefix("!") for line in ignored if line.startswith("!")}


def test_hadolint_has_nothing_to_say_about_the_dockerfile(repository: Path) -> None:
    outcome = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "Dockerfile"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stdout
    assert not outcome.stdout
