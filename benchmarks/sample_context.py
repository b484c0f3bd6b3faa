"""What does the context add on the sample, whose truth is known, and are its fields' weights found?

Part of day, weekday, device and network move what the simulated people choose; the default strengths of these four
effects are multiplied by 0, 0.5, 1, 1.5 and 2 in turn, with seeds that nothing was developed on. The last 20 % of
everybody's acts are held out (impressions, which weigh nothing, are no acts), a bundle is built from the rest with
TF-IDF embeddings, and the service's own engine ranks all titles that the person has not had. Every request carries the
time and the context of the person's first held-out like. Several seeds are pooled.

Printed for each strength, with paired 95 % bootstrap intervals:

- NDCG@10 of the fused ranking, of the same without context, and of one without context and attributes, beside that of
  the simulator's own probabilities with the context and without it on the same requests; once over everything held
  out, most of which was watched in other situations, and once over the title of that very moment alone;
- the learned weight and strength (root mean square of the weighted log-lift) of each field beside its true weight;
- NDCG@10 of the fused ranking and each component alone for everybody, newcomers (fewer than 5 past titles) and regulars
  (30 and more), over the title of the moment and over everything, and, from a bundle of its own that saw no event of
  10 % of the titles, for these cold titles among all.
  A component that tells no title from another (attributes or a trend that nothing was learned of) counts as 0.

Run: ``python benchmarks/sample_context.py [--strengths 0 1 ...] [--seeds N ...] [--people N] [--seconds S]``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
import scipy.sparse as sp
from asking import SINGLES, Asked, K, learned_from, ndcg_where, read_sample
from numpy.typing import NDArray

from crossfade.bundle.manifest import FieldInfo
from crossfade.types import RowArray
from crossfade_indexing.config import IndexingConfig, SelectionConfig
from crossfade_indexing.dataset import Dataset
from crossfade_indexing.evaluation import statistics
from crossfade_indexing.evaluation.metrics import PerUser
from crossfade_indexing.evaluation.splits import Split, cold_items, last_share
from crossfade_indexing.sample import Strengths, simulate
from crossfade_indexing.sample.truth import Truth, context_at

CONTEXT_EFFECTS = ("part_of_day", "weekday", "device", "network")
NEWCOMERS_BELOW = 5
REGULARS_FROM = 30
VARIANTS: dict[str, Mapping[str, float]] = {
    "fused": {},
    "fused, no context": {"context": 0.0},
    "fused, no context or attributes": {"context": 0.0, "attributes": 0.0},
    **SINGLES,
}
TRUTH, TRUTH_WITHOUT = "true probabilities", "true probabilities, no context"
GROUPS = {
    "everybody": "everybody",
    "newcomers": f"newcomers (fewer than {NEWCOMERS_BELOW} past titles)",
    "regulars": f"regulars ({REGULARS_FROM} past titles and more)",
}
SOUGHT = ("the title of the moment", "all held out")
COLD = "cold titles (10 % of all, ranked among all)"

Table = dict[str, dict[str, PerUser]]
"""What is to be found, or by whom → ranker → NDCG@10 per evaluated user, NaN where it does not apply."""


@dataclass(frozen=True)
class Moment:
    """The first held-out like of one user: what was chosen, and when and where."""

    item_id: str
    timestamp: datetime
    context: dict[str, str]


@dataclass(frozen=True)
class Found:
    """What one sample showed, or several of the same strengths together.

    Attributes:
        table: The figures.
        fields: What each bundle learned of each field.
        truth: Each field's true weight.
        weights: Of the components for newcomers and regulars, as learned by each bundle.
    """

    table: Table
    fields: list[dict[str, FieldInfo]]
    truth: Mapping[str, float]
    weights: list[tuple[float, float]]


def main() -> None:
    """Measure and print one strength after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strengths", type=float, nargs="+", default=[0.0, 0.5, 1.0, 1.5, 2.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103], help="of the simulations, pooled")
    parser.add_argument("--people", type=int, default=2_400, help="per simulation (default: 2400, as in the sample)")
    parser.add_argument("--seconds", type=float, default=20.0, help="to choose hyper-parameters in (default: 20)")
    arguments = parser.parse_args()
    config = IndexingConfig(selection=SelectionConfig(seconds=arguments.seconds))
    for strength in arguments.strengths:
        started = time.perf_counter()
        found = [measure(strength, seed, arguments.people, config) for seed in arguments.seeds]
        print(f"\n== context effects x {strength:g} ({time.perf_counter() - started:.0f} s)", flush=True)
        report(pooled(found))


