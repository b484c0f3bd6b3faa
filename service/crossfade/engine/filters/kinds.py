"""What every property of the items that came as JSON holds: as the table says, else as those that are there say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl

from crossfade.engine.filters.checking import Kind, Shape, expected, held, shape_of
from crossfade.engine.filters.nodes import shown
from crossfade.engine.filters.reading import read_place
from crossfade.engine.filters.standing import STANDING
from crossfade.engine.filters.values import fits
from crossfade.errors import QueryError

__all__ = ["MAX_ADDED_NAMES", "AddedKinds"]

MAX_ADDED_NAMES = 256
"""How many properties there may be that the table does not have."""

Row: TypeAlias = Mapping[str, object]

_INT64 = np.iinfo(np.int64)
_SCALARS: frozenset[Kind] = frozenset({"text", "number", "boolean"})


class _Given(NamedTuple):
    """What one value is.

    Attributes:
        kind: Of the value, or of all elements of a list; text where those differ.
        many: Whether it is a list.
        is_whole: Whether it is a whole number of 64 bits, or a list of such.
        is_place: Whether it can be read as a place.
    """

    kind: Kind
    many: bool = False
    is_whole: bool = False
    is_place: bool = False

    @property
    def shape(self) -> Shape:
        return Shape(self.kind, self.many)


@dataclass(frozen=True)
class AddedKinds:
    """The properties of added items: those of the table, of its kinds, and others that only added items have.

    One of the others holds what the values that are there now have in common, in whatever order they came: text where
    they are texts, numbers and truths, lists where one is a list; it cannot be compared where they have nothing in
    common. It is no property any more when its last value goes.

    Attributes:
        base: The table's properties.
    """

    base: Mapping[str, pl.DataType]
    _held: Mapping[str, Mapping[_Given, int]] = field(default_factory=dict, repr=False)

    def changed(self, came: Iterable[Row], gone: Iterable[Row] = ()) -> AddedKinds:
        """Return what they are once some items have come and others, which had come before, have gone."""
        counts: dict[str, Counter[_Given]] = {}
        for rows, change in ((came, 1), (gone, -1)):
            for row in rows:
                for name, value in row.items():
                    if value is not None:
                        given = _given(value)
                        counts.setdefault(name, Counter(self._held.get(name, {})))[given] += change
        touched = {name: {given: n for given, n in count.items() if n > 0} for name, count in counts.items()}
        together = {**self._held, **touched}
        return AddedKinds(self.base, {name: count for name, count in together.items() if count})

    def shape(self, name: str) -> Shape:
        """Return what a property holds; "nothing" for one that there is not."""
        return self._base_shapes.get(name) or _in_common(self._held.get(name, {}))

    @cached_property
    def schema(self) -> Mapping[str, pl.DataType]:
        """The columns that hold added items, whatever the table's are."""
        return {name: self._type(name) for name in [*self.base, *sorted(self._held.keys() - self.base.keys())]}

    def widen(self, earlier: AddedKinds) -> bool:
        """Whether a table of the earlier columns has only to get longer and wider: none is of another kind or gone."""
        return all(
            name in self.schema and (self.schema[name] == dtype or (dtype, self.schema[name]) in _WIDER)
            for name, dtype in earlier.schema.items()
        )

    def check(self, row: Row, where: str) -> None:
        """Check that an item can come.

        Args:
            row: Its properties. Those that the standing rules read may be of any kind.
            where: What goes before the names in errors.

        Raises:
            QueryError: If a value cannot be kept as what its property holds, or there are too many properties.
        """
        added = self._held.keys() - self.base.keys()
        for name, value in row.items():
            self._check_value(name, value, f"{where}{name}")
            added |= {name} - self.base.keys()
            if len(added) > MAX_ADDED_NAMES:
                raise QueryError(
                    f"{where}{name}: there are {MAX_ADDED_NAMES} properties already that no indexed item has; "
                    "use one of them, or take one away from every item that has it",
                    field=f"{where}{name}",
                )

    def _check_value(self, name: str, value: object, where: str) -> None:
        given = _given(value)
        if name in STANDING or given.kind == "nothing":
            return
        shape = self.shape(name)
        if shape.kind == "nothing":
            shape = given.shape
        if not fits(shape, value) or not (name in self._base_shapes or _joins(given, shape)):
            raise QueryError(
                f"{where}: expected {expected(shape)}, because '{name}' holds {held(shape)}, "
                f"got {shown(value)}; give the property another name",
                field=where,
            )

    @cached_property
    def _base_shapes(self) -> Mapping[str, Shape]:
        shapes = {name: shape_of(dtype) for name, dtype in self.base.items()}
        return {name: shape for name, shape in shapes.items() if shape.kind != "nothing"}

    def _type(self, name: str) -> pl.DataType:
        shape = self.shape(name)
        numbers = [one for one in self._held.get(name, {}) if one.kind == "number" or one.is_place]
        dtype = _TYPES[shape.kind]
        if shape.kind == "number" and not all(one.is_whole for one in numbers):
            dtype = pl.Float64()
        return pl.List(dtype) if shape.many else dtype


