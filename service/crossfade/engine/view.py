"""What one batch of answers is computed from: a bundle, and all that has happened since, up to one point."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from crossfade.bundle import Bundle
from crossfade.encoding import TextEncoder, open_encoder
from crossfade.engine.items import Items
from crossfade.live import Person, Scenario

__all__ = ["View"]

# What tokens are sealed with where no live store says: they then hold within one process.
_OWN_SECRET = secrets.token_bytes(32)


@dataclass(frozen=True)
class View:
    """Everything one answer is computed from; immutable, so a request uses the same view from start to end.

    Attributes:
        items: The catalogue, and the bundle below it.
        encoder: Turns a request's text into a vector in the space of the embeddings.
        people: What the live store knows of the users that are asked about.
        scenarios: Stored defaults by name.
        seq: Every change up to here is in.
        secret: What tokens are sealed with.
    """

    items: Items
    encoder: TextEncoder
    people: Mapping[str, Person] = field(default_factory=dict)
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    seq: int = 0
    secret: bytes = field(default=_OWN_SECRET, repr=False)

    @property
    def bundle(self) -> Bundle:
        """The bundle below."""
        return self.items.bundle

    @classmethod
    def over(cls, bundle: Bundle) -> View:
        """Return a view without live data, the bundle's encoder opened.

        Raises:
            BundleCorruptError: If the encoder cannot be opened; a version without a working one is never served.
        """
        return cls(Items.of(bundle), open_encoder(bundle.encoder_directory))

    def person(self, user_id: str) -> Person:
        """Return what the live store knows of a user; nothing where it was not asked."""
        return self.people.get(user_id) or Person((user_id,))
