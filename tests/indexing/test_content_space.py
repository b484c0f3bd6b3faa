"""Embeddings to the content space, down to catalogues that have next to nothing to say."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from crossfade.types import FloatArray
from crossfade_indexing.learning.content import build_content_space
from crossfade_indexing.learning.scales import tenth_best_of_content


def unit(vectors: FloatArray) -> FloatArray:
    scaled: FloatArray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def narrow_cone(n_items: int, dimension: int = 12, *, seed: int = 0) -> FloatArray:
    """Embeddings that share most of what they say."""
    random = np.random.default_rng(seed)
    return unit((random.normal(size=(n_items, dimension)) + 5.0).astype(np.float32))


def test_what_all_texts_share_is_taken_off() -> None:
    embeddings = narrow_cone(2_000)

    space, _ = build_content_space(embeddings, seed=0)

    assert (embeddings @ embeddings.T).mean() > 0.9
    assert abs((space.vectors @ space.vectors.T).mean()) < 0.01


def test_strong_directions_are_pressed_and_weak_ones_stretched() -> None:
    # Deviations of 0.1 and 0.01 along two directions: after whitening by 0.75 they are to each other as 10^0.25.
    random = np.random.default_rng(0)
    embeddings = np.ones((5_000, 3), np.float32)
    embeddings[:, :2] += (random.normal(size=(5_000, 2)) * [0.1, 0.01]).astype(np.float32)

    space, _ = build_content_space(embeddings, seed=0)

    spread = ((embeddings - space.centre) @ space.projection).std(axis=0)
    assert spread[0] / spread[1] == pytest.approx(10**0.25, rel=0.05)


@given(n_items=st.integers(1, 60), seed=st.integers(0, 5))
def test_vectors_have_length_one_and_lie_where_their_texts_are_placed(n_items: int, seed: int) -> None:
    embeddings = narrow_cone(n_items, seed=seed)
    embeddings[1::7] = 0

    space, info = build_content_space(embeddings, seed=0)

    assert np.linalg.norm(space.vectors, axis=1) == pytest.approx(embeddings.any(axis=1).astype(float), abs=1e-5)
    assert space.place(embeddings) == pytest.approx(space.vectors, abs=1e-5)
    assert 1 <= info.dimension == space.vectors.shape[1] <= min(12, n_items)
    assert space.reference.tolist() == list(range(n_items))


def test_words_are_compared_along_the_same_directions_without_stretching_them() -> None:
    embeddings = narrow_cone(2_000)
    space, _ = build_content_space(embeddings, seed=0)

    words = space.place_words(embeddings[:3])

    # Within a factor, an item's place is that of its words stretched by the length of each column.
    stretched = unit(words * np.linalg.norm(space.projection, axis=0))
    assert stretched == pytest.approx(space.vectors[:3], abs=1e-4)
    assert np.linalg.norm(words, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_more_than_256_directions_are_too_many() -> None:
    space, info = build_content_space(narrow_cone(400, dimension=300), seed=0)

    assert space.projection.shape == (300, 256)
    assert info.dimension == 256


def test_a_thousand_items_are_drawn_to_standardise_over_and_the_seed_says_which() -> None:
    embeddings = narrow_cone(1_500)

    first, second, other = (build_content_space(embeddings, seed=seed)[0].reference for seed in (0, 0, 1))

    assert first.dtype == np.int64
    assert len(np.unique(first)) == 1_000
    assert np.array_equal(first, np.sort(first))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_among_a_handful_of_items_those_alike_stay_alike() -> None:
    # Around their own mean three pairs are all as far from each other as can be.
    random = np.random.default_rng(0)
    kinds = np.repeat(np.eye(3), 2, axis=0) + 1.0
    embeddings = unit((kinds + 0.2 * random.normal(size=(6, 3))).astype(np.float32))

    space, _ = build_content_space(embeddings, seed=0)

    alike = space.vectors @ space.vectors.T
    np.fill_diagonal(alike, -1)
    assert alike.argmax(axis=1).tolist() == [1, 0, 3, 2, 5, 4]
    assert (alike.max(axis=1) > 0).all()


@pytest.mark.parametrize(
    "embeddings",
    [
        np.zeros((5, 4), np.float32),
        np.eye(1, 4, dtype=np.float32),
        np.eye(5, 4, -4, dtype=np.float32),
        np.full((5, 4), 0.5, np.float32),
        np.eye(5, 4, dtype=np.float32),
    ],
    ids=["no text", "one item", "one item with text", "identical texts", "nothing in common"],
)
def test_the_smallest_catalogues_have_a_space(embeddings: FloatArray) -> None:
    n_items = len(embeddings)
    past = sp.csr_array(np.eye(1, n_items, dtype=np.float32))

    space, info = build_content_space(embeddings, seed=0)

    assert all(np.isfinite(array).all() for array in (space.vectors, space.centre, space.projection))
    assert info.dimension >= 1
    assert np.array_equal(space.vectors.any(axis=1), embeddings.any(axis=1))
    assert np.isfinite(space.place(np.ones((1, 4), np.float32))).all()
    assert np.isfinite(space.place_words(np.ones((1, 4), np.float32))).all()
    assert tenth_best_of_content(space, past, seed=0) > 0


def test_the_tenth_best_is_the_median_users_among_what_they_have_not_had() -> None:
    # Six items of each of two kinds, which come to lie opposite each other. A user who had one of either kind leaves
    # five of that kind at raw 1, so the tenth-best lies among the other kind at raw 0: no scale, hence 1. With twelve
    # of each kind it lies among the likes: eleven of the other 23 are at 1, so the mean is 0.47826, the variance
    # (11 + 0.47826^2) / 24 - 0.47826^2 = 0.23914, and it stands at 0.52174 / 0.48902.
    for each, expected in ((6, 1.0), (12, 1.06691)):
        embeddings = np.repeat(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), each, axis=0)
        space, _ = build_content_space(embeddings, seed=0)
        past = sp.csr_array(np.eye(2 * each, dtype=np.float32))

        assert tenth_best_of_content(space, past, seed=0) == pytest.approx(expected, rel=1e-3)
