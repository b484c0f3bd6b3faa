"""A job that writes recommendations for every user into a file: for a newsletter, or for a shop that only reads files.

It asks a bundle in its own process, or a service somewhere else; both have the same methods.

    python examples/batch_job/job.py --bundle crossfade-demo/bundle --out recommendations.jsonl
    RECOMMENDER_KEY=cf_... python examples/batch_job/job.py --url https://recommendations.example --users users.txt

Each line of the file is one user: {"user_id": "p0001", "items": [{"item_id": "...", "title": "...", "score": 2.9}]}
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from crossfade import CrossfadeClient, CrossfadeError, Query, Recommender

AT_ONCE = 500  # that many users share the cost of going through the catalogue


def main() -> None:
    """Read the command line, ask, write."""
    parser = argparse.ArgumentParser(description="Write recommendations for many users as JSON Lines.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--bundle", type=Path, help="directory that 'crossfade index --out' wrote")
    source.add_argument("--url", help="address of a service")
    parser.add_argument("--users", type=Path, help="file with one user id per line; all users if left out")
    parser.add_argument("--limit", type=int, default=10, help="items per user")
    parser.add_argument("--out", type=Path, help="file to write; what the job prints if left out")
    arguments = parser.parse_args()
    try:
        # A key on the command line would be seen by everyone who lists the processes of this machine.
        key = os.environ.get("RECOMMENDER_KEY")
        opened = CrossfadeClient(arguments.url, key=key) if arguments.url else Recommender.open(arguments.bundle)
        with closing(opened) as recommender:
            lines = "".join(lines_of(recommender, arguments.users, arguments.limit))
    except CrossfadeError as error:
        # What was written last time stays where it is: nothing has been written yet.
        sys.exit(f"{error.code}: {error}")
    if arguments.out is None:
        sys.stdout.write(lines)
    else:
        arguments.out.write_text(lines, encoding="utf-8")


def lines_of(recommender: Recommender | CrossfadeClient, users: Path | None, limit: int) -> Iterator[str]:
    """Ask for many users at a time, and turn each answer into a line."""
    waiting = user_ids(recommender, users)
    while some := list(islice(waiting, AT_ONCE)):
        queries = [Query(user_id=user_id, limit=limit) for user_id in some]
        for user_id, answer in zip(some, recommender.recommend_many(queries), strict=True):
            items = [
                {"item_id": item.item_id, "title": item.properties["title"], "score": round(item.score, 4)}
                for item in answer.items
            ]
            yield json.dumps({"user_id": user_id, "items": items}, ensure_ascii=False) + "\n"


def user_ids(recommender: Recommender | CrossfadeClient, users: Path | None) -> Iterator[str]:
    """Read the ids from a file, or ask for everyone of whom anything is known, page by page."""
    if users is not None:
        yield from filter(None, users.read_text(encoding="utf-8").splitlines())
        return
    page = recommender.list_users(limit=500)
    yield from (user.user_id for user in page.users)
    while page.next_cursor is not None:
        page = recommender.list_users(limit=500, cursor=page.next_cursor)
        yield from (user.user_id for user in page.users)


if __name__ == "__main__":
    main()
