"""The truncated SVD beside implicit's ALS and BPR: the part of factorization_speed.py that needs implicit."""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from crossfade_indexing.learning.truncated_svd import truncated_svd

__all__ = ["compare"]

K = 10
LIKED = 4.0
HELD_OUT = 0.2
SEED = 1
REPEATS = 3  # of a timed fit; the median counts
THREADS = os.cpu_count() or 1  # the truncated SVD takes them all, so the others do


GRIDS: dict[str, Mapping[str, Sequence[float]]] = {
    "svd": {
        "user_exponent": (0.1, 0.3, 0.5),
        "item_exponent": (0.1, 0.3, 0.5),
        "rank": (16, 24, 32, 48, 64),
        "spectral": (0.0, 0.5),
    },
    "als": {
        "factors": (16, 32, 64, 128),
        "regularization": (0.1, 1.0, 3.0, 10.0, 30.0),
        "alpha": (0.3, 1.0, 3.0, 10.0),
        "iterations": (15,),
    },
    "bpr": {
        "factors": (8, 16, 32, 64),
        "regularization": (0.001, 0.01, 0.1),
        "learning_rate": (0.003, 0.01, 0.03),
        "iterations": (30, 60, 150),
    },
}


@dataclass(frozen=True)
class Split:
    """What to learn from and what to find.

    Attributes:
        weights: Shape (n_users, n_items), float32: (rating - 2) / 2 where positive.
        had: The same shape, bool: every movie rated in training.
        liked: The same shape, bool: what should be found.
    """

    weights: sp.csr_array
    had: NDArray[np.bool_]
    liked: NDArray[np.bool_]


Model = Callable[[], NDArray[np.float32]]
"""Scores of all items for all users, shape (n_users, n_items), worked out when called."""


def compare(out: Path | None) -> None:
    """Tune, fit and print the three; write each user's NDCG@10 where ``out`` is given."""
    folder = Path(os.environ.get("CROSSFADE_MOVIELENS_DIR", "../shared/datasets/movielens-small"))
    if not (folder / "ratings.csv").is_file():
        sys.exit(f"{folder}: no MovieLens here; set CROSSFADE_MOVIELENS_DIR")
    ratings = pl.read_csv(folder / "ratings.csv").sort("userId", "timestamp", "movieId")
    ratings = ratings.with_columns(user=pl.col("userId").rank("dense") - 1, item=pl.col("movieId").rank("dense") - 1)
    shape = ratings["userId"].n_unique(), ratings["movieId"].n_unique()
    train, test = held_out(ratings)
    validation, final = build(*held_out(train), shape), build(train, test, shape)
    users = np.flatnonzero(final.liked.any(axis=1))
    print(f"{len(users)} users with held-out likes, {shape[1]} movies ranked, {THREADS} threads")
    per_user = {}
    for name, fit in FITS.items():
        chosen, reached = choose(name, validation)
        seconds = [timed(partial(fit, final.weights, **chosen)) for _ in range(REPEATS)]
        per_user[name] = ndcg(fit(final.weights, **chosen)(), final)
        print(
            f"{name}: NDCG@{K} {per_user[name].mean():.4f} (validation {reached:.4f}), "
            f"fit {np.median(seconds):.3f} s, {chosen}"
        )
    if out is not None:
        ids = ratings["userId"].unique().sort().to_numpy()[users]
        np.savez(out, user_id=ids, svd=per_user["svd"], als=per_user["als"], bpr=per_user["bpr"])


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def choose(name: str, split: Split) -> tuple[dict[str, float], float]:
    """Return the best parameters of the grid, the first of equals, and the NDCG they reach."""
    grid = GRIDS[name]
    tried = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    reached = [float(ndcg(FITS[name](split.weights, **parameters)(), split).mean()) for parameters in tried]
    best = int(np.argmax(reached))
    return tried[best], reached[best]


