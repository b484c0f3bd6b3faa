"""Is it any good, and for whom: splits, metrics, baselines, and a report made of their numbers."""
