"""A service to be asked by a client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api.hand_made import publish
from client.serving import serving

from crossfade import CrossfadeClient, Recommender, create_app
from crossfade.bundle import BundleStore


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recommender]:
    """What the service asks; with nothing kept yet when a module begins."""
    store = BundleStore(tmp_path_factory.mktemp("asked") / "bundle")
    publish(store)
    recommender = Recommender.open(store.directory)
    yield recommender
    recommender.close()


@pytest.fixture(scope="module")
def url(recommender: Recommender) -> Iterator[str]:
    """Where the service is."""
    with serving(create_app(recommender)) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[CrossfadeClient]:
    """Asks the service."""
    with CrossfadeClient(url) as client:
        yield client
