"""The seeded simulator of the sample data.

What exists is drawn first, from the seed alone: the people with their tastes and habits
(:mod:`~crossfade_indexing.sample.people`), their visits (:mod:`~crossfade_indexing.sample.visits`) and what becomes of
the titles (:mod:`~crossfade_indexing.sample.supply`). Then everybody chooses, by the model that
:mod:`~crossfade_indexing.sample.choice` states in full and the strengths scale, and the choices are logged
(:mod:`~crossfade_indexing.sample.events`). The same seed with other strengths is the same people on the same evenings.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossfade_indexing.sample.choice import FIELD_WEIGHTS, ChoiceModel
from crossfade_indexing.sample.choosing import choose
from crossfade_indexing.sample.draws import Draws
from crossfade_indexing.sample.events import log_events
from crossfade_indexing.sample.people import People, draw_people
from crossfade_indexing.sample.strengths import Strengths
from crossfade_indexing.sample.supply import Supply, draw_supply
from crossfade_indexing.sample.titles import THEMES, load_catalogue, marks_of
from crossfade_indexing.sample.truth import Truth
from crossfade_indexing.sample.visits import FIRST_DAY, draw_visits

__all__ = ["Sample", "SampleFiles", "simulate", "write_sample"]

_ATTRIBUTES = ("age_band", "household", "country")


@dataclass(frozen=True)
class Sample:
    """What a service would have on file, and the truth behind it.

    Attributes:
        events: In order of time: ``event_id``, ``user_id``, ``item_id``, ``timestamp`` (ISO 8601 with the offset of
            the user's local time), ``event_type`` (``impression``, ``watch``, ``finish``, ``like`` or ``dislike``),
            ``context.device``, ``context.network`` (goes with the device) and ``context.shard`` (means nothing).
        items: The catalogue without its themes, and ``added`` (Date): a title is available from the day after.
        users: ``user_id``, ``country``, ``timezone``, ``age_band``, ``household`` and ``plan`` (means nothing).
            A few of them have no events.
        truth: The answers.
    """

    events: pl.DataFrame
    items: pl.DataFrame
    users: pl.DataFrame
    truth: Truth


@dataclass(frozen=True)
class SampleFiles:
    """Where a sample was written: CSV, JSON Lines and CSV."""

    events: Path
    items: Path
    users: Path


def simulate(*, seed: int, people: int = 2_400, days: int = 120, strengths: Strengths = Strengths()) -> Sample:  # noqa: B008 - frozen
    """Simulate a streaming service from 2026-03-02 on.

    Args:
        seed: At least 0. The same arguments give the same sample, whatever the machine.
        people: How many people, at least 1.
        days: How many days, at least 1.
        strengths: How strong each effect is.

    Raises:
        ValueError: If one of the numbers is too small.
    """
    for name, value, least in (("seed", seed, 0), ("people", people, 1), ("days", days, 1)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, not {value}")
    catalogue = load_catalogue()
    for_supply, for_people, for_visits, for_choices, for_log = map(Draws, np.random.SeedSequence(seed).spawn(5))
    supply = draw_supply(for_supply, titles=len(catalogue), days=days)
    crowd = draw_people(for_people, catalogue, people=people, days=days)
    visits = draw_visits(for_visits, crowd, days=days)
    model = ChoiceModel(catalogue, crowd, supply, strengths, days=days)
    choices = choose(for_choices, model, visits, catalogue["minutes"].to_numpy(), people=people, days=days)
    users, items = crowd.users, catalogue.drop("themes")
    events = log_events(for_log, choices, visits, user_ids=users["user_id"], item_ids=items["item_id"], days=days)
    added = pl.Series("added", [FIRST_DAY + timedelta(days=int(day)) for day in supply.added])
    return Sample(
        events=events,
        items=items.with_columns(added),
        users=users,
        truth=_truth(catalogue=catalogue, people=crowd, supply=supply, model=model, strengths=strengths, days=days),
    )


def write_sample(sample: Sample, directory: Path) -> SampleFiles:
    """Write ``events.csv``, ``items.jsonl`` and ``users.csv``, byte for byte the same for the same sample.

    Args:
        sample: What to write; its truth is not written.
        directory: Made if it does not exist; files of these names in it are replaced.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = SampleFiles(directory / "events.csv", directory / "items.jsonl", directory / "users.csv")
    sample.events.write_csv(files.events)
    sample.users.write_csv(files.users)
    lines = (
        json.dumps({**item, "added": item["added"].isoformat()}, ensure_ascii=False)
        for item in sample.items.iter_rows(named=True)
    )
    files.items.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    return files


def _truth(
    *, catalogue: pl.DataFrame, people: People, supply: Supply, model: ChoiceModel, strengths: Strengths, days: int
) -> Truth:
    return Truth(
        user_ids=tuple(people.users["user_id"]),
        item_ids=tuple(catalogue["item_id"]),
        days=days,
        themes=marks_of(catalogue, "themes", THEMES),
        tastes=_subject_tastes(people),
        taste=model.taste,
        group=supply.group,
        group_fondness=people.fondness,
        part_habits=people.parts,
        device_habits=people.devices,
        field_weights={
            field: weight * getattr(strengths, "attributes" if field in _ATTRIBUTES else field, 1.0)
            for field, weight in FIELD_WEIGHTS.items()
        },
        model=model,
    )


def _subject_tastes(people: People) -> NDArray[np.float64]:
    tastes = np.zeros((len(people.users), len(THEMES)))
    np.maximum.at(tastes, (np.arange(len(tastes))[:, None], people.subject), people.importance)
    return tastes
