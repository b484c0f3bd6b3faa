"""Are the simulated people's tastes recovered, and do new titles reach those they suit?

The sample's truth says how well each title meets each person's best interest (taste, 0 to 1). For people with ten
past items and more, the service's own engine recommends ten titles they have not had. Printed are the mean taste of
those ten, the mean taste of all titles they have not had (chance), and the area under the ROC curve of the scores for
titles of taste 0.65 and more, each at the sample's effect strengths and with every effect at zero, where the people
and their tastes are the same but nothing they do follows from them.

Then, for titles that were added late and nobody had when the bundle was made: how often such a title is among the
first twenty recommended to people it suits (taste 0.65 and more), and to the others.

Run: ``python benchmarks/sample_taste.py [--encoder NAME] [--seed N]``.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from crossfade import Query, Recommender
from crossfade.bundle import BundleStore
from crossfade_indexing.job import Inputs, Settings, run_index
from crossfade_indexing.progress import Quiet
from crossfade_indexing.sample import Sample, Strengths, simulate, write_sample

SUITS = 0.65
FEWEST_PAST_ITEMS = 10
TOP = 10
TOP_FOR_NEW = 20
NO_EFFECTS = Strengths(**dict.fromkeys((field.name for field in dataclasses.fields(Strengths)), 0.0))


@dataclass(frozen=True)
class Recovery:
    """How well tastes were recovered.

    Attributes:
        people: How many were asked for.
        top: Mean taste of the ten recommended.
        chance: Mean taste of all titles not had.
        area: Mean area under the ROC curve; 0.5 is chance.
    """

    people: int
    top: float
    chance: float
    area: float


@dataclass(frozen=True)
class NewTitles:
    """How far titles without any past reach.

    Attributes:
        titles: How many there are.
        suited: Share of (person, title) pairs that suit each other where the title is among the first twenty.
        others: The same share among all other pairs.
        reached: How many of the titles reach at least one person they suit.
    """

    titles: int
    suited: float
    others: float
    reached: int


def main() -> None:
    """Simulate, index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", help="as for 'crossfade index'")
    parser.add_argument("--seed", type=int, default=1, help="of the simulation (default: 1)")
    arguments = parser.parse_args()
    for name, strengths in (("effects as in the sample", Strengths()), ("every effect at zero", NO_EFFECTS)):
        with tempfile.TemporaryDirectory() as directory:
            sample = simulate(seed=arguments.seed, strengths=strengths)
            recommender = index(sample, Path(directory), arguments.encoder)
            found = taste_recovery(sample, recommender)
            print(f"{name}: {found.people} people with {FEWEST_PAST_ITEMS} past items and more")
            print(f"  taste of the first {TOP}: {found.top:.3f}; of all titles not had (chance): {found.chance:.3f}")
            print(f"  area under the ROC curve: {found.area:.3f} (chance 0.5)")
            new = new_titles(sample, recommender)
            print(f"  {new.titles} titles that nobody had: among the first {TOP_FOR_NEW} of {new.suited:.1%} of those")
            print(f"  they suit and of {new.others:.1%} of the others; {new.reached} reach somebody they suit")


def index(sample: Sample, directory: Path, encoder: str | None) -> Recommender:
    """Return a recommender over a bundle of the sample."""
    files = write_sample(sample, directory)
    inputs = Inputs(events=files.events, items=files.items, users=files.users)
    run_index(inputs, directory / "bundle", Settings(encoder=encoder), Quiet())
    return Recommender(BundleStore(directory / "bundle"))


def taste_recovery(sample: Sample, recommender: Recommender) -> Recovery:
    """Compare what is recommended with what the people were made to like."""
    truth = sample.truth
    place = {item_id: row for row, item_id in enumerate(truth.item_ids)}
    top, chance, areas = [], [], []
    for person, user_id in _regulars(sample, recommender):
        answer = recommender.recommend(Query(user_id=user_id, limit=500, include=()))
        rows = np.array([place[item.item_id] for item in answer.items])
        taste: NDArray[np.float64] = truth.taste[person, rows]
        top.append(taste[:TOP].mean())
        chance.append(taste.mean())
        if (taste >= SUITS).any() and (taste < SUITS).any():
            areas.append(roc_auc_score(taste >= SUITS, [item.score for item in answer.items]))
    return Recovery(len(top), float(np.mean(top)), float(np.mean(chance)), float(np.mean(areas)))


def new_titles(sample: Sample, recommender: Recommender) -> NewTitles:
    """Look for the titles without any past among the first twenty of everybody."""
    truth, bundle = sample.truth, recommender.bundle
    had = {bundle.catalogue.item_ids[row] for row in set(bundle.past.items.tolist())}
    new = [row for row, item_id in enumerate(truth.item_ids) if item_id not in had]
    suits, shown = [], []
    for person, user_id in _regulars(sample, recommender):
        answer = recommender.recommend(Query(user_id=user_id, limit=TOP_FOR_NEW, include=()))
        found = {item.item_id for item in answer.items}
        suits.append(truth.taste[person, new] >= SUITS)
        shown.append([truth.item_ids[row] in found for row in new])
    suited, listed = np.array(suits), np.array(shown)
    return NewTitles(
        len(new),
        float(listed[suited].mean()),
        float(listed[~suited].mean()),
        int((suited & listed).any(axis=0).sum()),
    )


def _regulars(sample: Sample, recommender: Recommender) -> list[tuple[int, str]]:
    """Return (row in the truth, id) of everybody with enough past items."""
    past = recommender.bundle.past
    rows = ((row, past.row_of.get(user_id), user_id) for row, user_id in enumerate(sample.truth.user_ids))
    return [
        (row, user_id)
        for row, user_row, user_id in rows
        if user_row is not None and len(past.of(user_row)[0]) >= FEWEST_PAST_ITEMS
    ]


if __name__ == "__main__":
    main()
