"""What a case is made of, and the form in which what came of it is compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_jsonable_python

from crossfade.engine import Answer
from crossfade.errors import CrossfadeError
from crossfade.live import EventOutcome

__all__ = ["Case", "Outcome", "Step", "Told", "case", "later", "outcome_of", "step"]

Told = Sequence[Any]
"""What the steps before have returned, an exception where they raised one."""

Outcome = object
"""What came of a step, without what is drawn or told by the clock."""


@dataclass(frozen=True)
class Step:
    """One call of a recommender's method.

    Attributes:
        method: Its name.
        arguments: By place; made when it is called, from what the steps before told.
        fields: By name.
        body: What goes over HTTP where the arguments cannot be made at all; None for what stands for them.
        parameters: What stands in the query string for ``fields``, for the methods that have one.
    """

    method: str
    arguments: Callable[[Told], tuple[Any, ...]]
    fields: Mapping[str, Any] = field(default_factory=dict)
    body: object = None
    parameters: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Case:
    """Calls that belong together, one after the other."""

    name: str
    steps: tuple[Step, ...]


def case(name: str, *steps: Step) -> Case:
    """Return a case; ``name`` is a sentence about what is asked."""
    return Case(name, steps)


def step(method: str, *arguments: object, parameters: Sequence[tuple[str, str]] = (), **fields: object) -> Step:
    """Return a step whose arguments are known."""
    return Step(method, lambda _: arguments, fields, parameters=parameters)


def later(method: str, make: Callable[[Told], object], *, body: object = None) -> Step:
    """Return a step whose one argument follows from what was told, or cannot be made."""
    return Step(method, lambda told: (make(told),), body=body)


def outcome_of(told: object) -> Outcome:
    """Return what was told in the form in which it is compared; tokens are drawn, and JSON has no NaN."""
    match told:
        case CrossfadeError():
            return type(told).__name__, told.code, getattr(told, "field", None)
        case Answer():
            document = _json(told)
            return {**document, "recommendation_id": "", "next_cursor": told.next_cursor is not None}
        case EventOutcome():
            return {"duplicate": told.duplicate, "field": told.field}
        case list():
            return [outcome_of(one) for one in told]
    return _json(told)


def _json(value: object) -> Any:  # noqa: ANN401 - JSON is any of its types
    return to_jsonable_python(value, inf_nan_mode="null")
