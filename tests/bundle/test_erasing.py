"""Whoever was erased is in no byte of any version, and all others are as they were."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bundle.small import context_space
from hand_made import contents_of

from crossfade.bundle import BundleContents, BundleStore, Erasures, VectorIndex, erase_users, write_bundle
from crossfade.bundle.manifest import LiveMark
from crossfade.errors import BundleError
from crossfade_indexing.learning.content import build_content_space

# Nobody meets such ids by chance, and each is long enough for a search through bytes.
GONE, STAYS, TOLD = "gone-3f9d2c71b8", "stays-b1c0a9e457", "told-77ac01d9e2"


def contents(live: LiveMark | None = None, seed: int = 0) -> BundleContents:
    vectors = np.random.default_rng(seed).normal(size=(5, 3)).astype(np.float32)
    return contents_of(
        pl.DataFrame({"item_id": [f"i{row}" for row in range(5)], "title": ["t"] * 5}),
        sources=vectors,
        targets=vectors,
        content=build_content_space(vectors, seed=0)[0],
        past={"first": {4: 1.0}, GONE: {0: 1.0, 3: 2.0}, STAYS: {2: -1.0, 1: 2.0}},
        acts={STAYS: {2: (7, ["dislike"]), 1: (9, ["watch", "like"])}},
        attributes=context_space("adult", [0.3, 0.0, 0.0, 0.0, 0.0]),
        users={TOLD: {"adult": "yes"}, STAYS: {"adult": "yes"}, GONE: {"adult": None}},
        live=live,
    )


def erasures(*user_ids: str, place: int = 10, store_id: str = "store") -> Erasures:
    hashes = {f"hash of {user_id}": place for user_id in user_ids}
    return Erasures(store_id, hashes, lambda user_id: f"hash of {user_id}")


@pytest.fixture
def store(tmp_path: Path) -> BundleStore:
    """Three versions: one that was used, the one in use, and one that was never published."""
    made = BundleStore(tmp_path / "store")
    for seed in range(2):
        made.use(write_bundle(contents(seed=seed), made.versions_directory).name)
    write_bundle(contents(seed=2), made.versions_directory)
    return made


def holds(directory: Path, user_id: str) -> bool:
    """Whether any byte of any file, or any cell of any table, below a directory is of a user."""
    for path in directory.rglob("*"):
        if path.is_file() and user_id.encode() in path.read_bytes():
            return True
        if path.suffix == ".parquet" and user_id in str(pl.read_parquet(path).to_dicts()):
            return True
    return any(user_id in str(path) for path in directory.rglob("*"))


def test_no_byte_of_any_version_is_of_an_erased_user(store: BundleStore) -> None:
    assert holds(store.directory, GONE)
    assert holds(store.directory, TOLD)

    done = erase_users(store, erasures(GONE, TOLD))

    assert [version.users for version in done.versions] == [2, 2, 2]
    assert not holds(store.directory, GONE)
    assert not holds(store.directory, TOLD)
    assert holds(store.directory, STAYS)


def test_the_pasts_of_all_others_are_as_they_were(store: BundleStore) -> None:
    before = store.open_current()

    erase_users(store, erasures(GONE))

    after = store.open_current()
    assert after.past.user_ids == ["first", STAYS]
    assert [array.tolist() for array in (*after.past.of(1), *after.past.acts(1))] == [[2, 1], [-1, 2], [7, 9], [4, 3]]
    assert [array.tolist() for array in after.past.of(0)] == [[4], [1]]
    query = after.spaces.collaborative.sources[1:2] @ after.spaces.collaborative.root
    scores, rows = after.users.search(query, 3)
    scores_before, rows_before = before.users.search(query, 3)
    kept = rows_before[0] != 1
    assert scores[0].tolist() == scores_before[0][kept].tolist()
    assert rows[0].tolist() == [{0: 0, 2: 1}[row] for row in rows_before[0][kept]]
    assert after.user_attributes.of(STAYS) == {"adult": "yes"}
    assert GONE not in after.user_attributes


def test_what_was_learned_from_all_together_stays_and_the_counts_follow(store: BundleStore) -> None:
    before = store.open_current()

    erase_users(store, erasures(GONE))

    after = store.open_current()
    assert (after.spaces.collaborative.targets == before.spaces.collaborative.targets).all()
    assert after.catalogue.table.equals(before.catalogue.table)
    assert (after.manifest.counts.users, after.manifest.counts.past_items) == (2, 3)
    assert after.manifest.created_at == before.manifest.created_at


def test_a_rewritten_version_stands_where_the_old_one_stood(store: BundleStore) -> None:
    versions, earlier, current = store.versions(), store.earlier(), store.current()

    done = erase_users(store, erasures(GONE))

    by = {one.version: one.replaced_by for one in done.versions}
    assert store.versions() == [by[version] for version in versions]
    assert store.earlier() == [by[version] for version in earlier] != []
    assert store.current() == by[current]
    assert store.roll_back() == by[earlier[-1]]


def test_a_second_time_there_is_nothing_left_to_do(store: BundleStore) -> None:
    erase_users(store, erasures(GONE))
    versions = store.versions()

    done = erase_users(store, erasures(GONE))

    assert (done.versions, done.rejects) == ((), 0)
    assert store.versions() == versions


def test_a_version_without_them_is_not_touched(store: BundleStore) -> None:
    versions = store.versions()

    assert erase_users(store, erasures("somebody else")).versions == ()
    assert store.versions() == versions


@pytest.mark.parametrize(
    ("mark", "stays"),
    [
        (LiveMark(store_id="store", seq=10), True),
        (LiveMark(store_id="store", seq=9), False),
        (LiveMark(store_id="another", seq=10), False),
        (None, False),
    ],
)
def test_who_came_back_after_the_erasure_stays_where_that_was_seen(
    tmp_path: Path, mark: LiveMark | None, stays: bool
) -> None:
    store = BundleStore(tmp_path)
    store.use(write_bundle(contents(mark), store.versions_directory).name)

    erase_users(store, erasures(GONE, place=10))

    opened = store.open_current()
    assert (GONE in opened.past.row_of) == stays
    assert opened.manifest.live == mark


def test_everybody_can_be_erased(store: BundleStore) -> None:
    erase_users(store, erasures(GONE, STAYS, TOLD, "first"))

    opened = store.open_current()
    assert opened.past.user_ids == []
    assert opened.users.size == 0
    assert opened.user_attributes.table.is_empty()


def test_what_was_interrupted_is_finished_by_the_next_run(store: BundleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    before = store.current()
    with monkeypatch.context() as patch:
        patch.setattr(BundleStore, "substitute", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            erase_users(store, erasures(GONE))
    assert store.open_current().version == before

    erase_users(store, erasures(GONE))

    assert len(store.versions()) == 3
    assert not holds(store.directory, GONE)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_version_that_cannot_be_read_goes_unless_it_is_in_use(store: BundleStore) -> None:
    *others, _ = store.versions()
    broken = next(name for name in others if name != store.current())
    (store.versions_directory / broken / "users.parquet").write_bytes(b"")

    done = erase_users(store, erasures(GONE))

    assert (broken, None) in {(one.version, one.replaced_by) for one in done.versions}
    assert broken not in store.versions()


def test_where_the_one_in_use_cannot_be_read_the_others_are_done_and_it_says_so(store: BundleStore) -> None:
    current = store.current()
    (store.versions_directory / current / "popularity.npy").write_bytes(b"")

    with pytest.raises(BundleError, match=r"popularity\.npy"):
        erase_users(store, erasures(GONE))

    assert [name for name in store.versions() if holds(store.versions_directory / name, GONE)] == [current]


def test_dropped_rows_that_name_an_erased_user_go(store: BundleStore) -> None:
    def line(row: object) -> str:
        return json.dumps({"table": "events", "file": "e.csv", "line": 1, "reason": "malformed_line", "row": row})

    kept = [
        line({"user_id": STAYS, "item_id": "42"}),
        line({"item_id": "42"}),
        line(f'"{STAYS}",x'),
        line({"user_id": None}),
    ]
    gone = [
        line({"user_id": f" {GONE} ", "item_id": "i"}),
        line({"userId": 42, "tag": "fun"}),
        line({"user_id": 42.0}),
        line(f'"{GONE}",x'),
        line(f'{{"user_id": "{GONE}"'),
        line("an id, with blanks: and colons,x"),
    ]
    store.rejects.write_text("\n".join(kept[:2] + gone + kept[2:]) + "\n")

    done = erase_users(store, erasures(GONE, "42", "with blanks: and colons"))

    assert done.rejects == len(gone)
    assert store.rejects.read_text() == "\n".join(kept) + "\n"


def test_an_index_of_some_rows_is_of_the_same_kind_and_finds_them(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    for kind in ("flat", "hnsw"):
        VectorIndex.build(vectors, kind=kind).save(tmp_path / "index")
        rows = np.arange(0, 300, 7)

        some = VectorIndex.load(tmp_path / "index").select(rows)

        assert some.size == len(rows)
        assert type(some._index).__name__ == {"flat": "IndexFlatIP", "hnsw": "IndexHNSWFlat"}[kind]
        exact = VectorIndex.build(vectors[rows], kind="flat").search(vectors[:5], 3)[1]
        assert some.search(vectors[:5], 3)[1].tolist() == exact.tolist()
