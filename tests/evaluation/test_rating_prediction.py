"""Rating models on ratings whose making is known, on the smallest data there is, and on one fold of MovieLens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation.metrics import rmse
from crossfade_indexing.evaluation.ratings import BiasedSvd, Biases, GlobalMean, RatingModel

N_USERS, N_ITEMS = 60, 80
NOISE = 0.2

Ratings = tuple[RowArray, RowArray, FloatArray]


def quick() -> BiasedSvd:
    return BiasedSvd(rank=3, draws=10)


MODELS = pytest.mark.parametrize("make", [GlobalMean, Biases, quick])


def fit(model: RatingModel, ratings: Ratings) -> RatingModel:
    users, items, values = ratings
    model.fit(users, items, values, n_users=N_USERS, n_items=N_ITEMS)
    return model


def error(model: RatingModel, ratings: Ratings) -> float:
    users, items, values = ratings
    return rmse(model.predict(users, items).astype(np.float64), values.astype(np.float64))


def made_of(*ratings: tuple[int, int, float]) -> Ratings:
    users, items, values = zip(*ratings, strict=True)
    return np.array(users, np.int64), np.array(items, np.int64), np.array(values, np.float32)


@pytest.fixture(scope="module")
def planted() -> tuple[Ratings, Ratings]:
    """Offsets and two directions of taste around 3: a third of all pairs to learn from, a tenth to predict."""
    random = np.random.default_rng(5)
    taste = random.normal(size=(N_USERS, 2)) @ random.normal(size=(2, N_ITEMS))
    offsets = 0.5 * random.normal(size=(N_USERS, 1)) + 0.5 * random.normal(size=(1, N_ITEMS))
    values = (3 + taste + offsets + NOISE * random.normal(size=taste.shape)).astype(np.float32)
    drawn = random.random(taste.shape)
    train, test = (np.nonzero(part) for part in (drawn < 0.33, drawn > 0.9))
    return (train[0], train[1], values[train]), (test[0], test[1], values[test])


def test_biased_svd_finds_planted_tastes_that_offsets_cannot_express(planted: tuple[Ratings, Ratings]) -> None:
    train, test = planted

    mean, offsets, svd = (error(fit(model, train), test) for model in (GlobalMean(), Biases(), BiasedSvd(rank=4)))

    assert offsets < mean
    # The tastes have a standard deviation of sqrt(2), which offsets leave over; the noise nobody can predict.
    assert offsets > 1.2
    assert NOISE * 0.9 < svd < NOISE * 2


def test_equal_seeds_give_equal_predictions_and_others_do_not(planted: tuple[Ratings, Ratings]) -> None:
    train, (users, items, _) = planted

    first, again, other = (
        fit(BiasedSvd(rank=2, draws=5, seed=seed), train).predict(users, items) for seed in (1, 1, 2)
    )

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_fitting_twice_forgets_the_first_time(planted: tuple[Ratings, Ratings]) -> None:
    train, (users, items, _) = planted
    model = quick()
    fit(model, made_of((0, 0, -9.0), (1, 1, 40.0)))

    refitted = fit(model, train).predict(users, items)

    assert np.array_equal(refitted, fit(quick(), train).predict(users, items))


def test_the_arguments_are_not_changed(planted: tuple[Ratings, Ratings]) -> None:
    train, _ = planted
    users, items, values = (array.copy() for array in train)

    fit(quick(), train)

    assert np.array_equal(train[0], users)
    assert np.array_equal(train[1], items)
    assert np.array_equal(train[2], values)


def test_offsets_are_those_worked_out_by_hand() -> None:
    # One user rates one item 5 and another user another item 1. With mean 3 and user and item shrunk by 5 and 3
    # ratings: item = (2 - user) / 4, user = (2 - item) / 6, so item = 10/23, user = 6/23, together 16/23.
    model = fit(Biases(), made_of((0, 0, 5.0), (1, 1, 1.0)))

    predicted = model.predict(np.array([0, 1, 0, 2]), np.array([0, 1, 2, 0]))

    assert predicted == pytest.approx([3 + 16 / 23, 3 - 16 / 23, 3 + 6 / 23, 3 + 10 / 23], abs=1e-5)


def test_a_pair_with_a_stranger_is_predicted_from_the_offsets_alone(planted: tuple[Ratings, Ratings]) -> None:
    users, items, values = planted[0]
    known = (users != 7) & (items != 9)
    train = users[known], items[known], values[known]
    pairs = np.array([7, 3, 7]), np.array([4, 9, 9])

    svd, offsets = (fit(model, train).predict(*pairs) for model in (quick(), Biases()))

    assert np.array_equal(svd, offsets)
    assert offsets[2] == pytest.approx(train[2].mean(), abs=1e-4)
    assert offsets[0] != offsets[2]
    assert offsets[1] != offsets[2]


@MODELS
def test_predictions_stay_within_the_ratings_seen(make: type[RatingModel]) -> None:
    # Users of even rows love everything and the others nothing, so that offsets overshoot on their own.
    random = np.random.default_rng(0)
    users, items = (rows.ravel() for rows in np.mgrid[0:40, 0:40])
    values = np.where((users % 2 == 0) | (items < 5), 5.0, 1.0).astype(np.float32)
    learned = random.random(len(users)) < 0.7
    model = fit(make(), (users[learned], items[learned], values[learned]))

    predicted = model.predict(users, items)

    assert predicted.dtype == np.float32
    assert predicted.min() >= 1
    assert predicted.max() <= 5


def test_offsets_that_add_up_to_more_than_any_rating_are_cut_off() -> None:
    ratings = [(user, item, 5.0 if user < 20 or item < 20 else 1.0) for user in range(40) for item in range(40)]
    model = fit(Biases(), made_of(*ratings))

    assert model.predict(np.array([0]), np.array([0])) == 5


@MODELS
def test_constant_ratings_are_predicted_everywhere(make: type[RatingModel]) -> None:
    model = fit(make(), made_of(*((user, item, 4.0) for user in range(9) for item in range(user, 12))))

    predicted = model.predict(np.array([0, 8, 50, 0]), np.array([0, 0, 0, 70]))

    assert predicted.tolist() == [4, 4, 4, 4]


@MODELS
def test_one_rating_is_all_that_is_known(make: type[RatingModel]) -> None:
    model = fit(make(), made_of((3, 4, 2.5)))

    assert model.predict(np.array([3, 3, 0]), np.array([4, 0, 0])).tolist() == [2.5, 2.5, 2.5]


@MODELS
def test_no_pairs_get_no_predictions(make: type[RatingModel]) -> None:
    nobody = np.empty(0, np.int64)

    assert fit(make(), made_of((0, 0, 1.0), (1, 1, 2.0))).predict(nobody, nobody).shape == (0,)


@MODELS
def test_no_ratings_are_an_error(make: type[RatingModel]) -> None:
    nobody = np.empty(0, np.int64)

    with pytest.raises(ValueError, match="no ratings"):
        fit(make(), (nobody, nobody, np.empty(0, np.float32)))


@MODELS
@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        (made_of((0, 0, float("nan"))), "finite"),
        (made_of((N_USERS, 0, 1.0)), "user rows"),
        (made_of((-1, 0, 1.0)), "user rows"),
        (made_of((0, N_ITEMS, 1.0)), "item rows"),
        ((np.array([0, 1]), np.array([0]), np.ones(2, np.float32)), "2 users, 1 items"),
    ],
)
def test_wrong_ratings_are_refused(make: type[RatingModel], ratings: Ratings, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(make(), ratings)


@pytest.mark.parametrize("wrong", [{"rank": 0}, {"draws": 0}])
def test_a_factorization_of_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        BiasedSvd(**wrong)


@settings(max_examples=10)
@given(
    ratings=st.lists(
        st.tuples(st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1), st.floats(-1e3, 1e3, width=32)),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_the_ratings_predictions_are_finite_and_within_them(ratings: list[tuple[int, int, float]]) -> None:
    train = made_of(*ratings)
    users, items = (rows.ravel() for rows in np.mgrid[0:N_USERS, 0:N_ITEMS])

    predicted = fit(BiasedSvd(rank=2, draws=2), train).predict(users, items)

    assert np.isfinite(predicted).all()
    assert predicted.min() >= train[2].min()
    assert predicted.max() <= train[2].max()


def test_a_fold_of_movielens_is_predicted_better_than_by_any_plain_factorization(movielens: Path) -> None:
    table = pl.read_csv(movielens / "ratings.csv")
    users, items = (np.unique(table[column], return_inverse=True)[1] for column in ("userId", "movieId"))
    values = table["rating"].to_numpy().astype(np.float32)
    train, test = next(KFold(5, shuffle=True, random_state=0).split(values))
    model = BiasedSvd(rank=8, draws=10)

    model.fit(users[train], items[train], values[train], n_users=users.max() + 1, n_items=items.max() + 1)

    # Fewer draws of a smaller rank than by default, to be quick; plain alternating least squares with offsets: 0.855.
    assert error(model, (users[test], items[test], values[test])) < 0.855
