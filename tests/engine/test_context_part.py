"""What the moment says, worked out by hand on a catalogue of four items."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.bundle.context_space import CONTEXT_SPACE_FILES, ContextSpace, load_context_space, save_context_space
from crossfade.engine.context import ContextPart, context_part, read_context
from crossfade.errors import BundleCorruptError, QueryError
from crossfade.types import FloatArray

LIFTS = np.array([[1.0, 0.0, -1.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.4, 0.0, 0.0, 0.0]], np.float32)
SPACE = ContextSpace(
    fields={"device": ("tv", "phone"), "part_of_day": ("morning", "night")},
    weights=np.array([2.0, 0.5], np.float32),
    lifts=LIFTS,
    mean=np.array([0.0, 0.5, 0.25, 0.1], np.float32),
    scale=2.0,
)
SATURDAY_MORNING = "2026-11-21T08:15:00+01:00"


def part_of(*vectors: FloatArray, weights: tuple[float, ...] | None = None) -> ContextPart:
    given_weights = np.array(weights or [1.0] * len(vectors), np.float32)
    return context_part("context", SPACE, vectors, weights=given_weights)


def test_the_weight_of_a_field_stands_at_its_active_value() -> None:
    vector, applied, ignored = SPACE.active({"part_of_day": "night", "device": "phone", "country": "DE"})

    assert vector.tolist() == [0.0, 2.0, 0.0, 0.5]
    assert list(applied.items()) == [("device", "phone"), ("part_of_day", "night")]
    assert ignored == {"country": "DE"}


def test_a_value_never_seen_is_ignored_by_name() -> None:
    found = read_context(SPACE, {"device": "fridge"})

    assert not found.vector.any()
    assert (found.applied, found.ignored) == ({}, {"device": "fridge"})


def test_a_timestamp_tells_the_part_of_day_and_is_not_named_as_ignored() -> None:
    found = read_context(SPACE, {"timestamp": SATURDAY_MORNING, "device": "tv"})

    assert found.applied == {"device": "tv", "part_of_day": "morning"}
    assert found.ignored == {}


def test_a_field_named_outright_counts_instead_of_what_the_timestamp_says() -> None:
    found = read_context(SPACE, {"timestamp": SATURDAY_MORNING, "part_of_day": "night"})

    assert found.applied == {"part_of_day": "night"}
    assert found.ignored == {"timestamp": SATURDAY_MORNING}


def test_a_timestamp_that_does_not_tell_the_users_clock_is_ignored_by_name() -> None:
    found = read_context(SPACE, {"timestamp": "1795245300"})

    assert (found.applied, found.ignored) == ({}, {"timestamp": "1795245300"})


def test_where_clock_fields_tell_nothing_the_timestamp_is_ignored_by_name() -> None:
    found = read_context(ContextSpace.empty(4), {"timestamp": SATURDAY_MORNING, "timezone": "Europe/Berlin"})

    assert found.applied == {}
    assert found.ignored == {"timestamp": SATURDAY_MORNING, "timezone": "Europe/Berlin"}


def test_without_a_timestamp_the_bundles_zone_tells_what_time_it_is() -> None:
    now = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)

    assert read_context(SPACE, {}, now=now, default_zone="UTC").applied == {"part_of_day": "night"}
    assert read_context(SPACE, {}, now=now, default_zone="Asia/Tokyo").applied == {"part_of_day": "morning"}


def test_nonsense_is_refused() -> None:
    with pytest.raises(QueryError):
        read_context(SPACE, {"timestamp": "yesterday"})


def test_a_score_is_the_weighted_lifts_above_their_mean_on_one_scale() -> None:
    # phone at night: raw = 2 * (0, 2, 0, 0) + 0.5 * (0.4, 0, 0, 0) = 0.2, 4, 0, 0; mean 2 * 0.5 + 0.5 * 0.1 = 1.05.
    part = part_of(SPACE.active({"device": "phone", "part_of_day": "night"})[0], weights=(3.0,))

    assert part.present.tolist() == [True]
    assert part.everywhere() == pytest.approx(np.array([[-1.275, 4.425, -1.575, -1.575]]))
    assert part.at(0, np.array([1, 0])) == pytest.approx([4.425, -1.275])


def test_no_known_value_means_absent_and_adds_exactly_nothing() -> None:
    part = part_of(np.zeros(4, np.float32))

    assert part.present.tolist() == [False]
    assert part.everywhere() == 0.0
    assert part.at(0, np.array([2])).tolist() == [0.0]
    assert [len(rows) for rows in part.nearest(2, np.arange(1))] == [0]


def test_a_weight_of_zero_silences_a_context_that_is_present() -> None:
    part = part_of(SPACE.active({"device": "tv"})[0], weights=(0.0,))

    assert part.present.tolist() == [True]
    assert part.everywhere() == 0.0
    assert [len(rows) for rows in part.nearest(1, np.arange(1))] == [0]


def test_the_nearest_are_those_of_largest_score() -> None:
    part = part_of(SPACE.active({"device": "tv"})[0], np.zeros(4, np.float32), SPACE.active({"device": "phone"})[0])

    assert [rows.tolist() for rows in part.nearest(1, np.arange(3))] == [[0], [], [1]]
    assert [rows.tolist() for rows in part.nearest(1, np.array([2]))] == [[1]]
    assert sorted(part.nearest(9, np.arange(1))[0].tolist()) == [0, 1, 2, 3]


FIELDS = st.sampled_from(["device", "part_of_day"])
VALUES = st.sampled_from(["tv", "phone", "morning", "night", "?"])


@given(st.lists(st.dictionaries(FIELDS, VALUES), min_size=1, max_size=5))
def test_an_answer_does_not_depend_on_its_batch_nor_on_how_items_are_asked_for(contexts: list[dict[str, str]]) -> None:
    vectors = [SPACE.active(context)[0] for context in contexts]
    together = np.broadcast_to(part_of(*vectors).everywhere(), (len(vectors), 4))

    for query, vector in enumerate(vectors):
        alone = part_of(vector)
        assert np.broadcast_to(alone.everywhere(), (1, 4))[0] == pytest.approx(together[query], abs=1e-6)
        assert part_of(*vectors).at(query, np.arange(4)) == pytest.approx(together[query], abs=1e-6)


@pytest.mark.parametrize("space", [SPACE, ContextSpace.empty(4)])
def test_what_is_saved_is_loaded(tmp_path: Path, space: ContextSpace) -> None:
    save_context_space(space, tmp_path / "context")

    loaded = load_context_space(tmp_path / "context", n_items=4)

    assert sorted(path.name for path in (tmp_path / "context").iterdir()) == sorted(CONTEXT_SPACE_FILES)
    assert dict(loaded.fields) == dict(space.fields)
    assert list(loaded.fields) == list(space.fields)
    assert loaded.scale == space.scale
    for name in ("weights", "lifts", "mean"):
        assert np.array_equal(getattr(loaded, name), getattr(space, name))


@pytest.mark.parametrize("name", CONTEXT_SPACE_FILES)
@pytest.mark.parametrize("damage", ["missing", "emptied", "garbled"])
def test_a_damaged_file_is_refused_and_named(tmp_path: Path, name: str, damage: str) -> None:
    save_context_space(SPACE, tmp_path)
    if damage == "missing":
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(b"" if damage == "emptied" else b"\x80\x04garbage")

    with pytest.raises(BundleCorruptError, match=name):
        load_context_space(tmp_path, n_items=4)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"weight": 2.0', '"weight": -2.0'),
        ('"scale": 2.0', '"scale": 0.0'),
        ('"phone"', '"tv"'),
        ('"device"', '"part_of_day"'),
        ('"scale"', '"stretch"'),
    ],
)
def test_impossible_fields_are_refused(tmp_path: Path, old: str, new: str) -> None:
    save_context_space(SPACE, tmp_path)
    path = tmp_path / "fields.json"
    path.write_text(path.read_text().replace(old, new))

    with pytest.raises(BundleCorruptError, match=r"fields\.json"):
        load_context_space(tmp_path, n_items=4)


def test_parts_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    save_context_space(SPACE, tmp_path)

    with pytest.raises(BundleCorruptError, match=r"lifts\.npy: float32 of shape \(4, 4\), expected float32 of shape"):
        load_context_space(tmp_path, n_items=5)
