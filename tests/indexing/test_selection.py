"""What is chosen on held-out items: the planted truth, and never worse than the default."""

from __future__ import annotations

import numpy as np
import pytest
from indexing.planted import communities, material, settled
from numpy.typing import NDArray

from crossfade_indexing.config import EvidenceConfig, FactorizationConfig, IndexingConfig, SelectionConfig
from crossfade_indexing.learning.factorization import decompose, shape_factors
from crossfade_indexing.selection.factors import Selection, select
from crossfade_indexing.selection.holdout import HeldOutProfiles, Holdout, hold_out, repeated

N_ITEMS = 120
ENOUGH_S = 60.0


def selected(holdouts: list[Holdout], config: IndexingConfig | None = None) -> Selection:
    config = config or IndexingConfig(selection=SelectionConfig(seconds=ENOUGH_S))
    return select(holdouts, config, lambda _done, _total: None)


def quality(side: Holdout, factorization: FactorizationConfig, evidence: EvidenceConfig) -> NDArray[np.float64]:
    """NDCG@20 of each held-out user."""
    decomposition = decompose(
        side.train.matrix(),
        factorization.rank,
        user_exponent=factorization.user_exponent,
        item_exponent=factorization.item_exponent,
        seed=0,
    )
    return HeldOutProfiles(side).ndcg(shape_factors(decomposition, factorization), evidence)


@pytest.fixture(scope="module")
def changed() -> Selection:
    """What is chosen where people first try anything and then settle on a group of items."""
    return selected(repeated(material(settled(), N_ITEMS).past, users=150, seed=0))


@pytest.fixture(scope="module")
def grouped() -> Selection:
    """What is chosen where people keep to a group of items, in any order; two draws."""
    return selected(repeated(material(communities(seed=1), N_ITEMS).past, users=240, seed=0))


@pytest.mark.parametrize("loyalty", [0.9, 0.5], ids=["communities", "nothing but popularity"])
def test_on_data_not_seen_the_choice_is_no_worse_than_the_default(loyalty: float) -> None:
    final = hold_out(material(communities(loyalty=loyalty, seed=1), N_ITEMS).past, users=400, seed=99)
    chosen = selected(repeated(final.train, users=240, seed=0))

    default = quality(final, FactorizationConfig(), EvidenceConfig())
    found = quality(final, chosen.factorization, chosen.evidence)

    difference = found - default
    assert difference.mean() >= -difference.std() / np.sqrt(len(difference))


def test_where_what_comes_next_is_like_the_latest_and_not_like_the_first_recent_items_count_more(
    changed: Selection,
) -> None:
    assert changed.evidence.recency >= 0.2


def test_where_order_means_nothing_old_and_new_count_alike(grouped: Selection) -> None:
    assert grouped.evidence.recency == 0.0
    assert grouped.users == 240  # 120 people, held out twice


@pytest.mark.parametrize("scale", [150, 0], ids=["the first were long ago", "all within a day"])
def test_what_was_done_in_another_time_counts_less_where_it_says_nothing_of_this_one(scale: int) -> None:
    # Ten items tried at random, then ten of the group they settled on, five months later or on the same day.
    pasts = settled()
    days = np.concatenate([np.repeat([0, scale], 10) for _ in pasts])

    found = selected(repeated(material(pasts, N_ITEMS, hours=24 * days).past, users=150, seed=0))

    assert found.evidence.age_half_life_days == (30.0 if scale else None)
    tried = [trial.setting["age_half_life_days"] for trial in found.trials if "age_half_life_days" in trial.setting]
    assert tried == ([0.0, 30.0] if scale else [0.0])


def test_age_that_means_nothing_changes_nothing() -> None:
    random = np.random.default_rng(0)
    pasts = communities(seed=1)
    hours = 24 * random.integers(0, 3_000, sum(map(len, pasts)))

    found = selected(repeated(material(pasts, N_ITEMS, hours=hours).past, users=240, seed=0))

    assert found.evidence.age_half_life_days is None


def test_every_trial_is_written_down_and_the_first_of_each_search_is_what_it_began_with(changed: Selection) -> None:
    recencies = [trial for trial in changed.trials if set(trial.setting) == {"recency", "against"}]

    assert recencies[0].setting["recency"] == 0.0
    assert recencies[0].gain == recencies[0].error == 0.0
    assert {trial.setting["recency"] for trial in recencies} == {0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5}
    best = max(recencies, key=lambda trial: trial.sure_gain)
    assert changed.evidence.recency == best.setting["recency"]
    assert changed.trials[0].gain == 0.0
    assert set(best.ndcg) == {"continue", "fill"}
    assert changed.finished
    assert changed.users == 150


def test_without_evidence_against_its_weight_is_not_looked_for(grouped: Selection) -> None:
    assert {trial.setting["against"] for trial in grouped.trials if "against" in trial.setting} == {0.3}
    assert grouped.evidence.against == 0.3


def test_what_the_config_names_is_not_varied() -> None:
    named = FactorizationConfig(
        rank=20, user_exponent=0.4, item_exponent=0.2, half_rank=5, leverage_exponent=0.7, cold_scale=0.4
    )
    config = IndexingConfig(
        factorization=named,
        evidence=EvidenceConfig(recency=0.25),
        selection=SelectionConfig(seconds=ENOUGH_S),
    )

    found = selected([hold_out(material(communities(n_users=60), N_ITEMS).past, users=60, seed=0)], config)

    assert found.factorization.model_copy(update={"filter_exponent": 1.0}) == named
    assert found.evidence.recency == 0.25
    assert {trial.setting["filter_exponent"] for trial in found.trials if "rank" in trial.setting} == {
        1,
        0.5,
        0.25,
        0.1,
    }


def test_one_exponent_may_be_named_and_the_other_chosen() -> None:
    config = IndexingConfig(
        factorization=FactorizationConfig(item_exponent=0.35), selection=SelectionConfig(seconds=ENOUGH_S)
    )

    found = selected([hold_out(material(communities(n_users=60), N_ITEMS).past, users=60, seed=0)], config)

    exponents = {(trial.setting["user_exponent"], trial.setting["item_exponent"]) for trial in found.trials[:15]}
    assert exponents == {(0.3, 0.35), (0.5, 0.35), (0.1, 0.35)}


def test_without_time_or_people_the_config_stands() -> None:
    past = material(communities(n_users=60), N_ITEMS).past
    no_time = IndexingConfig(selection=SelectionConfig(seconds=0))
    config = IndexingConfig(factorization=FactorizationConfig(rank=7))

    unchosen = selected([hold_out(past, users=60, seed=0)], no_time)
    too_few = selected([hold_out(past, users=19, seed=0)], config)

    assert (unchosen.factorization, unchosen.evidence) == (no_time.factorization, no_time.evidence)
    assert unchosen.trials == too_few.trials == []
    assert too_few.factorization.rank == 7
    assert too_few.users == 19


def test_when_time_runs_out_what_was_found_so_far_counts() -> None:
    config = IndexingConfig(selection=SelectionConfig(seconds=1e-6))

    found = selected([hold_out(material(communities(n_users=60), N_ITEMS).past, users=60, seed=0)], config)

    assert not found.finished
    assert 0 < len(found.trials) < 10
    assert found.evidence.recency == 0.0
    assert found.factorization.cold_scale == FactorizationConfig().cold_scale
