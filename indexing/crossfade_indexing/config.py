"""Everything about an indexing run that can be set; read from ``--config FILE.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from crossfade.engine import COMPONENTS
from crossfade.engine.query import MAX_WEIGHT
from crossfade.errors import InputError

__all__ = [
    "EvidenceConfig",
    "FactorizationConfig",
    "FusionConfig",
    "IndexingConfig",
    "SelectionConfig",
    "read_config",
]

Share = Annotated[float, Field(ge=0, le=1)]
ActWeight = Annotated[float, Field(ge=-1_000, le=1_000)]
Weight = Annotated[float, Field(ge=0, le=MAX_WEIGHT)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EvidenceConfig(_Part):
    """How much each event speaks for a user's taste."""

    event_weights: dict[str, ActWeight] = Field(
        default={
            "impression": 0.0,
            "skip": 0.0,
            "event": 1.0,
            "view": 1.0,
            "click": 1.0,
            "watch": 1.0,
            "play": 1.0,
            "cart": 1.5,
            "save": 1.5,
            "finish": 2.0,
            "purchase": 2.0,
            "share": 2.0,
            "like": 3.0,
            "dislike": -1.0,
        },
        description="By event type; types not named weigh 1. 0 is no act of the user's at all, below 0 is a no: "
        "the user has had the item and does not want its like.",
    )
    neutral_value: Share = Field(
        default=0.4,
        description="Where explicit ratings begin to speak for an item, as a share of the highest value given: 0.4 "
        "of five stars is two stars, so a rating of 4 weighs 1, one of 2 weighs 0 and one of 1 speaks against.",
    )
    repeat_growth: float = Field(
        default=0.5, ge=0, le=10, description="g: n acts on one item weigh 1 + g ln(n) times as much as one."
    )
    recency: float = Field(
        default=0.0, ge=0, le=5, description="rho: the n-th past item from the end counts (1 + n)^-rho in a profile."
    )
    age_half_life_days: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="An act counts half as much for every so many days before the latest of all; left out, all ages "
        "count alike unless held-out items tell otherwise.",
    )
    against: float = Field(
        default=0.3, ge=0, le=10, description="gamma: how much a weight below 0 counts in a profile, beside one above."
    )


class FactorizationConfig(_Part):
    """The truncated SVD; see ``factorization`` for the formula."""

    rank: int = Field(default=512, ge=1, le=2048, description="k, factors; lowered where the data has fewer.")
    user_exponent: Share = Field(default=0.3, description="a in D_u^-a X D_i^-b.")
    item_exponent: Share = Field(default=0.1, description="b in D_u^-a X D_i^-b.")
    half_rank: int = Field(
        default=64, ge=1, le=2048, description="m, the factor whose energy s_m^2 the ridge of the filter equals."
    )
    filter_exponent: float = Field(default=1.0, ge=0, le=2, description="p in (s^2 / (s^2 + s_m^2))^p.")
    leverage_exponent: Share = Field(default=0.5, description="c in (1 - h)^-c; 1 is EASE's, 0 none.")
    cold_scale: float = Field(
        default=0.35,
        ge=0,
        le=100,
        description="Length of the factors that an untouched item gets from its text; see ``cold_items``.",
    )
    seed: int = Field(default=0, ge=0, le=2**32 - 1, description="Of the randomized solver.")


class SelectionConfig(_Part):
    """Choosing what the config leaves open, on held-out events."""

    seconds: float = Field(
        default=180.0, ge=0, le=86_400, description="Time to spend on choosing; 0 takes the defaults as they are."
    )
    users: int = Field(default=2_000, ge=1, le=100_000, description="Users to hold events out of, drawn by the seed.")
    seed: int = Field(default=0, ge=0, le=2**32 - 1, description="Of that draw and of what is held out.")


class FusionConfig(_Part):
    """Default weight of each component, from a newcomer's to a regular's; what is left out is learned."""

    newcomer: dict[str, Weight] = Field(
        default={
            "collaborative": 1.0,
            "content": 0.5,
            "context": 0.3,
            "attributes": 0.5,
            "popularity": 0.1,
            "trend": 0.0,
        },
        description="For whoever has no past items.",
    )
    regular: dict[str, Weight] = Field(
        default={
            "collaborative": 1.0,
            "content": 0.2,
            "context": 0.3,
            "attributes": 0.0,
            "popularity": 0.0,
            "trend": 0.0,
        },
        description="What a weight nears as past items grow.",
    )
    fade: float = Field(default=20.0, gt=0, le=1e9, description="Past items at which a weight is half way.")

    @field_validator("newcomer", "regular")
    @classmethod
    def _one_for_each_component(cls, weights: dict[str, float]) -> dict[str, float]:
        if set(weights) != set(COMPONENTS):
            raise ValueError(f"expected exactly {', '.join(COMPONENTS)}")
        return weights


class IndexingConfig(_Part):
    """One indexing run."""

    evidence: EvidenceConfig = EvidenceConfig()
    factorization: FactorizationConfig = FactorizationConfig()
    selection: SelectionConfig = SelectionConfig()
    fusion: FusionConfig = FusionConfig()
    keep_versions: int = Field(default=5, ge=1, description="How many versions stay in the store.")


def read_config(path: Path) -> IndexingConfig:
    """Read a TOML file whose tables are the parts of ``IndexingConfig``; what it leaves out keeps its default.

    Raises:
        InputError: If the file cannot be read, is no TOML, or holds an unknown or impossible setting.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    try:
        return IndexingConfig.model_validate(settings)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise InputError(f"{path}: {where or 'file'}: {problem['msg']} (found {problem['input']!r})") from error
