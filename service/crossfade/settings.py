"""What the environment says about the service; the one module that reads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["DoorSettings", "ServiceSettings", "SettingsError", "read_settings", "shared_metrics", "traces_are_wanted"]

_PREFIX = "CROSSFADE_"
_OF_OTHERS = {"CROSSFADE_CACHE_DIR", "CROSSFADE_MOVIELENS_DIR"}  # of the indexing job, of the tests


class SettingsError(ValueError):
    """A variable of the environment is missing, wrong or unknown; the message names it."""


class DoorSettings(BaseModel):
    """Who is let in, how often, and for how long."""

    model_config = ConfigDict(frozen=True)

    auth: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether callers need an API key. With 'auto', `crossfade serve` asks for one unless it listens on "
        "loopback alone; anything else that reads 'auto' cannot know where it listens, and asks.",
    )
    rate_limit_per_s: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Requests per second that one key may send to one process, on average; a second's worth may come "
        "at once. Without keys all callers share it. None for no limit.",
    )
    request_timeout_s: float = Field(
        10.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds from a request's head to the beginning of its answer, the body's arrival included.",
    )
    max_wait_s: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds a question may be expected to wait for those before it; past it, it is refused at once.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins whose pages may call the service from a browser, separated by commas; '*' for any."
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            scheme, separator, rest = origin.partition("://")
            if origin != "*" and (scheme not in {"http", "https"} or not separator or not rest or "/" in rest):
                raise ValueError(f"{origin!r} is no origin; write it like https://shop.example, without a path")
        return origins


class ServiceSettings(DoorSettings, BaseSettings):
    """The service's settings, each from the variable of its name in capitals after ``CROSSFADE_``."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True)

    bundle: Path = Field(description="The directory that 'crossfade index --out' wrote.")
    live: SecretStr | None = Field(
        None,
        description="Where live data is kept: a file of SQLite, or postgresql://USER:PASSWORD@HOST/NAME. By default "
        "`live.sqlite` in the bundle's directory.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged; 'info' holds a line for each request."
    )
    log_format: Literal["text", "json"] = Field("text", description="Lines for people, or one JSON object per line.")
    drain_s: float = Field(
        1.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds between SIGTERM, from when /health/ready says 503, and the end of listening; longer than "
        "whoever sends requests takes to notice.",
    )


def read_settings() -> ServiceSettings:
    """Read the settings from the environment.

    Raises:
        SettingsError: If a variable is missing or wrong, or no setting has the name of one that begins like ours:
            a misspelt name would be ignored otherwise.
    """
    known = {_PREFIX + name.upper() for name in ServiceSettings.model_fields}
    ours = {name for name in os.environ if name.upper().startswith(_PREFIX)}
    unknown = sorted(name for name in ours - _OF_OTHERS if name.upper() not in known)
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: no such setting; there are {', '.join(sorted(known))}")
    try:
        return ServiceSettings()
    except ValidationError as error:
        wrong = (f"{_PREFIX}{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors())
        raise SettingsError("; ".join(wrong)) from error


def traces_are_wanted() -> bool:
    """Whether OpenTelemetry's own variables name a collector for traces."""
    return any(os.environ.get(f"OTEL_EXPORTER_OTLP_{part}ENDPOINT") for part in ("", "TRACES_"))


def shared_metrics() -> Path | None:
    """Return the directory in which the service's processes count together, as the Prometheus client has it."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return None if directory is None else Path(directory)
