"""From a pool to the order that is answered: each rule against brute force, and all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.engine.reranking import CapRule, ExplorationRule, PromotionRule, Ranked, Rules, rerank
from crossfade.types import FloatArray, RowArray

HALVES = np.array(np.meshgrid(*[[-0.5, 0.5]] * 4), np.float32).reshape(4, -1).T
"""Sixteen unit vectors whose cosines are exact in float32."""


def no_vectors(rows: RowArray) -> FloatArray:
    raise AssertionError("only diversity needs vectors")


def ranked(
    scores: Sequence[float],
    rules: Rules,
    *,
    wanted: int | None = None,
    vectors: FloatArray | None = None,
) -> Ranked:
    """Rank items 0, 1, 2, … of these falling scores."""

    def give(rows: RowArray) -> FloatArray:
        return no_vectors(rows) if vectors is None else vectors[rows]

    return rerank(
        np.arange(len(scores)),
        np.array(scores, np.float32),
        wanted=len(scores) if wanted is None else wanted,
        rules=rules,
        vectors=give,
    )


def order(result: Ranked) -> list[int]:
    rows: list[int] = result.rows.tolist()
    return rows


def falling(n: int) -> list[float]:
    return [float(n - place) for place in range(n)]


def promoted(n: int, *items: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isin(np.arange(n), items)


def test_without_a_rule_the_pool_is_cut() -> None:
    result = rerank(np.array([7, 3, 9]), np.array([3, 2, 2], np.float32), wanted=2, rules=Rules(), vectors=no_vectors)

    assert order(result) == [7, 3]
    assert result.scores.tolist() == [3.0, 2.0]
    assert result.placed_by == ("score", "score")


@pytest.mark.parametrize(
    "rules",
    [
        Rules(),
        Rules(diversity=0.5, pins={}),
        Rules(cap=CapRule([], 1)),
        Rules(promotion=PromotionRule(np.zeros(0, np.bool_), 0.5)),
        Rules(exploration=ExplorationRule(0.5, seed=1, page=10)),
    ],
)
def test_an_empty_pool_stays_empty(rules: Rules) -> None:
    result = ranked([], rules, wanted=5, vectors=np.zeros((0, 4), np.float32))

    assert order(result) == []
    assert result.placed_by == ()


def test_a_pin_stands_at_its_place_and_nowhere_else() -> None:
    result = ranked(falling(5), Rules(pins={2: 4, 4: 0}))

    assert order(result) == [1, 4, 2, 0, 3]
    assert result.placed_by == ("score", "pin", "score", "pin", "score")
    assert result.scores.tolist() == [4.0, 1.0, 3.0, 5.0, 2.0]


def test_pins_beyond_the_end_follow_at_the_end_in_their_order() -> None:
    result = ranked(falling(4), Rules(pins={90: 0, 50: 2}))

    assert order(result) == [1, 3, 2, 0]
    assert result.placed_by == ("score", "score", "pin", "pin")


@pytest.mark.parametrize(
    ("pins", "message"),
    [
        ({0: 1}, "places count from 1, got 0"),
        ({1: 1, 2: 1}, "can be pinned once"),
        ({1: 99}, r"not: \[99\]"),
    ],
)
def test_a_pin_that_cannot_be_is_refused(pins: dict[int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ranked(falling(3), Rules(pins=pins))


def test_a_cap_skips_what_exceeds_it() -> None:
    result = ranked(falling(6), Rules(cap=CapRule([[1], [1], [1, 2], [2], [], [2]], most=2)))

    assert order(result) == [0, 1, 3, 4, 5]


def test_an_item_counts_once_for_a_value_it_has_twice() -> None:
    result = ranked(falling(3), Rules(cap=CapRule([[1, 1], [1], [1]], most=2)))

    assert order(result) == [0, 1]


def test_pins_count_for_a_cap_from_the_start_and_are_never_capped() -> None:
    groups = [[1], [1], [2], [1], [1]]

    result = ranked(falling(5), Rules(cap=CapRule(groups, most=1), pins={3: 4, 4: 3}))

    assert order(result) == [2, 4, 3]
    assert result.placed_by == ("score", "pin", "pin")


def test_one_in_five_stands_at_the_fifth_place_at_the_latest() -> None:
    result = ranked(falling(20), Rules(promotion=PromotionRule(promoted(20, 15, 16, 18, 19), 0.2)))

    assert order(result)[:11] == [0, 1, 2, 3, 15, 4, 5, 6, 7, 16, 8]
    assert [place for place, by in enumerate(result.placed_by, 1) if by == "promote"] == [5, 10, 15]


def test_a_promoted_item_that_comes_by_its_score_is_not_marked() -> None:
    result = ranked(falling(4), Rules(promotion=PromotionRule(promoted(4, 0, 3), 0.5)))

    assert order(result) == [0, 1, 2, 3]
    assert result.placed_by == ("score", "score", "score", "score")


def test_promoted_items_make_up_above_a_pin_for_the_place_it_takes() -> None:
    result = ranked(falling(6), Rules(promotion=PromotionRule(promoted(6, 5), 0.5), pins={2: 4}))

    assert order(result)[:2] == [5, 4]


def test_capped_items_are_not_promoted() -> None:
    groups = [[0], [1], [2], [2], [3]]

    result = ranked(falling(5), Rules(promotion=PromotionRule(promoted(5, 2, 3, 4), 1.0), cap=CapRule(groups, most=1)))

    assert order(result) == [2, 4, 0, 1]


def test_a_share_of_29_in_100_is_29() -> None:
    result = ranked(falling(200), Rules(promotion=PromotionRule(np.arange(200) >= 150, 0.29)), wanted=100)

    assert sum(row >= 150 for row in order(result)) == 29


def test_exploration_draws_from_below_the_page_and_is_marked() -> None:
    result = ranked(falling(100), Rules(exploration=ExplorationRule(0.2, seed=5, page=10)), wanted=10)
    drawn = [place for place, by in enumerate(result.placed_by, 1) if by == "exploration"]

    assert drawn == [5, 10]
    assert all(order(result)[place - 1] >= 10 for place in drawn)
    assert [row for row in order(result) if row < 10] == list(range(8))


def test_the_same_seed_draws_the_same_and_another_one_others() -> None:
    draws = {
        seed: [
            order(ranked(falling(200), Rules(exploration=ExplorationRule(0.5, seed=seed, page=10)), wanted=10))
            for _ in range(2)
        ]
        for seed in (1, 2)
    }

    assert draws[1][0] == draws[1][1]
    assert draws[1][0] != draws[2][0]


def test_every_item_below_the_page_is_drawn_equally_often() -> None:
    drawn = Counter(
        order(ranked(falling(12), Rules(exploration=ExplorationRule(0.5, seed=seed, page=2)), wanted=2))[1]
        for seed in range(2_000)
    )

    assert set(drawn) == set(range(2, 12))
    assert all(150 < count < 250 for count in drawn.values())  # 200 expected; 3.7 standard deviations of 13.4


def test_nothing_is_drawn_where_nothing_is_below_the_page() -> None:
    result = ranked(falling(5), Rules(exploration=ExplorationRule(1.0, seed=1, page=10)))

    assert order(result) == [0, 1, 2, 3, 4]
    assert set(result.placed_by) == {"score"}


def test_diversity_prefers_what_is_unlike_what_stands_above() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1], [-1, 0]], np.float32)

    # Relevance 1, 0.75, 0.5, 0. After the first, half of likeness 1, 1, 0 and -1 makes 0.375 - 0.5, 0.25, 0 + 0.5.
    result = ranked([4, 3, 2, 0], Rules(diversity=0.5), vectors=vectors)

    assert order(result) == [0, 3, 2, 1]


def test_an_item_without_a_vector_is_like_no_other() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 0]], np.float32)

    result = ranked([3, 2, 1], Rules(diversity=0.9), vectors=vectors)

    assert order(result) == [0, 2, 1]


def test_items_of_equal_worth_keep_the_order_of_the_pool() -> None:
    result = ranked([1.0] * 6, Rules(diversity=1.0), vectors=np.eye(6, dtype=np.float32))

    assert order(result) == [0, 1, 2, 3, 4, 5]


def test_vectors_are_asked_for_once() -> None:
    asked: list[list[int]] = []

    def give(rows: RowArray) -> FloatArray:
        asked.append(rows.tolist())
        return np.eye(3, dtype=np.float32)

    rerank(np.array([5, 4, 6]), np.ones(3, np.float32), wanted=3, rules=Rules(diversity=0.1), vectors=give)

    assert asked == [[5, 4, 6]]


@pytest.mark.parametrize("length", [5, 10, 40])
def test_the_mean_distance_within_lists_never_falls_as_diversity_rises(length: int) -> None:
    random = np.random.default_rng(11)
    distances = np.zeros(11)
    for _ in range(100):
        scores, vectors = _clustered(random)
        for step in range(11):
            rows = ranked(scores, Rules(diversity=step / 10), wanted=length, vectors=vectors).rows
            distances[step] += _mean_distance(vectors[rows]) / 100

    assert (np.diff(distances) >= 0).all(), distances
    assert distances[10] > 1.3 * distances[0]


def test_at_much_diversity_no_two_of_a_kind_stand_in_a_short_list() -> None:
    random = np.random.default_rng(12)
    scores, vectors = _clustered(random)

    rows = ranked(scores, Rules(diversity=0.8), wanted=10, vectors=vectors).rows
    cosines = vectors[rows] @ vectors[rows].T - 2 * np.eye(10)

    assert cosines.max() < 0.9  # within a cluster they are above 0.95


def _clustered(random: np.random.Generator) -> tuple[list[float], FloatArray]:
    """Return falling scores and vectors of 200 items in 30 clusters, some of which suit the request."""
    centres = random.normal(size=(30, 12))
    vectors = centres[random.integers(30, size=200)] + 0.1 * random.normal(size=(200, 12))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = vectors @ (centres[0] + centres[1]) + 0.5 * random.normal(size=200)
    best_first = np.argsort(-scores)
    return scores[best_first].tolist(), vectors[best_first].astype(np.float32)


def _mean_distance(vectors: FloatArray) -> float:
    n = len(vectors)
    return float(1 - (np.sum(vectors @ vectors.T) - n) / (n * (n - 1)))


# All rules at once, on pools small enough to look at every place.


@st.composite
def pools(draw: st.DrawFn) -> tuple[RowArray, FloatArray, FloatArray]:
    """Rows in any order, falling scores and a vector for each row number up to 99."""
    rows = draw(st.lists(st.integers(0, 99), unique=True, max_size=30))
    scores = sorted(draw(st.lists(st.integers(-8, 8), min_size=len(rows), max_size=len(rows))), reverse=True)
    kinds = draw(st.lists(st.integers(0, 15), min_size=100, max_size=100))
    return np.array(rows, np.int64), np.array(scores, np.float32), HALVES[kinds]


@st.composite
def rules_for(draw: st.DrawFn, rows: RowArray) -> Rules:
    n = len(rows)
    groups = st.lists(st.lists(st.integers(0, 4), max_size=2), min_size=n, max_size=n)
    chosen = st.lists(st.booleans(), min_size=n, max_size=n).map(lambda some: np.array(some, np.bool_))
    shares = st.sampled_from([0.1, 0.2, 1 / 3, 0.5, 1.0])
    places = st.lists(st.integers(1, n + 3), unique=True, max_size=min(4, n))
    positions = draw(places) if n else []
    pinned = draw(st.permutations(rows.tolist()))[: len(positions)]
    return Rules(
        diversity=draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])),
        cap=draw(st.none() | st.builds(CapRule, groups, st.integers(1, 3))),
        promotion=draw(st.none() | st.builds(PromotionRule, chosen, shares)),
        exploration=draw(st.none() | st.builds(ExplorationRule, shares, st.integers(0, 9), st.integers(1, 10))),
        pins=dict(zip(positions, pinned, strict=True)),
    )


@given(st.data())
def test_fewer_places_are_the_beginning_of_more(data: st.DataObject) -> None:
    rows, scores, vectors = data.draw(pools())
    rules = data.draw(rules_for(rows))
    whole = rerank(rows, scores, wanted=100, rules=rules, vectors=lambda some: vectors[some])

    wanted = data.draw(st.integers(0, 40))
    part = rerank(rows, scores, wanted=wanted, rules=rules, vectors=lambda some: vectors[some])

    assert order(part) == order(whole)[:wanted]
    assert part.scores.tolist() == whole.scores.tolist()[:wanted]
    assert part.placed_by == whole.placed_by[:wanted]


@given(st.data())
def test_every_place_follows_from_the_rules(data: st.DataObject) -> None:
    rows, scores, vectors = data.draw(pools())
    rules = data.draw(rules_for(rows))

    result = rerank(rows, scores, wanted=100, rules=rules, vectors=lambda some: vectors[some])

    at = {row: place for place, row in enumerate(rows.tolist())}
    items = [at[row] for row in order(result)]
    assert len(set(items)) == len(items)
    assert result.scores.tolist() == [scores[item] for item in items]
    _check_pins(items, result, rules, at)
    _check_caps(items, rules, at)
    _check_exploration(items, result, rules, at)
    _check_each_choice(items, result, rules, _Pool(scores, vectors[rows], at))


def _check_pins(items: list[int], result: Ranked, rules: Rules, at: dict[int, int]) -> None:
    n_others = len(items) - len(rules.pins)
    beyond = []
    for place, row in sorted(rules.pins.items()):
        n_pinned_above = sum(other < place for other in rules.pins)
        if place <= n_others + n_pinned_above + 1:
            assert items[place - 1] == at[row]
        else:
            beyond.append(at[row])
    assert items[len(items) - len(beyond) :] == beyond
    assert sum(by == "pin" for by in result.placed_by) == len(rules.pins)


def _check_caps(items: list[int], rules: Rules, at: dict[int, int]) -> None:
    """No group is over its cap but by pins, and what is left out would exceed one."""
    if rules.cap is None:
        assert sorted(items) == list(range(len(at)))
        return
    counts = Counter(group for item in items for group in set(rules.cap.groups[item]))
    by_pins = Counter(group for row in rules.pins.values() for group in set(rules.cap.groups[at[row]]))
    assert all(count <= max(rules.cap.most, by_pins[group]) for group, count in counts.items())
    for item in set(at.values()) - set(items):
        assert any(counts[group] >= rules.cap.most for group in rules.cap.groups[item])


def _check_exploration(items: list[int], result: Ranked, rules: Rules, at: dict[int, int]) -> None:
    drawn = [by == "exploration" for by in result.placed_by]
    assert rules.exploration is not None or not any(drawn)
    if rules.exploration is None:
        return
    unpinned = [item for item in range(len(at)) if item not in {at[row] for row in rules.pins.values()}]
    for place, item in enumerate(items, 1):
        assert sum(drawn[:place]) <= rules.exploration.share * place + 1e-6
        if drawn[place - 1]:
            pages = -(-place // rules.exploration.page)
            assert item in unpinned[pages * rules.exploration.page :]


class _Pool:
    def __init__(self, scores: FloatArray, vectors: FloatArray, at: dict[int, int]) -> None:
        self.scores = scores
        self.vectors = vectors
        self.at = at


def _check_each_choice(items: list[int], result: Ranked, rules: Rules, pool: _Pool) -> None:
    """Replay the order: what came by score or promotion was the best of those who could come."""
    pinned = {pool.at[row] for row in rules.pins.values()}
    for place, (item, by) in enumerate(zip(items, result.placed_by, strict=True)):
        above = items[:place]
        could = [
            other
            for other in range(len(pool.scores))
            if other not in pinned and other not in above and not _capped(other, above, pinned, rules)
        ]
        if by in {"score", "promote"}:
            due = by == "promote"
            promotion = rules.promotion
            among = [other for other in could if not due or (promotion is not None and promotion.promoted[other])]
            assert item == _best(among, above, pool, pinned, rules.diversity)
    if rules.promotion is not None and not rules.pins:
        _check_shares(items, rules, pool)


def _check_shares(items: list[int], rules: Rules, pool: _Pool) -> None:
    assert rules.promotion is not None
    for n in range(1, len(items) + 1):
        have = sum(bool(rules.promotion.promoted[item]) for item in items[:n])
        left = [
            item
            for item in range(len(pool.scores))
            if rules.promotion.promoted[item] and item not in items[:n] and not _capped(item, items[:n], set(), rules)
        ]
        assert have >= int(n * rules.promotion.share + 1e-9) or not left


def _capped(item: int, above: Sequence[int], pinned: set[int], rules: Rules) -> bool:
    if rules.cap is None:
        return False
    counts = Counter(group for other in {*above, *pinned} for group in set(rules.cap.groups[other]))
    return any(counts[group] >= rules.cap.most for group in rules.cap.groups[item])


def _best(among: Sequence[int], above: Sequence[int], pool: _Pool, pinned: set[int], diversity: float) -> int:
    """Return the best of some items by the formula, in float64; the vectors make its sums exact."""
    others = [float(pool.scores[item]) for item in range(len(pool.scores)) if item not in pinned]
    low, high = min(others), max(others)

    def worth(item: int) -> float:
        relevance = (float(pool.scores[item]) - low) / (high - low) if high > low else 0.0
        cosines = [float(pool.vectors[item] @ pool.vectors[other]) for other in above]
        likeness = (max(cosines) + sum(cosines) / len(cosines)) / 2 if cosines else 0.0
        return round((1 - diversity) * relevance - diversity * likeness, 5)

    best = max(worth(item) for item in among)
    return next(item for item in among if worth(item) == best)
