import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from crossfade_indexing.learning import truncated_svd as module
from crossfade_indexing.learning.truncated_svd import truncated_svd

EXACT, PROJECTED = 10_000, 0


@pytest.fixture(params=[EXACT, PROJECTED], ids=["exact", "projected"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXACT_UP_TO", request.param)
    monkeypatch.setattr(module, "_BLOCK", 16)  # so that matrices of a test's size are projected at all


def planted(shape: tuple[int, int], singular_values: list[float]) -> tuple[sp.csr_array, NDArray[np.float64]]:
    """Make a sparse matrix of these singular values; also its right vectors, by columns, which share no row."""
    rng = np.random.default_rng(3)
    left, right = (np.zeros((side, len(singular_values))) for side in shape)
    for vectors in (left, right):
        for column, rows in enumerate(rng.permutation(len(vectors))[: 10 * len(singular_values)].reshape(-1, 10)):
            values = rng.standard_normal(10)
            vectors[rows, column] = values / np.linalg.norm(values)
    return sp.csr_array((left * singular_values @ right.T).astype(np.float32)), right


def long_tail(n_users: int, n_items: int) -> sp.csr_array:
    """Draw a sparse matrix whose first columns hold most of its entries."""
    rng = np.random.default_rng(5)
    items = (n_items * rng.random(8 * n_users) ** 3).astype(np.int32)
    users = rng.integers(n_users, size=len(items), dtype=np.int32)
    return sp.csr_array((np.ones(len(items), np.float32), (users, items)), shape=(n_users, n_items))


def test_a_matrix_worked_out_by_hand_has_its_singular_values_and_vectors() -> None:
    matrix = sp.csr_array(np.array([[0, 3, 0], [-2, 0, 0], [0, 0, 1], [0, 4, 0]], np.float32))

    singular_values, vectors = truncated_svd(matrix, 2, seed=0)

    np.testing.assert_allclose(singular_values, [5, 2], rtol=1e-6)
    np.testing.assert_allclose(vectors, [[0, 1], [1, 0], [0, 0]], atol=1e-6)


@pytest.mark.parametrize("shape", [(700, 500), (500, 700)], ids=["fewer items", "fewer users"])
def test_planted_singular_values_and_vectors_are_found(either_way: None, shape: tuple[int, int]) -> None:
    planted_values = [9.0, 7.0, 5.0, 3.0, 1.0, 0.5]
    matrix, right = planted(shape, planted_values)

    singular_values, vectors = truncated_svd(matrix, 4, seed=0)

    np.testing.assert_allclose(singular_values, planted_values[:4], rtol=1e-5)
    np.testing.assert_allclose(np.abs(vectors.T @ right[:, :4]), np.eye(4), atol=1e-4)


@pytest.mark.parametrize("shape", [(700, 500), (500, 700)], ids=["fewer items", "fewer users"])
def test_the_rank_is_lowered_to_what_the_matrix_has(either_way: None, shape: tuple[int, int]) -> None:
    matrix, _ = planted(shape, [4.0, 2.0, 1.0])

    singular_values, vectors = truncated_svd(matrix, 50, seed=0)

    np.testing.assert_allclose(singular_values, [4, 2, 1], rtol=1e-5)
    assert vectors.shape == (shape[1], 3)


def test_the_projection_agrees_with_the_exact_solution_on_a_long_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 16)
    matrix = long_tail(1_500, 1_000)
    monkeypatch.setattr(module, "EXACT_UP_TO", EXACT)
    exact, _ = truncated_svd(matrix, 100, seed=0)
    monkeypatch.setattr(module, "EXACT_UP_TO", PROJECTED)

    singular_values, _ = truncated_svd(matrix, 100, seed=0)

    np.testing.assert_allclose(singular_values[:80], exact[:80], rtol=1e-2)
    assert (singular_values <= exact * (1 + 1e-5)).all()


def test_vectors_are_orthonormal_contiguous_and_of_one_sign(either_way: None) -> None:
    singular_values, vectors = truncated_svd(long_tail(600, 800), 60, seed=0)

    np.testing.assert_allclose(vectors.T @ vectors, np.eye(60), atol=1e-5)
    assert (np.diff(singular_values) <= 0).all()
    assert (vectors.max(axis=0) == np.abs(vectors).max(axis=0)).all()
    assert vectors.dtype == singular_values.dtype == np.float32
    assert vectors.flags.c_contiguous


def test_more_equal_singular_values_than_a_block_holds_are_all_found(either_way: None) -> None:
    matrix = sp.csr_array(sp.eye_array(700, dtype=np.float32))

    singular_values, vectors = truncated_svd(matrix, 100, seed=0)

    np.testing.assert_allclose(singular_values, np.ones(100), rtol=1e-5)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(100), atol=1e-5)


def test_the_same_seed_gives_the_same_numbers_and_leaves_the_matrix_as_it_was(either_way: None) -> None:
    matrix = long_tail(600, 800)
    before = matrix.copy()

    first, again = (truncated_svd(matrix, 20, seed=7) for _ in range(2))

    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(matrix.data, before.data)
    np.testing.assert_array_equal(matrix.indices, before.indices)


def test_rows_and_columns_without_entries_stay_zero(either_way: None) -> None:
    matrix = long_tail(600, 800)
    touched = np.asarray(matrix.sum(axis=0)) > 0

    _, vectors = truncated_svd(matrix, 20, seed=0)

    assert not touched.all()
    np.testing.assert_allclose(vectors[~touched], 0, atol=1e-6)


def test_a_single_entry_has_one_singular_value() -> None:
    matrix = sp.csr_array((np.array([3.0], np.float32), ([4], [2])), shape=(9, 5))

    singular_values, vectors = truncated_svd(matrix, 10, seed=0)

    np.testing.assert_array_equal(singular_values, [3])
    np.testing.assert_array_equal(vectors, [[0], [0], [1], [0], [0]])


@pytest.mark.parametrize("rank", [0, -1])
def test_a_rank_below_one_is_refused(rank: int) -> None:
    with pytest.raises(ValueError, match=f"not {rank}"):
        truncated_svd(long_tail(10, 10), rank, seed=0)


def test_a_space_no_larger_than_the_rank_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not 1\.0"):
        truncated_svd(long_tail(10, 10), 2, seed=0, space_per_rank=1.0)


def test_a_matrix_without_entries_is_refused() -> None:
    with pytest.raises(ValueError, match="without entries"):
        truncated_svd(sp.csr_array(np.zeros((3, 4), np.float32)), 1, seed=0)
