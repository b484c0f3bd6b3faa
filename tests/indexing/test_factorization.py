"""Factors beside closed forms: one family that holds PureSVD and EASE, and what must hold for all of it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from crossfade_indexing.config import FactorizationConfig
from crossfade_indexing.learning.factorization import Factors, decompose, power, shape_factors

Dense = NDArray[np.float64]


def fit(dense: Dense, config: FactorizationConfig) -> Factors:
    decomposition = decompose(
        sp.csr_array(dense.astype(np.float32)),
        config.rank,
        user_exponent=config.user_exponent,
        item_exponent=config.item_exponent,
        seed=config.seed,
    )
    return shape_factors(decomposition, config)


def item_to_item(factors: Factors) -> Dense:
    """What one past item of weight 1 (row) gives every item (column)."""
    table: Dense = np.asarray(factors.sources.astype(np.float64) @ factors.targets.T)
    return table


def drawn(seed: int, n_users: int, n_items: int) -> Dense:
    """Weights of 0 to a few, every item used."""
    random = np.random.default_rng(seed)
    dense = random.poisson(0.5, (n_users, n_items)) * random.choice([0.5, 1.0, 1.5], (n_users, n_items))
    dense[random.integers(n_users, size=n_items), np.arange(n_items)] = 1.0
    result: Dense = dense.astype(np.float64)
    return result


def ease(dense: Dense, l2: float) -> Dense:
    """Steck's closed form, as in the paper."""
    inverse = np.linalg.inv(dense.T @ dense + l2 * np.eye(dense.shape[1]))
    weights: Dense = np.asarray(inverse / -np.diag(inverse))
    np.fill_diagonal(weights, 0)
    return weights


@given(seed=st.integers(0, 10_000), n_users=st.integers(3, 40), n_items=st.integers(3, 25), m=st.integers(1, 25))
def test_at_full_rank_with_filter_and_leverage_of_one_it_is_ease(seed: int, n_users: int, n_items: int, m: int) -> None:
    dense = drawn(seed, n_users, n_items)
    spectrum = np.linalg.svd(dense, compute_uv=False)
    # A ridge of nothing would let an item have all of itself, and EASE divide by zero; ours stops at 0.999.
    m = min(m, int((spectrum > 0.05 * spectrum[0]).sum()))
    config = FactorizationConfig(
        rank=n_items, half_rank=m, user_exponent=0, item_exponent=0, filter_exponent=1, leverage_exponent=1
    )

    found = item_to_item(fit(dense, config))

    # On the diagonal stands what EASE forbids: an item's weight for itself. What was had is not recommended again.
    np.fill_diagonal(found, 0)
    expected = ease(dense, l2=float(spectrum[m - 1] ** 2))
    assert found == pytest.approx(expected, abs=2e-3 * np.abs(expected).max())


def test_a_user_is_recommended_the_same_in_the_same_order_as_by_ease() -> None:
    dense = drawn(7, 60, 20)
    l2 = float(np.linalg.svd(dense, compute_uv=False)[3] ** 2)
    config = FactorizationConfig(
        rank=20, half_rank=4, user_exponent=0, item_exponent=0, filter_exponent=1, leverage_exponent=1
    )

    scores = dense @ item_to_item(fit(dense, config))

    expected = dense @ ease(dense, l2)
    for user, had in enumerate(dense > 0):
        new = np.flatnonzero(~had)
        assert scores[user, new] == pytest.approx(expected[user, new], abs=1e-4)
        assert new[np.argsort(-scores[user, new])].tolist() == new[np.argsort(-expected[user, new])].tolist()


@given(seed=st.integers(0, 10_000), rank=st.integers(1, 12))
def test_without_filter_and_leverage_it_is_pure_svd(seed: int, rank: int) -> None:
    dense = drawn(seed, 30, 12)
    config = FactorizationConfig(rank=rank, user_exponent=0, item_exponent=0, filter_exponent=0, leverage_exponent=0)

    found = item_to_item(fit(dense, config))

    directions = np.linalg.svd(dense)[2][:rank]
    assert found == pytest.approx(directions.T @ directions, abs=5e-3)


