"""One Gibbs sampler for a factorization of ratings, its priors told who rated what."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from crossfade.types import FloatArray, RowArray

__all__ = ["Sampler"]

Array = NDArray[np.float64]

# How many singular vectors of who rated what the priors see.
DIRECTIONS = 20
# Shape of the gamma distribution of the users' noise precisions; its rate is drawn.
NOISE_SHAPE = 4.0
# In inverse variances of all ratings: what keeps someone whose ratings are fitted exactly from an infinite say.
MAX_PRECISION = 1e4


class Sampler:
    """The state of the Gibbs sampler; users and items are places 0, 1, ... all of which have ratings."""

    def __init__(
        self, users: RowArray, items: RowArray, ratings: Array, *, rank: int, random: np.random.Generator
    ) -> None:
        self._user_of, self._item_of, self._ratings, self._random = users, items, ratings, random
        self._counts = np.bincount(users)
        user_features, item_features = _choices(users, items)
        self._users = _Side(user_features, rank, random)
        self._items = _Side(item_features, rank, random)
        self._precisions = np.ones(len(self._counts))
        self._noise_rate = 1.0

    def step(self) -> tuple[FloatArray, FloatArray]:
        """Draw everything once, each given the rest.

        Returns:
            One vector per user and one per item, shapes (n, rank + 2), whose inner products are the expected ratings
            given the users' draw.
        """
        users, items, precisions = self._users, self._items, self._precisions[self._user_of]
        items.draw_prior()
        users.draw_prior()
        left = self._ratings - items.factors[self._item_of, -1]
        users.draw_factors(self._user_of, self._item_of, precisions, left, items)
        left = self._ratings - users.factors[self._user_of, -1]
        items.draw_factors(self._item_of, self._user_of, precisions, left, users)
        self._draw_noise(left)
        ones = np.ones((len(items.means), 1))
        return (
            np.hstack([users.factors, np.ones((len(users.factors), 1))]).astype(np.float32),
            np.hstack([items.means[:, :-1], ones, items.means[:, -1:]]).astype(np.float32),
        )

    def _draw_noise(self, left: Array) -> None:
        """Draw every user's precision from its gamma posterior, and the rate of that gamma's prior from its own."""
        expected = np.einsum("nk,nk->n", self._users.design()[self._user_of], self._items.factors[self._item_of])
        squares = np.bincount(self._user_of, (left - expected) ** 2)
        drawn = self._random.gamma(NOISE_SHAPE + self._counts / 2) / (self._noise_rate + squares / 2)
        self._precisions = np.minimum(drawn, MAX_PRECISION)
        self._noise_rate = self._random.gamma(1 + NOISE_SHAPE * len(drawn)) / self._precisions.sum()


class _Side:
    """The users' or the items' factors, shape (n, rank + 1) with the offset last, and their prior."""

    def __init__(self, features: Array, rank: int, random: np.random.Generator) -> None:
        self._features, self._random = features, random
        self.factors = random.normal(scale=0.1, size=(len(features), rank + 1))
        self.factors[:, -1] = 0
        self.means = self.factors
        self._ridge = 10.0

    def design(self) -> Array:
        """Return what the other side's factors are multiplied by: 1 in place of the offset."""
        return np.hstack([self.factors[:, :-1], np.ones((len(self.factors), 1))])

    def draw_prior(self) -> None:
        """Draw the precision of the prior, then its mean as a ridge regression on the features, then the ridge."""
        n_features, size = self._features.shape[1], self.factors.shape[1]
        gram = self._features.T @ self._features + self._ridge * np.eye(n_features)
        fitted = np.linalg.solve(gram, self._features.T @ self.factors)
        errors = self.factors - self._features @ fitted
        # A Wishart draw by Bartlett's triangle; the prior of its inverse scale is weak beside a few rows of factors.
        scatter = errors.T @ errors + self._ridge * fitted.T @ fitted + 0.01 * size * np.eye(size)
        triangle = np.tril(self._random.normal(size=(size, size)), -1)
        degrees = len(self.factors) + size - np.arange(size)
        np.fill_diagonal(triangle, np.sqrt(self._random.chisquare(degrees)))
        root = np.linalg.cholesky(np.linalg.inv(scatter)) @ triangle
        self._precision = root @ root.T
        noise = np.linalg.solve(np.linalg.cholesky(gram).T, self._random.normal(size=(n_features, size)))
        weights = fitted + noise @ np.linalg.inv(root)
        self._ridge = self._random.gamma(1 + weights.size / 2) / (1 + np.sum((weights @ self._precision) * weights) / 2)
        self._prior_means = self._features @ weights

    def draw_factors(self, rows: RowArray, columns: RowArray, precisions: Array, left: Array, other: _Side) -> None:
        """Draw all rows' factors from their normal posteriors, and keep the means of those.

        Args:
            rows: This side's place of each rating.
            columns: The other side's.
            precisions: Of each rating's noise.
            left: Ratings without the other side's offsets.
            other: Held constant.
        """
        design, size = other.design(), self.factors.shape[1]
        shape = len(self.factors), len(design)
        above = np.triu_indices(size)
        weights, weighted = (
            sp.csr_array((values, (rows, columns)), shape) for values in (precisions, precisions * left)
        )
        squares: Array = np.asarray(weights @ (design[:, above[0]] * design[:, above[1]]))
        posterior = np.empty((len(self.factors), size, size))
        posterior[:, above[0], above[1]] = squares
        posterior[:, above[1], above[0]] = squares
        posterior += self._precision
        target = weighted @ design + self._prior_means @ self._precision
        # P⁻¹(t + Cz) with P = CCᵀ is the mean plus noise of covariance P⁻¹: one solution gives both.
        noise = np.linalg.cholesky(posterior) @ self._random.normal(size=(*target.shape, 1))
        solved = np.linalg.solve(posterior, target[:, :, None] + np.concatenate([np.zeros_like(noise), noise], axis=2))
        self.means, self.factors = solved[:, :, 0], solved[:, :, 1]


def _choices(users: RowArray, items: RowArray) -> tuple[Array, Array]:
    """Return what the choice of what to rate says of users and of items: ones, then columns of mean 0, variance 1."""
    counts = np.bincount(users), np.bincount(items)
    scaled = (counts[0][users] * counts[1][items]) ** -0.5
    matrix = sp.csr_array((scaled, (users, items)))
    n_directions = min(DIRECTIONS, min(matrix.shape) - 1)
    if n_directions > 0:
        left, _, right = randomized_svd(matrix, n_directions, random_state=0)
    else:
        left, right = np.empty((matrix.shape[0], 0)), np.empty((0, matrix.shape[1]))
    return _features(counts[0], left), _features(counts[1], right.T)


def _features(counts: NDArray[np.int64], vectors: Array) -> Array:
    logarithm = _standardized(np.log(counts)[:, None])
    return np.hstack([np.ones_like(logarithm), logarithm, _standardized(logarithm**2), _standardized(vectors)])


def _standardized(columns: Array) -> Array:
    """Shift and scale to mean 0 and variance 1; a column that says nothing (or is noise of rounding) becomes 0."""
    centred: Array = columns - columns.mean(axis=0)
    deviations = centred.std(axis=0)
    scaled: Array = centred / np.where(deviations > 1e-9, deviations, np.inf)
    return scaled
