"""Room for what nobody has touched: some, wherever texts tell anything, and never at more than a fortieth."""

from __future__ import annotations

import numpy as np
import pytest
from indexing.planted import communities, material, texts_of

from crossfade_indexing.config import FactorizationConfig, FusionConfig, IndexingConfig, SelectionConfig
from crossfade_indexing.learning.spaces import Material
from crossfade_indexing.selection.choice import Choice, choose

N_ITEMS, N_COLD = 120, 60
COLLABORATIVE = {"collaborative": 1.0} | dict.fromkeys(["content", "context", "attributes", "popularity", "trend"], 0.0)
QUICK = {"user_exponent": 0.3, "item_exponent": 0.1}


def with_cold_items(noise: float) -> Material:
    """Of 180 items the last 60 were never touched."""
    return material(communities(), N_ITEMS + N_COLD, texts_of(N_ITEMS + N_COLD, noise=noise))


def chosen(everything: Material, config: IndexingConfig) -> Choice:
    return choose(everything, config, None, lambda _done, _total: None)


@pytest.mark.parametrize("noise", [0.2, 5.0], ids=["texts that say where an item belongs", "texts that say nothing"])
@pytest.mark.parametrize("popularity", [0.0, 1.0])
def test_a_scale_is_taken_that_costs_the_others_at_most_a_fortieth(noise: float, popularity: float) -> None:
    fusion = FusionConfig(
        newcomer=COLLABORATIVE | {"popularity": popularity},
        regular=COLLABORATIVE | {"popularity": popularity},
        fade=1.0,
    )
    config = IndexingConfig(
        factorization=FactorizationConfig(**QUICK), fusion=fusion, selection=SelectionConfig(seconds=60)
    )

    found = chosen(with_cold_items(noise), config)

    scale, trials = found.factorization.cold_scale, [t for t in found.info.fusion if "cold_scale" in t.setting]
    assert scale > 0
    assert scale in {trial.setting["cold_scale"] for trial in trials}
    for trial in trials:  # no group loses more, so all together do not either
        assert trial.gain >= -0.025 or trial.setting["cold_scale"] > scale
    assert max(trial.setting["cold_scale"] for trial in trials) > scale


def test_a_scale_that_the_config_names_stays() -> None:
    factorization = FactorizationConfig(cold_scale=0.4, **QUICK)
    config = IndexingConfig(factorization=factorization, selection=SelectionConfig(seconds=60))

    found = chosen(with_cold_items(0.2), config)

    assert found.factorization.cold_scale == 0.4
    assert not [trial for trial in found.info.fusion if "cold_scale" in trial.setting]


def test_without_cold_items_there_is_nothing_to_choose() -> None:
    everything = material(communities(size=40), N_ITEMS, np.zeros((N_ITEMS, 4), np.float32))

    found = chosen(everything, IndexingConfig(factorization=FactorizationConfig(**QUICK)))

    assert found.factorization.cold_scale == FactorizationConfig().cold_scale
