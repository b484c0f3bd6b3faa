"""What the simulator knows and the files do not tell: the answers that models are measured against."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from crossfade_indexing.sample import effects
from crossfade_indexing.sample.choice import ChoiceModel, Situations
from crossfade_indexing.sample.visits import FIRST_DAY

__all__ = ["Truth", "context_at"]

_CONTEXT: dict[str, tuple[str, ...]] = {
    "part_of_day": effects.PARTS_OF_DAY,
    "weekday": effects.WEEKDAYS,
    "device": effects.DEVICES,
    "network": effects.NETWORKS,
}


def context_at(moment: datetime) -> dict[str, str]:
    """The ``part_of_day`` and ``weekday`` of a moment in the person's local time."""
    part = effects.part_of_day(np.array([moment.hour]))[0]
    return {"part_of_day": effects.PARTS_OF_DAY[part], "weekday": effects.WEEKDAYS[moment.weekday()]}


@dataclass(frozen=True)
class Truth:
    """The hidden side of a sample; people in the order of its users, titles in the order of its items.

    Attributes:
        user_ids: In order.
        item_ids: In order.
        days: Length of the simulation in days.
        themes: Shape (titles, themes), bool: which title is about what, in the order of ``titles.THEMES``.
        tastes: Shape (people, themes), 0 to 1: how much each person looks for each subject.
        taste: Shape (people, titles), 0 to 1: how well each title meets the person's best interest (T in the model).
        group: Shape (titles,): the hidden group of each title.
        group_fondness: Shape (people, hidden groups), 0 to 1.
        part_habits: Shape (people, parts of day), summing to 1: when they watch.
        device_habits: Shape (people, devices), summing to 1: on what they watch, before the hour bends it.
        field_weights: Each field's and attribute's true weight, strengths included; 0.0 for what means nothing. The
            fields' tables have root mean square 1, so weights compare.
        model: The choice model itself.
    """

    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    days: int
    themes: NDArray[np.bool_]
    tastes: NDArray[np.float64]
    taste: NDArray[np.float64]
    group: NDArray[np.int64]
    group_fondness: NDArray[np.float64]
    part_habits: NDArray[np.float64]
    device_habits: NDArray[np.float64]
    field_weights: Mapping[str, float]
    model: ChoiceModel

    def probabilities(
        self,
        user_id: str,
        day: date,
        context: Mapping[str, str] | None = None,
        *,
        watched: Collection[str] = (),
        previous: str | None = None,
    ) -> NDArray[np.float64]:
        """The true probability of each title to be the one watched, given that the person watches something.

        Args:
            user_id: Who.
            day: When, in UTC; it decides what is available and in fashion.
            context: Any of ``part_of_day``, ``weekday`` (both local), ``device``, ``network``; a field left out
                adds nothing, which is its mean. Fields that mean nothing may be given too.
            watched: The titles watched before; how many they are says how familiar the person is with the service.
            previous: The title just watched in the same session, None for none.

        Returns:
            Shape (titles,), summing to 1; 0 for titles not available that day.

        Raises:
            ValueError: If the person, the day, a value of the context or a title is unknown.
        """
        offset = (day - FIRST_DAY).days
        if not 0 <= offset < self.days:
            raise ValueError(f"day {day} is not among the {self.days} days of the simulation, the first is {FIRST_DAY}")
        seen = np.zeros((1, len(self.item_ids)), dtype=np.bool_)
        seen[0, [_place(self.item_ids, item_id, "item") for item_id in watched]] = True
        part, weekday, device, network = (
            np.array([-1 if (value := (context or {}).get(field)) is None else _place(values, value, field)])
            for field, values in _CONTEXT.items()
        )
        situation = Situations(
            person=np.array([_place(self.user_ids, user_id, "user")]),
            day=np.array([offset]),
            part_of_day=part,
            weekday=weekday,
            device=device,
            network=network,
            previous=np.array([-1 if previous is None else _place(self.item_ids, previous, "item")]),
            watched=seen,
        )
        return np.asarray(self.model.offer(situation).probabilities()[0])


def _place(names: tuple[str, ...], name: str, what: str) -> int:
    if name not in names:
        raise ValueError(f"{what} {name!r} is not in the sample")
    return names.index(name)