@given(
    seed=st.integers(0, 10_000),
    exponents=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 2), st.floats(0, 1)),
    m=st.integers(1, 20),
)
def test_at_full_rank_the_formula_holds_for_every_setting(
    seed: int, exponents: tuple[float, float, float, float], m: int
) -> None:
    a, b, p, c = exponents
    dense = drawn(seed, 40, 12)
    config = FactorizationConfig(
        rank=12, half_rank=m, user_exponent=a, item_exponent=b, filter_exponent=p, leverage_exponent=c
    )

    found = item_to_item(fit(dense, config))

    users, items = np.maximum(dense.sum(axis=1), 1e-300), dense.sum(axis=0)
    scaled = users[:, None] ** -a * dense * items**-b
    _, spectrum, directions = np.linalg.svd(scaled, full_matrices=False)
    passed = spectrum**2 / (spectrum**2 + spectrum[min(m, 12) - 1] ** 2)
    leverages = np.minimum((directions.T**2 * passed).sum(axis=1), 0.999)
    shaped = (directions.T * passed**p) @ directions
    expected = items[:, None] ** -b * shaped * (items**b * (1 - leverages) ** -c)
    assert found == pytest.approx(expected, abs=5e-3 * np.abs(expected).max())


def test_two_separate_groups_of_items_get_separate_factors() -> None:
    # Each group is a block of ones, so v is 1 / sqrt(2) inside it and 0 outside; the values are sqrt(6) and 2. With
    # the ridge at 4 they pass 6 / 10 and 4 / 8, so an item gives its like 0.3 or 0.25, divided by sqrt(1 - h), and h
    # is the same 0.3 and 0.25.
    dense = np.array([[1, 1, 0, 0]] * 3 + [[0, 0, 1, 1]] * 2, np.float64)
    config = FactorizationConfig(rank=2, half_rank=2, user_exponent=0, item_exponent=0)

    found = item_to_item(fit(dense, config))

    expected = np.kron(np.diag([0.3 / 0.7**0.5, 0.25 / 0.75**0.5]), np.ones((2, 2)))
    assert found == pytest.approx(expected, abs=1e-5)


def test_half_a_factor_passes_at_the_half_rank_and_beyond_the_rank_it_is_the_last() -> None:
    dense = np.diag([4.0, 2.0, 1.0])
    decomposition = decompose(sp.csr_array(dense.astype(np.float32)), 3, user_exponent=0, item_exponent=0, seed=0)

    second, last, beyond = (
        np.diag(
            item_to_item(shape_factors(decomposition, FactorizationConfig(half_rank=half_rank, leverage_exponent=0)))
        )
        for half_rank in (2, 3, 2_048)
    )

    assert second == pytest.approx([16 / 20, 1 / 2, 1 / 5], abs=1e-6)
    assert last == pytest.approx([16 / 17, 4 / 5, 1 / 2], abs=1e-6)
    assert beyond.tolist() == last.tolist()


def test_a_lower_rank_is_the_beginning_of_a_higher_one() -> None:
    dense = drawn(2, 50, 15)
    decomposition = decompose(sp.csr_array(dense.astype(np.float32)), 15, user_exponent=0.3, item_exponent=0.1, seed=0)
    config = FactorizationConfig(rank=4, half_rank=2)

    found = shape_factors(decomposition, config)

    whole = shape_factors(decomposition, FactorizationConfig(rank=15, half_rank=2))
    assert found.sources == pytest.approx(whole.sources[:, :4])
    assert found.targets.shape == (15, 4)


def test_an_item_nobody_used_has_no_factors() -> None:
    dense = drawn(3, 30, 10)
    dense[:, 5] = 0

    factors = fit(dense, FactorizationConfig(rank=4))

    assert factors.degrees[5] == 0
    assert not factors.sources[5].any()
    assert not factors.targets[5].any()
    assert factors.targets.any(axis=1).sum() == 9


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 0.5, 1.0])
def test_the_power_of_no_degree_is_nothing(exponent: float) -> None:
    assert power(np.array([0.0, 4.0]), exponent).tolist() == [0.0, 4.0**exponent]


@pytest.mark.parametrize("shape", [(0, 3), (2, 3), (1, 1)])
def test_without_any_weight_the_factors_are_zero(shape: tuple[int, int]) -> None:
    factors = fit(np.zeros(shape), FactorizationConfig())

    assert factors.targets.shape == factors.sources.shape == (shape[1], 1)
    assert not factors.targets.any()
    assert not factors.sources.any()


def test_an_item_alone_in_its_direction_stays_finite() -> None:
    # Its leverage is 1 but for the ridge, which is nothing beside its value.
    config = FactorizationConfig(half_rank=3, user_exponent=0, item_exponent=0, leverage_exponent=1)

    factors = fit(np.diag([1e3, 2.0, 2.0]), config)

    assert np.linalg.norm(factors.targets, axis=1) == pytest.approx([1_000, 2, 2], rel=1e-3)
