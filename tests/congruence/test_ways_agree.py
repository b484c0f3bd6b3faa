"""Library, router, mounted application and both clients say the same of everything."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache

import pytest
from api.hand_made import publish
from congruence.cases import CASES
from congruence.steps import Case, Outcome, outcome_of
from congruence.ways import WAYS

from crossfade import Recommender
from crossfade.bundle import BundleStore

Ran = Callable[[str], dict[str, list[Outcome]]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Runs all cases in one way, on a copy of its own of one bundle, the first time that way is asked for."""
    bundle = tmp_path_factory.mktemp("congruence") / "bundle"
    publish(BundleStore(bundle))

    @cache
    def run(way: str) -> dict[str, list[Outcome]]:
        recommender = Recommender.open(shutil.copytree(bundle, bundle.with_name(way)))
        with WAYS[way](recommender) as ask:
            outcomes = {}
            for one in CASES:
                told: list[object] = []
                for step in one.steps:
                    told.append(ask(step, told))
                outcomes[one.name] = [outcome_of(what) for what in told]
        recommender.close()
        return outcomes

    return run


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("way", [way for way in WAYS if way != "library"])
def test_every_way_in_says_what_the_library_says(ran: Ran, case: Case, way: str) -> None:
    said = ran(way)[case.name]

    for place, (theirs, ours) in enumerate(zip(ran("library")[case.name], said, strict=True)):
        assert ours == theirs, f"{case.steps[place].method}, step {place}"


def test_every_method_of_a_recommender_is_in_some_case() -> None:
    called = {step.method for case in CASES for step in case.steps}
    methods = {name for name in dir(Recommender) if not name.startswith("_")}

    assert called == methods - {"bundle", "close", "live", "open", "property_names", "store"}


def test_the_names_of_cases_differ() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
