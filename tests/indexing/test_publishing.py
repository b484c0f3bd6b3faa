"""A new bundle takes the place of the present one unless something went badly wrong; going back stays possible."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from crossfade.bundle import BundleStore
from crossfade.errors import BundleNotFoundError
from crossfade_indexing.config import EvidenceConfig, FactorizationConfig, FusionConfig, IndexingConfig, SelectionConfig
from crossfade_indexing.job import IndexOutcome, Inputs, Settings, run_index
from crossfade_indexing.progress import Quiet
from crossfade_indexing.publishing import Comparison, compare

N_USERS, N_ITEMS, TASTES = 200, 80, 4
WORDS = ("harbour detective murder", "vault robbery thieves", "reef divers whales", "opera singer stage")
AT_ONCE = IndexingConfig(selection=SelectionConfig(seconds=0))


@dataclass(frozen=True)
class Data:
    """Crowds of different taste: nine of ten acts fall on the items of one's own."""

    events: pl.DataFrame
    items: pl.DataFrame


@pytest.fixture(scope="module")
def data() -> Data:
    rng = np.random.default_rng(3)
    users = np.repeat(np.arange(N_USERS), 12)
    own = rng.integers(N_ITEMS // TASTES, size=len(users)) * TASTES + users % TASTES
    items = np.where(rng.random(len(users)) < 0.9, own, rng.integers(N_ITEMS, size=len(users)))
    events = pl.DataFrame(
        {
            "user_id": [f"u{user}" for user in users],
            "item_id": [f"i{item}" for item in items],
            "timestamp": 1_700_000_000 + rng.permutation(len(users)) * 600,
            "event_type": "watch",
        }
    )
    texts = [f"{WORDS[item % TASTES]} number{item}" for item in range(N_ITEMS)]
    return Data(events, pl.DataFrame({"item_id": [f"i{item}" for item in range(N_ITEMS)], "description": texts}))


def build(data: Data, out: Path, config: IndexingConfig = AT_ONCE, *, publish_anyway: bool = False) -> IndexOutcome:
    events, items = out.parent / "events.parquet", out.parent / "items.parquet"
    data.events.write_parquet(events)
    data.items.write_parquet(items)
    settings = Settings(config=config, encoder="tfidf", timezone="UTC", publish_anyway=publish_anyway)
    return run_index(Inputs(events=events, items=items), out, settings, Quiet())


@pytest.fixture(scope="module")
def published(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one version of the data; to be copied."""
    out = tmp_path_factory.mktemp("published") / "bundle"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSFADE_CACHE_DIR", str(out.parent / "cache"))
        build(data, out)
    return out


@pytest.fixture
def present(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSFADE_CACHE_DIR", str(tmp_path / "cache"))
    return shutil.copytree(published, tmp_path / "bundle")


def comparison_of(outcome: IndexOutcome) -> Comparison:
    assert outcome.result.comparison is not None
    return outcome.result.comparison


def a_tenth(data: Data) -> Data:
    return Data(data.events.head(data.events.height // 10), data.items)


def half_of_the_users(data: Data) -> Data:
    # No count falls below a half: it is what the bundle answers that gives it away.
    return Data(data.events.head(int(data.events.height * 0.55)), data.items)


def renamed_items(data: Data) -> Data:
    renamed = ("new-" + pl.col("item_id")).alias("item_id")
    return Data(data.events.with_columns(renamed), data.items.with_columns(renamed))


def shuffled_items(data: Data) -> Data:
    ids = data.items["item_id"]
    other = dict(zip(ids, ids.sample(fraction=1, shuffle=True, seed=1), strict=True))
    return Data(data.events.with_columns(pl.col("item_id").replace_strict(other)), data.items)


def random_users(data: Data) -> Data:
    shuffled = data.events["user_id"].sample(fraction=1, shuffle=True, seed=1)
    return Data(data.events.with_columns(shuffled.alias("user_id")), data.items)


def no_texts(data: Data) -> Data:
    return Data(data.events, data.items.with_columns(pl.lit(None, pl.String).alias("description")))


@pytest.mark.parametrize(
    "accident", [a_tenth, half_of_the_users, renamed_items, shuffled_items, random_users, no_texts]
)
def test_an_accident_in_the_files_is_not_published(present: Path, data: Data, accident: Callable[[Data], Data]) -> None:
    store = BundleStore(present)
    before = store.current()

    outcome = build(accident(data), present)

    assert comparison_of(outcome).clearly_worse
    assert not outcome.result.published
    assert store.current() == before
    assert store.versions() == [before, outcome.result.directory.name]


@pytest.mark.parametrize(
    "nonsense",
    [
        {"fusion": FusionConfig(
            newcomer=dict.fromkeys(FusionConfig().newcomer, 0.0) | {"popularity": 100.0},
            regular=dict.fromkeys(FusionConfig().regular, 0.0) | {"popularity": 100.0},
        )},
        {"evidence": EvidenceConfig(event_weights={"watch": -1.0})},
        {
            "factorization": FactorizationConfig(half_rank=512, filter_exponent=0.0, item_exponent=1.0),
            "fusion": FusionConfig(regular=dict.fromkeys(FusionConfig().regular, 0.0) | {"collaborative": 1.0},
                                   newcomer=dict.fromkeys(FusionConfig().newcomer, 0.0) | {"collaborative": 1.0}),
        },
    ],
    ids=["popularity alone", "likes turned into dislikes", "no filter at full rank"],
)  # fmt: skip
def test_a_config_with_nonsense_in_it_is_not_published(
    present: Path, data: Data, nonsense: dict[str, EvidenceConfig | FactorizationConfig | FusionConfig]
) -> None:
    outcome = build(data, present, AT_ONCE.model_copy(update=nonsense))

    assert not outcome.result.published
    assert comparison_of(outcome).lost == ()


def test_told_to_it_is_published_all_the_same(present: Path, data: Data) -> None:
    outcome = build(a_tenth(data), present, publish_anyway=True)

    assert comparison_of(outcome).clearly_worse
    assert outcome.result.published
    assert BundleStore(present).current() == outcome.result.directory.name


def test_the_same_data_again_are_neither_better_nor_worse(present: Path, data: Data) -> None:
    comparison = comparison_of(build(data, present))

    assert comparison.gain == pytest.approx(0, abs=1e-9)
    assert comparison.users > 100
    assert not comparison.clearly_worse


def test_a_past_that_grew_and_lost_its_oldest_tenth_is_published(present: Path, data: Data) -> None:
    rng = np.random.default_rng(5)
    users = rng.integers(N_USERS, size=300)
    newer = data.events.head(300).with_columns(
        pl.Series("user_id", [f"u{user}" for user in users]),
        pl.Series("item_id", [f"i{user % TASTES + TASTES * rng.integers(N_ITEMS // TASTES)}" for user in users]),
        pl.col("timestamp") + 10_000_000,
    )
    kept = data.events.filter(pl.col("timestamp") >= data.events["timestamp"].quantile(0.1))

    outcome = build(Data(pl.concat([kept, newer]), data.items), present)

    assert outcome.result.published


def test_what_was_held_out_is_in_neither_fit(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSFADE_CACHE_DIR", str(tmp_path / "cache"))
    build(random_users(data), tmp_path / "bundle")
    bundle = BundleStore(tmp_path / "bundle").open_current()

    comparison = compare(bundle, bundle)

    # Where nobody has a taste, two of some seventy items are found by chance: 0.14. Factors that saw them find 0.3.
    assert comparison.present_ndcg["past"] == pytest.approx(0.14, abs=0.04)


def test_too_few_users_are_not_measured(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSFADE_CACHE_DIR", str(tmp_path / "cache"))
    few = Data(data.events.head(12 * 15), data.items)
    build(few, tmp_path / "bundle")

    comparison = comparison_of(build(shuffled_items(few), tmp_path / "bundle"))

    assert comparison.gain is None
    assert "too few to measure by" in comparison.in_words()
    assert not comparison.clearly_worse


def test_worse_by_a_fifth_counts_only_where_it_is_sure() -> None:
    def worse(gain: float, error: float) -> bool:
        return Comparison("v", 100, {}, {}, gain, error, ()).clearly_worse

    assert worse(-0.25, 0.1)  # -0.25 + 1.96 * 0.1 = -0.054
    assert not worse(-0.25, 0.13)  # -0.25 + 1.96 * 0.13 = 0.0048
    assert not worse(-0.19, 0.01)


def test_a_present_bundle_that_cannot_be_read_is_replaced(present: Path, data: Data) -> None:
    store = BundleStore(present)
    (store.versions_directory / store.current() / "users.faiss").unlink()

    outcome = build(data, present)

    assert outcome.result.comparison is None
    assert outcome.result.published


class Versions:
    """A store whose versions are one bundle under several times; a name ends in the manifest's checksum."""

    def __init__(self, directory: Path) -> None:
        self.store = BundleStore(directory)
        self.names = [self.store.current()]

    def add(self) -> str:
        first = self.names[0]
        name = f"2099010{len(self.names)}T000000.000000Z-{first.rpartition('-')[2]}"
        shutil.copytree(self.store.versions_directory / first, self.store.versions_directory / name)
        self.names.append(name)
        return name

    def publish(self) -> str:
        name = self.add()
        self.store.use(name)
        return name


def test_rolling_back_never_returns_to_what_was_rolled_back_from(present: Path) -> None:
    versions = Versions(present)
    first = versions.names[0]
    versions.publish()
    assert versions.store.roll_back() == first
    versions.publish()

    assert versions.store.roll_back() == first
    with pytest.raises(BundleNotFoundError, match="no version older"):
        versions.store.roll_back()


def test_rolling_back_passes_over_what_was_never_published(present: Path) -> None:
    versions = Versions(present)
    versions.add()
    versions.publish()

    assert versions.store.roll_back() == versions.names[0]


def test_rolling_back_twice_goes_two_back(present: Path) -> None:
    versions = Versions(present)
    versions.publish()
    versions.publish()

    assert [versions.store.roll_back(), versions.store.roll_back()] == [versions.names[1], versions.names[0]]


def test_a_store_that_kept_no_list_goes_back_by_name(present: Path) -> None:
    versions = Versions(present)
    versions.publish()
    versions.publish()
    (present / "earlier").unlink()

    assert versions.store.roll_back() == versions.names[1]


def test_a_use_that_stopped_between_list_and_pointer_changes_nothing(present: Path) -> None:
    versions = Versions(present)
    second = versions.publish()
    (present / "earlier").write_text(f"{versions.names[0]}\n{second}\n")

    assert versions.store.earlier() == versions.names[:1]
    assert versions.store.roll_back() == versions.names[0]


def test_pruning_takes_what_cannot_be_rolled_back_to_first(present: Path) -> None:
    versions = Versions(present)
    refused = versions.add()
    versions.publish()
    latest = versions.add()

    assert versions.store.prune(3) == [refused]
    assert versions.store.versions() == [versions.names[0], versions.names[2], latest]
