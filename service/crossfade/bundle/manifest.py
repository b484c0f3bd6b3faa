"""The manifest: what is in a bundle, how it was made, and a checksum for every file."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossfade.errors import BundleCorruptError, BundleFormatError

__all__ = [
    "FORMAT_VERSION",
    "MANIFEST_NAME",
    "Counts",
    "EncoderInfo",
    "EvidenceRules",
    "Factorization",
    "FieldInfo",
    "FileEntry",
    "FusionWeights",
    "IndexInfo",
    "LiveMark",
    "Manifest",
    "ProfileRules",
    "SelectionInfo",
    "TrialInfo",
    "file_digest",
    "read_manifest",
]

FORMAT_VERSION = 3
"""Raised by every change that an older Crossfade could not read."""

MANIFEST_NAME = "manifest.json"

# No part may begin with a dot, so that none leads out of the bundle.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$")]

Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileEntry(_Part):
    """One file of the bundle."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Hex SHA-256 of the file's bytes.")
    bytes: int = Field(ge=0, description="Size in bytes.")


class Counts(_Part):
    """How much the bundle holds."""

    items: int = Field(ge=0, description="Items that can be recommended.")
    warm_items: int = Field(ge=0, description="Items with at least one weighted event, so with factors of their own.")
    described_items: int = Field(ge=0, description="Items with text to embed.")
    users: int = Field(ge=0, description="Users with at least one event.")
    events: int = Field(ge=0, description="Events that passed cleaning.")
    past_items: int = Field(ge=0, description="Distinct (user, item) pairs among them, impressions apart.")


class EncoderInfo(_Part):
    """The text encoder that made the embeddings and that the bundle carries."""

    name: str = Field(description="As the encoder names itself, for example all-MiniLM-L6-v2 or tfidf.")
    fingerprint: str = Field(description="Hash of its weights and settings.")
    dimension: int = Field(ge=1, description="Length of an embedding.")
    languages: tuple[str, ...] | None = Field(description="ISO 639-1 codes it understands; null when not known.")


class Factorization(_Part):
    """Hyper-parameters of the truncated SVD."""

    rank: int = Field(ge=1, description="Number of factors.")
    user_exponent: Share = Field(description="a in D_u^-a X D_i^-b.")
    item_exponent: Share = Field(description="b in D_u^-a X D_i^-b; targets are scaled back by the same power.")
    half_rank: int = Field(ge=1, description="m, the factor whose energy the ridge of the filter equals.")
    filter_exponent: float = Field(ge=0, description="p in (s^2 / (s^2 + s_m^2))^p, the weight of a factor.")
    leverage_exponent: Share = Field(description="c in (1 - h)^-c, which scales the targets.")
    cold_scale: float = Field(ge=0, description="Length of the factors that an untouched item gets from its text.")
    seed: int = Field(ge=0, description="Seed of the randomized solver.")


class EvidenceRules(_Part):
    """How much the acts of a user on an item speak for the user's taste; see ``evidence.weigh_acts``."""

    event_weights: dict[str, float] = Field(description="By event type; types not named weigh 1.")
    neutral_value: Share = Field(description="Where ratings begin to speak for an item, as a share of the highest.")
    highest_value: float | None = Field(gt=0, description="Highest rating given; null where values are no ratings.")
    repeat_growth: float = Field(ge=0, description="g: n acts on one item weigh 1 + g ln(n) times as much as one.")


class LiveMark(_Part):
    """How far into a live store the bundle has seen."""

    store_id: str = Field(description="Which store.")
    seq: int = Field(ge=0, description="Everything up to here in the order of its commits was indexed.")


class ProfileRules(_Part):
    """How a user's past items count at request time."""

    recency: float = Field(ge=0, description="rho: the n-th past item from the end counts (1 + n)^-rho.")
    against: float = Field(ge=0, description="How much a past item counts that speaks against.")
    age_half_life_days: float | None = Field(
        default=None, gt=0, description="The weights of past items were halved for every so many days of age."
    )
    repeats: bool = Field(description="Whether people use items again, so that what they had is not left out.")


class FusionWeights(_Part):
    """Default weight of each component, >= 0: from a newcomer's to a regular's, the crossfade."""

    newcomer: dict[str, float] = Field(description="By component, for whoever has no past items.")
    regular: dict[str, float] = Field(description="By component, what the weight nears as past items grow.")
    fade: float = Field(gt=0, description="Past items at which a weight is half way between the two.")

    def at(self, name: str, past_items: float) -> float:
        """Return a component's default weight at n past items: ``r + (w - r) fade / (fade + n)``."""
        newcomer, regular = self.newcomer[name], self.regular[name]
        return regular + (newcomer - regular) * self.fade / (self.fade + past_items)


