"""Everything that is chosen on held-out items before the final fit: factors, profile, trend and fusion.

Given time enough the same data and config choose the same again, so a run over unchanged events takes over what the
present bundle says, unless the choice of factors and profile had run out of time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from crossfade.bundle import ItemSpaces, Manifest
from crossfade.bundle.manifest import SelectionInfo, TrialInfo
from crossfade.engine.components import popularity_part
from crossfade.types import FloatArray
from crossfade_indexing.config import EvidenceConfig, FactorizationConfig, FusionConfig, IndexingConfig
from crossfade_indexing.learning.cold_items import add_cold_items
from crossfade_indexing.learning.spaces import Material, learn_factors, learn_spaces, with_trend
from crossfade_indexing.learning.trend import half_lives
from crossfade_indexing.progress import Advance
from crossfade_indexing.selection.candidates import score_candidates
from crossfade_indexing.selection.cold_scale import choose_cold_scale
from crossfade_indexing.selection.factors import Selection, Trial, select
from crossfade_indexing.selection.fusion import FEWEST_USERS, LearnedFusion, learn_fusion, start_for, trend_is_named
from crossfade_indexing.selection.holdout import Holdout, repeated
from crossfade_indexing.selection.requests import requests_of

__all__ = ["Choice", "choose", "fingerprint"]

# Raised by every change of the search, so that an older bundle's choice is not taken over.
_SEARCH = 13
# Of the time to choose in, for scoring what the fusion is learned on.
_FUSION_SHARE = 0.2


@dataclass(frozen=True)
class Choice:
    """What the final fit is made with.

    Attributes:
        evidence: How past items count.
        factorization: Hyper-parameters of the factors.
        fusion: Default weights.
        half_life_days: Of the trend; None where it says nothing.
        info: How all this came about, for the manifest.
    """

    evidence: EvidenceConfig
    factorization: FactorizationConfig
    fusion: FusionConfig
    half_life_days: float | None
    info: SelectionInfo


def fingerprint(material: Material, config: IndexingConfig) -> str:
    """Return a digest of all that a choice depends on."""
    digest = hashlib.sha256(f"{_SEARCH} {config.model_dump_json(exclude={'keep_versions'})}".encode())
    for part in (config.evidence, config.factorization, config.fusion):
        digest.update(str(sorted(part.model_fields_set)).encode())
    past = material.past
    for array in (past.starts, past.items, past.weights, past.liked, past.ages, material.content.vectors):
        digest.update(np.ascontiguousarray(array).data)
    digest.update(str(past.timed).encode())
    digest.update(np.ascontiguousarray(material.situations.hash_rows(seed=0).to_numpy()).data)
    return digest.hexdigest()


def choose(material: Material, config: IndexingConfig, present: Manifest | None, on_progress: Advance) -> Choice:
    """Choose what the config leaves open.

    Args:
        material: All there is to learn from.
        config: What is fixed, and where to start.
        present: The manifest of the bundle that is served now; None if there is none.
        on_progress: As in ``select``.
    """
    identity = fingerprint(material, config)
    if present is not None and present.selection.finished and present.selection.fingerprint == identity:
        return _taken_over(present, config)
    holdouts = repeated(material.past, users=config.selection.users, seed=config.selection.seed)
    selection = select(holdouts, config, on_progress)
    holdout = holdouts[0].aged(selection.evidence.age_half_life_days)
    fusion, cold_scale = _choose_weights(holdout, material, selection, config)
    return Choice(
        selection.evidence,
        selection.factorization.model_copy(update={"cold_scale": cold_scale}),
        fusion.config,
        fusion.half_life_days,
        SelectionInfo(
            users=selection.users,
            finished=selection.finished,
            fingerprint=identity,
            factors=_infos(selection.trials),
            fusion=_infos(fusion.trials),
        ),
    )


def _taken_over(present: Manifest, config: IndexingConfig) -> Choice:
    profile, factors, fusion = present.profile, present.factorization, present.fusion
    return Choice(
        config.evidence.model_copy(update=profile.model_dump(exclude={"repeats"})),
        config.factorization.model_copy(update=factors.model_dump()),
        config.fusion.model_copy(update=fusion.model_dump()),
        present.half_life_days,
        present.selection,
    )


def _choose_weights(
    holdout: Holdout, material: Material, selection: Selection, config: IndexingConfig
) -> tuple[LearnedFusion, float]:
    """Choose the weights of the components, and then the scale of cold items beside them."""
    factorization = selection.factorization
    # Unmeasured, a trend that the config asks for is the slowest there is.
    half_life = max(half_lives(material.situations), default=None) if trend_is_named(config.fusion) else None
    if config.selection.seconds == 0:
        return LearnedFusion(config.fusion, half_life, ()), factorization.cold_scale
    start = start_for(config.fusion, material.past.n_users)
    if len(holdout.users) < FEWEST_USERS:
        return LearnedFusion(start, half_life, ()), factorization.cold_scale
    seed, item_ids, evidence = config.selection.seed, material.item_ids, selection.evidence
    side = Material(
        holdout.train, _without_held_out(holdout, material.situations, item_ids), material.content, item_ids
    )
    open_scale = "cold_scale" not in config.factorization.model_fields_set
    factors = learn_factors(side, factorization.model_copy(update={"cold_scale": 0.0} if open_scale else {}))
    spaces = learn_spaces(side, factors, evidence, half_life_days=None, seed=seed).spaces
    trends = {days: _trend_z(with_trend(spaces, side, days)) for days in half_lives(side.situations)}
    full = add_cold_items(factors, side.content.vectors, 1.0) if open_scale else factors
    candidates = score_candidates(
        requests_of(holdout, spaces, evidence, material.situations, item_ids),
        spaces,
        [*trends.values()],
        cold_targets=full.targets - factors.targets,
        seconds=_FUSION_SHARE * config.selection.seconds,
    )
    found = learn_fusion(candidates, start, trends)
    if not open_scale or not candidates.cold.any():
        return found, factorization.cold_scale
    if found.half_life_days is not None:
        candidates = candidates.trending(trends[found.half_life_days])
    scale, trials = choose_cold_scale(candidates, found.config)
    return replace(found, trials=[*found.trials, *trials]), scale


def _trend_z(spaces: ItemSpaces) -> FloatArray:
    one = np.ones(1, np.float32)
    return popularity_part("trend", spaces.trend, weights=one, tenth_best=spaces.tenth_best["trend"]).z


def _without_held_out(holdout: Holdout, situations: pl.DataFrame, item_ids: pl.Series) -> pl.DataFrame:
    gone = ~holdout.kept
    users = pl.Series(holdout.past.user_ids, dtype=pl.String).gather(holdout.past.users()[gone])
    held_out = pl.DataFrame({"user_id": users, "item_id": item_ids.gather(holdout.past.items[gone])})
    return situations.join(held_out, on=["user_id", "item_id"], how="anti", maintain_order="left")


def _infos(trials: Sequence[Trial]) -> tuple[TrialInfo, ...]:
    return tuple(
        TrialInfo(setting=dict(one.setting), ndcg=dict(one.ndcg), gain=one.gain, error=one.error) for one in trials
    )
