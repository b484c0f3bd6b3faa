"""The page to try the operations on, in a browser that can reach nothing but this machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from api.conftest import Serve
from api.reading import problem_of
from fastapi import FastAPI
from fastapi.testclient import TestClient

SUMMARIES = [
    "Recommend items",
    "Recommend items for a user",
    "Search by meaning",
    "Order a list of your own",
    "Items like an item",
    "Users like a user",
    "What is being served",
    "Serve another version",
    "Is the process running?",
    "Can it answer?",
]


def look_at(url: str, *, chromium: Path, profile: Path) -> tuple[str, str]:
    """Return the page as it stands once its scripts have run, and what they said on the console."""
    options = [
        "--headless",
        "--no-sandbox",  # the tests may run as root
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-dev-shm-usage",
        "--disable-sync",
        "--no-first-run",
        f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--virtual-time-budget=20000",
        "--enable-logging=stderr",
        "--dump-dom",
    ]
    done = subprocess.run([chromium, *options, url], capture_output=True, text=True, timeout=120, check=True)
    console = [line for line in done.stderr.splitlines() if ":CONSOLE:" in line]
    return done.stdout, "\n".join(console)


@pytest.mark.parametrize("prefix", ["", "/somewhere/else"])
def test_a_browser_without_a_network_sees_the_whole_page(
    app: FastAPI, serve: Serve, chromium: Path, tmp_path: Path, prefix: str
) -> None:
    outer = app
    if prefix:
        outer = FastAPI()
        outer.mount(prefix, app)
    with serve(outer) as url:
        page, console = look_at(
            f"{url}{prefix}/docs#/Recommendations/recommend", chromium=chromium, profile=tmp_path / "profile"
        )

    assert console == ""
    assert [summary for summary in SUMMARIES if summary not in page] == []
    assert "Five things to try" in page
    assert "Execute" in page  # the operation in the address is open, and ready to be tried
    assert "a regular, with reasons" in page
    assert "body_malformed" in page


def test_the_page_and_its_files_name_no_other_host(client: TestClient) -> None:
    page = client.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    files = [client.get(f"/{path}") for path in loaded]

    assert loaded == ["docs/swagger-ui.css", "docs/favicon.svg", "docs/swagger-ui-bundle.js"]
    assert [file.status_code for file in files] == [200] * 3
    assert [file.headers["content-type"].partition(";")[0] for file in files] == [
        "text/css",
        "image/svg+xml",
        "text/javascript",
    ]
    assert page.headers["content-security-policy"].startswith("default-src 'self';")


def test_only_the_pages_own_files_can_be_had(client: TestClient) -> None:
    problem = problem_of(client.get("/docs/redoc.standalone.js"))

    assert problem.status == 422


def test_the_root_leads_to_the_page(client: TestClient) -> None:
    response = client.get("/")

    assert response.url.path == "/docs"
