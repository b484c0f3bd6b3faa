"""Whatever is chosen on held-out items before the final fit.

``holdout`` keeps items back and measures, ``factors`` chooses how the SVD is shaped and how a profile counts,
``fusion`` learns the default weights, and ``choice`` is all of it in one call.
"""