class TrialInfo(_Part):
    """One setting that was tried on held-out items."""

    setting: dict[str, float]
    ndcg: dict[str, float] = Field(description="NDCG@20 by kind of held-out item: continue (the latest), fill (any).")
    gain: float = Field(description="Relative gain over what its stage began with; 0.01 is a percent.")
    error: float = Field(ge=0, description="Its standard error.")


class SelectionInfo(_Part):
    """How the hyper-parameters were chosen."""

    users: int = Field(ge=0, description="Held-out users' lists that each setting was measured on.")
    finished: bool = Field(description="Whether the time lasted for every setting.")
    fingerprint: str = Field(description="Of the weighed events and the search; the same again is not searched again.")
    factors: tuple[TrialInfo, ...] = Field(description="Settings of the factors and the profile, in order.")
    fusion: tuple[TrialInfo, ...] = Field(
        description="Settings of the default weights that were taken, in order, then the scales of cold items tried."
    )


class FieldInfo(_Part):
    """What one field of the context, or one attribute of the users, was found to tell."""

    component: Literal["context", "attributes"] = Field(description="Which component it counts in.")
    weight: float = Field(ge=0, description="lambda; 0 where nothing beyond chance was found.")
    strength: float = Field(ge=0, description="Root mean square of lambda times the log-lift over past events.")
    gain: float = Field(description="Log-likelihood per event that it adds on users it was not learned from.")


class IndexInfo(_Part):
    """One FAISS index."""

    kind: Literal["flat", "hnsw"] = Field(description="flat searches exactly, hnsw approximately.")
    vectors: int = Field(ge=0, description="How many vectors it holds.")
    dimension: int = Field(ge=1, description="Their length.")
    recall: Share = Field(description="Share of the exact 100 nearest that a search of 100 returns, on a sample.")


class Manifest(_Part):
    """Everything about a bundle that is not a vector or a table."""

    format_version: Literal[3] = Field(description="Of the bundle's files.")
    crossfade_version: str = Field(description="Of the package that wrote it.")
    created_at: datetime = Field(description="When, in UTC.")
    counts: Counts
    encoder: EncoderInfo
    factorization: Factorization
    indexes: dict[str, IndexInfo] = Field(description="By name: embeddings, targets, users.")
    evidence: EvidenceRules
    event_types: tuple[str, ...] = Field(
        max_length=32,
        description="Bit i of a past item's types stands for the i-th: the most frequent first. Of more than 32, the "
        'last is "*" and stands for all the others.',
    )
    profile: ProfileRules
    fusion: FusionWeights
    half_life_days: float | None = Field(description="Of the trend; null where it says nothing.")
    selection: SelectionInfo
    fields: dict[str, FieldInfo] = Field(description="What was learned of each context field and user.attribute.")
    live: LiveMark | None = Field(description="What was indexed of live data; null where only files were.")
    timezone: str | None = Field(description="Zone of local times that name none; null where none was given.")
    tenth_best: dict[str, float] = Field(
        description="Per component, the median over users of its tenth-best item, in standard deviations above the "
        "catalogue's mean; dividing by it makes equal weights mean equal say."
    )
    cleaning: dict[str, dict[str, int]] = Field(description="Rows read, kept and dropped by reason, per input table.")
    files: dict[FileName, FileEntry] = Field(description="Every other file, by its path inside the bundle.")


def file_digest(path: Path) -> str:
    """Return the hex SHA-256 of a file, read in pieces.

    Raises:
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Args:
        path: The manifest itself, inside a version's directory; the directory's name ends in the first 12 hex
            digits of the manifest's SHA-256, so the manifest is checked as well as what it lists.

    Raises:
        BundleCorruptError: If it is missing, unreadable, altered or not a manifest.
        BundleFormatError: If it was written in a newer format.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BundleCorruptError(f"{path}: cannot be read ({error.strerror}); build the bundle again") from error
    expected = path.parent.name.rpartition("-")[2]
    if hashlib.sha256(raw).hexdigest()[:12] != expected:
        raise BundleCorruptError(
            f"{path}: its checksum is not the one in the directory's name ({expected}); "
            "the file was altered or the directory renamed"
        )
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError as error:
        problem = error.errors()[0]
        if problem["loc"] == ("format_version",):
            raise BundleFormatError(
                f"{path}: format version {problem['input']!r}; this Crossfade reads format {FORMAT_VERSION}. "
                "Upgrade crossfade, or build the bundle again with this version"
            ) from error
        where = ".".join(str(part) for part in problem["loc"])
        raise BundleCorruptError(f"{path}: not a manifest: {where or 'file'}: {problem['msg']}") from error
