"""Stored request defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crossfade.engine.answering import wanted_of
from crossfade.engine.kept.keeper import Keeper
from crossfade.engine.ready import Ready
from crossfade.engine.scenarios import query_of
from crossfade.errors import NotFoundError, QueryError
from crossfade.live import Scenario

__all__ = ["ScenarioKeeper"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


class ScenarioKeeper(Keeper):
    """Keeps scenarios."""

    def put_scenario(self, name: str, defaults: Mapping[str, object]) -> Scenario:
        """Keep request defaults under a name.

        Args:
            name: 1 to 64 letters, digits, ``_``, ``.`` and ``-``, not beginning with the last two.
            defaults: As JSON has them, under the names of a request's fields.

        Raises:
            QueryError: If the name or a default cannot be used, or names a property that no item has.
            LiveError: If it could not be written.
        """
        if not _NAME.fullmatch(name):
            raise QueryError(f"name: expected up to 64 letters, digits, _, . and -, not {name!r}", field="name")
        wanted_of(Ready.alone(self._look([]), query_of(defaults)))  # refused now, not when somebody asks with it
        scenario = Scenario(name, dict(defaults))
        self.live.call(self.live.store.put_scenario(scenario))
        return scenario

    def get_scenario(self, name: str) -> Scenario:
        """Return the scenario of a name.

        Raises:
            NotFoundError: If there is none.
        """
        found = self.live.call(self.live.store.get_scenario(name))
        if found is None:
            raise NotFoundError(f"there is no scenario {name!r}")
        return found

    def list_scenarios(self) -> list[Scenario]:
        """Return all scenarios, by name."""
        return self.live.call(self.live.store.list_scenarios())

    def delete_scenario(self, name: str) -> None:
        """Delete a scenario.

        Raises:
            NotFoundError: If there is none of this name.
            LiveError: If it could not be written.
        """
        self.live.call(self.live.store.delete_scenario(name))