def _given(value: object) -> _Given:
    if isinstance(value, bool):
        return _Given("boolean")
    if isinstance(value, (int, float)):
        return _Given("number", is_whole=_is_whole(value))
    if isinstance(value, str):
        return _Given("text" if value else "nothing", is_place=read_place(value) is not None)
    if isinstance(value, Mapping):
        place = read_place(value) is not None
        return _Given("place" if place else "other" if value else "nothing", is_place=place)
    if isinstance(value, Sequence):
        return _given_list(value)
    return _Given("nothing" if value is None else "other")


def _given_list(values: Sequence[object]) -> _Given:
    elements = [one for one in map(_given, values) if one.kind != "nothing"]
    kinds = {one.kind for one in elements}
    if not kinds:
        return _Given("nothing")
    if not kinds <= _SCALARS or any(one.many for one in elements):
        return _Given("other")
    kind: Kind = kinds.pop() if len(kinds) == 1 else "text"
    is_whole = kind == "number" and all(one.is_whole for one in elements)
    return _Given(kind, many=True, is_whole=is_whole, is_place=read_place(values) is not None)


def _is_whole(value: float) -> bool:
    return isinstance(value, int) and _INT64.min <= value <= _INT64.max


def _in_common(count: Iterable[_Given]) -> Shape:
    """Return the shape that all values can have, in whatever order they come."""
    given = [one for one in count if one.kind != "nothing"]
    kinds = {one.kind for one in given}
    if not kinds:
        return Shape("nothing")
    if "place" in kinds and all(one.is_place for one in given):
        return Shape("place")
    if not kinds <= _SCALARS:
        return Shape("other")
    return Shape(kinds.pop() if len(kinds) == 1 else "text", many=any(one.many for one in given))


def _joins(given: _Given, shape: Shape) -> bool:
    """Whether a shape stays what it is when a value joins those that made it."""
    if shape.kind == "place":
        return given.is_place
    if shape.kind == "other":
        return given.kind in {"other", "place"}
    return given.kind in ({shape.kind} if shape.kind != "text" else _SCALARS) and (shape.many or not given.many)


_TYPES: Mapping[Kind, pl.DataType] = {
    "nothing": pl.Null(),
    "text": pl.String(),
    "number": pl.Int64(),
    "boolean": pl.Boolean(),
    "time": pl.Datetime("us", "UTC"),
    "place": pl.Struct({"latitude": pl.Float64(), "longitude": pl.Float64()}),
    "other": pl.Struct({"given": pl.Boolean()}),
}
_WIDER = (
    (pl.Int64(), pl.Float64()),
    (pl.List(pl.Int64()), pl.List(pl.Float64())),
)
