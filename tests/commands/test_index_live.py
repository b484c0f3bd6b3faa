"""``crossfade index --live`` and ``crossfade erase``: a bundle of all that a service was told, and of nobody erased."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from commands.typed import Run
from live.postgresql import Server

from crossfade.bundle import Bundle, BundleStore
from crossfade.engine import Item, Query, Recommender, User
from crossfade.live import Event, ItemRecord, LiveData, StoredEvent, UserRecord
from crossfade_indexing.pipeline import BuildResult, build_bundle

# Nobody meets such ids by chance.
GONE, LATE = "gone-3f9d2c71b8", "late-b1c0a9e457"


on_both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
_numbers = itertools.count()


@pytest.fixture
def kind() -> str:
    """The database of a test that does not ask for both."""
    return "sqlite"


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the live data lies."""
    if kind == "sqlite":
        return str(tmp_path / "live.db")
    server: Server = request.getfixturevalue("server")
    return server.create_schema(f"index_live_{next(_numbers)}")


@pytest.fixture
def live(url: str) -> Iterator[LiveData]:
    """The live data of a running service."""
    with LiveData.open(url) as data:
        yield data


@pytest.fixture
def told(live: LiveData) -> Callable[..., None]:
    """Tells the service that users did something with an item."""

    def tell(item_id: str, *user_ids: str) -> None:
        live.call(live.store.add_events([StoredEvent(0, Event(user_id, item_id, "watch")) for user_id in user_ids]))

    return tell


