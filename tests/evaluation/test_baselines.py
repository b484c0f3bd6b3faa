from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp

from crossfade.types import RowArray
from crossfade_indexing.evaluation.baselines import (
    Ease,
    ItemNeighbours,
    NeighbourHybrid,
    Popularity,
    Random,
    TfidfContent,
    UserNeighbours,
    choose,
    default_baselines,
    ranker_ranking,
)
from crossfade_indexing.evaluation.ranker import Ranker, TrainingData

N_USERS, N_ITEMS = 60, 40
STRANGER = N_USERS
HATER = N_USERS + 1

PERSONAL: list[Callable[[], Ranker]] = [
    UserNeighbours,
    lambda: UserNeighbours("pearson"),
    ItemNeighbours,
    lambda: ItemNeighbours("pearson"),
    lambda: NeighbourHybrid(UserNeighbours(), ItemNeighbours()),
    TfidfContent,
    lambda: Ease(l2=10),
]
ALL: list[Callable[[], Ranker]] = [Popularity, lambda: Random(3), *PERSONAL]
IDS = ["user-cosine", "user-pearson", "item-cosine", "item-pearson", "user+item", "tf-idf", "EASE"]


@pytest.fixture(scope="module")
def communities() -> tuple[TrainingData, sp.csr_array]:
    """Two tastes with half of the items each, and what the users like beside their training side."""
    random = np.random.default_rng(0)
    same = np.arange(N_USERS)[:, None] % 2 == np.arange(N_ITEMS)[None, :] % 2
    had = random.random((N_USERS, N_ITEMS)) < np.where(same, 0.5, 0.1)
    held = had & same & (random.random(had.shape) < 0.3)
    ratings = np.where(had & ~held, np.where(same, 4, 1) + random.integers(0, 2, had.shape), 0)
    weights = np.where(ratings > 0, ratings - 2.5, 0)
    nobody = np.zeros((2, N_ITEMS))
    hater = nobody.copy()
    hater[1, :3] = -1.5
    texts = [f"number {item} {'knights dragons' if item % 2 else 'trains stations'}" for item in range(N_ITEMS)]
    data = TrainingData(
        sp.csr_array(np.vstack([weights, hater]).astype(np.float32)),
        sp.csr_array(np.vstack([ratings, nobody]).astype(np.float32)),
        texts,
    )
    return data, sp.csr_array(np.vstack([held, nobody]).astype(np.float32))


@pytest.fixture(params=ALL, ids=["popularity", "random", *IDS])
def ranker(request: pytest.FixtureRequest) -> Ranker:
    made: Ranker = request.param()
    return made


@pytest.fixture(params=PERSONAL, ids=IDS)
def personal(request: pytest.FixtureRequest) -> Ranker:
    made: Ranker = request.param()
    return made


def test_scores_are_finite_and_there_is_one_for_every_item(
    ranker: Ranker, communities: tuple[TrainingData, sp.csr_array]
) -> None:
    ranker.fit(communities[0])

    scores = ranker.scores(np.array([5, STRANGER, 0]))

    assert scores.shape == (3, N_ITEMS)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()


def test_the_same_fit_gives_the_same_scores_however_the_users_are_batched(
    ranker: Ranker, communities: tuple[TrainingData, sp.csr_array]
) -> None:
    ranker.fit(communities[0])
    together = ranker.scores(np.arange(N_USERS))

    ranker.fit(communities[0])
    alone = np.vstack([ranker.scores(np.array([user])) for user in range(N_USERS)])

    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


def test_fitting_changes_nothing_of_the_data(ranker: Ranker, communities: tuple[TrainingData, sp.csr_array]) -> None:
    data = communities[0]
    assert data.ratings is not None
    before = [array.copy() for array in (data.weights.data, data.weights.indices, data.ratings.data)]

    ranker.fit(data)
    ranker.scores(np.arange(N_USERS))

    for then, now in zip(before, (data.weights.data, data.weights.indices, data.ratings.data), strict=True):
        np.testing.assert_array_equal(then, now)


