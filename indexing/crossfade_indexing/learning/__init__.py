"""From weighed past items and what the items say to everything items are scored with.

``factorization`` (on ``truncated_svd``) learns factors, ``content`` whitens what items say, ``cold_items`` maps the
one to the other, ``context`` and ``trend`` learn what goes with the moment, ``scales`` makes components comparable,
``indexes`` makes them searchable, and ``spaces`` is all of it in one call.
"""
