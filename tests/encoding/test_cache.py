"""A second run embeds only what is new, whatever happened to the first."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from encoding.hand_made import LetterEncoder

from crossfade_indexing.encoders import EncodingCache, encode_cached, shards
from crossfade_indexing.encoders.shards import Shards

TEXTS = [f"{chr(97 + number % 26) * (1 + number // 26)}b" for number in range(2500)]


@pytest.fixture
def cache(tmp_path: Path) -> EncodingCache:
    return EncodingCache(tmp_path / "cache")


def test_a_second_run_embeds_nothing(cache: EncodingCache) -> None:
    first, count = encode_cached(LetterEncoder(), TEXTS, cache)
    again = LetterEncoder()

    second, none = encode_cached(again, TEXTS, cache)

    assert (count, none, again.encoded) == (2500, 0, [])
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, LetterEncoder().encode(TEXTS))


def test_one_changed_text_embeds_one(cache: EncodingCache) -> None:
    encode_cached(LetterEncoder(), TEXTS, cache)
    changed = LetterEncoder()

    _, count = encode_cached(changed, [*TEXTS[1:], "changed"], cache)

    assert (count, changed.encoded) == (1, ["changed"])


def test_another_encoder_starts_anew(cache: EncodingCache) -> None:
    encode_cached(LetterEncoder(), TEXTS, cache)

    _, count = encode_cached(LetterEncoder(version="2"), TEXTS, cache)

    assert count == 2500


def test_equal_texts_are_embedded_once_and_empty_ones_never(cache: EncodingCache) -> None:
    encoder = LetterEncoder()

    vectors, count = encode_cached(encoder, ["aa", "", "b", "aa", " \n"], cache)

    assert (count, sorted(encoder.encoded)) == (2, ["aa", "b"])
    assert vectors[:, :2].tolist() == [[1, 0], [0, 0], [0, 1], [1, 0], [0, 0]]


def test_no_texts_at_all_give_no_rows(cache: EncodingCache) -> None:
    vectors, count = encode_cached(LetterEncoder(), [], cache)

    assert (vectors.shape, count) == ((0, 26), 0)


def test_progress_counts_what_is_to_embed(cache: EncodingCache) -> None:
    told: list[tuple[int, int]] = []

    encode_cached(LetterEncoder(), TEXTS, cache, on_progress=lambda *call: told.append(call))

    assert told == [(1024, 2500), (2048, 2500), (2500, 2500)]


def test_an_interrupted_run_keeps_what_it_finished(cache: EncodingCache) -> None:
    shortest = min(TEXTS, key=len)
    with pytest.raises(KeyboardInterrupt):
        encode_cached(LetterEncoder(interrupted_at=shortest), TEXTS, cache)

    _, count = encode_cached(LetterEncoder(), TEXTS, cache)

    assert count == 2500 - 2048


def test_finished_work_is_kept_every_few_thousand_texts(tmp_path: Path) -> None:
    many = [f"{number}" for number in range(5000)]

    encode_cached(LetterEncoder(), many, EncodingCache(tmp_path))

    assert len(list(tmp_path.rglob("*.npy"))) == 2


@pytest.mark.parametrize("content", [b"", b"\x80\x04]q\x00.", b"cut"])
def test_a_damaged_file_is_discarded_with_a_warning(
    cache: EncodingCache, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    encode_cached(LetterEncoder(), TEXTS, cache)
    (file,) = tmp_path.rglob("*.npy")
    file.write_bytes(content)

    _, count = encode_cached(LetterEncoder(), TEXTS, cache)

    assert count == 2500
    assert f"{file} is damaged" in caplog.text
    assert encode_cached(LetterEncoder(), TEXTS, cache)[1] == 0


def test_one_flipped_bit_counts_as_damage(cache: EncodingCache, tmp_path: Path) -> None:
    encode_cached(LetterEncoder(), TEXTS, cache)
    (file,) = tmp_path.rglob("*.npy")
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)

    _, count = encode_cached(LetterEncoder(), TEXTS, cache)

    assert count == 2500


def test_a_cache_that_cannot_be_written_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "out").mkdir()
    cache = EncodingCache(tmp_path / "file")

    vectors, count = encode_cached(LetterEncoder(), TEXTS, cache)
    cache.export(LetterEncoder(), tmp_path / "out")

    assert (len(vectors), count) == (2500, 2500)
    assert (tmp_path / "out" / "letters.txt").read_text() == "abc"
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_many_small_files_are_joined(tmp_path: Path) -> None:
    kept = Shards(tmp_path, 2)
    for number in range(20):
        kept.add([bytes([number]) * 32], np.full((1, 2), number, np.float32))

    first, second = kept.read(), kept.read()

    assert len(list(tmp_path.iterdir())) == 1
    assert {key[0]: vector.tolist() for key, vector in second.items()} == {n: [n, n] for n in range(20)}
    assert first.keys() == second.keys()


def test_two_processes_at_once_lose_and_damage_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, numpy as np; from pathlib import Path; from crossfade_indexing.encoders.shards import Shards\n"
        "kept = Shards(Path(sys.argv[1]), 2)\n"
        "for number in range(60):\n"
        "    kept.add([bytes([int(sys.argv[2]), number]) * 16], np.full((1, 2), number, np.float32)); kept.read()\n"
    )
    paths = os.pathsep.join(str(Path(module.__file__ or "").parents[2]) for module in (shards,))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([paths, *sys.path])}
    running = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path, str(number)], env=environment, stderr=subprocess.PIPE)
        for number in (1, 2)
    ]

    said = [process.communicate(timeout=60)[1] for process in running]

    found = Shards(tmp_path, 2).read()
    assert said == [b"", b""]
    assert {bytes([who, n]) * 16 for who in (1, 2) for n in range(60)} == found.keys()
    assert all(vector.tolist() == [key[1]] * 2 for key, vector in found.items())


def test_an_export_is_made_once(cache: EncodingCache, tmp_path: Path) -> None:
    encoder = LetterEncoder()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        cache.export(encoder, tmp_path / name)

    assert encoder.exports == 1
    assert [file.name for file in (tmp_path / "two").iterdir()] == ["letters.txt"]
    assert (tmp_path / "two" / "letters.txt").read_text() == "abc"


def test_a_damaged_export_is_made_again(cache: EncodingCache, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    encoder = LetterEncoder()
    (tmp_path / "out").mkdir()
    cache.export(encoder, tmp_path / "out")
    (kept,) = (tmp_path / "cache").rglob("letters.txt")
    kept.write_text("abd")

    cache.export(encoder, tmp_path / "out")

    assert encoder.exports == 2
    assert "is damaged" in caplog.text
    assert (tmp_path / "out" / "letters.txt").read_text() == kept.read_text() == "abc"


def test_encoders_of_one_name_do_not_pile_up(cache: EncodingCache, tmp_path: Path) -> None:
    other = LetterEncoder("letters-of-another-kind")
    encode_cached(other, TEXTS, cache)
    for version in range(7):
        encode_cached(LetterEncoder(version=str(version)), TEXTS, cache)

    assert len(list((tmp_path / "cache").iterdir())) == 4 + 1
    assert encode_cached(other, TEXTS, cache)[1] == 0
    assert encode_cached(LetterEncoder(version="6"), TEXTS, cache)[1] == 0
