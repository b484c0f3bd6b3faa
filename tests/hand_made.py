"""One way to make a bundle by hand: in memory for what scores with it, on disk for what opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from crossfade.bundle import (
    NO_TIME,
    Bundle,
    BundleContents,
    Catalogue,
    ContentSpace,
    ContextSpace,
    ItemSpaces,
    Manifest,
    Past,
    UserAttributes,
    VectorIndex,
)
from crossfade.bundle.manifest import (
    FORMAT_VERSION,
    Counts,
    EncoderInfo,
    EvidenceRules,
    Factorization,
    FieldInfo,
    FileEntry,
    FusionWeights,
    IndexInfo,
    LiveMark,
    ProfileRules,
    SelectionInfo,
)
from crossfade.engine import COMPONENTS
from crossfade.engine.profile import profile_weights
from crossfade.types import FloatArray
from crossfade_indexing.learning.indexes import build_index, build_space, user_vectors

__all__ = ["Acts", "Pasts", "constant_fusion", "contents_of", "in_memory", "no_encoder"]

Pasts = Mapping[str, Mapping[int, float]]
"""The weight of each item row, oldest first, by user id."""

Acts = Mapping[str, Mapping[int, tuple[int, Sequence[str]]]]
"""Unix seconds of the latest act on an item row, and the types of the acts, by user id."""

EVENT_TYPES = ("watch", "like", "dislike", "rating")
PLAIN_EVIDENCE = EvidenceRules(
    event_weights={"impression": 0.0, "like": 3.0, "dislike": -1.0},
    neutral_value=0.4,
    highest_value=5.0,
    repeat_growth=0.5,
)
PLAIN_PROFILE = ProfileRules(recency=0.0, against=1.0, repeats=False)


def constant_fusion(**weights: float) -> FusionWeights:
    """Return default weights that do not fade; components that are not named weigh 1."""
    every = dict.fromkeys(COMPONENTS, 1.0) | weights
    return FusionWeights(newcomer=every, regular=every, fade=1.0)


def no_encoder(directory: Path) -> None:
    """Write what stands for an encoder where nothing is encoded."""
    (directory / "encoder.json").write_text("{}")


def contents_of(
    items: pl.DataFrame,
    *,
    sources: FloatArray,
    targets: FloatArray,
    content: ContentSpace,
    past: Pasts,
    acts: Acts | None = None,
    cold_map: FloatArray | None = None,
    popularity: Sequence[float] | None = None,
    trend: Sequence[float] | None = None,
    context: ContextSpace | None = None,
    attributes: ContextSpace | None = None,
    users: Mapping[str, Mapping[str, str | None]] | None = None,
    fusion: FusionWeights | None = None,
    profile: ProfileRules = PLAIN_PROFILE,
    evidence: EvidenceRules = PLAIN_EVIDENCE,
    live: LiveMark | None = None,
    timezone: str | None = None,
    encoder: str = "none",
    write_encoder: Callable[[Path], None] = no_encoder,
) -> BundleContents:
    """Return everything a bundle holds.

    Args:
        items: One row per item, ``item_id`` and ``title`` at least.
        sources: Shape (n_items, d).
        targets: Shape (n_items, d).
        content: Over the same items.
        past: What users did.
        acts: When and how, of types in ``EVENT_TYPES``; by default the times are unknown and every act is a watch.
        cold_map: Shape (d_content, 2 * d); zeros by default.
        popularity: By item row; the same for all by default, like the trend.
        trend: By item row.
        context: By default nothing is known of any context, and of attributes neither.
        attributes: What users are like.
        users: Attributes by user id, as in a users file.
        fusion: Default weights; 1 each by default.
        profile: How past items count.
        evidence: How acts become weights.
        live: How far into a live store it has seen.
        timezone: Of the times that name none.
        encoder: Its name.
        write_encoder: Writes its files.
    """
    n_items = items.height
    folded = _fold_ins(past, sources, profile)
    if cold_map is None:
        cold_map = np.zeros((content.vectors.shape[1], 2 * targets.shape[1]), np.float32)
    space = build_space(sources, targets, cold_map)
    index, targets_info = build_index(targets, queries=folded, seed=0)
    collaborative = replace(space, index=index)
    spaces = ItemSpaces(
        collaborative=collaborative,
        content=content,
        context=context or ContextSpace.empty(n_items),
        attributes=attributes or ContextSpace.empty(n_items),
        popularity=np.asarray(popularity or [0.0] * n_items, np.float32),
        trend=np.asarray(trend or [0.0] * n_items, np.float32),
        tenth_best={"collaborative": 1.0, "content": 1.0, "popularity": 1.0, "trend": 1.0},
    )
    known = {"user_id": list(users or {})} | {
        name: [user.get(name) for user in (users or {}).values()] for name in spaces.attributes.fields
    }
    embeddings = IndexInfo(kind="flat", vectors=n_items, dimension=content.vectors.shape[1], recall=1.0)

    def manifest(created_at: datetime, files: dict[str, FileEntry]) -> Manifest:
        return Manifest(
            format_version=FORMAT_VERSION,
            crossfade_version="0",
            created_at=created_at,
            counts=_counts(n_items, past),
            encoder=EncoderInfo(name=encoder, fingerprint="", dimension=len(content.centre), languages=("en",)),
            factorization=Factorization(
                rank=targets.shape[1],
                user_exponent=0.5,
                item_exponent=0.5,
                half_rank=1,
                filter_exponent=0.0,
                leverage_exponent=0.0,
                cold_scale=1.0,
                seed=0,
            ),
            indexes={"embeddings": embeddings, "targets": targets_info},
            evidence=evidence,
            event_types=EVENT_TYPES,
            profile=profile,
            fusion=fusion or constant_fusion(),
            half_life_days=14.0 if trend else None,
            selection=SelectionInfo(users=0, finished=True, fingerprint="", factors=(), fusion=()),
            fields=_fields(spaces),
            live=live,
            timezone=timezone,
            tenth_best=dict(spaces.tenth_best),
            cleaning={},
            files=files,
        )

    return BundleContents(
        catalogue=Catalogue(items),
        past=_as_past(past, acts or {}),
        spaces=spaces,
        user_attributes=UserAttributes(pl.DataFrame(known, schema=dict.fromkeys(known, pl.String))),
        users=VectorIndex.build(user_vectors(folded, collaborative), kind="flat"),
        write_encoder=write_encoder,
        manifest=manifest,
    )


def in_memory(contents: BundleContents) -> Bundle:
    """Return contents as a bundle that was never written."""
    return Bundle(
        version="20260101T000000.000000Z-000000000000",
        manifest=contents.manifest(datetime(2026, 1, 1, tzinfo=UTC), {}),
        catalogue=contents.catalogue,
        past=contents.past,
        spaces=contents.spaces,
        user_attributes=contents.user_attributes,
        users=contents.users,
        encoder_directory=Path("no-encoder"),
    )


def _as_past(past: Pasts, acts: Acts) -> Past:
    watched = (NO_TIME, ("watch",))
    known = [acts.get(user, {}).get(row, watched) for user, had in past.items() for row in had]
    return Past(
        list(past),
        starts=np.cumsum([0, *(len(had) for had in past.values())], dtype=np.int64),
        items=np.array([row for had in past.values() for row in had], np.int64),
        weights=np.array([weight for had in past.values() for weight in had.values()], np.float32),
        times=np.array([time for time, _ in known], np.int64),
        types=np.array([sum(1 << EVENT_TYPES.index(name) for name in types) for _, types in known], np.uint32),
    )


def _fold_ins(past: Pasts, sources: FloatArray, rules: ProfileRules) -> FloatArray:
    """Return each user's factors, shape (n_users, d)."""
    folded = np.zeros((len(past), sources.shape[1]), np.float32)
    for user, had in enumerate(past.values()):
        weights = np.array(list(had.values()), np.float32)
        if (weights > 0).any():
            steps_back = np.arange(len(had))[::-1]
            counted = profile_weights(weights, steps_back, recency=rules.recency, against=rules.against)
            folded[user] = counted @ sources[list(had)]
    return folded


def _counts(n_items: int, past: Pasts) -> Counts:
    n_past = sum(map(len, past.values()))
    return Counts(
        items=n_items,
        warm_items=n_items,
        described_items=n_items,
        users=len(past),
        events=n_past,
        past_items=n_past,
    )


def _fields(spaces: ItemSpaces) -> dict[str, FieldInfo]:
    found = {}
    for component, space, prefix in (("context", spaces.context, ""), ("attributes", spaces.attributes, "user.")):
        for name, weight in zip(space.fields, space.weights, strict=True):
            found[f"{prefix}{name}"] = FieldInfo(component=component, weight=float(weight), strength=0.1, gain=0.01)
    return found
