"""What must hold for every answer, whichever way it was asked for: for the engine's own and for what HTTP carries."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import pytest

__all__ = [
    "assert_at_most",
    "assert_best_first",
    "assert_contributions_add_up",
    "assert_holds_none_of",
    "assert_no_repeats",
    "assert_pages",
    "assert_ranked",
    "assert_ruled",
    "assert_sound",
]

_RELATIVE = 1e-4
_ABSOLUTE = 1e-4  # of one item scored twice, among others and alone: both are float32 sums
_FROM_PAST_AND_TEXT = ("collaborative", "content")


class _Contribution(Protocol):
    @property
    def contribution(self) -> float: ...


class _Explanation(Protocol):
    @property
    def components(self) -> Mapping[str, float]: ...
    @property
    def because(self) -> Sequence[_Contribution]: ...
    @property
    def other_items(self) -> float: ...
    @property
    def query_text(self) -> float: ...


class Item(Protocol):
    """One item of an answer, the engine's or the wire's."""

    @property
    def item_id(self) -> str: ...
    @property
    def rank(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def explanation(self) -> _Explanation | None: ...


def assert_sound(items: Sequence[Item], *, limit: int, excluded: Collection[str] = ()) -> None:
    """Everything at once that holds for any list of items."""
    assert_best_first(items)
    assert_no_repeats(items)
    assert_at_most(limit, items)
    assert_holds_none_of(excluded, items)
    assert_contributions_add_up(items)


def assert_ruled(
    items: Sequence[Item], *, limit: int, excluded: Collection[str] = (), exact: Mapping[str, float] | None = None
) -> None:
    """Everything at once that holds for a list whose order rules have changed; ``exact`` has the scores they keep."""
    assert_ranked(items)
    assert_no_repeats(items)
    assert_at_most(limit, items)
    assert_holds_none_of(excluded, items)
    assert_contributions_add_up(items)
    if exact is not None:
        of_items = [exact[item.item_id] for item in items]
        assert [item.score for item in items] == pytest.approx(of_items, rel=_RELATIVE, abs=_ABSOLUTE)


def assert_pages(pages: Sequence[Sequence[Item]], *, limit: int) -> None:
    """Everything that holds for the pages of one answer: none repeats an item, and ranks go on where they ended."""
    offset = 0
    for page in pages:
        assert page
        assert page[0].rank > offset
        assert_ruled(page, limit=limit)
        offset = page[-1].rank
    assert_no_repeats([item for page in pages for item in page])


def assert_best_first(items: Sequence[Item]) -> None:
    scores = [item.score for item in items]
    assert scores == sorted(scores, reverse=True)
    assert_ranked(items)
    assert [item.rank for item in items] == list(range(1, len(items) + 1))


def assert_ranked(items: Sequence[Item]) -> None:
    """Scores are numbers, and ranks rise by one from wherever the page begins."""
    assert all(math.isfinite(item.score) for item in items)
    first = items[0].rank if items else 1
    assert first >= 1
    assert [item.rank for item in items] == list(range(first, first + len(items)))


def assert_no_repeats(items: Sequence[Item]) -> None:
    ids = [item.item_id for item in items]
    assert len(set(ids)) == len(ids)


def assert_at_most(limit: int, items: Sequence[Item]) -> None:
    assert len(items) <= limit


def assert_holds_none_of(excluded: Collection[str], items: Sequence[Item]) -> None:
    assert not {item.item_id for item in items} & set(excluded)


def assert_contributions_add_up(items: Sequence[Item]) -> None:
    """An explained score is the sum of its components, and of the past items, the text and what comes from neither."""
    for item in items:
        explanation = item.explanation
        if explanation is None:
            continue
        past_items = math.fsum([one.contribution for one in explanation.because]) + explanation.other_items
        neither = [value for name, value in explanation.components.items() if name not in _FROM_PAST_AND_TEXT]
        origins = past_items + explanation.query_text + math.fsum(neither)
        assert math.fsum(explanation.components.values()) == pytest.approx(item.score, rel=_RELATIVE)
        assert origins == pytest.approx(item.score, rel=_RELATIVE)
