"""Which items a request is about: conditions on their properties, as JSON has them, evaluated as arrays.

A filter is a tree: ``{"all": [...]}``, ``{"any": [...]}`` and ``{"not": {...}}`` over leaves
``{"field": "year", "gte": 1990, "lt": 2000}``. A leaf has one operator or more, and all of them must hold:

=====================  ================================================================  =========================
operator               holds where the property                                          of a property that holds
=====================  ================================================================  =========================
``eq``                 is this value                                                     text, numbers, times, bool
``any_of``             is one of at most 1,000 values                                    the same
``gt gte lt lte``      is above, at least, below, at most this                           text, numbers, times
``prefix``             starts with this text                                             text
``newer_than_days``    lies at most so many days before the request, or after it         times, ISO text
``older_than_days``    lies further back than that                                       times, ISO text
``within``             lies in a circle: ``{"latitude": …, "longitude": …, "km": …}``    places
``exists``             is there (true) or not (false)                                    anything
=====================  ================================================================  =========================

* **Lists.** A leaf holds for a list if one and the same element satisfies all of its operators.
* **Missing values.** Null, an absent property, NaN, "" and [] are all missing: files leave a title out as "". A
  missing value satisfies ``exists: false`` and nothing else. ``not`` is a plain complement, so ``{"not": {"field":
  "country", "eq": "US"}}`` keeps items without a country.
* **Text** is compared exactly, ``prefix`` included, as with a keyword in Elasticsearch; order is by code point, which
  is right for ISO dates in text of one form.
* **Numbers** are compared exactly; a bool is no number.
* **Times** are ISO 8601; without a zone they are UTC, and a date is its midnight. Ages count from the request's
  moment, its seconds dropped.
* **Places** are ``{"latitude": …, "longitude": …}`` (or lat, lon, lng), ``[latitude, longitude]`` or text like
  ``"52.52,13.4"``, in degrees; distances are great circles on a sphere.
* **Groups.** ``all`` of nothing holds everywhere, ``any`` of nothing nowhere.

What cannot be meant is refused, with the place in the request: ``filter.all.1.gte: expected a number, because 'year'
holds numbers, got "abc"``.
"""

from crossfade.engine.filters.checking import check_filter, listed
from crossfade.engine.filters.kinds import MAX_ADDED_NAMES, AddedKinds
from crossfade.engine.filters.nodes import AllOf, AnyOf, Condition, FilterNode, Leaf, Not
from crossfade.engine.filters.parsing import (
    MAX_DEPTH,
    MAX_LEAVES,
    MAX_NAME,
    MAX_NUMBER,
    MAX_VALUES,
    MAX_WORDS,
    parse_filter,
)
from crossfade.engine.filters.reading import read_time
from crossfade.engine.filters.table import FilterTable, visible_mask

__all__ = [
    "MAX_ADDED_NAMES",
    "MAX_DEPTH",
    "MAX_LEAVES",
    "MAX_NAME",
    "MAX_NUMBER",
    "MAX_VALUES",
    "MAX_WORDS",
    "AddedKinds",
    "AllOf",
    "AnyOf",
    "Condition",
    "FilterNode",
    "FilterTable",
    "Leaf",
    "Not",
    "check_filter",
    "listed",
    "parse_filter",
    "read_time",
    "visible_mask",
]
