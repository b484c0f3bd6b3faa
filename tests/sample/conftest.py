from dataclasses import fields

import pytest

from crossfade_indexing.sample import Sample, Strengths, simulate

PEOPLE, DAYS = 600, 60


@pytest.fixture(scope="session")
def sample() -> Sample:
    """The sample that everyone looks at."""
    return simulate(seed=1)


@pytest.fixture(scope="session")
def small() -> Sample:
    return simulate(seed=5, people=PEOPLE, days=DAYS)


@pytest.fixture(scope="session")
def noise() -> Sample:
    """The people and evenings of ``small``, with nothing that moves their choices."""
    nothing = Strengths(**{field.name: 0.0 for field in fields(Strengths)})
    return simulate(seed=5, people=PEOPLE, days=DAYS, strengths=nothing)