def test_a_ranker_that_was_not_fitted_says_so(ranker: Ranker) -> None:
    with pytest.raises(ValueError, match="must be fitted"):
        ranker.scores(np.array([0]))


@pytest.mark.parametrize("user", [STRANGER, HATER])
def test_a_user_without_anything_liked_gets_equal_scores(
    personal: Ranker, user: int, communities: tuple[TrainingData, sp.csr_array]
) -> None:
    personal.fit(communities[0])

    scores = personal.scores(np.array([user]))

    assert np.ptp(scores) == 0


def test_data_without_any_like_gives_equal_scores(personal: Ranker) -> None:
    personal.fit(TrainingData(_empty(4, 3), None, ["", "", ""]))

    assert np.ptp(personal.scores(np.arange(4))) == 0


def test_every_personal_model_finds_what_chance_does_not(
    personal: Ranker, communities: tuple[TrainingData, sp.csr_array]
) -> None:
    found = _recall_at_5(personal, communities)

    assert found > 1.6 * _recall_at_5(Random(1), communities)


def test_popularity_counts_those_who_like_and_not_how_much() -> None:
    ranker = Popularity()
    weights = sp.csr_array(np.array([[5, 1, 0], [0, 1, -2], [0, 0, -2]], np.float32))

    ranker.fit(TrainingData(weights, None, ["", "", ""]))

    np.testing.assert_array_equal(ranker.scores(np.array([2, 0])), [[1, 2, 0], [1, 2, 0]])


def test_chance_depends_on_seed_and_user_alone(communities: tuple[TrainingData, sp.csr_array]) -> None:
    first, again, other = Random(1), Random(1), Random(2)
    for ranker in (first, again, other):
        ranker.fit(communities[0])

    scores = first.scores(np.array([7, 8]))

    np.testing.assert_array_equal(scores[1], again.scores(np.array([8]))[0])
    assert (scores[0] != scores[1]).any()
    assert (scores[0] != other.scores(np.array([7]))[0]).any()


@pytest.mark.parametrize("shape", [(7, 4), (4, 7)], ids=["over the items", "over the users"])
def test_ease_is_steck_s_formula(shape: tuple[int, int]) -> None:
    weights = np.random.default_rng(2).integers(0, 3, shape).astype(np.float32)
    ranker = Ease(l2=2.5)

    ranker.fit(TrainingData(sp.csr_array(weights), None, [""] * shape[1]))

    precision = np.linalg.inv(weights.T @ weights + 2.5 * np.eye(shape[1]))
    item_to_item = -precision / np.diag(precision)
    np.fill_diagonal(item_to_item, 0)
    np.testing.assert_allclose(ranker.scores(np.arange(shape[0])), weights @ item_to_item, rtol=1e-4, atol=1e-6)


def test_ease_inverts_more_than_one_block_rightly() -> None:
    weights = (np.random.default_rng(3).random((700, 600)) < 0.02).astype(np.float32)
    ranker = Ease(l2=5)

    ranker.fit(TrainingData(sp.csr_array(weights), None, [""] * 600))

    precision = np.linalg.inv(weights.T.astype(np.float64) @ weights + 5 * np.eye(600))
    expected = weights - weights @ precision / np.diag(precision)
    np.testing.assert_allclose(ranker.scores(np.arange(700)), expected, rtol=1e-4, atol=1e-5)


def test_ease_refuses_what_it_cannot_hold() -> None:
    weights = _empty(20_001, 30_000)

    with pytest.raises(ValueError, match=r"20,001 users and 30,000 items would need 3 GB"):
        Ease().fit(TrainingData(weights, None, [""] * 30_000))


@pytest.mark.parametrize("l2", [0, -1, float("nan"), float("inf")])
def test_ease_refuses_a_penalty_that_leaves_it_unsolvable(l2: float) -> None:
    with pytest.raises(ValueError, match="l2 must be above 0"):
        Ease(l2=l2)


def test_content_finds_the_text_with_the_same_words() -> None:
    weights = sp.csr_array(np.array([[1, 0, 0, 0]], np.float32))
    ranker = TfidfContent()

    ranker.fit(TrainingData(weights, None, ["wolves at night", "night wolves at", "summer holidays", ""]))
    scores = ranker.scores(np.array([0]))

    np.testing.assert_allclose(scores, [[1, 1, 0, 0]], atol=1e-6)


