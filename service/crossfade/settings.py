"""What the environment says about the service; the one module that reads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["ServiceSettings", "read_settings"]

_PREFIX = "CROSSFADE_"
_OF_OTHERS = {"CROSSFADE_CACHE_DIR", "CROSSFADE_MOVIELENS_DIR"}  # of the indexing job, of the tests


class ServiceSettings(BaseSettings):
    """The service's settings, each from the variable of its name in capitals after ``CROSSFADE_``."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True)

    bundle: Path = Field(description="The directory that 'crossfade index --out' wrote.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged; 'info' holds a line for each request."
    )


def read_settings() -> ServiceSettings:
    """Read the settings from the environment.

    Raises:
        ValueError: If a variable is missing or wrong, or no setting has the name of one that begins like ours:
            a misspelt name would be ignored otherwise.
    """
    known = {_PREFIX + name.upper() for name in ServiceSettings.model_fields}
    ours = {name for name in os.environ if name.upper().startswith(_PREFIX)}
    unknown = sorted(name for name in ours - _OF_OTHERS if name.upper() not in known)
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no such setting; there are {', '.join(sorted(known))}")
    return ServiceSettings()
