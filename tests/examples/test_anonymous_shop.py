"""The example of a shop, visited as somebody would visit it."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from types import ModuleType

import pytest
from fastapi.testclient import TestClient


@pytest.fixture
def shop(repository: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The shop's module, run anew over a bundle of its own."""
    monkeypatch.setenv("CROSSFADE_BUNDLE", str(bundle))
    specification = importlib.util.spec_from_file_location(
        "shop", repository / "examples" / "anonymous_shop" / "shop.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "shop", module)  # where annotations are looked up
    specification.loader.exec_module(module)
    yield module
    module.recommender.close()


@pytest.fixture
def visitor(shop: ModuleType) -> Iterator[TestClient]:
    with TestClient(shop.app) as client:
        yield client


def links(page: str) -> list[str]:
    """Return the addresses a page leads to."""
    return [unescape(found) for found in re.findall(r'href="([^"]*)"', page)]


def titles(page: str) -> list[str]:
    """Return what those are called."""
    return [unescape(found) for found in re.findall(r"<a [^>]*>([^<]*)</a>", page)]


def test_the_front_page_changes_with_the_first_product_looked_at(visitor: TestClient) -> None:
    first = visitor.get("/").text
    visitor.get("/products/i3")  # about space
    second = visitor.get("/").text

    assert titles(first)[0] == "Title of i0"
    assert titles(second) != titles(first)
    assert "Title of i3" not in titles(second)
    assert "Because of “Title of i3”" in second


def test_every_link_of_the_front_page_leads_to_its_product(visitor: TestClient) -> None:
    page = visitor.get("/").text

    for link, title in zip(links(page), titles(page), strict=True):
        assert f"<h1>{title}</h1>" in visitor.get(link).text


def test_a_product_with_a_slash_in_its_id_has_a_page(visitor: TestClient) -> None:
    page = visitor.get("/products/a%2Fb").text

    assert "<h1>Title of a/b</h1>" in page
    assert len(links(page)) == 3


def test_visitors_do_not_see_what_suits_each_other(shop: ModuleType, visitor: TestClient) -> None:
    popular = titles(visitor.get("/").text)
    visitor.get("/products/i3")
    other = TestClient(shop.app)

    assert titles(other.get("/").text) == popular


def test_a_click_is_counted_for_the_recommendation_it_followed(shop: ModuleType, visitor: TestClient) -> None:
    visitor.get(links(visitor.get("/").text)[2])

    assert shop.recommender.insights().by_rank[3].clicks == 1


def test_a_changed_link_is_still_a_product_looked_at(shop: ModuleType, visitor: TestClient) -> None:
    visitor.get("/products/i3?recommendation=nonsense")

    assert "Because of “Title of i3”" in visitor.get("/").text
    assert shop.recommender.insights().total.clicks == 0


def test_logging_in_takes_along_what_was_looked_at_before(shop: ModuleType, visitor: TestClient) -> None:
    visitor.get("/products/i3")
    before = titles(visitor.get("/").text)
    visitor.post("/login?account=ann")
    after = titles(visitor.get("/").text)
    elsewhere = TestClient(shop.app)
    elsewhere.post("/login?account=ann")

    assert after == before == titles(elsewhere.get("/").text)


def test_an_old_session_is_worth_nothing_after_a_login(shop: ModuleType, visitor: TestClient) -> None:
    visitor.get("/products/i3")
    old = visitor.cookies["session"]
    visitor.post("/login?account=ann")
    thief = TestClient(shop.app, cookies={"session": old})

    assert "Because of" not in thief.get("/").text


def test_a_product_that_is_not_there_is_not_found(visitor: TestClient) -> None:
    assert visitor.get("/products/gone").status_code == 404
