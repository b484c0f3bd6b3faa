"""``encoder.json``: what an encoder's directory holds. The reader owns the format, so it is written here too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossfade.errors import BundleCorruptError, BundleFormatError

__all__ = ["FILE_NAME", "FORMAT_VERSION", "EncoderDescription"]

FILE_NAME: Final = "encoder.json"
FORMAT_VERSION: Final = 1


class EncoderDescription(BaseModel):
    """What there is to know of an encoder without opening it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["onnx", "tfidf"] = Field(description="Which files lie beside the description.")
    name: str = Field(description="As the encoder names itself, for example all-MiniLM-L6-v2.")
    dimension: int = Field(ge=1, description="Length of its vectors.")
    languages: tuple[str, ...] | None = Field(
        default=None, description="ISO 639-1 codes of what it was made for; null where unknown."
    )
    max_tokens: int | None = Field(
        default=None,
        ge=1,
        description="Longer texts are cut there, marks of beginning and end included; null where nothing is cut.",
    )

    def write(self, directory: Path) -> None:
        """Write ``encoder.json`` into an existing directory."""
        text = json.dumps({"format": FORMAT_VERSION, **self.model_dump()}, indent=2, ensure_ascii=False)
        (directory / FILE_NAME).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> EncoderDescription:
        """Read a directory's ``encoder.json``.

        Raises:
            BundleCorruptError: If it is missing or not what was written.
            BundleFormatError: If a newer Crossfade wrote it.
        """
        path = directory / FILE_NAME
        try:
            fields = dict(json.loads(path.read_text(encoding="utf-8")))
            version = int(fields.pop("format"))
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise BundleCorruptError(f"{path}: not a readable description of an encoder ({error!r})") from error
        if version > FORMAT_VERSION:
            raise BundleFormatError(
                f"{path}: format {version} is newer than {FORMAT_VERSION}, the newest that is read here; "
                "upgrade crossfade, or index again with this version"
            )
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
            raise BundleCorruptError(f"{path}: {wrong}") from error