def measure(strength: float, seed: int, people: int, config: IndexingConfig) -> Found:
    """Simulate, learn and ask."""
    strengths = Strengths(**dict.fromkeys(CONTEXT_EFFECTS, strength))
    sample = simulate(seed=seed, people=people, strengths=strengths)
    dataset = read_sample(sample)
    split = last_share(dataset.events)
    with learned_from(dataset, split, config) as asked:
        rows = {name: asked.rows(weights) for name, weights in VARIANTS.items()}
        rows |= true_rows(sample.truth, asked, moments(split, asked))
        table = tabulate(rows, asked, moments(split, asked))
        manifest = asked.recommender.bundle.manifest
    fusion = manifest.fusion
    return Found(
        table | {COLD: cold_titles(dataset, seed, config)},
        [manifest.fields],
        sample.truth.field_weights,
        [(fusion.newcomer["context"], fusion.regular["context"])],
    )


def moments(split: Split, asked: Asked) -> list[Moment]:
    """Return the first held-out like of each evaluated user, the one whose context the request carries."""
    case = asked.case
    users, items = case.relevant.tocoo().coords
    relevant = pl.DataFrame(
        {
            "user_id": case.catalog.user_ids[case.users].gather(users),
            "item_id": pl.Series(case.catalog.item_ids).gather(items),
        }
    )
    first = (
        split.test.join(relevant, on=["user_id", "item_id"], how="semi", maintain_order="left")
        .sort("timestamp", maintain_order=True)
        .unique("user_id", keep="first", maintain_order=True)
    )
    by_user = {row["user_id"]: row for row in first.iter_rows(named=True)}
    found = []
    for user_id in case.catalog.user_ids[case.users]:
        row = by_user[user_id]
        context = context_at(row["local_time"]) | {name: row[f"context.{name}"] for name in ("device", "network")}
        found.append(Moment(row["item_id"], row["timestamp"].astimezone(UTC), context))
    return found


def true_rows(truth: Truth, asked: Asked, when: Sequence[Moment]) -> dict[str, RowArray]:
    """Return the titles most likely in truth that the person has not had, with the context known and without."""
    case = asked.case
    place = {item_id: row for row, item_id in enumerate(truth.item_ids)}
    order = np.array([place[item_id] for item_id in case.catalog.item_ids])
    rows = {name: np.empty((len(when), K), np.int64) for name in (TRUTH, TRUTH_WITHOUT)}
    for user, moment in enumerate(when):
        had = case.had[[int(case.users[user])]].indices.astype(np.int64)
        watched = [case.catalog.item_ids[row] for row in had.tolist()]
        for name, context in ((TRUTH, moment.context), (TRUTH_WITHOUT, None)):
            user_id = case.catalog.user_ids[int(case.users[user])]
            chances = truth.probabilities(user_id, moment.timestamp.date(), context, watched=watched)[order]
            chances[had] = -1.0
            rows[name][user] = np.argsort(-chances, kind="stable")[:K]
    return rows


def tabulate(rows: Mapping[str, RowArray], asked: Asked, when: Sequence[Moment]) -> Table:
    """Return NDCG@10 over all that was held out, over the title of the moment, and by how much people have had."""
    case = asked.case
    place = asked.recommender.bundle.catalogue.row_of
    chosen = np.array([place[moment.item_id] for moment in when])
    ones = np.ones(len(when), np.float32)
    then = sp.csr_array((ones, (np.arange(len(when)), chosen)), shape=case.relevant.shape)
    past = np.diff(case.had.indptr)[case.users]
    members = {
        "everybody": np.ones(len(when), np.bool_),
        "newcomers": past < NEWCOMERS_BELOW,
        "regulars": past >= REGULARS_FROM,
    }
    table: Table = {}
    for sought, relevant in zip(SOUGHT, (then, case.relevant), strict=True):
        values = {name: ndcg_where(ranked, relevant) for name, ranked in rows.items()}
        for group, inside in members.items():
            table[f"{group}, {sought}"] = {name: np.where(inside, one, np.nan) for name, one in values.items()}
    return table


