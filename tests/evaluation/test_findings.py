"""Sentences follow the numbers, and say when the numbers leave something open."""

from __future__ import annotations

import pytest
from evaluation.example import around, example, paired

from crossfade_indexing.evaluation.findings import find
from crossfade_indexing.evaluation.result import (
    Calibration,
    Evaluation,
    FadePoint,
    FieldResult,
    GroupLeader,
    Interval,
    LongTailPoint,
    ModelResult,
    Paired,
    RatingResult,
)


def nothing(**parts: object) -> Evaluation:
    """An evaluation that measured nothing but the parts given."""
    whole = example()
    empty = {"models": (), "leaders": (), "ratings": (), "fade": (), "context": (), "calibration": ()}
    data = whole.data.model_copy(update={"long_tail": ()})
    return whole.model_copy(update={"data": data, **empty, **parts})


def told(evaluation: Evaluation) -> list[str]:
    # People read a non-breaking space and a real minus; a test writes what is on the keyboard.
    return [found.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-") for found in find(evaluation)]


def fused(versus: Paired | None, **metrics: Interval) -> ModelResult:
    whole = {"ndcg": around(0.132), **metrics}
    return ModelResult.model_validate(
        {"name": "Crossfade", "kind": "crossfade", "metrics": whole, "versus_best_baseline": versus}
    )


def ease(**metrics: Interval) -> ModelResult:
    return ModelResult.model_validate(
        {"name": "EASE", "kind": "baseline", "metrics": {"ndcg": around(0.12), **metrics}}
    )


def partial(kind: str, component: str, versus: Paired) -> ModelResult:
    return ModelResult.model_validate(
        {
            "name": f"{kind} {component}",
            "kind": kind,
            "component": component,
            "metrics": {"ndcg": around(0.1)},
            "versus_crossfade": versus,
        }
    )


def test_nothing_measured_is_nothing_found() -> None:
    assert told(nothing()) == []


def test_a_lead_over_the_best_baseline_is_told_with_its_interval() -> None:
    evaluation = nothing(models=(fused(paired("EASE", 0.012, 0.12, 0.006)), ease()))

    assert told(evaluation) == [
        (
            "Crossfade beats the best baseline (EASE) by 10.0 % (95 % interval 5.0 to 15.0 %) in NDCG@10, "
            "0.132 against 0.120."
        )
    ]


def test_a_defeat_is_told_as_plainly() -> None:
    evaluation = nothing(models=(fused(paired("EASE", -0.012, 0.12, 0.006)), ease()))

    assert told(evaluation)[0].startswith(
        "Crossfade falls behind the best baseline (EASE) by 10.0 % (95 % interval 5.0 to 15.0 %) in NDCG@10"
    )


def test_an_interval_that_holds_zero_allows_no_winner() -> None:
    evaluation = nothing(models=(fused(paired("EASE", 0.006, 0.12, 0.012)), ease()))

    assert told(evaluation)[0].startswith(
        "No difference in NDCG@10 can be told between Crossfade and the best baseline (EASE): "
        "5.0 % (95 % interval -5.0 to 15.0 %)"
    )


def test_a_ratio_that_holds_one_allows_no_winner_either() -> None:
    doubtful = Paired(baseline="EASE", difference=around(0.01, 0.009), ratio=around(1.1, 0.2), p_value=0.04)

    assert told(nothing(models=(fused(doubtful), ease())))[0].startswith("No difference")


def test_where_the_other_reaches_nothing_the_difference_is_told() -> None:
    versus = Paired(baseline="EASE", difference=around(0.132, 0.01), ratio=None, p_value=0.0)

    assert "by 0.132 (0.122 to 0.142) in NDCG@10" in told(nothing(models=(fused(versus), ease())))[0]


def test_the_fusion_is_compared_with_its_best_component_in_per_cent_of_that() -> None:
    # The component reaches 0.8 of the fusion (0.75 to 0.85), so the fusion reaches 1.25 of it (1 / 0.85 to 1 / 0.75).
    versus = Paired(baseline="Crossfade", difference=around(-0.02, 0.005), ratio=around(0.8, 0.05), p_value=0.001)

    assert told(nothing(models=(partial("component", "content", versus),))) == [
        "Crossfade beats its best single component (content) by 25.0 % (95 % interval 17.6 to 33.3 %) in NDCG@10."
    ]


def test_what_is_left_out_costs_gains_or_leaves_it_open() -> None:
    models = (
        partial("without", "content", paired("Crossfade", -0.01, 0.1, 0.005)),
        partial("without", "popularity", paired("Crossfade", 0.01, 0.1, 0.005)),
        partial("without", "context", paired("Crossfade", -0.001, 0.1, 0.005)),
        partial("without", "trend", paired("Crossfade", 0.0, 0.1, 0.005)),
    )

    assert told(nothing(models=models)) == [
        "Removing content costs 10.0 % (95 % interval 5.0 to 15.0 %) of NDCG@10.",
        (
            "Removing popularity gains 10.0 % (95 % interval 5.0 to 15.0 %) in NDCG@10: "
            "the fusion would be better without it."
        ),
        (
            "No difference in NDCG@10 can be told when one removes context, -1.0 % (95 % interval -6.0 to 4.0 %) or "
            "trend, 0.0 % (95 % interval -5.0 to 5.0 %)."
        ),
    ]


def point(least: int, most: int, users: int, **share: float) -> FadePoint:
    return FadePoint(past_items=least, most_past_items=most, users=users, share=share, ndcg={})


def test_the_fade_is_told_by_who_carries_the_most_and_counts_each_user_once() -> None:
    points = (
        point(0, 4, 100, content=0.7, collaborative=0.3),
        point(5, 9, 100, content=0.52, collaborative=0.48),
        point(10, 99, 50, content=0.4, collaborative=0.6),
    )

    assert told(nothing(fade=points)) == [
        (
            "For users with fewer than 10 past items content carries the most, 61 % of the score "
            "(100 users, histories cut)."
        ),
        (
            "For users with 10 or more past items collaborative carries the most, 60 % of the score "
            "(50 users, histories cut)."
        ),
    ]


def test_a_handful_of_users_is_no_finding_at_however_many_lengths() -> None:
    assert told(nothing(fade=(point(0, 4, 29, content=1.0), point(5, 9, 29, content=1.0)))) == []


@pytest.mark.parametrize(
    ("bounds", "whom"),
    [
        (((0, 0), (1, 4), (5, 9)), "users without any past item"),
        (((1, 4), (0, 0), (5, 9)), "users with fewer than 5 past items"),
        (((0, 0), (1, 4), (5, 9)), "users with 1 to 4 past items"),
        (((0, 0), (1, 1), (5, 9)), "users with 1 past item"),
        (((0, 0), (1, 4), (5, 9)), "users with 5 or more past items"),
    ],
)
def test_users_are_named_by_the_range_of_their_past_items(bounds: tuple[tuple[int, int], ...], whom: str) -> None:
    leaders = ("popularity", "content", "collaborative")
    points = tuple(point(low, high, 50, **{leader: 1.0}) for (low, high), leader in zip(bounds, leaders, strict=True))

    assert any(f"For {whom} " in sentence for sentence in told(nothing(fade=points)))


def test_one_component_may_carry_the_most_everywhere() -> None:
    assert told(nothing(fade=(point(0, 4, 50, content=1.0),)))[0].startswith("For users with any number of past items ")


def test_a_group_has_a_winner_only_where_the_interval_says_so() -> None:
    leaders = (
        GroupLeader(group="heavy users", model="User neighbours", versus=paired("EASE", 0.01, 0.1, 0.005)),
        GroupLeader(group="newcomers", model="Crossfade", versus=paired("EASE", 0.01, 0.1, 0.02, 0.3)),
    )

    assert told(nothing(leaders=leaders)) == [
        (
            "Best for heavy users: User neighbours, 10.0 % (95 % interval 5.0 to 15.0 %) above EASE in NDCG@10; "
            "p 0.004, adjusted for 2 groups."
        ),
        (
            "For newcomers no difference in NDCG@10 can be told between Crossfade and EASE, the two best there: "
            "10.0 % (95 % interval -10.0 to 30.0 %); p 0.300, adjusted for 2 groups."
        ),
    ]


def test_a_lead_in_one_of_many_groups_may_be_chance() -> None:
    # The interval of the difference, 0.001 to 0.019, leaves out 0; the p-value is that of all groups together.
    doubtful = paired("EASE", 0.01, 0.1, 0.009, p_value=0.05)
    certain = doubtful.model_copy(update={"p_value": 0.0499})

    others = GroupLeader(group="newcomers", model="Crossfade", versus=certain)
    assert told(nothing(leaders=(GroupLeader(group="regulars", model="Crossfade", versus=doubtful), others)))[0] == (
        "For regulars Crossfade looks better than EASE in NDCG@10, 10.0 % (95 % interval 1.0 to 19.0 %), but with "
        "2 groups looked at one may look so by chance; p 0.050, adjusted for 2 groups."
    )
    assert told(nothing(leaders=(GroupLeader(group="regulars", model="Crossfade", versus=certain),)))[0].startswith(
        "Best for regulars: Crossfade, 10.0 %"
    )


def test_fields_of_the_context_help_harm_or_leave_it_open() -> None:
    gains = {"device": 0.004, "weather": -0.004, "weekday": 0.0}
    fields = tuple(
        FieldResult(field=field, component="context", weight=0.5, gain=around(gain, 0.002))
        for field, gain in gains.items()
    )

    helps, harms, leaves_open = told(nothing(context=fields))

    assert helps == "Of the context, what helps NDCG@10: device (+0.0040, 95 % 0.0020 to 0.0060, weight 0.500)."
    assert harms.startswith("Of the context, what harms NDCG@10: weather (-0.0040,")
    assert leaves_open.startswith("No effect on NDCG@10 can be told of the context's weekday (0,")


def test_coverage_and_novelty_are_compared_only_where_intervals_do_not_touch() -> None:
    versus = paired("EASE", 0.012, 0.12, 0.006)
    ours = fused(versus, coverage=around(0.3, 0.01), novelty=around(9.0, 0.2))
    theirs = ease(coverage=around(0.2, 0.01), novelty=around(9.1, 0.2))

    assert told(nothing(models=(ours, theirs)))[1:] == [
        "Crossfade recommends more of the catalogue than EASE: 30 % against 20 % of all items."
    ]


def test_novelty_is_told_in_bits() -> None:
    ours = fused(paired("EASE", 0.012, 0.12, 0.006), novelty=around(8.0, 0.2))

    assert told(nothing(models=(ours, ease(novelty=around(9.0, 0.2)))))[1:] == [
        (
            "What Crossfade recommends is better known than what EASE does: "
            "novelty 8.00 (7.80 to 8.20) against 9.00 (8.80 to 9.20) bits."
        )
    ]


@pytest.mark.parametrize(("share", "expected"), [(0.8, "over-serves"), (0.4, "under-serves"), (0.62, None)])
def test_popular_items_are_over_or_underserved_against_their_events(share: float, expected: str | None) -> None:
    training = (0.6, *([0.4 / 9] * 9))
    entry = Calibration(model="Crossfade", deciles=(share, *([(1 - share) / 9] * 9)), training=training)

    found = told(nothing(models=(fused(None),), calibration=(entry,)))

    assert [expected in sentence for sentence in found if expected] == ([True] if expected else [])


def test_ratings_have_a_best_model_only_where_the_others_err_more_on_the_same_ratings() -> None:
    def rated(name: str, rmse: float, excess: float | None = None) -> RatingResult:
        more = None if excess is None else around(excess, 0.01)
        return RatingResult(name=name, rmse=around(rmse, 0.01), mae=around(rmse, 0.01), excess=more)

    apart = told(nothing(ratings=(rated("mean", 0.86, 0.017), rated("SVD", 0.85))))
    close = told(nothing(ratings=(rated("mean", 0.86, 0.009), rated("SVD", 0.85))))
    alone = told(nothing(ratings=(rated("SVD", 0.85),)))

    assert apart == ["SVD predicts ratings best: RMSE 0.850 (0.840 to 0.860) against 0.860 (0.850 to 0.870) of mean."]
    assert close[0].startswith("No difference can be told between SVD and mean in predicting ratings")
    assert alone == []


def test_the_long_tail_is_told_by_half_of_the_events() -> None:
    points = tuple(LongTailPoint(items=items, events=events) for items, events in ((0, 0), (0.04, 0.5), (1, 1)))
    data = example().data.model_copy(update={"long_tail": points})

    assert told(nothing(data=data)) == ["Half of all events fall on the 4.0 % most used items."]


def test_a_handful_of_users_is_an_anecdote_whatever_the_intervals() -> None:
    evaluation = example()
    few = evaluation.model_copy(update={"protocol": evaluation.protocol.model_copy(update={"users_evaluated": 29})})

    first, *rest = told(few)

    assert first == "29 evaluated users: too few to tell models apart, which takes 30."
    assert rest == [sentence for sentence in told(evaluation) if sentence.startswith("Half of all events")]
