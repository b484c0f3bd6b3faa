"""What is chosen before the final fit, and when it need not be chosen again."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hand_made import contents_of, in_memory
from indexing.planted import material, settled, texts_of

from crossfade.bundle import ContentSpace, Manifest, VectorIndex
from crossfade.bundle.manifest import FusionWeights, ProfileRules
from crossfade_indexing.config import EvidenceConfig, FactorizationConfig, FusionConfig, IndexingConfig, SelectionConfig
from crossfade_indexing.learning.spaces import Material
from crossfade_indexing.selection import choice as choosing
from crossfade_indexing.selection.choice import Choice, choose, fingerprint

CONFIG = IndexingConfig(
    factorization=FactorizationConfig(user_exponent=0.3, item_exponent=0.1), selection=SelectionConfig(seconds=60)
)
N_ITEMS = 60


def chosen(everything: Material, config: IndexingConfig = CONFIG, present: Manifest | None = None) -> Choice:
    return choose(everything, config, present, lambda _done, _total: None)


def manifest_with(choice: Choice) -> Manifest:
    """The manifest of a bundle that was made with a choice."""
    one, vectors = np.ones((1, 1), np.float32), np.ones((1, 1), np.float32)
    content = ContentSpace(
        vectors, np.zeros(1, np.float32), one, np.zeros(1, np.int64), VectorIndex.build(vectors, kind="flat")
    )
    items = pl.DataFrame({"item_id": ["a"], "title": [""]})
    made = in_memory(contents_of(items, sources=one, targets=one, content=content, past={})).manifest
    evidence = choice.evidence
    return made.model_copy(
        update={
            "factorization": made.factorization.model_copy(update=choice.factorization.model_dump()),
            "profile": ProfileRules(recency=evidence.recency, against=evidence.against, repeats=False),
            "fusion": FusionWeights(**choice.fusion.model_dump()),
            "half_life_days": choice.half_life_days,
            "selection": choice.info,
        }
    )


@pytest.fixture(scope="module")
def everything() -> Material:
    return material(settled(n_users=120, n_items=N_ITEMS), N_ITEMS)


@pytest.fixture(scope="module")
def choice(everything: Material) -> Choice:
    return chosen(everything)


@pytest.fixture
def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("searched again")

    monkeypatch.setattr(choosing, "select", refuse)


def test_the_choice_says_how_it_came_about(choice: Choice) -> None:
    info = choice.info

    assert info.users == 240  # 120 people, held out twice
    assert info.finished
    assert info.factors[0].gain == 0.0
    assert info.fusion[0].gain == 0.0
    recencies = [trial for trial in info.factors if "recency" in trial.setting]
    assert choice.evidence.recency in {trial.setting["recency"] for trial in recencies}
    last = info.fusion[-1].setting
    assert {f"regular.{name}": weight for name, weight in choice.fusion.regular.items()}.items() <= last.items()


def test_the_same_data_and_config_are_not_searched_again(everything: Material, choice: Choice, no_search: None) -> None:
    again = chosen(everything, present=manifest_with(choice))

    assert again == choice


@pytest.mark.parametrize(
    "changed",
    [
        CONFIG.model_copy(update={"evidence": EvidenceConfig(repeat_growth=0.1)}),
        CONFIG.model_copy(update={"factorization": FactorizationConfig(user_exponent=0.3)}),
        CONFIG.model_copy(update={"fusion": FusionConfig(fade=9.0)}),
        CONFIG.model_copy(update={"selection": SelectionConfig(seconds=60, seed=1)}),
        # The same values, but named, so not to be varied.
        CONFIG.model_copy(update={"fusion": FusionConfig(fade=FusionConfig().fade)}),
    ],
    ids=["evidence", "factorization", "fusion", "seed", "named"],
)
@pytest.mark.usefixtures("no_search")
def test_a_changed_config_is_searched_again(everything: Material, choice: Choice, changed: IndexingConfig) -> None:
    with pytest.raises(AssertionError, match="searched again"):
        chosen(everything, changed, manifest_with(choice))


@pytest.mark.usefixtures("no_search")
def test_changed_data_is_searched_again(everything: Material, choice: Choice) -> None:
    present = manifest_with(choice)
    past = everything.past
    heavier = past.weights.copy()
    heavier[0] *= 2

    with pytest.raises(AssertionError, match="searched again"):
        chosen(material(settled(n_users=121, n_items=N_ITEMS), N_ITEMS), present=present)
    weighed = Material(
        type(past)(**{**vars(past), "weights": heavier}), everything.situations, everything.content, everything.item_ids
    )
    assert fingerprint(weighed, CONFIG) != fingerprint(everything, CONFIG)


def test_the_number_of_versions_to_keep_changes_no_choice(everything: Material) -> None:
    keep_more = CONFIG.model_copy(update={"keep_versions": 9})

    assert fingerprint(everything, keep_more) == fingerprint(everything, CONFIG)


def test_no_time_takes_the_config_as_it_is(everything: Material) -> None:
    config = IndexingConfig(evidence=EvidenceConfig(recency=0.2), selection=SelectionConfig(seconds=0))

    found = chosen(everything, config)

    assert (found.evidence, found.factorization, found.fusion) == (config.evidence, config.factorization, config.fusion)
    assert found.half_life_days is None
    assert found.info.factors == found.info.fusion == ()


def test_what_everybody_turns_to_lately_is_found_beside_learned_weights() -> None:
    # Everybody had three of sixty items within eight weeks and nine of sixty others in the week after. Nothing else
    # tells them apart, not even the weekday; the texts are noise, whose weight is learned before the trend is tried.
    random = np.random.default_rng(0)
    pasts = [np.concatenate([random.permutation(60)[:3], 60 + random.permutation(60)[:9]]) for _ in range(300)]
    days = [[*np.sort(random.integers(0, 56, 3)), *np.sort(random.integers(56, 63, 9))] for _ in pasts]

    # Were old acts allowed to count less, collaborative would find the same.
    config = CONFIG.model_copy(update={"evidence": EvidenceConfig(age_half_life_days=None)})

    found = chosen(material(pasts, 120, texts_of(120, groups=1, noise=5.0), 24 * np.concatenate(days)), config)

    assert found.half_life_days in {3.0, 14.0}
    assert max(found.fusion.regular["trend"], found.fusion.newcomer["trend"]) > 0
    assert found.info.fusion[-2].setting["regular.trend"] == found.info.fusion[-2].setting["newcomer.trend"] == 0.0
    assert found.info.fusion[-2].setting != found.info.fusion[0].setting


def test_what_is_used_now_as_ever_has_no_trend(choice: Choice) -> None:
    assert choice.half_life_days is None
    assert choice.fusion.regular["trend"] == choice.fusion.newcomer["trend"] == 0.0


def test_a_trend_that_the_config_asks_for_gets_the_half_life_that_serves_it_best() -> None:
    # As above: what matters came into use in the last of nine weeks.
    random = np.random.default_rng(0)
    pasts = [np.concatenate([random.permutation(60)[:3], 60 + random.permutation(60)[:9]]) for _ in range(150)]
    days = [[*np.sort(random.integers(0, 56, 3)), *np.sort(random.integers(56, 63, 9))] for _ in pasts]
    named = FusionConfig(
        newcomer={**FusionConfig().newcomer, "trend": 0.5}, regular={**FusionConfig().regular, "trend": 0.5}
    )

    found = chosen(material(pasts, 120, hours=24 * np.concatenate(days)), CONFIG.model_copy(update={"fusion": named}))

    assert found.half_life_days in {3.0, 14.0}
    assert found.fusion.newcomer == named.newcomer
    assert found.fusion.regular == named.regular


def test_a_trend_that_the_config_asks_for_is_the_slowest_where_nothing_is_measured() -> None:
    hours = 24 * np.arange(20 * 60) // 4  # three hundred days
    everything = material(settled(n_users=60, n_items=N_ITEMS), N_ITEMS, hours=hours)
    weights = {**FusionConfig().regular, "trend": 0.5}

    for fusion, expected in ((FusionConfig(regular=weights), 60.0), (FusionConfig(), None)):
        found = chosen(everything, IndexingConfig(fusion=fusion, selection=SelectionConfig(seconds=0)))

        assert found.half_life_days == expected
