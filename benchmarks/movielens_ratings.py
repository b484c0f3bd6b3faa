"""How far off, in stars, are predicted ratings on MovieLens?

Five random folds of all ratings; each is predicted from the other four by every model with its default settings. Those
few that are not learned were chosen on a tenth of fold 1's training ratings: fold 1 was never looked at, and what is
chosen there has seen some of the ratings that the others test. Printed are RMSE and MAE per fold and their means.

Run: ``python benchmarks/movielens_ratings.py``; the data is looked for in ``../shared/datasets/movielens-small`` or
where ``CROSSFADE_MOVIELENS_DIR`` points.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from crossfade.types import FloatArray, RowArray
from crossfade_indexing.evaluation.metrics import mae, rmse
from crossfade_indexing.evaluation.ratings import BiasedSvd, Biases, GlobalMean, RatingModel

FOLDS = 5


def main() -> None:
    """Read, predict, print."""
    folder = Path(os.environ.get("CROSSFADE_MOVIELENS_DIR", "../shared/datasets/movielens-small"))
    if not (folder / "ratings.csv").is_file():
        sys.exit(f"{folder}: no MovieLens here; set CROSSFADE_MOVIELENS_DIR")
    users, items, ratings = read(folder / "ratings.csv")
    print(f"{len(ratings)} ratings of {users.max() + 1} users for {items.max() + 1} movies, {FOLDS} random folds")
    print(f"{'RMSE and MAE':14}" + "".join(f"{f'fold {fold + 1}':>16}" for fold in range(FOLDS)) + f"{'mean':>16}")
    for model in (GlobalMean(), Biases(), BiasedSvd()):
        started = time.perf_counter()
        errors = cross_validate(model, users, items, ratings)
        cells = [*errors, errors.mean(axis=0)]
        figures = "".join(f"{root:9.4f}{absolute:7.4f}" for root, absolute in cells)
        print(f"{model.name:14}{figures}   {time.perf_counter() - started:.0f} s")


def read(file: Path) -> tuple[RowArray, RowArray, FloatArray]:
    """Return the row of each rating's user and movie, counted from 0 in order of id, and the stars."""
    table = pl.read_csv(file)
    _, users = np.unique(table["userId"].to_numpy(), return_inverse=True)
    _, items = np.unique(table["movieId"].to_numpy(), return_inverse=True)
    return users, items, table["rating"].to_numpy().astype(np.float32)


def cross_validate(model: RatingModel, users: RowArray, items: RowArray, ratings: FloatArray) -> NDArray[np.float64]:
    """Return RMSE and MAE of each fold, shape (FOLDS, 2)."""
    errors = []
    for train, test in KFold(FOLDS, shuffle=True, random_state=0).split(ratings):
        model.fit(users[train], items[train], ratings[train], n_users=users.max() + 1, n_items=items.max() + 1)
        predicted = model.predict(users[test], items[test]).astype(np.float64)
        actual = ratings[test].astype(np.float64)
        errors.append((rmse(predicted, actual), mae(predicted, actual)))
    return np.array(errors)


if __name__ == "__main__":
    main()
