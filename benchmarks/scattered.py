"""A made-up shop of very many items that hardly anybody has had, and a taste behind it."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade_indexing.dataset import Dataset

__all__ = ["scattered_dataset"]

_ITEMS_PER_CIRCLE = 20
_CIRCLES_PER_THEME = 50
_MEMBERS_PER_CIRCLE = 4
_STEP = 2 * _ITEMS_PER_CIRCLE * _CIRCLES_PER_THEME
_THEME_WORDS, _CIRCLE_WORDS, _ALL_WORDS = 40, 8, 5_000
_WORDS_FROM_THEME, _WORDS_FROM_CIRCLE, _WORDS_FROM_ALL = 3, 3, 2
_FIRST_SECOND, _SECONDS = 1_750_000_000, 180 * 86_400


def scattered_dataset(n_items: int, *, seed: int) -> Dataset:
    """Return items with two events each: no head and no tail, only taste.

    Items come in circles of 20 and circles in themes of 50. A user likes one circle in each of two themes and has, on
    average, ten items of it; three others like it too. An item's title mixes words of its theme, of its circle and of
    any kind, so text tells a part of what the circles tell. Times are uniform over half a year and mean nothing.

    Args:
        n_items: A positive multiple of 2,000; there is one user for ten items.
        seed: The same seed gives the same data.

    Raises:
        ValueError: If the number of items is not such a number.
    """
    if n_items <= 0 or n_items % _STEP:
        raise ValueError(f"n_items must be a positive multiple of {_STEP}, not {n_items}")
    rng = np.random.default_rng(seed)
    users = _users_of_items(n_items, rng)
    seconds = _FIRST_SECOND + rng.integers(_SECONDS, size=users.size)
    events = pl.DataFrame(
        {
            "user_id": pl.Series(users.ravel()).cast(pl.String),
            "item_id": pl.Series(np.repeat(np.arange(n_items), 2)).cast(pl.String),
            "timestamp": pl.Series(seconds * 1_000_000).cast(pl.Datetime("us", "UTC")),
        }
    )
    items = pl.DataFrame({"item_id": pl.Series(np.arange(n_items)).cast(pl.String), "title": _titles(n_items, rng)})
    return Dataset(
        events.with_columns(
            local_time=pl.lit(None, dtype=pl.Datetime("us")),
            event_type=pl.lit("event"),
            value=pl.lit(None, dtype=pl.Float64),
        ),
        items.with_columns(description=pl.lit(""), categories=pl.lit([], dtype=pl.List(pl.String))),
    )


def _users_of_items(n_items: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return two different users who like the item's circle, shape (n_items, 2)."""
    n_circles = n_items // _ITEMS_PER_CIRCLE
    n_users = n_circles * _MEMBERS_PER_CIRCLE // 2
    # Each user is dealt one place in the first half of the circles and one in the second, which are other themes.
    members = np.concatenate([rng.permutation(n_users), rng.permutation(n_users)]).reshape(n_circles, -1)
    circle = np.arange(n_items) // _ITEMS_PER_CIRCLE
    first = rng.integers(_MEMBERS_PER_CIRCLE, size=n_items)
    second = (first + 1 + rng.integers(_MEMBERS_PER_CIRCLE - 1, size=n_items)) % _MEMBERS_PER_CIRCLE
    return np.column_stack([members[circle, first], members[circle, second]])


def _titles(n_items: int, rng: np.random.Generator) -> pl.Series:
    circle = np.arange(n_items) // _ITEMS_PER_CIRCLE
    theme = circle // _CIRCLES_PER_THEME
    of_theme = rng.integers(_ALL_WORDS, size=(theme[-1] + 1, _THEME_WORDS))
    of_circle = rng.integers(_ALL_WORDS, size=(circle[-1] + 1, _CIRCLE_WORDS))
    chosen = [
        *of_theme[theme, rng.integers(_THEME_WORDS, size=(_WORDS_FROM_THEME, n_items))],
        *of_circle[circle, rng.integers(_CIRCLE_WORDS, size=(_WORDS_FROM_CIRCLE, n_items))],
        *rng.integers(_ALL_WORDS, size=(_WORDS_FROM_ALL, n_items)),
    ]
    words = pl.DataFrame({f"word_{place}": numbers for place, numbers in enumerate(chosen)})
    text = pl.concat_str([pl.format("word{}", name) for name in words.columns], separator=" ")
    return words.select(text.alias("title"))["title"]
