"""A made-up shop of very many items that hardly anybody has had, and a taste behind it."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade_indexing.dataset import Dataset

__all__ = ["scattered_dataset"]

_ITEMS_PER_CIRCLE = 50
_CIRCLES_PER_THEME = 20
_ITEMS_PER_THEME = _ITEMS_PER_CIRCLE * _CIRCLES_PER_THEME
_EVENTS_PER_USER = 20
_THEME_WORDS, _CIRCLE_WORDS, _ALL_WORDS = 40, 8, 5_000
_WORDS_FROM_THEME, _WORDS_FROM_CIRCLE, _WORDS_FROM_ALL = 4, 2, 2
_FIRST_SECOND, _SECONDS = 1_750_000_000, 180 * 86_400


def scattered_dataset(n_items: int, *, seed: int) -> Dataset:
    """Return items with two events each: no head and no tail, only taste.

    Items come in circles of 50 and circles in themes of 20. A user likes two circles in each of two themes and has, on
    average, five items of each. An item's title mixes words of its theme, of its circle and of any kind, so text tells
    a part of what the circles tell. Times are uniform over half a year and mean nothing.

    Args:
        n_items: A multiple of 1,000, at least 2,000.
        seed: The same seed gives the same data.

    Raises:
        ValueError: If the number of items is not such a number.
    """
    if n_items < 2 * _ITEMS_PER_THEME or n_items % _ITEMS_PER_THEME:
        raise ValueError(f"n_items must be a multiple of {_ITEMS_PER_THEME}, at least two of them, not {n_items}")
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
    n_themes, n_users = n_items // _ITEMS_PER_THEME, 2 * n_items // _EVENTS_PER_USER
    themes = _two_of(n_themes, (n_users,), rng)
    likes = (themes[:, :, None] * _CIRCLES_PER_THEME + _two_of(_CIRCLES_PER_THEME, (n_users, 2), rng)).ravel()
    # By circle, so that those who like it stand together: twenty on average, and not fewer than two but by a miracle.
    members = np.argsort(likes, kind="stable") // 4
    sizes = np.bincount(likes, minlength=n_themes * _CIRCLES_PER_THEME)
    circle = np.arange(n_items) // _ITEMS_PER_CIRCLE
    start = (np.cumsum(sizes) - sizes)[circle]
    first = rng.integers(sizes[circle])
    second = (first + 1 + rng.integers(sizes[circle] - 1)) % sizes[circle]
    return np.column_stack([members[start + first], members[start + second]])


def _two_of(n: int, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return two different numbers below n at each place, shape (*shape, 2)."""
    first = rng.integers(n, size=shape)
    return np.stack([first, (first + 1 + rng.integers(n - 1, size=shape)) % n], axis=-1)


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
