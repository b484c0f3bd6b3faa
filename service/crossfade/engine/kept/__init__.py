"""What is kept while a recommender runs: events, items, users and scenarios, read and written."""

from __future__ import annotations

from crossfade.engine.kept.events import EventKeeper
from crossfade.engine.kept.items import ItemKeeper
from crossfade.engine.kept.scenarios import ScenarioKeeper
from crossfade.engine.kept.users import UserKeeper

__all__ = ["Kept"]


class Kept(EventKeeper, ItemKeeper, UserKeeper, ScenarioKeeper):
    """The part of a recommender that keeps things."""
