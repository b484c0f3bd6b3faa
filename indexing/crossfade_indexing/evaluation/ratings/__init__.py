"""Predicting the rating itself: not what to recommend, but how far off a model is in stars.

A good predictor of ratings is a poor ranker, so none of these serves anything: they are here because a comparison of
recommenders is asked for RMSE and MAE too.
"""

from crossfade_indexing.evaluation.ratings.biases import Biases, GlobalMean
from crossfade_indexing.evaluation.ratings.model import RatingModel
from crossfade_indexing.evaluation.ratings.svd import BiasedSvd

__all__ = ["BiasedSvd", "Biases", "GlobalMean", "RatingModel"]
