"""What each value of each context field does to each item, and the only code that reads and writes those files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, cast

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crossfade.errors import BundleCorruptError
from crossfade.types import FloatArray

__all__ = ["CONTEXT_SPACE_FILES", "ContextSpace", "load_context_space", "save_context_space"]

_FIELDS, _LIFTS, _MEAN = "fields.json", "lifts.npy", "mean.npy"
CONTEXT_SPACE_FILES = (_FIELDS, _LIFTS, _MEAN)
"""The names inside a context space's directory."""


@dataclass(frozen=True)
class ContextSpace:
    """Log-lifts of the fields that count, one after another in the order of ``fields``.

    The lifts lie by value, not by item: a request names a handful of the many values, and only theirs are read.

    Attributes:
        fields: Each field's values.
        weights: Shape (n_fields,), how much each field counts, > 0.
        lifts: Shape (n_values, n_items), natural logarithms; rows are the values of the first field, then those of
            the second, and so on.
        mean: Shape (n_values,), of the lifts over the catalogue.
        scale: What a weighted sum of lifts is divided by, > 0: its median tenth-best value, above the mean, over past
            events.
    """

    fields: Mapping[str, Sequence[str]]
    weights: FloatArray
    lifts: FloatArray
    mean: FloatArray
    scale: float

    @classmethod
    def empty(cls, n_items: int) -> ContextSpace:
        """Return the space of a data set whose context tells nothing."""
        none = np.zeros(0, np.float32)
        return cls({}, none, np.zeros((0, n_items), np.float32), none, 1.0)

    def active(self, context: Mapping[str, str]) -> tuple[FloatArray, dict[str, str], dict[str, str]]:
        """Find the values that a context names.

        Returns:
            A vector of shape (n_values,) with each field's weight at its active value and 0 elsewhere; what of the
            context counts, in the order of ``fields``; and the rest, in its own order.
        """
        vector = np.zeros(len(self.mean), np.float32)
        applied: dict[str, str] = {}
        for (field, rows), weight in zip(self._row_of.items(), self.weights, strict=True):
            if field in context and (row := rows.get(context[field])) is not None:
                vector[row] = weight
                applied[field] = context[field]
        return vector, applied, {field: value for field, value in context.items() if field not in applied}

    @cached_property
    def _row_of(self) -> dict[str, dict[str, int]]:
        rows: dict[str, dict[str, int]] = {}
        start = 0
        for field, values in self.fields.items():
            rows[field] = {value: row for row, value in enumerate(values, start)}
            start += len(values)
        return rows


class _FieldFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    weight: Annotated[float, Field(gt=0)]
    values: tuple[str, ...]


class _SpaceFile(BaseModel):
    """The file ``fields.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    scale: Annotated[float, Field(gt=0)]
    fields: tuple[_FieldFile, ...]

    @model_validator(mode="after")
    def _named_once(self) -> _SpaceFile:
        for names in ([field.name for field in self.fields], *(field.values for field in self.fields)):
            if len(set(names)) != len(names):
                raise ValueError("a name occurs twice")
        return self


def save_context_space(space: ContextSpace, directory: Path) -> None:
    """Write the files of ``CONTEXT_SPACE_FILES`` into a directory, made if it does not exist.

    Raises:
        OSError: If they cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    fields = tuple(
        _FieldFile(name=name, weight=float(weight), values=tuple(values))
        for (name, values), weight in zip(space.fields.items(), space.weights, strict=True)
    )
    described = _SpaceFile(scale=space.scale, fields=fields).model_dump_json(indent=2)
    (directory / _FIELDS).write_text(described + "\n", encoding="utf-8", newline="\n")
    np.save(directory / _LIFTS, space.lifts, allow_pickle=False)
    np.save(directory / _MEAN, space.mean, allow_pickle=False)


def load_context_space(directory: Path, *, n_items: int) -> ContextSpace:
    """Open what ``save_context_space`` wrote; the lifts are mapped into memory, not read.

    Args:
        directory: Where the files lie.
        n_items: How many items the bundle has.

    Raises:
        BundleCorruptError: If a file is missing, damaged or does not fit the others; the message names it.
    """
    path = directory / _FIELDS
    try:
        described = _SpaceFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BundleCorruptError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise BundleCorruptError(f"{path}: {where or 'file'}: {problem['msg']}") from error
    n_values = sum(len(field.values) for field in described.fields)
    return ContextSpace(
        fields={field.name: field.values for field in described.fields},
        weights=np.array([field.weight for field in described.fields], np.float32),
        lifts=_floats(directory / _LIFTS, (n_values, n_items)),
        mean=_floats(directory / _MEAN, (n_values,)),
        scale=described.scale,
    )


def _floats(path: Path, shape: tuple[int, ...]) -> FloatArray:
    try:
        array = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:  # the last is what numpy makes of an empty file
        raise BundleCorruptError(f"{path}: not readable as an array") from error
    if array.dtype != np.float32 or array.shape != shape:
        raise BundleCorruptError(f"{path}: {array.dtype} of shape {array.shape}, expected float32 of shape {shape}")
    return cast(FloatArray, array)
