"""Weights learned where it is known what each component is worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from indexing.planted import communities, material, texts_of

from crossfade.bundle.manifest import FusionWeights
from crossfade.engine import COMPONENTS
from crossfade_indexing.config import EvidenceConfig, FactorizationConfig, FusionConfig
from crossfade_indexing.learning.spaces import Material, learn_factors, learn_spaces
from crossfade_indexing.selection.candidates import score_candidates
from crossfade_indexing.selection.factors import Trial
from crossfade_indexing.selection.fusion import learn_fusion, start_for
from crossfade_indexing.selection.holdout import hold_out
from crossfade_indexing.selection.requests import requests_of

N_ITEMS = 120


def learned(
    everything: Material, config: FusionConfig | None = None, *, users: int = 400
) -> tuple[FusionConfig, list[Trial]]:
    holdout = hold_out(everything.past, users=users, seed=0)
    side = Material(holdout.train, everything.situations, everything.content, everything.item_ids)
    factors = learn_factors(side, FactorizationConfig(half_rank=8))
    spaces = learn_spaces(side, factors, EvidenceConfig(), half_life_days=None, seed=0).spaces
    requests = requests_of(holdout, spaces, EvidenceConfig(), everything.situations, everything.item_ids)
    found = learn_fusion(score_candidates(requests, spaces, [], seconds=60), config or FusionConfig(), {})
    return found.config, list(found.trials)


def at(config: FusionConfig, component: str, past_items: float) -> float:
    return FusionWeights(**config.model_dump()).at(component, past_items)


def without_content(config: FusionConfig) -> FusionConfig:
    return FusionConfig(
        newcomer={**config.newcomer, "content": 0.0}, regular={**config.regular, "content": 0.0}, fade=config.fade
    )


def test_texts_that_say_nothing_cost_next_to_nothing() -> None:
    texts = np.random.default_rng(0).permutation(texts_of(N_ITEMS))

    found, _ = learned(material(communities(n_users=200), N_ITEMS, texts))

    for n in (1, 4, 12):
        assert at(found, "content", n) <= at(FusionConfig(), "content", n)
    # Other people of the same kind: with every part named nothing is learned, and what it begins with is measured.
    others = material(communities(n_users=400, seed=7), N_ITEMS, texts)
    with_it, without = (
        learned(others, FusionConfig(**config.model_dump()))[1][0].ndcg for config in (found, without_content(found))
    )
    assert all(with_it[kind] > 0.97 * without[kind] for kind in without)


def test_texts_that_tell_more_than_what_people_did_get_more() -> None:
    # Forty people with four items each tell little of 120 items, whose texts are the whole truth.
    pasts = communities(n_users=60, size=5, loyalty=0.99, seed=2)

    found, trials = learned(material(pasts, N_ITEMS, texts_of(N_ITEMS, noise=0.05)))

    assert at(found, "content", 4) > 2 * at(FusionConfig(), "content", 4)
    assert trials[-1].gain > 0.1


def test_the_fewer_people_the_more_the_texts_count_to_begin_with() -> None:
    config = FusionConfig(newcomer=FusionConfig().newcomer)

    few, many = (start_for(config, n_users) for n_users in (30, 60_000))

    assert few.regular["content"] == pytest.approx(3 * config.regular["content"])
    assert many.regular["content"] == pytest.approx(config.regular["content"], rel=0.01)
    assert few.newcomer == config.newcomer  # named, so it stays
    assert few.model_fields_set == {"newcomer"}
    assert {**few.regular, "content": 0} == {**config.regular, "content": 0}


def test_when_time_runs_out_only_the_requests_that_were_scored_count() -> None:
    everything = material(communities(n_users=200), N_ITEMS)
    holdout = hold_out(everything.past, users=400, seed=0)
    factors = learn_factors(everything, FactorizationConfig(half_rank=8))
    spaces = learn_spaces(everything, factors, EvidenceConfig(), half_life_days=None, seed=0).spaces
    requests = requests_of(holdout, spaces, EvidenceConfig(), everything.situations, everything.item_ids)

    candidates = score_candidates(requests, spaces, [], seconds=0)

    assert len(requests) > 128 > len(candidates.sizes) >= 20
    assert len(candidates.ndcg(FusionConfig())) == len(candidates.sizes)
    assert candidates.newcomers.any()
    assert not candidates.newcomers.all()


def test_an_item_nobody_has_had_is_not_unpopular_but_unknown() -> None:
    everything = material(communities(), N_ITEMS + 10)  # the last ten are nobody's

    spaces = learn_spaces(
        everything, learn_factors(everything, FactorizationConfig()), EvidenceConfig(), half_life_days=None, seed=0
    ).spaces

    assert spaces.popularity[N_ITEMS:] == pytest.approx(np.full(10, spaces.popularity[:N_ITEMS].mean()))


def test_what_everybody_uses_counts_for_those_who_have_done_little() -> None:
    found, _ = learned(material(communities(n_users=200, loyalty=0.7), N_ITEMS))

    assert at(found, "popularity", 0) > 0
    assert at(found, "popularity", 0) >= at(found, "popularity", 20)


def test_collaborative_is_what_the_others_are_measured_by_and_stays_one() -> None:
    found, trials = learned(material(communities(), N_ITEMS, texts_of(N_ITEMS)))

    assert found.newcomer["collaborative"] == found.regular["collaborative"] == 1.0
    for trial in trials:
        assert {name.partition(".")[2] for name in trial.setting} - {""} == set(COMPONENTS)
    assert trials[0].gain == trials[0].error == 0.0
    assert [trial.gain for trial in trials] == sorted(trial.gain for trial in trials)


def test_a_component_without_evidence_keeps_its_default() -> None:
    found, _ = learned(material(communities(), N_ITEMS))  # no texts, no attributes

    for name in ("content", "attributes"):
        assert (found.newcomer[name], found.regular[name]) == (
            FusionConfig().newcomer[name],
            FusionConfig().regular[name],
        )


def test_a_part_that_the_config_names_stays() -> None:
    everything = material(communities(n_users=200), N_ITEMS, np.random.default_rng(0).permutation(texts_of(N_ITEMS)))
    regular = {**FusionConfig().regular, "content": 0.9}

    found, _ = learned(everything, FusionConfig(regular=regular, fade=7.0))

    assert found.regular == regular
    assert found.fade == 7.0
    assert found.newcomer["content"] < 1.0


def test_who_has_done_nothing_gets_the_newcomers_weights_and_half_way_they_are_the_mean() -> None:
    config = FusionConfig(
        newcomer={**dict.fromkeys(COMPONENTS, 1.0), "content": 2.0}, regular=dict.fromkeys(COMPONENTS, 0.0), fade=8.0
    )

    assert at(config, "content", 0) == 2.0
    assert at(config, "content", 8) == 1.0
    assert at(config, "content", 24) == pytest.approx(0.5)


@given(newcomer=st.floats(0, 100), regular=st.floats(0, 100), fade=st.floats(0.1, 1e3), n=st.integers(0, 10_000))
def test_the_fade_goes_one_way(newcomer: float, regular: float, fade: float, n: int) -> None:
    config = FusionConfig(
        newcomer=dict.fromkeys(COMPONENTS, newcomer), regular=dict.fromkeys(COMPONENTS, regular), fade=fade
    )

    now, later = at(config, "content", n), at(config, "content", n + 1)

    assert min(newcomer, regular) - 1e-9 <= now <= max(newcomer, regular) + 1e-9
    assert (later - now) * (regular - newcomer) >= -1e-9