def test_content_wants_a_text_for_every_item() -> None:
    with pytest.raises(ValueError, match="1 texts for 2 items"):
        TfidfContent().fit(TrainingData(_empty(1, 2), None, ["a"]))


def test_a_ranking_leaves_out_what_is_excluded_and_orders_equals_by_row() -> None:
    ranker = _Fixed([[0.5, 2, 2, 1], [1, 1, 1, 1], [3, 2, 1, 0]])
    stored_zero = sp.csr_array(([1.0, 0.0, 1.0], ([0, 2, 2], [1, 0, 3])), shape=(3, 4))

    ranked = ranker_ranking(ranker, np.array([2, 1, 0]), stored_zero, k=3, batch=2)

    np.testing.assert_array_equal(ranked, [[1, 2, -1], [0, 1, 2], [2, 3, 0]])


def test_a_ranking_may_ask_for_more_than_there_is() -> None:
    ranked = ranker_ranking(_Fixed([[1, 2]]), np.array([0]), _empty(1, 2), k=4)

    np.testing.assert_array_equal(ranked, [[1, 0, -1, -1]])


def test_the_choice_is_the_first_of_the_best_and_shows_what_was_tried() -> None:
    train = TrainingData(_empty(1, 3), None, ["", "", ""])
    relevant = sp.csr_array(np.array([[0, 1, 0]], np.float32))

    def favour(item: int, others: float) -> _Fixed:
        return _Fixed([[1.0 if row == item else others for row in range(3)]])

    choice = choose(favour, {"item": (0, 1), "others": (0.0, 0.5)}, train, relevant, k=2)

    assert choice.parameters == {"item": 1, "others": 0.0}
    assert [tried for tried, _ in choice.curve] == [
        {"item": 0, "others": 0.0},
        {"item": 0, "others": 0.5},
        {"item": 1, "others": 0.0},
        {"item": 1, "others": 0.5},
    ]
    # In second place: 1 / log2(3).
    np.testing.assert_allclose([score for _, score in choice.curve], [0.63093, 0.63093, 1, 1], rtol=1e-5)
    np.testing.assert_array_equal(choice.ranker.scores(np.array([0])), [[0, 1, 0]])


def test_nothing_can_be_chosen_without_held_out_items() -> None:
    train = TrainingData(_empty(1, 3), None, ["", "", ""])

    with pytest.raises(ValueError, match="no user has a held-out item"):
        choose(Ease, {"l2": (1, 2)}, train, _empty(1, 3))


def test_the_defaults_leave_ease_out_where_it_cannot_be_had() -> None:
    names = [ranker.name for ranker in default_baselines(0, n_users=50_000, n_items=1_000)]

    assert names == [
        "popularity",
        "random",
        "user-cosine",
        "user-pearson",
        "item-cosine",
        "item-pearson",
        "user+item",
        "tf-idf",
        "EASE",
    ]
    assert [ranker.name for ranker in default_baselines(0, n_users=50_000, n_items=50_000)] == names[:-1]


class _Fixed:
    """Scores that were set."""

    name = "fixed"

    def __init__(self, scores: list[list[float]]) -> None:
        self._scores = np.array(scores, np.float32)

    def fit(self, data: TrainingData) -> None:
        pass

    def scores(self, users: RowArray) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return self._scores[users]


def _empty(n_users: int, n_items: int) -> sp.csr_array:
    nowhere = np.empty(0, np.int64)
    return sp.csr_array((np.empty(0, np.float32), (nowhere, nowhere)), shape=(n_users, n_items))


def _recall_at_5(ranker: Ranker, communities: tuple[TrainingData, sp.csr_array]) -> float:
    data, held_out = communities
    ranker.fit(data)
    users = np.arange(N_USERS)
    ranked = ranker_ranking(ranker, users, data.weights, k=5)
    return float(np.take_along_axis(held_out[users].toarray(), ranked, axis=1).mean())
