"""How often what was recommended was shown and acted on."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from crossfade.live.database import Part
from crossfade.live.records import IMPRESSION, Insight
from crossfade.live.rows import to_microseconds
from crossfade.live.schema import events

__all__ = ["Counting"]

_NO_CLICK = (IMPRESSION, "skip", "dislike")


class Counting(Part):
    """The part of the store that counts."""

    async def insights(self, since: datetime, until: datetime) -> list[Insight]:
        """Return impressions and clicks by scenario, by rank and by component.

        Only events that came with the id of a recommendation count. An item of an answer is one impression once an
        ``impression`` of it was reported, and one click once any other event was that is no ``skip`` or ``dislike``;
        each once, however often it was reported. An item that was acted on without a report that it was shown is a
        click and no impression.

        Args:
            since: Of the first events that count.
            until: Of the first that do not any more.

        Returns:
            By scenario, then by rank, then by component; in each by key, ranks as numbers.

        Raises:
            LiveError: If the database cannot be read.
        """
        clicked = events.c.event_type != IMPRESSION
        reported = (
            sa.select(
                events.c.recommendation, events.c.item_id, events.c.scenario, events.c.rank, events.c.component,
                clicked.label("clicked"),
            )
            .where(
                events.c.recommendation.is_not(None),
                events.c.timestamp >= to_microseconds(since),
                events.c.timestamp < to_microseconds(until),
                sa.or_(events.c.event_type == IMPRESSION, events.c.event_type.not_in(_NO_CLICK)),
            )
            .distinct()
            .subquery()
        )  # fmt: skip
        cell = (reported.c.scenario, reported.c.rank, reported.c.component, reported.c.clicked)
        async with self._database.reading() as connection:
            found = await connection.execute(sa.select(*cell, sa.func.count().label("times")).group_by(*cell))
        times: Counter[tuple[_By, str | int, bool]] = Counter()
        for row in found:
            for by in _ALL:
                times[by, getattr(row, by), bool(row.clicked)] += row.times
        places = sorted({(_ALL.index(by), key) for by, key, _ in times})
        return [
            Insight(_ALL[place], str(key), times[_ALL[place], key, False], times[_ALL[place], key, True])
            for place, key in places
        ]


_By = Literal["scenario", "rank", "component"]
_ALL: tuple[_By, ...] = ("scenario", "rank", "component")
