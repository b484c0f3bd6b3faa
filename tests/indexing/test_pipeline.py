"""From a cleaned dataset to a bundle that answers, on the smallest and oddest catalogues."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from invariants import assert_sound

from crossfade import Query, Recommender
from crossfade.bundle import BundleStore
from crossfade.encoding.item_text import item_text
from crossfade.engine import COMPONENTS
from crossfade_indexing.config import EvidenceConfig, IndexingConfig, SelectionConfig
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.encoders import EncodingCache, open_item_encoder
from crossfade_indexing.pipeline import BuildResult, build_bundle
from crossfade_indexing.preparing import item_texts, ordered_by_popularity
from crossfade_indexing.progress import Quiet

START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
WORDS = ("heist", "crime", "sea", "ghost", "love", "war", "trial", "spy", "robot", "moon", "jazz", "cook")

Act = tuple[str, str, str, float | None]


def events(
    acts: Sequence[Act], *, hours_apart: float | None = 5.0, device: Sequence[str] | None = None
) -> pl.DataFrame:
    """Events in this order, so many hours apart; None leaves the times unknown."""
    times = [None if hours_apart is None else START + dt.timedelta(hours=hours_apart * n) for n in range(len(acts))]
    table = pl.DataFrame(
        {
            "user_id": [act[0] for act in acts],
            "item_id": [act[1] for act in acts],
            "timestamp": times,
            "event_type": [act[2] for act in acts],
            "value": [act[3] for act in acts],
        },
        schema={
            "user_id": pl.String,
            "item_id": pl.String,
            "timestamp": pl.Datetime("us", "UTC"),
            "event_type": pl.String,
            "value": pl.Float64,
        },
    ).with_columns(local_time=pl.col("timestamp").dt.replace_time_zone(None))
    return table if device is None else table.with_columns(pl.Series("context.device", device, dtype=pl.String))


def items(n: int, *, text: bool = True) -> pl.DataFrame:
    titles = [f"{WORDS[k % 12]} {WORDS[(5 * k + 1) % 12]}" if text else "" for k in range(n)]
    return pl.DataFrame(
        {"item_id": [f"i{k}" for k in range(n)], "title": titles, "description": [""] * n, "categories": [[]] * n},
        schema={
            "item_id": pl.String,
            "title": pl.String,
            "description": pl.String,
            "categories": pl.List(pl.String),
        },
    )


def acts(
    n_users: int, n_items: int, each: int, kind: str = "event", values: Sequence[float] | None = None, *, seed: int = 0
) -> list[Act]:
    """So many acts of each user on different items, drawn."""
    random = np.random.default_rng(seed)
    return [
        (f"u{user}", f"i{item}", kind, None if values is None else float(random.choice(values)))
        for user in range(n_users)
        for item in random.permutation(n_items)[:each]
    ]


def build(dataset: Dataset, directory: Path, config: IndexingConfig | None = None) -> BuildResult:
    return build_bundle(
        dataset,
        open_item_encoder("tfidf"),
        BundleStore(directory / "bundle"),
        cache=EncodingCache(directory / "cache"),
        cleaning={"events": {"read": dataset.events.height}},
        reporter=Quiet(),
        config=config or IndexingConfig(selection=SelectionConfig(seconds=5)),
    )


USERS = pl.DataFrame({"user_id": ["u0", "newcomer", "nameless"], "age": ["young", "old", None]})
STARS = [1.0, 2.0, 3.0, 4.0, 5.0]
ODD = {
    "one user with one event": Dataset(events([("u0", "i0", "event", None)]), items(3)),
    "one item": Dataset(events([("u0", "i0", "event", None)]), items(1)),
    "one item without text that all had": Dataset(events(acts(40, 1, 1)), items(1, text=False)),
    "five items without text": Dataset(events(acts(30, 5, 3)), items(5, text=False)),
    "everybody had everything": Dataset(events(acts(40, 6, 6)), items(6)),
    "no events": Dataset(events([]), items(12), USERS),
    "no events and no text": Dataset(events([]), items(12, text=False)),
    "all ratings are 1 star": Dataset(events(acts(30, 12, 5, "rating", [1.0])), items(12)),
    "all ratings but one are 1 star": Dataset(
        events([*acts(30, 12, 5, "rating", [1.0]), ("x", "i0", "rating", 5.0), ("x", "i1", "rating", 3.0)]), items(12)
    ),
    "all ratings are neutral or worse but for one": Dataset(
        events([*acts(40, 12, 5, "rating", [1.0, 2.0]), ("x", "i0", "rating", 5.0)]), items(12)
    ),
    "nothing but dislikes": Dataset(events(acts(30, 12, 5, "dislike")), items(12), USERS),
    "nothing but impressions": Dataset(events(acts(30, 12, 5, "impression")), items(12), USERS),
    "events of unknown items": Dataset(events([("u0", "gone", "event", None)] * 3), items(4)),
    "no times": Dataset(events(acts(40, 15, 6), hours_apart=None), items(15)),
    "one time": Dataset(events(acts(40, 15, 6), hours_apart=0), items(15)),
    "centuries": Dataset(events(acts(40, 15, 6), hours_apart=10_000), items(15)),
    "one text": Dataset(events(acts(40, 15, 6)), items(30).with_columns(title=pl.lit("same words"))),
    "many items nobody touched": Dataset(events(acts(40, 15, 6, "rating", STARS)), items(40), USERS),
    "a users file without users": Dataset(events(acts(30, 12, 5)), items(12), USERS.clear()),
    "a users file that says nothing": Dataset(
        events(acts(30, 12, 5)), items(12), USERS.with_columns(age=pl.lit(None, pl.String))
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_the_smallest_and_oddest_data_makes_a_bundle_that_answers(case: str, tmp_path: Path) -> None:
    dataset = ODD[case]

    first = build(dataset, tmp_path)
    again = build(dataset, tmp_path)  # beside a present version

    assert first.published
    assert again.published
    assert again.manifest.selection == first.manifest.selection
    recommender = Recommender.open(tmp_path / "bundle")
    n_items = dataset.items.height
    for query in (
        Query(),
        Query(user_id="u0", explain=True),
        Query(user_id="newcomer", explain=True),
        Query(user_id="stranger"),
        Query(item_ids=("i0",), explain=True),
        Query(user_id="u0", text="crime at sea", explain=True),
        Query(user_id="u1", context={"device": "tv", "timestamp": "2026-01-02T08:00:00+00:00"}),
    ):
        assert_sound(recommender.recommend(query).items, limit=10)
    assert len(recommender.recommend(Query()).items) == min(10, n_items)
    assert_sound(recommender.search("crime", limit=3).items, limit=3)
    assert_sound(recommender.similar_items("i0", limit=3).items, limit=3, excluded=["i0"])
    for user_id in recommender.bundle.past.user_ids[:1]:
        assert user_id not in {user.user_id for user in recommender.similar_users(user_id, limit=3).users}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuildResult, Recommender]:
    """A small catalogue with everything: ratings, devices, attributes, a newcomer, items nobody touched."""
    rated = acts(40, 15, 6, "rating", STARS)
    device = ["tv", "phone"] * (len(rated) // 2)
    users = pl.DataFrame(
        {"user_id": [*(f"u{user}" for user in range(40)), "newcomer"], "age": [*["young", "old"] * 20, "old"]}
    )
    directory = tmp_path_factory.mktemp("small")
    result = build(Dataset(events(rated, device=device), items(18), users, timezone="Europe/Berlin"), directory)
    return result, Recommender.open(directory / "bundle")


def test_the_manifest_says_what_was_built(built: tuple[BuildResult, Recommender]) -> None:
    manifest = built[0].manifest

    counts = manifest.counts
    assert (counts.items, counts.users, counts.events, counts.past_items) == (18, 40, 240, 240)
    assert counts.warm_items == 15
    assert counts.described_items == 18
    assert manifest.factorization.rank <= 15
    assert set(manifest.indexes) == {"embeddings", "targets", "users"}
    assert set(manifest.fusion.newcomer) == set(manifest.fusion.regular) == set(COMPONENTS)
    assert set(manifest.tenth_best) == {"collaborative", "content", "popularity", "trend"}
    assert all(scale > 0 for scale in manifest.tenth_best.values())
    assert {"device", "user.age"} <= set(manifest.fields)
    assert manifest.fields["user.age"].component == "attributes"
    assert manifest.fields["device"].component == "context"
    assert manifest.timezone == "Europe/Berlin"
    assert manifest.cleaning == {"events": {"read": 240}}
    assert not manifest.profile.repeats


def test_what_was_tried_goes_into_the_manifest(built: tuple[BuildResult, Recommender]) -> None:
    selection = built[0].manifest.selection

    assert selection.users > 0
    assert len(selection.factors) > 20
    assert selection.factors[0].gain == 0.0
    assert all(0 <= ndcg <= 1 for trial in selection.factors for ndcg in trial.ndcg.values())
    assert any("against" in trial.setting for trial in selection.factors)  # there are ratings below neutral


def test_who_is_known_by_attributes_alone_is_in_the_bundle_and_no_stranger(
    built: tuple[BuildResult, Recommender],
) -> None:
    recommender = built[1]

    newcomer = recommender.recommend(Query(user_id="newcomer"))
    stranger = recommender.recommend(Query(user_id="stranger"))

    assert "newcomer" not in recommender.bundle.past.row_of
    assert "newcomer" in recommender.bundle.user_attributes
    assert newcomer.missing.user_id is None
    assert stranger.missing.user_id == "stranger"


def test_what_a_user_had_is_left_out_whatever_they_thought_of_it(built: tuple[BuildResult, Recommender]) -> None:
    recommender = built[1]
    past = recommender.bundle.past
    had = {recommender.bundle.catalogue.item_ids[row] for row in past.of(past.row_of["u3"])[0]}

    found = recommender.recommend(Query(user_id="u3", limit=18))

    assert len(had) == 6
    assert_sound(found.items, limit=12, excluded=had)
    assert len(found.items) == 12


def test_where_people_come_back_to_what_they_had_it_is_not_left_out(tmp_path: Path) -> None:
    # Everybody plays two songs in turns, day after day: of twelve days of use only two are the first.
    played = [(f"u{user}", f"i{(user + day % 2) % 7}", "play", None) for day in range(12) for user in range(20)]

    manifest = build(Dataset(events(played, hours_apart=1.2), items(10)), tmp_path).manifest

    assert manifest.profile.repeats
    answer = Recommender.open(tmp_path / "bundle").recommend(Query(user_id="u0", limit=10))
    assert {"i0", "i1"} <= {item.item_id for item in answer.items}


def test_the_same_data_is_built_without_searching_again_and_a_changed_weight_with(tmp_path: Path) -> None:
    dataset = Dataset(events(acts(30, 12, 5)), items(12))
    selection = SelectionConfig(seconds=5)

    first, same, changed = (
        build(dataset, tmp_path, IndexingConfig(selection=selection, evidence=evidence)).manifest
        for evidence in (EvidenceConfig(), EvidenceConfig(), EvidenceConfig(repeat_growth=0.2))
    )

    assert same.selection == first.selection
    assert same.factorization == first.factorization
    assert same.fusion == first.fusion
    assert changed.selection.fingerprint != first.selection.fingerprint


def test_items_are_ordered_by_who_liked_them_then_by_id() -> None:
    pairs = pl.DataFrame({"item_id": ["i2", "i2", "i1", "i3", "i3", "i3"], "weight": [1.0, 0.5, 1.0, -1.0, 0.0, -0.5]})

    ordered = ordered_by_popularity(items(5), pairs)

    assert ordered["item_id"].to_list() == ["i2", "i1", "i0", "i3", "i4"]
    assert ordered.columns == items(5).columns


def test_the_text_of_an_item_is_what_it_has_of_title_categories_tags_and_description() -> None:
    table = pl.DataFrame(
        {
            "item_id": ["a", "b", "c"],
            "title": ["The Heist", "", ""],
            "description": ["It goes wrong.", "Only this.", ""],
            "categories": [["Crime", "Comedy"], [], []],
            "tags": [[f"tag{n}" for n in range(12)], [], []],
        },
        schema_overrides={"categories": pl.List(pl.String), "tags": pl.List(pl.String)},
    )

    tags = ", ".join(f"tag{n}" for n in range(10))
    assert item_texts(table) == [f"The Heist. Crime, Comedy. {tags}. It goes wrong.", "Only this.", ""]
    assert item_texts(table) == [item_text(row) for row in table.to_dicts()]  # what a running service embeds