def traces(directory: Path, user_id: str) -> list[Path]:
    """The files below a directory with any byte, or any cell, that is of a user."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    tables = [path for path in files if path.suffix == ".parquet"]
    return [path for path in files if user_id.encode() in path.read_bytes()] + [
        path for path in tables if user_id in str(pl.read_parquet(path).to_dicts())
    ]


def test_the_next_bundle_knows_what_the_service_was_told(
    index: Run, live: LiveData, told: Callable[..., None], tmp_path: Path
) -> None:
    live.call(live.store.put_items([ItemRecord("tides", {"title": "Tides", "description": "The sea at night."})]))
    live.call(live.store.put_users([UserRecord("u1", {"country": "DE"})]))
    told("tides", "u1", "newcomer")
    told("fjord", "newcomer")

    done = index(tmp_path / "out", "--live", tmp_path / "live.db")

    assert done.code == 0, done.err
    bundle = BundleStore(tmp_path / "out").open_current()
    assert "tides" in bundle.catalogue.row_of
    rows, _ = bundle.past.of(bundle.past.row_of["newcomer"])
    assert [bundle.catalogue.item_ids[row] for row in rows] == ["tides", "fjord"]
    assert bundle.manifest.live is not None
    assert bundle.manifest.live.store_id == live.store.store_id
    assert bundle.manifest.live.seq == live.call(live.store.statistics()).seq
    assert bundle.manifest.cleaning["live_events"] == {"read": 3, "kept": 3}
    assert "live_events" in done.out


def test_what_a_restored_backup_is_told_counts_beside_a_bundle_that_has_seen_more_than_it(
    index: Run, live: LiveData, told: Callable[..., None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told("fjord", "u1")
    live.call(live.store.backup(tmp_path / "backup.db"))
    told("whales", "u1", "u2", "u3")
    assert index(tmp_path / "out", "--live", tmp_path / "live.db").code == 0

    with closing(Recommender.open(tmp_path / "out", live=str(tmp_path / "backup.db"))) as recommender:
        recommender.add_events([Event("newcomer", "fjord", "watch")])
        recommender.put_items([Item("tides", {"title": "Tides"})])
        recommender.delete_user("u2")

        assert [one.item_id for one in recommender.profile("newcomer").items] == ["fjord"]
        assert recommender.get_item("tides").properties == {"title": "Tides"}
        assert not recommender.profile("u2").known
        assert {one.item_id for one in recommender.profile("u1").items} >= {"fjord", "whales"}
    assert "the live data is an older copy: it ends at change 1, and bundle" in caplog.text


@on_both
def test_what_either_database_was_told_is_so_in_the_next_bundle(  # noqa: PLR0917 - fixtures
    index: Run, live: LiveData, told: Callable[..., None], url: str, bundle: Path, tmp_path: Path
) -> None:
    told("whales", "anonymous", GONE)
    with closing(Recommender.open(bundle, live=url)) as recommender:
        recommender.put_items([Item("tides", {"title": "Tides", "description": "The sea at night.", "year": 2026})])
        recommender.patch_item("reef", {"title": "The Reef at Night"})
        recommender.delete_item("vault")
        recommender.put_users([User(GONE, {"country": "DE"}), User("u1", {"country": "FR"})])
        recommender.merge_users("u1", "anonymous")
        recommender.delete_user(GONE)
        recommender.delete_user("u2")
    told("tides", "anonymous")

    done = index(tmp_path / "out", "--live", url)

    assert done.code == 0, done.err
    made = BundleStore(tmp_path / "out").open_current()
    assert sorted(made.catalogue.item_ids) == ["fjord", "harbour", "reef", "safe", "tides", "whales"]
    assert not {"anonymous", GONE, "u2"} & made.past.row_of.keys()
    rows, _ = made.past.of(made.past.row_of["u1"])
    assert {made.catalogue.item_ids[row] for row in rows} == {"reef", "whales", "tides"}
    assert traces(tmp_path / "out", GONE) == []
    with closing(Recommender.open(tmp_path / "out", live=str(tmp_path / "nothing.db"))) as recommender:
        reef = {"description": "Divers film the coral reef at night.", "categories": [], "year": 2004}
        assert recommender.get_item("reef").properties == {"title": "The Reef at Night", **reef}
        assert recommender.get_item("tides").properties["year"] == 2026
    assert made.manifest.live is not None
    assert made.manifest.live.seq == live.call(live.store.statistics()).seq
    assert made.manifest.cleaning["live_events"] == {"read": 2, "kept": 2}
    assert made.manifest.cleaning["live_users"] == {"read": 1, "kept": 1}


@on_both
def test_what_is_lost_of_live_data_is_told_value_by_value_beside_what_is_lost_of_the_files(  # noqa: PLR0917 - fixtures
    index: Run, live: LiveData, told: Callable[..., None], url: str, tmp_path: Path, kind: str
) -> None:
    tides = {"title": "Tides", "year": "long ago", "crew": ["Ann", 7]}
    live.call(live.store.put_items([ItemRecord("tides", tides)]))
    told("nowhere", "newcomer")

    done = index(tmp_path / "out", "--live", url)

    assert done.code == 0, done.err
    assert "1 live values of 'year' are missing" in done.err
    rejects = [json.loads(line) for line in (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()]
    event, *values = [one for one in rejects if one["table"].startswith("live_")]
    assert {one["table"] for one in rejects} == {"events", "live_events", "live_items"}
    assert event["reason"] == "unknown_item"
    assert (event["row"]["user_id"], event["row"]["item_id"]) == ("newcomer", "nowhere")
    name = url if kind == "sqlite" else f"postgresql://127.0.0.1:{url.rpartition(':')[2].partition('?')[0]}"
    place = {"table": "live_items", "file": name, "line": None}
    year = "missing, because 'year' holds numbers in the files; put a number, or use another property"
    crew = """kept as ["Ann", "7"], because 'crew' holds lists of text; put it so, or use another property"""
    assert values == [
        {**place, "reason": "unfitting_value", "field": "year", "message": year}
        | {"row": {"item_id": "tides", "year": "long ago"}},
        {**place, "reason": "changed_value", "field": "crew", "message": crew}
        | {"row": {"item_id": "tides", "crew": ["Ann", 7]}},
    ]


def test_what_was_put_is_the_same_in_the_next_bundle(index: Run, bundle: Path, url: str) -> None:
    whole: dict[str, object] = {
        "title": "Tides",
        "description": "The sea at night.",
        "categories": ["sea"],
        "year": 2026,
        "rating": 7.5,
        "is_new": True,
        "studio": "A",
        "place": {"latitude": 52, "longitude": 13},
        "crew": {"name": "Ann", "films": 3},
        "languages": ["de", "en"],
        "sizes": [1, 2.5],
        "flags": [True, False],
        "available_from": "2020-01-01T00:00:00Z",
    }
    other = {**whole, "title": "Dunes", "place": {"lat": 1.5, "lon": 2.5}, "crew": {"role": "cook"}, "rating": 7}
    few = {"title": "Wind", "description": "", "categories": [], "year": 1999.5}
    put = [Item("tides", whole), Item("dunes", other), Item("wind", few)]
    leaves: list[dict[str, object]] = [
        {"field": "year", "gte": 2026},
        {"field": "rating", "lt": 7.25},
        {"field": "is_new", "eq": True},
        {"field": "studio", "prefix": "A"},
        {"field": "place", "within": {"latitude": 52, "longitude": 13, "km": 1}},
        {"field": "place", "within": {"latitude": 1.5, "longitude": 2.5, "km": 1}},
        {"field": "crew", "exists": True},
        {"field": "languages", "eq": "de"},
        {"field": "sizes", "gt": 2},
        {"field": "flags", "eq": False},
    ]

    def asked(recommender: Recommender) -> list[object]:
        items = [recommender.get_item(item.item_id) for item in put]
        answers = [recommender.recommend(Query(filter=leaf, limit=50)) for leaf in leaves]
        return [items, *({item.item_id for item in answer.items} for answer in answers)]

    with closing(Recommender.open(bundle, live=url)) as recommender:
        recommender.put_items(put)
        assert recommender.property_names >= {"studio", "crew"}
        before = asked(recommender)
        done = index(bundle, "--live", url)
        assert recommender.reload()
        after = asked(recommender)

    assert done.code == 0, done.err
    assert before[0] == put
    assert after == before
    assert "live values" not in done.err


def test_a_service_alone_is_enough(run: Run, live: LiveData, told: Callable[..., None], tmp_path: Path) -> None:
    live.call(live.store.put_items([ItemRecord(name, {"title": f"The {name}"}) for name in ("sea", "wind", "rain")]))
    told("sea", "ann", "ben")
    told("wind", "ann", "eve")

    done = run("index", "--live", tmp_path / "live.db", "--out", tmp_path / "out", "--encoder", "tfidf", "--json")

    assert done.code == 0, done.err
    assert json.loads(done.out)["counts"] | {"items": 3, "users": 3, "events": 4} == json.loads(done.out)["counts"]


def test_a_catalogue_in_a_file_and_events_from_the_service_are_enough(
    run: Run, live: LiveData, told: Callable[..., None], tmp_path: Path
) -> None:
    items = tmp_path / "items.csv"
    items.write_text("item_id,title\nsea,The sea\nwind,The wind\nrain,The rain\n")
    told("sea", "ann", "ben")
    told("unheard of", "ann")

    arguments = ("--live", tmp_path / "live.db", "--items", items, "--out", tmp_path / "out", "--encoder", "tfidf")
    done = run("index", *arguments, "--json")

    assert done.code == 0, done.err
    assert json.loads(done.out)["counts"]["items"] == 3
    assert json.loads(done.out)["cleaning"]["live_events"] == {"read": 3, "kept": 2, "unknown_item": 1}


def test_a_misspelt_live_store_ends_with_9_and_is_not_made(index: Run, tmp_path: Path) -> None:
    done = index(tmp_path / "out", "--live", tmp_path / "nowhere.db")

    assert done.code == 9
    assert "nowhere.db" in done.err
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize("command", ["index", "erase"])
def test_an_erased_user_is_in_no_byte_of_any_version(  # noqa: PLR0917 - fixtures
    run: Run, index: Run, live: LiveData, told: Callable[..., None], tmp_path: Path, command: str
) -> None:
    out, url = tmp_path / "out", tmp_path / "live.db"
    told("fjord", GONE)
    told("nowhere", GONE)
    first, second = (index(out, "--live", url) for _ in range(2))
    assert (first.code, second.code) == (0, 0), second.err
    (out / "rejects.jsonl").write_text(json.dumps({"reason": "unknown_item", "row": {"user_id": GONE}}) + "\n")
    versions = BundleStore(out).versions()
    assert traces(out, GONE)

    live.call(live.store.erase_user(GONE))
    done = index(out, "--live", url, "--json") if command == "index" else run("erase", out, "--live", url, "--json")

    assert done.code == 0, done.err
    assert traces(out, GONE) == []
    assert not [path for path in out.rglob("*") if GONE in str(path)]
    store = BundleStore(out)
    assert not set(store.versions()) & set(versions)
    assert store.open_current().past.row_of["u1"] >= 0
    assert store.earlier()
    assert store.roll_back() in store.versions()
    report = json.loads(done.out)
    erased = report["erased_from"] if command == "index" else [one["version"] for one in report["versions"]]
    assert erased == versions


def test_rows_of_the_files_about_an_erased_user_are_left_out_and_counted(
    index: Run, live: LiveData, tmp_path: Path
) -> None:
    live.call(live.store.erase_user("u1"))

    done = index(tmp_path / "out", "--live", tmp_path / "live.db", "--json")

    told = json.loads(done.out)
    assert told["cleaning"]["events"]["erased_user"] == 3  # one of them of an unknown item
    assert "u1" not in BundleStore(tmp_path / "out").open_current().past.row_of
    rejects = [json.loads(line)["row"] for line in (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()]
    assert [row["user_id"] for row in rejects] == [""]


def test_who_is_erased_while_a_run_goes_on_is_not_in_what_it_publishes(
    index: Run, live: LiveData, told: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    told("fjord", LATE)

    def erased_meanwhile(*arguments: object, **more: object) -> BuildResult:
        result = build_bundle(*arguments, **more)  # type: ignore[arg-type]  # passed on as they came
        live.call(live.store.erase_user(LATE))
        return result

    monkeypatch.setattr("crossfade_indexing.job.build_bundle", erased_meanwhile)
    done = index(out, "--live", tmp_path / "live.db", "--json")

    told_of = json.loads(done.out)
    assert traces(out, LATE) == []
    assert told_of["version"] == BundleStore(out).current()
    assert told_of["counts"]["users"] == 30
    assert Bundle.open(Path(told_of["directory"])).manifest.counts.users == 30


def test_erase_says_what_it_did_and_the_second_time_that_there_is_nobody(
    run: Run, index: Run, live: LiveData, told: Callable[..., None], tmp_path: Path
) -> None:
    out, url = tmp_path / "out", tmp_path / "live.db"
    told("fjord", GONE)
    index(out, "--live", url)
    version = BundleStore(out).current()
    live.call(live.store.erase_user(GONE))

    first, second = run("erase", out, "--live", url), run("erase", out, "--live", url)

    assert first.code == second.code == 0
    assert first.out == f"{out}: {version}: now {BundleStore(out).current()}\n"
    assert second.out == f"{out}: holds nobody who was erased\n"


def test_erase_needs_a_bundle_and_live_data(run: Run, live: LiveData, tmp_path: Path) -> None:
    no_bundle = run("erase", tmp_path / "none", "--live", tmp_path / "live.db")
    no_live_data = run("erase", tmp_path / "none", "--live", tmp_path / "nowhere.db")

    assert (no_bundle.code, no_live_data.code) == (4, 9)
    assert "no bundle here" in no_bundle.err
    assert "nowhere.db" in no_live_data.err


def test_a_user_who_came_back_stays_in_what_was_indexed_since(
    run: Run, index: Run, live: LiveData, told: Callable[..., None], tmp_path: Path
) -> None:
    out, url = tmp_path / "out", tmp_path / "live.db"
    live.call(live.store.erase_user(GONE))
    told("fjord", GONE)
    index(out, "--live", url)

    run("erase", out, "--live", url)

    assert GONE in BundleStore(out).open_current().past.row_of