def cold_titles(dataset: Dataset, seed: int, config: IndexingConfig) -> dict[str, PerUser]:
    """Return NDCG@10 over titles that nobody had in training, ranked among all."""
    with learned_from(dataset, cold_items(dataset.events, seed=seed), config) as asked:
        names = {"fused": VARIANTS["fused"], **SINGLES}
        return {name: ndcg_where(asked.rows(weights), asked.case.relevant) for name, weights in names.items()}


def pooled(found: Sequence[Found]) -> Found:
    """Return several samples as one; their people are different people."""
    table = {
        whom: {name: np.concatenate([one.table[whom][name] for one in found]) for name in rankers}
        for whom, rankers in found[0].table.items()
    }
    return Found(
        table,
        [fields for one in found for fields in one.fields],
        found[0].truth,
        [weights for one in found for weights in one.weights],
    )


def report(found: Found) -> None:
    """Print everything about one strength."""
    for sought in SOUGHT:
        report_gains(sought, found.table[f"everybody, {sought}"])
    report_fields(found)
    for sought in SOUGHT:
        for group, words in GROUPS.items():
            report_singles(f"{words}, {sought}", found.table[f"{group}, {sought}"])
    report_singles(COLD, found.table[COLD])


def report_gains(whom: str, rankers: Mapping[str, PerUser]) -> None:
    """Print what the context adds, and would add."""
    print(f"NDCG@{K} over {whom} ({defined(rankers['fused'])} people)")
    for name, base in (
        ("fused", "fused, no context"),
        ("fused", "fused, no context or attributes"),
        (TRUTH, TRUTH_WITHOUT),
    ):
        gain = statistics.difference(rankers[name], rankers[base]).interval
        low, high = np.nanmean(rankers[base]), np.nanmean(rankers[name])
        print(f"  {base:33}{low:.4f} -> {high:.4f}  {gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})")


def report_fields(found: Found) -> None:
    """Print what was learned of each field beside its true weight; means over the bundles."""
    shares = ", ".join(f"{newcomer:g} -> {regular:g}" for newcomer, regular in found.weights)
    print(f"weight of the context component, newcomer -> regular: {shares}")
    print(f"  {'field':22}{'true':>7}{'weight':>8}{'strength':>10}  counted in")
    names = sorted({name for fields in found.fields for name in fields})
    for name in names:
        learned = [fields[name] for fields in found.fields if name in fields]
        weight = sum(one.weight for one in learned) / len(found.fields)
        strength = sum(one.strength for one in learned) / len(found.fields)
        counted = sum(one.weight > 0 for one in learned)
        true = found.truth.get(name.partition(".")[2] or name)
        shown = "-" if true is None else f"{true:.2f}"
        print(f"  {name:22}{shown:>7}{weight:8.2f}{strength:10.3f}  {counted} of {len(found.fields)}")


def report_singles(whom: str, rankers: Mapping[str, PerUser]) -> None:
    """Print the fused ranking beside each component alone."""
    fused = rankers["fused"]
    if not defined(fused):
        print(f"no {whom}")
        return
    print(f"NDCG@{K}, {whom}: fused {np.nanmean(fused):.4f} ({defined(fused)} people); fused less")
    for name in SINGLES:
        gain = statistics.difference(fused, rankers[name]).interval
        alone = np.nanmean(rankers[name])
        print(f"  {name:15}{alone:.4f}  {gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})")


def defined(values: NDArray[np.float64]) -> int:
    """Return for how many users there is a figure."""
    return int((~np.isnan(values)).sum())


if __name__ == "__main__":
    main()
