"""Factors for what nobody has touched: in the right direction, and never too long."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from crossfade.types import FloatArray
from crossfade_indexing.config import FactorizationConfig
from crossfade_indexing.learning.cold_items import add_cold_items
from crossfade_indexing.learning.factorization import Factors, decompose, shape_factors

CONFIG = FactorizationConfig(rank=2)


def fitted(weights: NDArray[np.bool_] | NDArray[np.int64]) -> Factors:
    matrix = sp.csr_array(weights.astype(np.float32))
    return shape_factors(decompose(matrix, 2, user_exponent=0.3, item_exponent=0.1, seed=0), CONFIG)


def two_tastes(cold: tuple[int, ...], *, seed: int = 0, n_items: int = 40) -> tuple[Factors, FloatArray]:
    """Items of even rows are liked by one half of the people, of odd rows by the other, and their texts say so."""
    random = np.random.default_rng(seed)
    taste = np.arange(n_items) % 2
    weights = np.array([random.random(n_items) < np.where(taste == user % 2, 0.5, 0.03) for user in range(200)])
    weights[:, list(cold)] = False
    vectors = np.eye(6)[taste] + random.normal(scale=0.15, size=(n_items, 6))
    return fitted(weights), unit(vectors)


def unit(vectors: NDArray[np.floating]) -> FloatArray:
    scaled: FloatArray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def cosine(a: FloatArray, b: FloatArray) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def test_a_cold_item_is_placed_among_those_that_say_the_same() -> None:
    factors, vectors = two_tastes(cold=(0, 1))

    found = add_cold_items(factors, vectors, 1.0)

    for cold, alike, other in ((0, 2, 3), (1, 3, 2)):
        assert cosine(found.targets[cold], found.targets[alike]) > 0.9
        assert cosine(found.targets[cold], found.targets[alike]) > cosine(found.targets[cold], found.targets[other])
        assert cosine(found.sources[cold], found.sources[alike]) > 0.9


def test_an_item_of_the_same_text_as_a_warm_one_gets_its_direction() -> None:
    # Every text but the two is a direction of its own, so nothing but the twin speaks for the cold item.
    random = np.random.default_rng(1)
    weights = random.poisson(0.4, (60, 20))
    weights[:, 0] = 0
    vectors = np.eye(20, dtype=np.float32)
    vectors[0] = vectors[7]
    factors = fitted(weights)

    found = add_cold_items(factors, vectors, 1.0)

    assert cosine(found.targets[0], factors.targets[7]) == pytest.approx(1.0, abs=1e-5)
    assert cosine(found.sources[0], factors.sources[7]) == pytest.approx(1.0, abs=1e-5)


@given(seed=st.integers(0, 200), scale=st.floats(0.01, 4))
def test_cold_items_get_what_the_ridge_says_times_the_scale_and_warm_items_keep_their_own(
    seed: int, scale: float
) -> None:
    factors, vectors = two_tastes(cold=(0, 5, 9), seed=seed)

    found = add_cold_items(factors, vectors, scale)

    teachers = factors.degrees > 0
    weights = factors.degrees[teachers] / factors.degrees[teachers].mean()
    taught = vectors[teachers].astype(np.float64)
    # The ridge in closed form: (E^T W E + 10 I)^-1 E^T W F.
    gram = taught.T @ (weights[:, None] * taught) + 10 * np.eye(vectors.shape[1])
    mapping = np.linalg.solve(gram, taught.T @ (weights[:, None] * factors.targets[teachers]))
    assert found.targets[~teachers] == pytest.approx(scale * vectors[~teachers] @ mapping, abs=1e-4)
    assert (found.targets[teachers] == factors.targets[teachers]).all()
    assert (found.degrees == factors.degrees).all()
    assert not factors.targets[~teachers].any()  # the argument is not changed


def test_no_scale_leaves_cold_items_without_factors() -> None:
    factors, vectors = two_tastes(cold=(0,))

    found = add_cold_items(factors, vectors, 0.0)

    assert (found.targets == factors.targets).all()
    assert (found.sources == factors.sources).all()
    assert not found.cold_map.any()
    assert found.cold_map.shape == (6, 4)


def test_whatever_is_added_later_gets_what_indexing_it_would_give() -> None:
    without, vectors = two_tastes(cold=(0, 1))
    later = vectors[[0, 1]].copy()
    vectors[[0, 1]] = 0  # their texts are not known yet

    found = add_cold_items(without, vectors, 0.35)
    vectors[[0, 1]] = later
    again = add_cold_items(without, vectors, 0.35)

    assert later @ found.cold_map == pytest.approx(np.hstack([again.sources, again.targets])[[0, 1]], abs=1e-6)
    assert again.targets[[0, 1]].any(axis=1).all()


def test_the_map_has_one_shape_whatever_the_rank() -> None:
    one = np.ones((12, 1), np.float32)
    factors = Factors(one, one, np.ones(12), np.empty((0, 2), np.float32))

    assert add_cold_items(factors, one, 1.0).cold_map.shape == (1, 2)


def test_fewer_than_ten_warm_items_teach_nothing() -> None:
    for n_warm, taught in ((9, False), (10, True)):
        factors, vectors = two_tastes(cold=(0,), n_items=n_warm + 1)

        found = add_cold_items(factors, vectors, 1.0)

        assert found.targets[0].any() == found.cold_map.any() == taught
        assert found.cold_map.shape == (6, 4)


def test_a_cold_item_without_text_stays_without_factors() -> None:
    factors, vectors = two_tastes(cold=(0, 1))
    vectors[0] = 0

    found = add_cold_items(factors, vectors, 1.0)

    assert not found.targets[0].any()
    assert not found.sources[0].any()
    assert found.targets[1].any()
