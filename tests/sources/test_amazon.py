from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from crossfade.errors import InputError
from crossfade_indexing.cleaning import clean
from crossfade_indexing.sources import read_amazon_reviews

Write = Callable[[str, str | bytes], Path]

REVIEWS_2018 = {
    "overall": 5.0,
    "verified": True,
    "reviewTime": "09 1, 2016",
    "reviewerID": "A3CIUOJXQ5VDQ2",
    "asin": "0001",
    "reviewerName": "Shelly",
    "reviewText": "Works.",
    "summary": "Good",
    "unixReviewTime": 1472688000,
}
METADATA_2018 = {
    "asin": "0001",
    "title": "Salt &amp; Pepper <b>Mill</b>",
    "description": ["Grinds.", "And &quot;grinds&quot;.<br />"],
    "feature": ["Steel", "Glass"],
    "category": ["Home &amp; Kitchen", "Mills"],
    "main_cat": "Kitchen",
    "brand": "Acme",
    "price": "$1,012.99",
    "also_buy": ["0002"],
    "imageURL": [],
}
REVIEWS_2023 = {
    "rating": 4.0,
    "title": "Fine",
    "text": "Works.",
    "images": [],
    "asin": "B01",
    "parent_asin": "B00",
    "user_id": "AG73",
    "timestamp": 1588687728923,
    "helpful_vote": 0,
    "verified_purchase": True,
}
METADATA_2023 = {
    "main_category": "All Beauty",
    "title": "Nail Polish",
    "average_rating": 4.3,
    "rating_number": 384,
    "features": ["Dries fast"],
    "description": [],
    "price": None,
    "images": [{"thumb": "x"}],
    "videos": [],
    "store": "Howard",
    "categories": [],
    "details": {"Brand": "Howard"},
    "parent_asin": "B00",
    "bought_together": None,
}


def lines(*rows: Mapping[str, object] | str) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


@pytest.mark.parametrize("ending", [".json", ".json.gz", ".jsonl", ".jsonl.gz"])
def test_the_names_of_2018_are_understood(write: Write, ending: str) -> None:
    write(f"AMAZON{ending}", lines(REVIEWS_2018))
    folder = write(f"catalogue{ending}", lines(METADATA_2018)).parent

    dataset = clean(read_amazon_reviews(folder)).dataset

    time = dt.datetime(2016, 9, 1, tzinfo=dt.UTC)
    assert dataset.events.rows() == [("A3CIUOJXQ5VDQ2", "0001", time, None, "event", 5.0)]
    assert dataset.items.to_dicts() == [
        {
            "item_id": "0001",
            "title": "Salt & Pepper Mill",
            "description": 'Grinds. And "grinds". Steel Glass',
            "categories": ["Home & Kitchen", "Mills"],
            "main_category": "Kitchen",
            "brand": "Acme",
            "price": 1012.99,
        }
    ]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_the_names_of_2023_are_understood_and_their_milliseconds(write: Write, ending: str) -> None:
    write(f"All_Beauty{ending}", lines(REVIEWS_2023))
    folder = write(f"meta_All_Beauty{ending}", lines(METADATA_2023)).parent

    dataset = clean(read_amazon_reviews(folder)).dataset

    time = dt.datetime(2020, 5, 5, 14, 8, 48, 923_000, tzinfo=dt.UTC)
    assert dataset.events.rows() == [("AG73", "B00", time, None, "event", 4.0)]
    assert dataset.items.to_dicts() == [
        {
            "item_id": "B00",
            "title": "Nail Polish",
            "description": "Dries fast",
            "categories": [],
            "main_category": "All Beauty",
            "store": "Howard",
            "average_rating": 4.3,
            "rating_number": 384,
        }
    ]


def test_files_are_told_apart_by_their_fields_not_their_names(write: Write) -> None:
    write("meta_A.jsonl", lines(REVIEWS_2023))
    folder = write("reviews_A.jsonl", lines(METADATA_2023)).parent
    write("notes.jsonl", lines({"note": "neither"}))

    raw = read_amazon_reviews(folder)

    assert raw.events.path.name == "meta_A.jsonl"
    assert raw.items is not None
    assert raw.items.path.name == "reviews_A.jsonl"


def test_older_metadata_with_lists_of_lists_and_plain_text(write: Write) -> None:
    write("reviews.json", lines(REVIEWS_2018))
    old = {"asin": "0001", "title": "Mill", "description": "[New] mill", "categories": [["Home", "Mills"], ["Home"]]}
    folder = write("meta.json", lines(old, {**old, "asin": "0002", "description": None, "price": "from $3"})).parent

    items = clean(read_amazon_reviews(folder)).dataset.items

    assert items.rows() == [
        ("0001", "Mill", "[New] mill", ["Home", "Mills"]),
        ("0002", "Mill", "", ["Home", "Mills"]),
    ]


def test_bad_lines_are_set_aside_in_both_files(write: Write) -> None:
    write(
        "reviews.jsonl",
        lines("{broken", REVIEWS_2023, {**REVIEWS_2023, "rating": "five"}, {**REVIEWS_2023, "user_id": ""}),
    )
    folder = write("meta.jsonl", lines(METADATA_2023, "{'title': 'python'}", METADATA_2023)).parent

    report = clean(read_amazon_reviews(folder)).report

    assert report.as_dict() == {
        "events": {"read": 4, "kept": 1, "malformed_line": 1, "missing_user_id": 1, "unreadable_value": 1},
        "items": {"read": 3, "kept": 1, "malformed_line": 1, "repeated_item_id": 1},
    }


def test_what_is_missing_is_named_with_what_was_found(write: Write) -> None:
    folder = write("All_Beauty.jsonl", lines(REVIEWS_2023)).parent
    with pytest.raises(InputError) as error:
        read_amazon_reviews(folder)

    assert str(error.value) == (
        f"{folder}: holds no metadata (JSON Lines with the fields parent_asin or asin, and title); "
        "found All_Beauty.jsonl (asin, helpful_vote, images, parent_asin, rating, text, timestamp, title)"
    )


def test_a_folder_without_reviews_or_with_too_many(write: Write, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no reviews \(.*\); found no \.json, \.jsonl or \.ndjson file$"):
        read_amazon_reviews(tmp_path)

    write("a.jsonl", lines(REVIEWS_2023))
    write("b.jsonl", lines(REVIEWS_2023))
    with pytest.raises(InputError, match=r"holds more than one file of reviews \(a\.jsonl, b\.jsonl\); keep one$"):
        read_amazon_reviews(tmp_path)

    with pytest.raises(InputError, match="is no directory; the amazon-reviews preset reads"):
        read_amazon_reviews(tmp_path / "a.jsonl")
