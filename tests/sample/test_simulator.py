import hashlib
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from crossfade_indexing.sample import Sample, Strengths, context_at, simulate, write_sample
from crossfade_indexing.sample.visits import FIRST_DAY

FROZEN = {
    "events.csv": "c0beb8a28dae00f7419c5b3da7ec3d3c592d4a47325d229e2b61bfe5ba30d6a4",
    "items.jsonl": "eabb21390d57cc0cdb1f51b1d3aca21de34b62abd98732745ea9b7f9500a94d9",
    "users.csv": "3fc26d60773521e5ffae4ee103c57f46808751fa1dcdbbab8ea09c76826259f1",
}


def watches(sample: Sample) -> pl.DataFrame:
    """The watch events with what is known of the title, and the hour the user's clock showed."""
    return (
        sample.events.filter(pl.col("event_type") == "watch")
        .join(sample.items, on="item_id")
        .with_columns(hour=pl.col("timestamp").str.slice(11, 2).cast(pl.Int64))
    )


def share(frame: pl.DataFrame, condition: pl.Expr) -> float:
    return float(frame.select(condition.mean()).item())


def first_watches(sample: Sample) -> pl.DataFrame:
    return watches(sample).unique("user_id", keep="first", maintain_order=True)


def true_probabilities(sample: Sample, watch: dict[str, str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    moment = datetime.fromisoformat(watch["timestamp"])
    context = context_at(moment) | {"device": watch["context.device"], "network": watch["context.network"]}
    return sample.truth.probabilities(watch["user_id"], utc_day(moment), context)


def utc_day(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo("UTC")).date()


def test_the_sample_is_frozen(sample: Sample, tmp_path: Path) -> None:
    files = write_sample(sample, tmp_path)
    written = (files.events, files.items, files.users)

    # Later work is measured on these bytes: change the work, not the sample.
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in written} == FROZEN


def test_the_same_arguments_give_the_same_sample_and_another_seed_another() -> None:
    once, again, other = (simulate(seed=seed, people=50, days=20) for seed in (3, 3, 4))

    assert once.events.equals(again.events)
    assert not once.events.equals(other.events)


def test_there_are_2000_people_and_120000_events_over_120_days(sample: Sample) -> None:
    days = sample.events["timestamp"].str.to_datetime(time_zone="UTC", format="%+").dt.date()

    assert sample.events["user_id"].n_unique() >= 2_000
    assert len(sample.events) >= 120_000
    assert days.n_unique() == 120
    assert set(sample.events["event_type"]) == {"impression", "watch", "finish", "like", "dislike"}
    assert sample.events["event_id"].is_unique().all()


def test_activity_and_popularity_have_long_tails(sample: Sample) -> None:
    for column, least in (("user_id", 0.35), ("item_id", 0.2)):
        counts = watches(sample)[column].value_counts()["count"].sort(descending=True).to_numpy()

        assert counts[: len(counts) // 10].sum() / counts.sum() >= least


def test_some_people_are_new_and_some_have_hardly_any_events(sample: Sample) -> None:
    by_user = sample.events.group_by("user_id").agg(pl.len(), pl.col("timestamp").str.slice(0, 10).min().alias("since"))

    assert by_user.filter(pl.col("len").is_between(2, 5)).height >= 100
    assert by_user.filter(pl.col("since") >= "2026-06-20").height >= 100


def test_every_watched_title_was_shown_first_and_only_watched_ones_are_finished(small: Sample) -> None:
    keys = {
        name: set(frame.select("user_id", "item_id").iter_rows())
        for (name,), frame in small.events.group_by("event_type")
    }

    assert keys["watch"] <= keys["impression"]
    assert keys["like"] <= keys["finish"] <= keys["watch"]
    assert keys["dislike"] <= keys["watch"]


def test_timestamps_carry_the_offset_of_the_users_zone(small: Sample) -> None:
    joined = small.events.join(small.users, on="user_id").sample(500, seed=0)
    moments = [
        (datetime.fromisoformat(text), zone) for text, zone in joined.select("timestamp", "timezone").iter_rows()
    ]

    assert len({moment.utcoffset() for moment, _ in moments}) > 5
    # A visit keeps the offset it began with, so the one in a thousand that spans a change of clocks may differ.
    kept = [moment.astimezone(ZoneInfo(zone)).utcoffset() == moment.utcoffset() for moment, zone in moments]
    assert np.mean(kept) > 0.99


def test_nobody_sees_a_title_before_the_day_after_it_was_added(sample: Sample) -> None:
    days = sample.events["timestamp"].str.to_datetime(time_zone="UTC", format="%+").dt.date()
    joined = sample.events.with_columns(day=days).join(sample.items, on="item_id")

    assert joined.filter(pl.col("day") <= pl.col("added")).is_empty()


def test_one_title_in_twenty_is_added_in_the_last_ten_days_and_some_nobody_has_seen(sample: Sample) -> None:
    last_day = FIRST_DAY + timedelta(days=119)
    late = sample.items.filter(pl.col("added") > last_day - timedelta(days=10))
    unseen = late.join(sample.events, on="item_id", how="anti")

    assert late.height == round(0.05 * sample.items.height)
    assert unseen.height >= 5
    assert set(unseen["added"]) == {last_day}


def test_news_and_cartoons_are_for_the_morning_and_crime_for_late_at_night(sample: Sample) -> None:
    seen = watches(sample)
    morning, night = seen.filter(pl.col("hour").is_between(5, 10)), seen.filter(~pl.col("hour").is_between(5, 21))
    news, crime = (pl.col("genres").list.contains(genre) for genre in ("news", "crime"))
    cartoons = pl.col("genres").list.contains("animation")

    assert share(morning, news) > 2 * share(night, news)
    assert share(morning, cartoons) > 1.5 * share(night, cartoons)
    assert share(night, crime) > 1.5 * share(morning, crime)


def test_concerts_are_for_the_evenings_of_the_weekend(sample: Sample) -> None:
    seen = watches(sample).with_columns(weekday=pl.col("timestamp").str.slice(0, 10).str.to_date().dt.weekday())
    evening = pl.col("hour").is_between(17, 21)
    weekend, working_day = (seen.filter(evening & days) for days in (pl.col("weekday") >= 5, pl.col("weekday") < 5))
    concert = pl.col("kind") == "concert"

    assert share(weekend, concert) > 1.5 * share(working_day, concert)


def test_televisions_play_longer_titles_than_phones(sample: Sample) -> None:
    minutes = dict(watches(sample).group_by("context.device").agg(pl.col("minutes").mean()).iter_rows())

    assert minutes["tv"] > minutes["laptop"] > minutes["phone"]
    assert minutes["tv"] > 1.2 * minutes["phone"]


def test_the_network_goes_with_the_device_and_the_shard_with_nothing(sample: Sample) -> None:
    seen = watches(sample)
    mobile = {
        device: share(frame, pl.col("context.network") == "mobile")
        for (device,), frame in seen.group_by("context.device")
    }
    shares = [
        share(frame, pl.col("context.shard") == "a")
        for column in ("context.device", "kind", "context.network")
        for _, frame in seen.group_by(column)
    ]

    assert mobile["phone"] > 0.5
    assert mobile["tv"] == 0
    assert sample.truth.field_weights["shard"] == sample.truth.field_weights["plan"] == 0
    np.testing.assert_allclose(shares, 0.2, atol=0.03)


def test_choices_happen_with_the_true_probabilities(small: Sample) -> None:
    first = first_watches(small)
    probabilities = np.stack([true_probabilities(small, watch) for watch in first.iter_rows(named=True)])
    kinds = small.items["kind"]

    for kind in kinds.unique():
        expected = probabilities[:, (kinds == kind).to_numpy()].sum(axis=1)
        spread = np.sqrt((expected * (1 - expected)).sum())
        assert abs((first["kind"] == kind).sum() - expected.sum()) < 4 * spread
    own = probabilities[np.arange(len(first)), [small.truth.item_ids.index(name) for name in first["item_id"]]]
    # The mean over the titles of their own probability is what an honest model says of its own draws.
    assert own.mean() == pytest.approx(np.square(probabilities).sum(axis=1).mean(), rel=0.2)


def test_people_watch_what_is_to_their_taste_and_of_their_groups(small: Sample) -> None:
    truth = small.truth
    rows = watches(small).select(
        pl.col("user_id").replace_strict(truth.user_ids, range(len(truth.user_ids))),
        pl.col("item_id").replace_strict(truth.item_ids, range(len(truth.item_ids))),
    )
    person, title = rows.to_numpy().T

    assert truth.taste[person, title].mean() > 3 * truth.taste.mean()
    assert truth.group_fondness[person, truth.group[title]].mean() > 3 * truth.group_fondness.mean()


def test_without_any_strength_only_noise_remains(noise: Sample) -> None:
    watch = watches(noise).row(-1, named=True)
    probabilities = true_probabilities(noise, watch)
    seen = watches(noise)
    available = (noise.items["added"] < utc_day(datetime.fromisoformat(watch["timestamp"]))).to_numpy()
    minutes = dict(seen.group_by("context.device").agg(pl.col("minutes").mean()).iter_rows())
    morning = seen.filter(pl.col("hour").is_between(5, 10))

    np.testing.assert_allclose(probabilities, available / available.sum(), atol=1e-12)
    assert minutes["tv"] == pytest.approx(minutes["phone"], rel=0.05)
    assert share(morning, pl.col("genres").list.contains("crime")) == pytest.approx(
        share(seen, pl.col("genres").list.contains("crime")), rel=0.15
    )
    assert all(weight == 0 for weight in noise.truth.field_weights.values())


def test_strengths_move_choices_but_not_who_the_people_are(small: Sample, noise: Sample) -> None:
    assert small.users.equals(noise.users)
    assert small.items.equals(noise.items)
    np.testing.assert_array_equal(small.truth.tastes, noise.truth.tastes)
    np.testing.assert_array_equal(small.truth.group_fondness, noise.truth.group_fondness)


def test_one_effect_can_be_turned_off_alone(small: Sample) -> None:
    without = simulate(seed=5, people=600, days=60, strengths=Strengths(device=0.0, network=0.0))
    spread = [
        dict(watches(each).group_by("context.device").agg(pl.col("minutes").mean()).iter_rows())
        for each in (small, without)
    ]

    assert without.truth.field_weights["device"] == 0
    assert without.truth.field_weights["part_of_day"] == small.truth.field_weights["part_of_day"]
    # Phones are used in the mornings, so a little of the difference remains.
    assert spread[1]["tv"] - spread[1]["phone"] < 0.5 * (spread[0]["tv"] - spread[0]["phone"])


def test_the_themes_are_in_none_of_the_files(small: Sample, tmp_path: Path) -> None:
    files = write_sample(small, tmp_path / "made" / "here")
    items = [json.loads(line) for line in files.items.read_text(encoding="utf-8").splitlines()]

    assert len(items) == small.items.height
    assert "themes" not in items[0]
    assert items[0]["categories"] == items[0]["genres"]
    assert pl.read_csv(files.events).columns == small.events.columns
    assert pl.read_csv(files.users).columns == ["user_id", "country", "timezone", "age_band", "household", "plan"]


def test_what_was_watched_before_is_less_likely_again(small: Sample) -> None:
    user_id, item_id = first_watches(small).select("user_id", "item_id").row(0)
    day, row = FIRST_DAY + timedelta(days=59), small.truth.item_ids.index(item_id)
    fresh = small.truth.probabilities(user_id, day)
    again = small.truth.probabilities(user_id, day, watched=[item_id])

    assert fresh.sum() == pytest.approx(1)
    assert again.sum() == pytest.approx(1)
    assert again[row] < 0.5 * fresh[row]


def test_a_mistaken_question_to_the_truth_names_the_mistake(small: Sample) -> None:
    truth = small.truth

    with pytest.raises(ValueError, match="user 'nobody'"):
        truth.probabilities("nobody", FIRST_DAY)
    with pytest.raises(ValueError, match="day 2026-03-01"):
        truth.probabilities("p0001", FIRST_DAY - timedelta(days=1))
    with pytest.raises(ValueError, match="device 'toaster'"):
        truth.probabilities("p0001", FIRST_DAY, {"device": "toaster"})
    with pytest.raises(ValueError, match="item 'nothing'"):
        truth.probabilities("p0001", FIRST_DAY, watched=["nothing"])


@pytest.mark.parametrize("strength", [-0.1, float("nan"), float("inf")])
def test_a_strength_is_a_finite_number_of_at_least_0(strength: float) -> None:
    with pytest.raises(ValueError, match="strength 'device'"):
        Strengths(device=strength)


@pytest.mark.parametrize("name", ["seed", "people", "days"])
def test_counts_that_are_too_small_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        simulate(**({"seed": 1, "people": 1, "days": 1} | {name: -1}), strengths=Strengths())


def test_the_smallest_simulation_runs() -> None:
    tiny = simulate(seed=0, people=1, days=1)

    assert tiny.users.height == 1
    assert tiny.events.columns[:5] == ["event_id", "user_id", "item_id", "timestamp", "event_type"]
