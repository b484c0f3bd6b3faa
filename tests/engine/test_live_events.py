"""What a user does counts from the very next answer on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from engine.answers import answer, explanation_of, scores
from engine.live_state import NOW, LiveState
from hypothesis import given
from hypothesis import strategies as st

from crossfade.bundle.evidence import Act, weigh_acts
from crossfade.bundle.manifest import ProfileRules
from crossfade.engine import Exclude, Query
from crossfade.engine.items import Items
from crossfade.engine.overlay import Overlay
from crossfade.engine.people import evidence_of
from crossfade.engine.view import View

ZERO = [[0.0]] * 4
# i0 and i1 are alike, and i2 and i3.
LIKENESS = [[1.0, 0.0], [0.8, 0.6], [0.0, -1.0], [-0.6, -0.8]]
DAY = timedelta(days=1)
JUST_NOW = datetime.now(UTC)

MakeView = Callable[..., View]


@pytest.fixture
def state(make_view: MakeView) -> LiveState:
    """u had i0 on the first of a month and i1 on the second; v disliked i0, w had i2."""
    first = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
    view = make_view(
        LIKENESS,
        LIKENESS,
        LIKENESS,
        past={"u": {0: 1.0, 1: 1.0}, "v": {0: -1.0}, "w": {2: 1.0}},
        acts={
            "u": {0: (first, ["watch"]), 1: (first + 86_400, ["watch", "like"])},
            "v": {0: (first, ["dislike"])},
            "w": {2: (first, ["watch"])},
        },
    )
    return LiveState(view)


def weights_of(state: LiveState, user_id: str) -> dict[str, float]:
    """Return what each past item of a user weighs, oldest first."""
    items = state.view.items
    evidence = evidence_of(items, state.view.person(user_id), now=NOW)
    return dict(zip(map(items.id_of, evidence.rows.tolist()), evidence.weights.tolist(), strict=True))


def test_an_event_changes_the_very_next_answer(state: LiveState) -> None:
    before = answer(state.view, Query(user_id="new"))

    state.event("new", "i0")
    after = answer(state.view, Query(user_id="new", explain=True))

    assert before.cold_start
    assert before.missing.user_id == "new"
    assert not after.cold_start
    assert after.missing.user_id is None
    assert list(scores(after)) == ["i1", "i2", "i3"]
    assert [one.item_id for one in explanation_of(after, "i1").because] == ["i0"]


@pytest.mark.parametrize(("event_type", "first"), [("like", "i1"), ("dislike", "i2")])
def test_a_like_and_a_dislike_push_in_both_directions(state: LiveState, event_type: str, first: str) -> None:
    state.event("new", "i0", event_type)

    found = answer(state.view, Query(user_id="new", explain=True))

    assert next(iter(scores(found))) == first
    pushed = explanation_of(found, "i1").components["content"]
    assert (pushed > 0) == (event_type == "like")


@pytest.mark.parametrize(
    ("acts", "weight"),
    [
        # By the hand-made rules a like weighs 3, a dislike -1, anything else 1, and n acts for an item, or n against,
        # 1 + 0.5 ln(n) times as much.
        ([("watch", None)], 1.0),
        ([("like", None)], 3.0),
        ([("dislike", None)], -1.0),
        ([("like", None), ("dislike", None)], -1.0),
        ([("dislike", None), ("like", None)], 3.0),
        ([("dislike", None), ("dislike", None)], -1.34657),
        ([("watch", None), ("dislike", None), ("like", None)], 4.03972),
        ([("watch", None), ("watch", None), ("watch", None)], 1.54931),
        # Ratings of at most 5 are neutral at 2: (5 - 2) / 2 and (1 - 2) / 2.
        ([("rating", 5.0)], 1.5),
        ([("rating", 1.0)], -0.5),
    ],
)
def test_what_was_done_weighs_as_in_a_bundle(
    state: LiveState, acts: Sequence[tuple[str, float | None]], weight: float
) -> None:
    for minute, (event_type, value) in enumerate(acts):
        state.event("new", "i0", event_type, value=value, at=NOW + timedelta(minutes=minute))

    assert weights_of(state, "new") == {"i0": pytest.approx(weight, abs=1e-4)}


def test_a_later_like_takes_back_what_the_bundle_holds_against_an_item(state: LiveState) -> None:
    state.event("v", "i0", "watch")
    still_against = weights_of(state, "v")
    state.event("v", "i0", "like", at=NOW + DAY)

    # Two of the three acts speak for it: 3 (1 + 0.5 ln 2).
    assert still_against == {"i0": -1.0}
    assert weights_of(state, "v") == {"i0": pytest.approx(4.03972, abs=1e-4)}


def test_a_no_in_the_bundle_and_a_like_since_weigh_what_the_next_bundle_would_say(state: LiveState) -> None:
    state.event("v", "i0", "like")

    rules = state.view.bundle.manifest.evidence
    assert weights_of(state, "v") == {"i0": 3.0} == {"i0": weigh_acts([Act("dislike"), Act("like")], rules)}


def test_a_dislike_outweighs_what_the_bundle_holds_for_an_item_and_a_watch_adds_to_it(state: LiveState) -> None:
    state.event("u", "i0", "dislike")
    state.event("w", "i2", "like")

    assert weights_of(state, "u")["i0"] == -1.0
    assert weights_of(state, "w") == {"i2": 3.0}


def test_past_items_come_in_the_order_of_their_latest_acts_whichever_way_they_were_told(state: LiveState) -> None:
    between = datetime(2026, 11, 1, 12, tzinfo=UTC)
    state.event("u", "i2", at=between)
    state.event("u", "i3", at=NOW)
    told_late = list(weights_of(state, "u"))
    state.event("u", "i0", at=NOW + DAY)

    assert told_late == ["i0", "i2", "i1", "i3"]
    assert list(weights_of(state, "u")) == ["i2", "i1", "i3", "i0"]


def test_an_impression_of_a_past_item_does_not_make_it_the_latest(make_view: MakeView) -> None:
    rules = ProfileRules(recency=1.0, against=1.0, repeats=False)
    state = LiveState(make_view(LIKENESS, LIKENESS, ZERO, past={"u": {0: 1.0, 3: 1.0}}, profile=rules))
    before = scores(answer(state.view, Query(user_id="u")))

    state.event("u", "i0", "impression")

    assert scores(answer(state.view, Query(user_id="u"))) == before


def test_an_item_that_was_shown_and_left_alone_fades_and_comes_back_with_time(make_view: MakeView) -> None:
    def taken_off(*days_ago: float) -> float:
        state = LiveState(make_view(ZERO, ZERO, ZERO))
        for days in days_ago:
            state.event("u", "i0", "impression", at=datetime.now(UTC) - days * DAY)
        found = answer(state.view, Query(user_id="u", limit=4))
        assert list(scores(found)) == ["i1", "i2", "i3", "i0"]
        return scores(found)["i0"]

    # -2 a / (1 + a), each impression counting half for every day since.
    assert taken_off(0) == pytest.approx(-1.0, abs=1e-3)
    assert taken_off(1) == pytest.approx(-2 / 3, abs=1e-3)
    assert taken_off(0, 0, 0) == pytest.approx(-1.5, abs=1e-3)
    assert taken_off(10) == pytest.approx(-2 / 1_025, abs=1e-4)


def test_what_is_shown_rotates(make_view: MakeView) -> None:
    state = LiveState(make_view(ZERO, ZERO, ZERO, popularity=[1.3, 1.2, 1.1, 1.0]))
    shown = []
    for _ in range(4):
        (item,) = answer(state.view, Query(user_id="u", limit=1, weights={"popularity": 0.1})).items
        shown.append(item.item_id)
        state.event("u", item.item_id, "impression", at=datetime.now(UTC))

    assert sorted(shown) == ["i0", "i1", "i2", "i3"]


def test_an_act_after_the_impression_takes_it_back_and_one_before_does_not(state: LiveState) -> None:
    state.event("new", "i0", "impression", at=JUST_NOW - 2 * DAY)
    state.event("new", "i0", "watch", at=JUST_NOW - DAY)
    taken_back = answer(state.view, Query(user_id="new", exclude=Exclude(interacted=False), explain=True))
    state.event("new", "i0", "impression", at=JUST_NOW)
    again = answer(state.view, Query(user_id="new", exclude=Exclude(interacted=False), explain=True))

    assert explanation_of(taken_back, "i0").components["impressions"] == 0.0
    assert explanation_of(again, "i0").components["impressions"] == pytest.approx(-1.0, abs=0.05)


def test_an_impression_neither_makes_a_past_nor_leaves_an_item_out(state: LiveState) -> None:
    state.event("new", "i0", "impression")

    found = answer(state.view, Query(user_id="new"))

    assert found.cold_start
    assert found.missing.user_id is None
    assert "i0" in scores(found)


def test_an_event_on_an_item_that_nobody_knows_counts_once_the_item_exists(state: LiveState) -> None:
    state.event("new", "later", "like")
    before = answer(state.view, Query(user_id="new"))
    state.put("later", title="T0")

    after = answer(state.view, Query(user_id="new", explain=True))

    assert before.cold_start
    assert before.missing.user_id is None
    assert "later" not in scores(after)
    assert [one.item_id for one in explanation_of(after, "i1").because] == ["later"]


def that_has_seen(view: View, seq: int) -> LiveState:
    """Return what happens before and after a bundle that was indexed with the live data up to a place."""
    return LiveState(replace(view, items=Items.of(view.bundle, Overlay.over(view.bundle, seq))))


def test_what_a_bundle_has_seen_counts_once_whether_it_holds_the_item_or_not(state: LiveState) -> None:
    state = that_has_seen(state.view, 3)
    state.event("u", "i0", "like")
    state.event("u", "i3")
    state.event("u", "later", "like")
    before = weights_of(state, "u")
    state.put("later", title="T0")
    cut = state.seq
    state.event("u", "later", "like")
    state.event("u", "i3")

    evidence = evidence_of(state.view.items, state.view.person("u"), now=NOW, until=cut)
    assert before == {"i0": 1.0, "i1": 1.0}  # what the bundle made of it
    assert evidence.weights.tolist() == [1.0, 1.0, 3.0]
    assert weights_of(state, "u") == {"i0": 1.0, "i1": 1.0, "later": pytest.approx(4.03972, abs=1e-4), "i3": 1.0}


def test_a_user_of_whom_the_bundle_dropped_everything_is_known_once_the_item_is(state: LiveState) -> None:
    state = that_has_seen(state.view, 2)
    state.event("new", "later")
    state.event("new", "i0")
    state.put("later", title="T0")

    found = answer(state.view, Query(user_id="new", explain=True))

    assert found.missing.user_id is None
    assert [one.item_id for one in explanation_of(found, "i1").because] == ["later"]


def test_what_was_shown_stays_shown_when_a_bundle_has_seen_it(make_view: MakeView) -> None:
    an_hour_ago = int(JUST_NOW.timestamp()) - 3_600
    view = make_view(ZERO, ZERO, ZERO, past={"u": {1: 1.0}}, acts={"u": {1: (an_hour_ago, ["watch"])}})
    state = that_has_seen(view, 3)
    state.event("u", "i0", "impression", at=JUST_NOW)
    state.event("u", "i1", "impression", at=JUST_NOW - DAY)  # and watched later, as the bundle knows
    state.event("u", "i1", "watch", at=JUST_NOW - timedelta(hours=1))

    evidence = evidence_of(state.view.items, state.view.person("u"), now=JUST_NOW)

    assert evidence.shown == {0: pytest.approx(-1.0, abs=1e-3)}
    assert evidence.seen.keys() == {0, 1}
    assert evidence.weights.tolist() == [1.0]


def test_merged_users_have_the_past_of_both_under_either_id(state: LiveState) -> None:
    state.event("anonymous", "i3", at=NOW)
    state.merge("w", "anonymous")

    assert weights_of(state, "w") == weights_of(state, "anonymous") == {"i2": 1.0, "i3": 1.0}
    assert scores(answer(state.view, Query(user_id="w"))) == scores(answer(state.view, Query(user_id="anonymous")))


def test_of_what_two_merged_users_had_in_bundles_the_latest_stands_last_and_what_speaks_more_counts(
    state: LiveState,
) -> None:
    state.merge("v", "u")

    assert weights_of(state, "v") == {"i0": 1.0, "i1": 1.0}


def test_a_forgotten_user_is_a_stranger_and_what_they_do_later_counts(state: LiveState) -> None:
    state.event("u", "i3")
    state.attributes("u", age="old")
    state.forget("u")
    stranger = answer(state.view, Query(user_id="u", limit=4))
    state.event("u", "i2")

    returned = answer(state.view, Query(user_id="u"))

    assert stranger.cold_start
    assert stranger.missing.user_id == "u"
    assert scores(stranger) == scores(answer(state.view, Query(user_id="stranger", limit=4)))
    assert weights_of(state, "u") == {"i2": 1.0}
    assert returned.missing.user_id is None


def test_what_was_told_of_a_user_takes_the_place_of_what_the_bundle_knows(drawn_view: View) -> None:
    state = LiveState(drawn_view)
    young, old = (scores(answer(state.view, Query(user_id=user, limit=300))) for user in ("u42", "u43"))
    state.attributes("u42", age="old")
    changed = scores(answer(state.view, Query(user_id="u42", limit=300)))
    state.attributes("u42")

    nothing = scores(answer(state.view, Query(user_id="u42", limit=300)))

    assert young != old
    assert changed == pytest.approx(old, abs=1e-5)
    assert nothing == pytest.approx(scores(answer(state.view, Query(user_id="nobody", limit=300))), abs=1e-5)


def test_what_was_done_after_the_watermark_does_not_count(state: LiveState) -> None:
    state.event("new", "i0")
    cut = state.seq
    state.event("new", "i3")

    evidence = evidence_of(state.view.items, state.view.person("new"), now=NOW, until=cut)

    assert evidence.rows.tolist() == [0]


@pytest.mark.parametrize(
    ("exclude", "left_out"),
    [
        (Exclude(), {"i0", "i1", "i2"}),
        (Exclude(interacted=False), set()),
        (Exclude(interacted=False, event_types=["like"]), {"i1"}),
        (Exclude(interacted=False, event_types=["impression"]), {"i3"}),
        (Exclude(interacted=False, since=NOW, event_types=["watch"]), {"i2"}),
        (Exclude(event_types=["like"]), {"i1"}),
        (Exclude(event_types=["impression"]), {"i3"}),
        (Exclude(event_types=["like", "impression"]), {"i1", "i3"}),
        (Exclude(interacted=False, event_types=["like", "impression"]), {"i1", "i3"}),
        (Exclude(interacted=False, since=datetime(2026, 11, 2, tzinfo=UTC)), {"i1", "i2"}),
        (Exclude(since=NOW, event_types=["impression"]), {"i3"}),
        (Exclude(since=NOW + timedelta(seconds=1), event_types=["impression"]), set()),
        (Exclude(since=datetime(2026, 11, 2, tzinfo=UTC)), {"i1", "i2"}),
        (Exclude(since=NOW, event_types=["watch"]), {"i2"}),
        (Exclude(since=NOW + DAY), set()),
        (Exclude(since=NOW + DAY, interacted=True), {"i0", "i1", "i2"}),
        (Exclude(item_ids=["i3"], event_types=["like"]), {"i1", "i3"}),
    ],
)
def test_what_the_user_had_is_left_out_by_when_and_how(state: LiveState, exclude: Exclude, left_out: set[str]) -> None:
    state.event("u", "i2", "watch", at=NOW)
    state.event("u", "i3", "impression", at=NOW)

    found = answer(state.view, Query(user_id="u", exclude=exclude))

    assert {"i0", "i1", "i2", "i3"} - scores(found).keys() == left_out


acts = st.lists(
    st.tuples(st.sampled_from(["watch", "like", "dislike", "rating", "impression"]), st.sampled_from([None, 1.0, 5.0])),
    max_size=6,
)


@given(done=acts, data=st.data())
def test_it_does_not_matter_in_which_order_events_arrive(
    make_view: MakeView, done: Sequence[tuple[str, float | None]], data: st.DataObject
) -> None:
    state = LiveState(make_view(ZERO, ZERO, ZERO))
    timed = [(NOW + minute * timedelta(minutes=1), *act) for minute, act in enumerate(done)]
    for at, event_type, value in data.draw(st.permutations(timed)):
        state.event("new", "i0", event_type, value=value, at=at)

    weight = weigh_acts([Act(*act) for act in done], state.view.bundle.manifest.evidence)
    assert weights_of(state, "new") == ({} if weight is None else {"i0": pytest.approx(weight, rel=1e-6)})


def test_what_the_bundle_was_told_of_an_erased_user_is_forgotten_too(drawn_view: View) -> None:
    state = LiveState(drawn_view)
    before = evidence_of(state.view.items, state.view.person("u42"), now=NOW)
    state.forget("u42")
    after = evidence_of(state.view.items, state.view.person("u42"), now=NOW)

    assert dict(before.attributes) != {}
    assert (after.known, dict(after.attributes)) == (False, {})
