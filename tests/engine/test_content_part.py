"""What the items say, worked out by hand on a catalogue of four items and held to its own sums on drawn ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.bundle import ContentSpace
from crossfade.engine.content import ContentEvidence, ContentPart, content_evidence, content_part
from crossfade.engine.view import View
from crossfade.types import FloatArray

CORNERS = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [-1.0, 0.0]]


@pytest.fixture
def corners(make_view: Callable[..., View]) -> ContentSpace:
    """Four items in the plane, in which embeddings lie where they are."""
    return make_view([[0.0]] * 4, [[0.0]] * 4, CORNERS, past={}).bundle.spaces.content


def floats(*values: float) -> FloatArray:
    return np.array(values, np.float32)


def part_of(space: ContentSpace, *evidence: ContentEvidence, weights: Sequence[float] | None = None) -> ContentPart:
    given_weights = floats(*(weights or [1.0] * len(evidence)))
    return content_part("content", space, evidence, weights=given_weights, tenth_best=1.0)


def test_a_score_sums_the_squared_nearness_to_each_past_item(corners: ContentSpace) -> None:
    # i0 once and i1 twice: raw 1, 2, 0.36 + 2 * 0.64 = 1.64 and 0. To the others i0 is near by 0.12 on average and i1
    # by 0.21333, so the reference holds 0.12, 0.42667, 1.64 and 0: mean 0.54667, deviation 0.65013.
    part = part_of(corners, content_evidence(corners, np.array([0, 1]), floats(1, 2), None), weights=[2.0])

    assert part.everywhere() == pytest.approx(2 * np.array([[0.69730, 2.23546, 1.68172, -0.84086]]), abs=1e-4)
    assert part.at(0, np.array([2, 0])) == pytest.approx([3.36344, 1.39460], abs=1e-4)


def test_evidence_against_an_item_pushes_down_what_is_like_it_and_lifts_nothing_else(corners: ContentSpace) -> None:
    # i0 disliked: raw -1, 0, -0.36, 0; the opposite of i0 stands no higher than what has nothing to do with it. To the
    # others i0 is near by 0.12 on average, so the reference holds -0.12, 0, -0.36, 0: deviation 0.14697.
    part = part_of(corners, content_evidence(corners, np.array([0]), floats(-1), None))

    z = part.at(0, np.arange(4))
    assert z == pytest.approx([-6.8041, 0.0, -2.4495, 0.0], abs=1e-3)
    assert part.everywhere() == pytest.approx(z[None])
    assert part.shares(0, np.arange(4))[0][:, 0] == pytest.approx(z)
    assert [len(rows) for rows in part.nearest(4, np.arange(1))] == [0]


def test_beside_a_text_all_that_the_past_speaks_for_adds_up_to_one_half(corners: ContentSpace) -> None:
    found = content_evidence(corners, np.array([0, 1, 3]), floats(3, -2, 1), floats(0, 1))

    assert found.amounts == pytest.approx([0.375, -0.25, 0.125])
    assert found.text == pytest.approx([0.0, 1.0])


def test_a_text_counts_like_a_past_item_of_weight_one(corners: ContentSpace) -> None:
    # i0 by half and the words of i1: raw 0.5, 1, 0.5 * 0.36 + 0.64 = 0.82 and 0.
    part = part_of(corners, content_evidence(corners, np.array([0]), floats(9), floats(0, 1)))

    z = part.at(0, np.arange(4))
    assert (z - z[3]) / (z[1] - z[3]) == pytest.approx([0.5, 1.0, 0.82, 0.0], abs=1e-5)


def test_the_hundred_strongest_past_items_count_and_those_without_text_take_no_place(drawn_view: View) -> None:
    space = drawn_view.bundle.spaces.content
    rows = np.arange(200)
    weights = np.where(rows < 150, 1.0, -2.0).astype(np.float32)

    found = content_evidence(space, rows, weights, None)

    described = space.vectors[:200].any(axis=1)
    strong = np.flatnonzero(described & (weights == -2))
    first_of_the_rest = np.flatnonzero(described & (weights == 1))[: 100 - len(strong)]
    assert found.rows.tolist() == sorted([*strong, *first_of_the_rest])


@pytest.mark.parametrize("weights", [(), (0.0,)])
def test_without_evidence_the_component_is_absent(corners: ContentSpace, weights: tuple[float, ...]) -> None:
    part = part_of(corners, content_evidence(corners, np.arange(len(weights)), floats(*weights), None))

    assert part.present.tolist() == [False]
    assert part.everywhere() == 0.0
    assert part.at(0, np.array([1, 2])).tolist() == [0.0, 0.0]
    assert [len(rows) for rows in part.nearest(3, np.arange(1))] == [0]


def test_how_far_out_an_item_stands_does_not_depend_on_whether_the_past_is_in_the_reference(drawn_view: View) -> None:
    space = drawn_view.bundle.spaces.content
    evidence = content_evidence(space, np.arange(1, 9), np.ones(8, np.float32), None)
    without = dataclasses.replace(space, reference=np.arange(9, 300))

    within, beyond = (part_of(one, evidence).at(0, np.arange(20, 300)) for one in (space, without))

    assert within.std() == pytest.approx(beyond.std(), rel=0.05)


def test_items_that_all_say_the_same_tell_nothing(make_view: Callable[..., View]) -> None:
    space = make_view([[0.0]] * 3, [[0.0]] * 3, [[0.6, 0.8]] * 3, past={}).bundle.spaces.content

    part = part_of(space, content_evidence(space, np.array([0]), floats(1), None))

    assert part.present.tolist() == [False]


def test_each_of_four_interests_finds_its_own_items(make_view: Callable[..., View]) -> None:
    # Four directions with one past item and two others each; looked up together they would tie with what lies between.
    vectors = np.repeat(np.eye(4), 3, axis=0)
    space = make_view(np.zeros((12, 1)), np.zeros((12, 1)), vectors, past={}).bundle.spaces.content
    part = part_of(space, content_evidence(space, np.array([0, 3, 6, 9]), floats(9, 3, 2, 1), None))

    assert part.nearest(1, np.arange(1))[0].tolist() == [0, 3, 6, 9]
    assert part.nearest(3, np.arange(1))[0].tolist() == [*range(12)]


def test_a_lookup_of_fewer_is_part_of_one_of_more(drawn_view: View) -> None:
    space = drawn_view.bundle.spaces.content
    part = part_of(space, content_evidence(space, np.arange(1, 40), np.ones(39, np.float32), None))

    fewer, more, all_there_are = (set(part.nearest(n, np.arange(1))[0].tolist()) for n in (20, 50, 10_000))
    assert fewer < more < all_there_are == set(range(300))


ROWS = st.dictionaries(st.integers(0, 299), st.sampled_from([-1.0, 0.25, 1.0, 3.0]), max_size=130)


@given(pasts=st.lists(ROWS, min_size=1, max_size=4), with_text=st.booleans())
def test_items_one_by_one_everywhere_alone_in_a_batch_and_by_share_all_get_the_same(
    drawn_view: View, pasts: list[dict[int, float]], with_text: bool
) -> None:
    space = drawn_view.bundle.spaces.content
    text = space.vectors[5] if with_text else None
    evidence = [
        content_evidence(space, np.array(sorted(past), np.int64), floats(*(past[row] for row in sorted(past))), text)
        for past in pasts
    ]
    part = part_of(space, *evidence)
    rows = np.arange(300)

    everywhere = np.broadcast_to(part.everywhere(), (len(pasts), 300))

    for query, one in enumerate(evidence):
        by_past_item, by_text = part.shares(query, rows)
        alone = np.broadcast_to(part_of(space, one).everywhere(), (1, 300))[0]
        assert np.isfinite(alone).all()
        assert part.at(query, rows) == pytest.approx(everywhere[query], abs=1e-4)
        assert alone == pytest.approx(everywhere[query], abs=1e-4)
        assert by_past_item.sum(axis=1) + by_text == pytest.approx(everywhere[query], rel=1e-4, abs=1e-4)
        assert by_past_item.shape == (300, len(one.rows))


def test_a_catalogue_scored_in_blocks_gets_the_same_scores(drawn_view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    space = drawn_view.bundle.spaces.content
    part = part_of(space, content_evidence(space, np.arange(1, 9), np.ones(8, np.float32), None))
    whole = part.everywhere()

    monkeypatch.setattr("crossfade.engine.content._BLOCK", 100)

    assert part.everywhere() == pytest.approx(whole, abs=1e-5)