def fit_svd(
    weights: sp.csr_array, *, user_exponent: float, item_exponent: float, rank: float, spectral: float
) -> Model:
    """Factor the degree-scaled weights; users are folded in."""
    users, items = (np.asarray(weights.sum(axis=axis), np.float64) for axis in (1, 0))
    users, items = (np.where(degrees > 0, degrees, 1.0) for degrees in (users, items))
    scaled = sp.diags_array(users**-user_exponent) @ weights @ sp.diags_array(items**-item_exponent)
    values, vectors = truncated_svd(sp.csr_array(scaled.astype(np.float32)), int(rank), seed=SEED)
    sources = (items**-item_exponent)[:, None] * vectors * values**spectral
    targets = (items**item_exponent)[:, None] * vectors
    return lambda: np.asarray((weights @ sources) @ targets.T, np.float32)


def fit_als(weights: sp.csr_array, *, factors: float, regularization: float, alpha: float, iterations: float) -> Model:
    """Fit weighted matrix factorization by alternating least squares (conjugate gradient)."""
    with threadpool_limits(1, "blas"):  # implicit's own threads do the work, as its documentation asks
        model = AlternatingLeastSquares(
            factors=int(factors), regularization=regularization, alpha=alpha, iterations=int(iterations),
            num_threads=THREADS, random_state=SEED,
        )  # fmt: skip
        model.fit(sp.csr_matrix(weights), show_progress=False)
    return lambda: np.asarray(model.user_factors @ model.item_factors.T, np.float32)


def fit_bpr(
    weights: sp.csr_array, *, factors: float, regularization: float, learning_rate: float, iterations: float
) -> Model:
    """Fit Bayesian personalized ranking on which weights are positive."""
    with threadpool_limits(1, "blas"):  # implicit's own threads do the work, as its documentation asks
        model = BayesianPersonalizedRanking(
            factors=int(factors), regularization=regularization, learning_rate=learning_rate,
            iterations=int(iterations), num_threads=THREADS, random_state=SEED,
        )  # fmt: skip
        model.fit(sp.csr_matrix(weights), show_progress=False)
    return lambda: np.asarray(model.user_factors @ model.item_factors.T, np.float32)


FITS: dict[str, Callable[..., Model]] = {"svd": fit_svd, "als": fit_als, "bpr": fit_bpr}


def held_out(ratings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the earlier ratings of each user and the last 20 %; rows come ordered in time within a user."""
    count = pl.len().over("user")
    last = pl.int_range(pl.len()).over("user") >= count - (HELD_OUT * count).round()
    return ratings.filter(~last), ratings.filter(last)


def build(train: pl.DataFrame, test: pl.DataFrame, shape: tuple[int, int]) -> Split:
    """Lay both sides out as users x items."""
    liked = test.filter(pl.col("rating") >= LIKED)
    positive = train.filter(pl.col("rating") > 2.0)
    places = positive["user"].to_numpy().astype(np.int32), positive["item"].to_numpy().astype(np.int32)
    weights = ((positive["rating"].to_numpy() - 2.0) / 2).astype(np.float32)
    return Split(sp.csr_array((weights, places), shape=shape), marked(train, shape), marked(liked, shape))


def marked(ratings: pl.DataFrame, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where a user rated an item."""
    marks = np.zeros(shape, np.bool_)
    marks[ratings["user"].to_numpy(), ratings["item"].to_numpy()] = True
    return marks


def ndcg(scores: NDArray[np.float32], split: Split) -> NDArray[np.float64]:
    """Return NDCG@10 of each user with something to find; equal scores are ordered by item."""
    users = np.flatnonzero(split.liked.any(axis=1))
    scores = np.where(split.had, -np.inf, scores)[users]
    top = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    discounts = 1 / np.log2(np.arange(2, K + 2))
    gain = np.take_along_axis(split.liked[users], top, axis=1) @ discounts
    ideal = np.cumsum(discounts)[np.minimum(split.liked[users].sum(axis=1), K) - 1]
    return np.asarray(gain / ideal)
