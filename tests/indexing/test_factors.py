"""Factors worked out by hand or by a dense solver, and what must hold for all of them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from crossfade_indexing.cold_items import add_cold_items
from crossfade_indexing.config import FactorizationConfig
from crossfade_indexing.factorization import factorize, power
from crossfade_indexing.indexes import build_index, build_space, user_vectors
from crossfade_indexing.scales import tenth_best_of_popularity, tenth_best_of_vectors

PLAIN = FactorizationConfig(rank=2, user_exponent=0, item_exponent=0, spectral_exponent=0)


def drawn_weights(seed: int, n_users: int = 30, n_items: int = 20) -> sp.csr_array:
    random = np.random.default_rng(seed)
    return sp.csr_array(random.poisson(0.4, size=(n_users, n_items)).astype(np.float32))


def test_two_separate_groups_of_items_get_separate_factors() -> None:
    weights = sp.csr_array(np.array([[1, 1, 0, 0]] * 3 + [[0, 0, 1, 1]] * 2, np.float32))

    factors = factorize(weights, PLAIN)

    # Each group is a block of ones, so v is 1 / sqrt(2) within a group and 0 outside: scores are 1/2 and 0.
    scores = factors.sources @ factors.targets.T
    expected = np.kron(np.eye(2), np.full((2, 2), 0.5))
    assert scores == pytest.approx(expected, abs=1e-6)
    assert factors.singular_values == pytest.approx([np.sqrt(6), 2.0], abs=1e-5)


@given(seed=st.integers(0, 50), a=st.floats(0, 1), b=st.floats(0, 1), p=st.floats(0, 1))
def test_at_full_rank_the_factors_are_those_of_the_dense_decomposition(seed: int, a: float, b: float, p: float) -> None:
    weights = drawn_weights(seed)
    config = FactorizationConfig(rank=20, user_exponent=a, item_exponent=b, spectral_exponent=p)

    factors = factorize(weights, config)

    dense = weights.toarray().astype(np.float64)
    users, items = dense.sum(axis=1), dense.sum(axis=0)
    scaled = power(users, -a)[:, None] * dense * power(items, -b)
    _, spectrum, directions = np.linalg.svd(scaled, full_matrices=False)
    rank = factors.targets.shape[1]
    shaped = (directions[:rank].T * spectrum[:rank] ** p) @ directions[:rank]
    expected = power(items, -b)[:, None] * shaped * power(items, b)
    found = factors.sources.astype(np.float64) @ factors.targets.T
    assert found == pytest.approx(expected, abs=2e-3 * max(1.0, np.abs(expected).max()))


def test_an_item_nobody_used_has_no_factors_and_the_power_of_no_degree_is_none() -> None:
    weights = drawn_weights(3).tolil()
    weights[:, 5] = 0

    factors = factorize(sp.csr_array(weights), FactorizationConfig(rank=4))

    assert factors.degrees[5] == 0
    assert not factors.sources[5].any()
    assert not factors.targets[5].any()
    assert power(np.array([0.0, 4.0]), -0.5).tolist() == [0.0, 0.5]


@pytest.mark.parametrize("shape", [(0, 3), (2, 3), (1, 1)])
def test_without_any_weight_the_factors_are_zero(shape: tuple[int, int]) -> None:
    factors = factorize(sp.csr_array(np.zeros(shape, np.float32)), FactorizationConfig())

    assert factors.targets.shape == (shape[1], 1)
    assert not factors.targets.any()


def test_a_cold_item_is_placed_where_its_text_would_have_it() -> None:
    random = np.random.default_rng(0)
    taste = np.repeat([0, 1], 20)  # items 0-19 and 20-39 are liked by different people
    weights = np.array([(random.random(40) < np.where(taste == user % 2, 0.5, 0.02)) for user in range(200)])
    weights[:, [0, 39]] = False  # nobody has touched these two
    embeddings = np.eye(2)[taste] + random.normal(scale=0.1, size=(40, 2))
    embeddings = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32)
    config = FactorizationConfig(rank=2)

    factors = add_cold_items(factorize(sp.csr_array(weights.astype(np.float32)), config), embeddings, config)

    first_group = factors.sources[1:5].sum(axis=0)
    assert first_group @ factors.targets[0] > 5 * abs(first_group @ factors.targets[39])
    warm = np.linalg.norm(factors.directions[1:39], axis=1)
    assert warm.min() < np.linalg.norm(factors.directions[0]) < warm.max()


def test_a_cold_item_without_text_stays_without_factors() -> None:
    weights = drawn_weights(1).tolil()
    weights[:, 0] = 0
    embeddings = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    embeddings[0] = 0
    config = FactorizationConfig(rank=3)

    factors = add_cold_items(factorize(sp.csr_array(weights), config), embeddings, config)

    assert not factors.targets[0].any()


@given(seed=st.integers(0, 30))
def test_mean_and_deviation_of_scores_need_no_scoring(seed: int) -> None:
    random = np.random.default_rng(seed)
    targets = random.normal(size=(50, 6)).astype(np.float32) + 1
    query = random.normal(size=6).astype(np.float32)

    space, _ = build_space(targets, targets, queries=targets, seed=0)

    scores = targets @ query
    assert query @ space.mean == pytest.approx(scores.mean(), abs=1e-4)
    assert np.linalg.norm(space.root @ query) == pytest.approx(scores.std(), rel=1e-3, abs=1e-4)


def test_two_users_are_as_alike_as_their_scores_correlate() -> None:
    random = np.random.default_rng(4)
    targets = random.normal(size=(50, 6)).astype(np.float32)
    folded = random.normal(size=(2, 6)).astype(np.float32)
    space, _ = build_space(targets, targets, queries=targets, seed=0)

    first, second = user_vectors(folded, space)

    scores = targets @ folded.T
    assert first @ second == pytest.approx(np.corrcoef(scores.T)[0, 1], abs=1e-4)


def test_a_user_without_evidence_is_like_nobody() -> None:
    space, _ = build_space(*[np.eye(3, dtype=np.float32)] * 2, queries=np.eye(3, dtype=np.float32), seed=0)

    assert not user_vectors(np.zeros((1, 3), np.float32), space).any()


def test_a_large_index_is_approximate_and_says_how_good_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossfade_indexing.indexes._EXACT_UP_TO", 100)
    vectors = np.random.default_rng(0).normal(size=(2_000, 16)).astype(np.float32)

    index, info = build_index(vectors, queries=vectors, seed=0)

    assert (info.kind, info.vectors, index.size) == ("hnsw", 2_000, 2_000)
    assert 0.9 < info.recall <= 1


def test_the_tenth_best_is_the_median_users_among_what_they_have_not_had() -> None:
    # One user, who had i0: the vector is 1 and the raw scores are 0 to 11, mean 5.5, deviation 3.45205.
    # Of the eleven others the tenth-best scores 2, so it stands at (2 - 5.5) / 3.45205; that is no scale, hence 1.
    targets = np.arange(12, dtype=np.float32)[:, None]
    sources = np.ones((12, 1), np.float32)
    space, _ = build_space(sources, targets, queries=targets, seed=0)
    past = sp.csr_array(np.eye(1, 12, dtype=np.float32))

    assert tenth_best_of_vectors(space, past, seed=0) == 1.0
    # With 21 items it is the eleventh from the top: (11 - 10) / 6.05530.
    targets = np.arange(21, dtype=np.float32)[:, None]
    space, _ = build_space(np.ones((21, 1), np.float32), targets, queries=targets, seed=0)
    past = sp.csr_array(np.eye(1, 21, dtype=np.float32))
    assert tenth_best_of_vectors(space, past, seed=0) == pytest.approx(1 / 6.05530, rel=1e-4)


@pytest.mark.parametrize("popularity", [[], [1.0], [2.0, 2.0, 2.0]])
def test_a_catalogue_whose_items_are_alike_has_scale_one(popularity: list[float]) -> None:
    assert tenth_best_of_popularity(np.array(popularity, np.float32)) == 1.0
