"""What is kept back, and how a choice is measured on it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from crossfade_indexing.config import EvidenceConfig
from crossfade_indexing.evaluation.metrics import hits_of, ndcg
from crossfade_indexing.learning.factorization import Factors
from crossfade_indexing.past_items import PastItems
from crossfade_indexing.selection.holdout import (
    KINDS,
    HeldOutProfiles,
    Holdout,
    hold_out,
    mean_and_error,
    ndcg_of_rows,
    ndcg_of_scores,
    relative_gains,
    repeated,
)

CONTINUE, FILL = (list(KINDS).index(name) for name in ("continue", "fill"))


def past_of(*counts: int, timed: bool = True, n_items: int = 60, seed: int = 0) -> PastItems:
    """Users with so many past items each, all of them liked."""
    random = np.random.default_rng(seed)
    items = [random.permutation(n_items)[:count] for count in counts]
    total = sum(counts)
    return PastItems(
        user_ids=[f"u{user}" for user in range(len(counts))],
        n_items=n_items,
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        items=np.concatenate([*items, np.empty(0, np.int64)]).astype(np.int64),
        weights=np.ones(total, np.float32),
        times=np.zeros(total, np.int64),
        types=np.ones(total, np.uint32),
        liked=np.ones(total, np.bool_),
        ages=np.zeros(total, np.float32),
        timed=timed,
    )


def span(past: PastItems, user: int) -> list[int]:
    return [int(item) for item in past.items[past.starts[user] : past.starts[user + 1]]]


@pytest.mark.parametrize(
    ("count", "held_out"), [(0, 0), (1, 0), (2, 1), (3, 1), (7, 1), (8, 2), (10, 2), (12, 2), (13, 3), (50, 10)]
)
def test_a_fifth_is_held_out_at_least_one_and_never_all(count: int, held_out: int) -> None:
    holdout = hold_out(past_of(count, count), users=10, seed=0)

    assert len(holdout.users) == (2 if held_out else 0)
    assert [len(rows) for rows in holdout.relevant] == [held_out] * len(holdout.users)
    assert holdout.train.counts().tolist() == [count - held_out] * 2


def test_every_second_user_loses_the_latest_and_the_others_any() -> None:
    past = past_of(*[20] * 40)

    holdout = hold_out(past, users=100, seed=1)

    assert holdout.kinds.tolist() == [CONTINUE, FILL] * 20
    for user, rows, kind in zip(holdout.users, holdout.relevant, holdout.kinds, strict=True):
        latest = set(span(past, user)[16:])
        assert (set(rows.tolist()) == latest) == (kind == CONTINUE)


def test_without_times_nothing_is_the_latest() -> None:
    holdout = hold_out(past_of(*[20] * 10, timed=False), users=100, seed=1)

    assert set(holdout.kinds.tolist()) == {FILL}


@given(counts=st.lists(st.integers(0, 30), max_size=12), users=st.integers(1, 15), seed=st.integers(0, 100))
def test_what_is_learned_from_and_what_is_held_out_are_everything_and_nothing_twice(
    counts: list[int], users: int, seed: int
) -> None:
    past = past_of(*counts)

    holdout = hold_out(past, users=users, seed=seed)

    held_out = dict(zip(holdout.users.tolist(), holdout.relevant, strict=True))
    assert len(held_out) == min(users, sum(count >= 2 for count in counts))
    for user in range(len(counts)):
        kept, gone = span(holdout.train, user), held_out.get(user, np.empty(0, np.int64)).tolist()
        assert sorted(kept + gone) == sorted(span(past, user))
        assert kept == [item for item in span(past, user) if item not in gone]  # still oldest first
    assert np.array_equal(past.items[holdout.kept], holdout.train.items)


def test_the_same_seed_holds_out_the_same() -> None:
    past = past_of(*[10] * 30)

    first, again, other = (hold_out(past, users=20, seed=seed) for seed in (3, 3, 4))

    assert np.array_equal(first.kept, again.kept)
    assert not np.array_equal(first.kept, other.kept)
    assert (np.diff(first.users) > 0).all()


def test_only_what_was_liked_is_to_be_found() -> None:
    past = past_of(5, 5, 5, 5)
    liked = np.ones(20, np.bool_)
    liked[[4, 14]] = False  # the latest of users 0 and 2, who lose the latest
    past = dataclasses.replace(past, liked=liked)

    holdout = hold_out(past, users=10, seed=0)

    assert holdout.users.tolist() == [1, 3]
    assert holdout.train.counts().tolist() == [4, 4, 4, 4]  # what was held out is gone all the same


def test_small_data_is_held_out_twice_and_large_once() -> None:
    past = past_of(*[10] * 30)

    assert [len(repeated(past, users=users, seed=0)) for users in (20, 59, 60, 1_000)] == [1, 1, 2, 2]
    first, second = repeated(past, users=1_000, seed=0)
    assert not np.array_equal(first.kept, second.kept)
    assert len(repeated(past_of(1, 1), users=10, seed=0)[0].users) == 0


def test_a_hit_at_rank_r_gains_one_over_log2_of_r_plus_one() -> None:
    # Hits at ranks 1 and 3 of three relevant items, of which a list of four can hold all: 1 + 1/2 of 1 + 0.6309 + 1/2.
    ranked = np.array([[7, 1, 8, 2], [0, 1, 2, 3]])

    found = ndcg_of_rows(ranked, [np.array([7, 8, 9]), np.array([5])])

    assert found == pytest.approx([1.5 / (1.5 + 1 / np.log2(3)), 0.0])


@given(seed=st.integers(0, 1_000), n_items=st.integers(1, 60))
def test_the_measure_is_that_of_the_evaluation(seed: int, n_items: int) -> None:
    random = np.random.default_rng(seed)
    scores = np.array([random.permutation(n_items) for _ in range(6)], np.float32)
    relevant = [random.permutation(n_items)[: random.integers(1, n_items + 1)] for _ in scores]

    found = ndcg_of_scores(scores, relevant)

    users = np.repeat(np.arange(6), [len(rows) for rows in relevant])
    held_out = sp.csr_array((np.ones(len(users)), (users, np.concatenate(relevant))), shape=scores.shape)
    ranked = np.argsort(-scores, axis=1)[:, :20]
    hits, counts = hits_of(ranked, held_out)
    assert found == pytest.approx(ndcg(hits, counts, ranked.shape[1]))


def test_equal_scores_are_ordered_by_row() -> None:
    scores = np.array([[1, 2, 1, 2]], np.float32)  # 1, 3, 0, 2

    found = [ndcg_of_scores(scores, [np.array([row])])[0] for row in range(4)]

    assert found == pytest.approx([1 / np.log2(rank + 1) for rank in (3, 1, 4, 2)])


def test_the_base_gains_nothing_over_itself_and_a_percent_on_each_kind_is_a_percent() -> None:
    base = np.array([0.5, 0.3, 0.9, 0.02, 0.04, 0.06] * 20)  # the second kind is far harder
    kinds = np.array([0, 0, 0, 1, 1, 1] * 20)

    assert relative_gains(base, base, kinds).tolist() == [0.0] * 120
    assert relative_gains(base * 1.01, base, kinds).mean() == pytest.approx(0.01)


def test_kinds_count_by_their_weight_however_many_users_they_have() -> None:
    # Half of the weight is on "continue", whose twenty users gain 30 %; the others' eighty lose 3 %.
    kinds = np.array([CONTINUE] * 20 + [FILL] * 80)
    base = np.full(100, 0.5)
    values = np.where(kinds == CONTINUE, 0.65, 0.485)

    gains = relative_gains(values, base, kinds)

    assert gains.mean() == pytest.approx(0.30 / 2 - 0.03 / 2)
    only_fill = kinds == FILL
    assert relative_gains(values[only_fill], base[only_fill], kinds[only_fill]).mean() == pytest.approx(-0.03)


def test_one_lucky_hit_where_there_was_none_is_not_worth_a_loss_elsewhere() -> None:
    kinds = np.array([CONTINUE, FILL] * 50)
    base = np.where(kinds == CONTINUE, 0.0, 0.5)
    values = base * 0.9
    values[0] = 0.05

    # A hit of 0.05 for one of fifty users counts like 5 % of one first place among them.
    assert relative_gains(values, base, kinds).mean() == pytest.approx(0.05 / 2 - 0.1 / 2)


def _holdout_by_hand(weights: list[float]) -> Holdout:
    """One user who had items 0, 1 and 2 in this order, and of whom item 4 is to be found among 3, 4 and 5."""
    past = PastItems(
        ["u"],
        6,
        np.array([0, 3]),
        np.array([0, 1, 2]),
        np.array(weights, np.float32),
        np.zeros(3, np.int64),
        np.ones(3, np.uint32),
        np.ones(3, np.bool_),
        np.zeros(3, np.float32),
        timed=True,
    )
    return Holdout(past, np.ones(3, np.bool_), past, np.array([0]), [np.array([4])], np.array([CONTINUE]))


def _points_to(direction_of: dict[int, int]) -> Factors:
    """Each past item stands for one of the items 3, 4 and 5; each of those is a direction of its own."""
    sources, targets = np.zeros((6, 3), np.float32), np.zeros((6, 3), np.float32)
    for item, pointed in direction_of.items():
        sources[item, pointed - 3] = 1
    targets[3:] = np.eye(3)
    targets[:3] = 9  # what was had never stands in the list, however high its score
    return Factors(sources, targets, np.ones(6), cold_map=np.empty((0, 6), np.float32))


@pytest.mark.parametrize(
    ("recency", "against", "rank"),
    [(0.0, 1.0, 2), (2.0, 1.0, 1), (0.0, 0.0, 2)],
    ids=["the older counts more by weight", "until the latest counts most", "a dislike may be left out"],
)
def test_held_out_items_are_looked_for_with_the_profile_that_is_asked_for(
    recency: float, against: float, rank: int
) -> None:
    # Item 0 speaks for 3 with weight 1, item 1 against 5, and item 2, the latest, for 4 with weight 0.5.
    profiles = HeldOutProfiles(_holdout_by_hand([1.0, -1.0, 0.5]))

    found = profiles.ndcg(_points_to({0: 3, 1: 5, 2: 4}), EvidenceConfig(recency=recency, against=against))

    assert found == pytest.approx([1 / np.log2(rank + 1)])
    assert profiles.timed
    assert profiles.against


def test_with_dislikes_alone_nothing_is_known_and_the_catalogues_order_stands() -> None:
    # The dislike of item 0 would push 3 down and 4 to the top; alone it does nothing, so 4 comes after 3 by its row.
    profiles = HeldOutProfiles(_holdout_by_hand([-1.0, 0.0, 0.0]))

    found = profiles.ndcg(_points_to({0: 3}), EvidenceConfig(against=1.0))

    assert found == pytest.approx([1 / np.log2(3)])


def test_what_is_of_one_user_is_one_witness() -> None:
    random = np.random.default_rng(0)
    gains = random.normal(size=400)

    mean, error = mean_and_error(gains, np.arange(400))
    again = mean_and_error(np.repeat(gains, 3), np.repeat(np.arange(400), 3))

    assert mean == pytest.approx(gains.mean())
    assert error == pytest.approx(gains.std() / 20)
    assert again == pytest.approx((mean, error))  # the same told three times is no surer
