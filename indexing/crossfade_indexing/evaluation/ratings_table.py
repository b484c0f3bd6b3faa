"""Explicit ratings of the events, and how well models predict them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation import statistics
from crossfade_indexing.evaluation.metrics import absolute_errors, squared_errors
from crossfade_indexing.evaluation.ratings import BiasedSvd, Biases, GlobalMean, RatingModel
from crossfade_indexing.evaluation.result import Interval, RatingResult
from crossfade_indexing.evidence import rating_weights
from crossfade_indexing.progress import Reporter

__all__ = ["explicit_ratings", "rating_results"]

_FOLDS = 5
# A hundred draws of the factorization take 45 s a fold on 100,000 ratings and one core: of more ratings, fewer draws.
_ALL_DRAWS_UP_TO = 200_000
_DRAWS, _FEWEST_DRAWS = 100, 20
_MOST_RATINGS = 1_000_000
_FEWEST_RATINGS = 50
_NAMES = {"biased SVD": "Bias-aware SVD", "biases": "User and item biases", "global mean": "Mean of all ratings"}


def explicit_ratings(events: pl.DataFrame) -> pl.DataFrame | None:
    """Return each user's latest rating of each item: ``user_id``, ``item_id``, ``value``; None if there are none.

    Args:
        events: As in ``Dataset.events``; all of them, because it takes many values to tell that they are ratings.
    """
    rated = events.with_columns(_mark=rating_weights(events, 0.5)).filter(pl.col("_mark").is_not_null())
    if rated.is_empty():
        return None
    latest = rated.with_row_index("_place").sort("timestamp", "_place", nulls_last=False)
    return latest.group_by("user_id", "item_id", maintain_order=True).agg(pl.col("value").last())


def rating_results(ratings: pl.DataFrame | None, *, seed: int, reporter: Reporter) -> tuple[RatingResult, ...]:
    """Return RMSE and MAE over five random folds, the best first; nothing if there are too few or too many ratings.

    Args:
        ratings: As `explicit_ratings` returns them.
        seed: Of the folds and the models.
        reporter: Where to say what is happening.
    """
    if ratings is None or ratings.height < _FEWEST_RATINGS:
        return ()
    if ratings.height > _MOST_RATINGS:
        reporter.note(f"rating prediction is left out: more than {_MOST_RATINGS:,} ratings would take too long")
        return ()
    users, items = (_rows(ratings[column]) for column in ("user_id", "item_id"))
    values = ratings["value"].to_numpy().astype(np.float32)
    draws = max(_FEWEST_DRAWS, min(_DRAWS, _DRAWS * _ALL_DRAWS_UP_TO // len(values)))
    fold_of = np.random.default_rng(seed).permutation(len(values)) % _FOLDS
    makers: tuple[Callable[[], RatingModel], ...] = (lambda: BiasedSvd(draws=draws, seed=seed), Biases, GlobalMean)
    results = []
    with reporter.step("Predict ratings") as advance:
        for place, make in enumerate(makers):
            predicted = np.empty(len(values), np.float32)
            for fold in range(_FOLDS):
                predicted[fold_of == fold] = _predict(make(), users, items, values, fold_of == fold)
                advance(place * _FOLDS + fold + 1, len(makers) * _FOLDS)
            errors = squared_errors(predicted.astype(np.float64), values.astype(np.float64))
            results.append((_result(_NAMES[make().name], predicted, values, users), errors))
    (best, least), *others = sorted(results, key=lambda result: result[0].rmse.mean)
    return best, *(result.model_copy(update={"excess": _excess(errors, least, users)}) for result, errors in others)


def _rows(ids: pl.Series) -> RowArray:
    return ids.rank("dense").to_numpy().astype(np.int64) - 1


def _predict(
    model: RatingModel,
    users: RowArray,
    items: RowArray,
    values: FloatArray,
    is_test: NDArray[np.bool_],
) -> FloatArray:
    train = ~is_test
    n_users, n_items = int(users.max()) + 1, int(items.max()) + 1
    model.fit(users[train], items[train], values[train], n_users=n_users, n_items=n_items)
    return model.predict(users[is_test], items[is_test])


def _excess(errors: NDArray[np.float64], least: NDArray[np.float64], users: RowArray) -> Interval:
    found = statistics.difference(errors, least, users).interval
    return Interval(mean=found.mean, low=found.low, high=found.high)


def _result(name: str, predicted: FloatArray, values: FloatArray, users: RowArray) -> RatingResult:
    pair = predicted.astype(np.float64), values.astype(np.float64)
    rmse = statistics.mean(squared_errors(*pair), users).sqrt()
    mae = statistics.mean(absolute_errors(*pair), users)
    return RatingResult(
        name=name,
        rmse=Interval(mean=rmse.mean, low=rmse.low, high=rmse.high),
        mae=Interval(mean=mae.mean, low=mae.low, high=mae.high),
    )
